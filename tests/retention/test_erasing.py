"""Erasing: nothing of a person is left in any table, all of the ledger's numbers are, and everybody else's rows stay."""

from __future__ import annotations

import asyncio
import contextvars
import json
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from app.domain import clock, erased_names, tables
from app.domain.cards import visits
from app.domain.money.call_import import import_calls
from app.domain.money.charge_import import import_charges
from app.domain.retention import erasing, fates
from app.domain.tables import TABLES
from app.postgres import database
from tests.money.steps import close
from tests.retention import canary
from tests.waiting import somebody_waits

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("filled_database")]

SUMS = (
    "SELECT month, bills, yen, tax FROM billing_v1.closed_month ORDER BY month",
    "SELECT charge, billed, contract, purchase, product, month, started_on, ended_on, yen, tax_rate FROM billing_v1.charge"
    " ORDER BY charge",
    "SELECT * FROM billing_v1.tax ORDER BY billed, contract, tax_rate",
)


@pytest.fixture
async def gone(tmp_path: Path) -> int:
    """The contract of 金糸雀 歌, who left in January; its key."""
    return await canary.leaves(tmp_path)


async def erased(contract: int) -> None:
    async with database.engine().transaction():
        await erasing.lock(contract)
        await erasing.erase(contract, clock.now())


async def sums() -> list[Any]:
    return [[tuple(row.values()) for row in await database.rows(query)] for query in SUMS]


async def of_others(contract: int) -> dict[str, list[str]]:
    """Every row that is another contract's, by table."""
    found = {}
    for table in TABLES:
        name = table._meta.tablename
        if canary.about_a_contract(table) and table is not tables.Event:
            query = f"SELECT t::text AS row FROM {name} t WHERE contract <> $1 ORDER BY 1"
            found[name] = [row["row"] for row in await database.rows(query, contract)]
    return found


async def test_she_is_in_every_table_before_and_in_none_after_and_the_sums_stay(gone: int) -> None:
    missing = [one.__name__ for one in TABLES if canary.about_a_contract(one)]
    missing = [name for name in missing if not await canary.count(getattr(tables, name), gone)]
    assert not missing, "plant a row of it in tests/retention/canary.py"
    before, ledger, others = await canary.found_in(), await sums(), await of_others(gone)
    assert len(before) > 30
    assert ledger[0][0][2:] != (0, 0)
    (visit,) = await tables.CardVisit.select(tables.CardVisit.payer).where(tables.CardVisit.contract == gone)
    await erased(gone)
    left = await canary.found_in()
    assert left == {"public.card_visit": ["canary"]}, "the gateway has to drop her cards, by the payer's name"
    assert await sums() == ledger
    assert await of_others(gone) == others
    dropped = []

    async def drop(payer: str, kept: list[str]) -> None:
        dropped.append((payer, kept))

    await visits.tidy(drop)
    assert ("cus_canary", []) in dropped
    assert (visit["payer"], []) in dropped, "who never came back from the gateway's page is known there, too"
    assert not [kept for _, kept in dropped if kept]
    assert await canary.found_in() == {}


async def test_the_other_systems_are_told_of_it_once_and_of_no_change_before(gone: int) -> None:
    await database.rows("DELETE FROM event")
    await erased(gone)
    told = await database.rows("SELECT kind, contract, data FROM event ORDER BY id")
    assert [(row["kind"], row["contract"]) for row in told] == [("erasing", gone), ("card", gone)]
    assert json.loads(told[0]["data"]) == {}


async def test_her_names_are_known_again_each_as_what_it_was(gone: int) -> None:
    await erased(gone)
    for kind, name in (("number", canary.NUMBER), ("login", canary.LOGIN), ("web_space", "canary-uta")):
        assert await erased_names.is_erased(kind, name)  # type: ignore[arg-type]
        assert not await erased_names.is_erased(kind, f"{name}0")  # type: ignore[arg-type]
    assert not await erased_names.is_erased("login", canary.NUMBER), "the kind is part of it"


