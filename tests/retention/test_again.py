"""A restored backup: whoever was erased since is erased again, from a list that no backup holds."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from app.domain import tables
from app.domain.installation import Peppers
from app.domain.retention import again, orders
from app.domain.retention.again import BadList
from app.domain.tables import TABLES
from app.postgres import database
from app.postgres.embedded import EmbeddedPostgres
from app.postgres.engine import Engine
from tests.money.steps import close, loaded
from tests.ops.test_event_reader import _program as program
from tests.retention import canary
from tests.retention.test_erasing import sums

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("filled_database")]


async def erased() -> list[str]:
    """She is erased, and stands in the list; its lines."""
    await orders.order(canary.NUMBER, "", kept_elsewhere=True)
    before = await again.lines(await orders.due())
    await orders.erase_due()
    after = await again.lines([])
    assert sorted(before[1:]) == sorted(after[1:]), "the list has whom it is about to erase"
    assert not [mark for mark in canary.MARKS if mark != "7777" and mark in "".join(after)]
    return after


def written(folder: Path, lines: list[str]) -> Path:
    path = folder / "erasures.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


@asynccontextmanager
async def restored(server: dict[str, Any], dump: bytes) -> AsyncIterator[str]:
    """A database of the backup's, in use; its name."""
    name, before = "restored_of_the_drill", database.engine()
    live = await asyncpg.connect(**server)
    await live.execute(f'CREATE DATABASE "{name}"')
    engine = Engine({**server, "database": name})
    try:
        program("pg_restore", server, "--exit-on-error", "--dbname", name, given=dump)
        await engine.start_connection_pool()
        database.use(engine, TABLES)
        yield name
    finally:
        database.use(before, TABLES)
        await engine.close_connection_pool()
        await live.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await live.close()


@pytest.mark.own_database
async def test_erased_fed_restored_from_an_older_backup_and_erased_again_she_is_nowhere(
    embedded: EmbeddedPostgres, server: dict[str, Any], filled_database: str, tmp_path: Path
) -> None:
    if "dsn" in server:
        pytest.skip("DATABASE_URL is given: its programs may be elsewhere")
    await canary.lives(tmp_path)
    dump = program("pg_dump", server, "--format=custom", filled_database)
    await canary.load(tmp_path, canary.line(closed_on="2026-01-31"))
    canary.at("2026-02-02T09:00")
    await canary.load(tmp_path, canary.line(closed_on="2026-01-31"))
    await close("2026-01")
    canary.at("2026-05-01T09:00")
    path, ledger = written(tmp_path, await erased()), await sums()
    plan = await canary.load(tmp_path, canary.line())
    assert plan.erased == [1]
    assert nowhere(program("pg_dump", server, filled_database))
    async with restored(server, dump) as name:
        assert "public.contract" in await canary.found_in()
        done = await again.erase_again(again.read(path))
        assert (done.contracts, done.names) == (1, 4)
        assert nowhere(program("pg_dump", server, name))
        await close("2026-01")
        assert await sums() == ledger, (
            "the month that the backup did not know closed is closed again, without a name"
        )
        plan = await canary.load(tmp_path, canary.line())
        assert plan.erased == [1]
        assert (await again.erase_again(again.read(path))).contracts == 0
        assert nowhere(program("pg_dump", server, name))


def nowhere(dump: bytes) -> bool:
    """Whether a dump has none of her marks, but the payer's name that the gateway is told."""
    text = "\n".join(line for line in dump.decode().splitlines() if "\tcus_canary\t" not in line)
    found = [mark for mark in canary.MARKS if mark.lower() in canary.searched(text)]
    assert not found, found
    return True


async def test_a_list_with_names_that_the_database_does_not_know_is_not_written_over(tmp_path: Path) -> None:
    contract = await canary.leaves(tmp_path)
    await orders.order(canary.NUMBER, "", kept_elsewhere=True)
    path = written(tmp_path, await again.lines([contract]))
    assert await again.lacks(path, [contract]) == 0, "killed before it was erased, it is due still"
    assert await again.lacks(path, []) == 4
    await orders.erase_due()
    assert await again.lacks(path, []) == 0
    await tables.ErasedName.delete().where(tables.ErasedName.kind == "login")
    assert await again.lacks(path, []) == 1


async def test_of_a_charge_that_no_bill_has_yet_the_next_close_charges_the_last_version_alone(
    tmp_path: Path,
) -> None:
    contract = await canary.leaves(tmp_path)
    listed = again.read(written(tmp_path, await again.lines([contract])))
    for ref, yen in ((f"{canary.NUMBER}-line", 5200), ("canary-more", 500), ("canary-more", 400)):
        await loaded(ref, "2026-01", "金糸雀様", yen, number=canary.NUMBER)
    assert (await again.erase_again(listed)).contracts == 1
    await close("2026-02")
    billed = await database.rows(
        "SELECT yen FROM charge WHERE contract = $1 AND billed = '2026-02-01' ORDER BY yen", contract
    )
    assert [row["yen"] for row in billed] == [5200 - 5500, 400]
    assert await canary.found_in() == {"public.card_visit": ["canary"]}


async def test_a_list_that_is_not_whole_or_of_another_pepper_is_refused(
    tmp_path: Path, installed: Any
) -> None:
    await canary.leaves(tmp_path)
    lines = await erased()
    for wrong, said in (
        (lines[:-1], "the list is not whole"),
        (lines[1:], "line 1 is none of a list"),
        ([], "the list is not whole"),
        ([*lines[:2], "{}", *lines[3:]], "line 3 is none of a list"),
    ):
        with pytest.raises(BadList, match=said):
            again.read(written(tmp_path, wrong))
    number = next(line for line in lines if '"kind":"number"' in line)
    for spoilt, said in (
        ({**json.loads(number), "closed_on": None}, "closed_on: a number has the last day"),
        ({**json.loads(number), "hash": "abcd"}, "hash: must be 64 digits"),
    ):
        with pytest.raises(BadList, match=f"line {lines.index(number) + 1} is none of a list .*{said}"):
            again.read(written(tmp_path, [json.dumps(spoilt) if line == number else line for line in lines]))
    installed(peppers=Peppers({1: b"the pepper of another portal"}))
    with pytest.raises(BadList, match="another key for version 1 than it was made with"):
        again.read(written(tmp_path, lines))
    installed(peppers=Peppers({2: b"another pepper of these tests"}))
    with pytest.raises(BadList, match="lacks version 1"):
        again.read(written(tmp_path, lines))
    assert json.loads(lines[0])["erasures"] == len(lines) - 1
    assert await tables.ErasedName.count() == len(lines) - 1
