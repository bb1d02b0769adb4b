"""A restored backup: whoever was erased since is erased again, from a list that no backup holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.domain import tables
from app.domain.installation import Peppers
from app.domain.retention import again, orders
from app.domain.retention.again import BadList
from app.postgres import database
from tests.retention import canary

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("filled_database")]


async def erased(folder: Path) -> list[str]:
    """She left, was erased, and stands in the list; its lines."""
    await canary.leaves(folder)
    await orders.order(canary.NUMBER, "", kept_elsewhere=True)
    before = await again.lines(await orders.due())
    await orders.erase_due()
    after = await again.lines([])
    assert sorted(before[1:]) == sorted(after[1:]), "the list has whom it is about to erase"
    assert not [mark for mark in canary.MARKS if mark in "".join(after).replace("7777", "")]
    return after


def written(folder: Path, lines: list[str]) -> Path:
    path = folder / "erasures.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


async def restored(folder: Path) -> None:
    """The database as an older backup has it: she is there, and nobody knows that she leaves."""
    for table in ("erased_name", "erasure"):
        await database.rows(f"DELETE FROM {table}")
    await canary.load(folder, canary.line(), update=False)


async def test_she_is_erased_again_though_the_backup_has_her_open_and_her_feed_brings_nobody_back(
    filled_database: str, tmp_path: Path
) -> None:
    path = written(tmp_path, await erased(tmp_path))
    await tables.CardVisit.delete(force=True)
    # The first tombstones keep her names; a backup from before has the names themselves.
    await database.rows("UPDATE licence SET fingerprint = sha256(fingerprint) WHERE contract IS NOT NULL")
    canary.at("2026-01-20T09:00")
    await restored(tmp_path)
    assert "public.contract" in await canary.found_in()
    canary.at("2026-06-01T09:00")
    done = await again.erase_again(again.read(path))
    assert (done.contracts, done.names) == (1, 4)
    await tables.CardVisit.delete(force=True)
    assert await canary.found_in() == {}
    (row,) = await database.rows("SELECT closed_on, ended_at FROM contract ORDER BY id DESC LIMIT 1")
    assert str(row["closed_on"]) == "2026-01-31"
    assert (await again.erase_again(again.read(path))).contracts == 0
    plan = await canary.load(tmp_path, canary.line())
    assert plan.erased == [1]
    assert await canary.found_in() == {}


async def test_a_list_that_is_not_whole_or_of_another_pepper_is_refused(
    tmp_path: Path, installed: Any
) -> None:
    lines = await erased(tmp_path)
    for wrong, said in (
        (lines[:-1], "the list is not whole"),
        (lines[1:], "line 1 is none of a list"),
        ([], "the list is not whole"),
        ([*lines[:2], "{}", *lines[3:]], "line 3 is none of a list"),
    ):
        with pytest.raises(BadList, match=said):
            again.read(written(tmp_path, wrong))
    installed(peppers=Peppers({2: b"another pepper of these tests"}))
    with pytest.raises(BadList, match="lacks version 1"):
        again.read(written(tmp_path, lines))
    assert json.loads(lines[0])["erasures"] == len(lines) - 1