async def test_of_an_erased_contract_the_ledger_lets_go_of_words_and_of_nothing_else(gone: int) -> None:
    refused = (
        "UPDATE charge SET login = NULL WHERE contract = {}",
        "UPDATE charge SET yen = yen + 1 WHERE contract = {}",
        "UPDATE other_charge SET yen = 1 WHERE contract = {}",
        "UPDATE charge SET name = '消去済み' WHERE contract = {} AND other IS NULL",
        "DELETE FROM charge WHERE contract = {}",
        "UPDATE bill_tax SET yen = 1 WHERE contract = {}",
    )
    for statement in refused:
        with pytest.raises(asyncpg.RestrictViolationError):
            await database.rows(statement.format(gone))
    await erased(gone)
    for statement in refused[1:]:
        with pytest.raises(asyncpg.RestrictViolationError):
            await database.rows(statement.format(gone))
    with pytest.raises(asyncpg.RestrictViolationError):
        await database.rows("UPDATE charge SET login = 'somebody' WHERE contract = $1", gone)


async def test_nobody_writes_a_person_into_an_erased_contract(gone: int) -> None:
    await erased(gone)
    texts = (
        "company",
        "family",
        "given",
        "building",
        "address",
        "occupation",
        "phone",
        "fax",
        "mobile",
        "email",
    )
    others = {"customer_number": canary.NUMBER, "birth_date": clock.today(), "sex": "女性", "household": 2}
    for column, value in (dict.fromkeys(texts, "有光") | others).items():
        with pytest.raises(asyncpg.CheckViolationError):
            await database.rows(f"UPDATE contract SET {column} = $1 WHERE id = $2", value, gone)


async def test_a_month_that_is_closed_later_names_nobody(gone: int) -> None:
    await erased(gone)
    canary.at("2026-06-01T09:00")
    await close("2026-02", "2026-03", "2026-04", "2026-05")
    assert await canary.found_in() == {"public.card_visit": ["canary"]}


async def test_a_file_that_was_begun_meanwhile_brings_nothing_of_her(gone: int, tmp_path: Path) -> None:
    calls, charges = tmp_path / "calls.csv", tmp_path / "charges.csv"
    calls.write_text(f"{canary.NUMBER},hikari-denwa,2026-01-10 09:00:00,03-7777-7777,60,8\n")
    charges.write_text(f"canary-late,{canary.NUMBER},2026-01,金糸雀様,550,10,\n", encoding="utf-8")
    apart = contextvars.copy_context()  # tasks of this one would be in its transaction
    async with database.engine().transaction():
        await erasing.lock(gone)
        begun = import_charges(charges, lambda _: None), import_calls(calls, lambda _: None)
        files = [asyncio.create_task(one, context=apart.copy()) for one in begun]
        await somebody_waits(len(files))
        await erasing.erase(gone, clock.now())
    for refused in await asyncio.gather(*files, return_exceptions=True):
        assert "there is no such contract" in str(refused)
    assert await canary.found_in() == {"public.card_visit": ["canary"]}


async def test_a_failure_in_the_middle_leaves_all_of_her(gone: int, monkeypatch: pytest.MonkeyPatch) -> None:
    before = await canary.everywhere()
    monkeypatch.setitem(fates.OUTSIDE, "nowhere", "SELECT no_such_column, $1::bigint FROM contract")
    with pytest.raises(asyncpg.UndefinedColumnError):
        await erased(gone)
    assert await canary.everywhere() == before


async def test_names_are_what_a_contract_is_and_was_called(gone: int) -> None:
    names = await erasing.names_of(gone)
    assert sorted((kind, name) for kind, name, _ in names) == [
        ("address", f"canary.uta@{canary.DOMAIN}"),
        ("login", canary.LOGIN),
        ("number", canary.NUMBER),
        ("web_space", "canary-uta"),
    ]
    assert [str(day) for _, _, day in names if day] == ["2026-01-31"]
