"""`billing_v1` and `mypage bill export`: what the operator's own systems get of a closed month, and who may read it."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from app.domain import clock, tables
from app.domain.money import bill_export, issuing, ledger
from app.domain.months import Month
from app.postgres import database
from tests.money.steps import LOGIN, NUMBER, bought, close, loaded, tokyo
from tests.products import Shipped
from tests.test_events import RIGHTS, ROUTINES

VIEWS = {f"billing_v1.{name}" for name in ("closed_month", "charge", "tax", "contract", "card")}


async def exported(month: str) -> list[dict[str, str]]:
    file = io.StringIO(newline="")
    lines, yen = await bill_export.export(Month.parse(month), file)
    assert file.getvalue().endswith("\r\n")
    rows = list(csv.DictReader(io.StringIO(file.getvalue(), newline="")))
    assert (lines, yen) == (len(rows), sum(int(row["yen"]) for row in rows))
    return rows


@pytest.fixture
async def two_closed_months(filled_database: str) -> None:
    """January with a purchase and a charge of the operator's; February, which corrects January's charge."""
    clock.start_at(tokyo("2026-02-02T09:00"))
    await bought("2025-12-10T09:00", login=LOGIN)
    await loaded("line-1", "2026-01", "=回線料, 基本", 4_400)
    await close("2025-12", "2026-01")
    await loaded("line-1", "2026-01", "=回線料, 基本", 4_000)
    clock.start_at(tokyo("2026-03-02T09:00"))
    await close("2026-02")


@pytest.mark.usefixtures("two_closed_months")
async def test_a_closed_month_is_exported_as_its_bills_say() -> None:
    purchase, line = await exported("2026-01")
    assert purchase["product"] == Shipped.SECURITY_360
    assert (purchase["customer_number"], purchase["login"], purchase["ref"]) == (NUMBER, LOGIN, "")
    assert (purchase["started_on"], purchase["ended_on"]) == ("2025-12-10", "")
    assert (line["ref"], line["name"], line["product"]) == ("line-1", "=回線料, 基本", "other")
    assert (line["billed"], line["month"], line["yen"], line["tax_rate"]) == (
        "2026-01",
        "2026-01",
        "4400",
        "10",
    )


@pytest.mark.usefixtures("two_closed_months")
async def test_a_correction_stands_in_the_month_that_corrects_with_the_month_that_it_is_for() -> None:
    lines = [(row["ref"], row["billed"], row["month"], row["yen"]) for row in await exported("2026-02")]
    assert ("line-1", "2026-02", "2026-01", "-400") in lines
    assert len(lines) == 2


@pytest.mark.usefixtures("two_closed_months")
async def test_the_views_say_the_same_as_the_ledger_with_the_tax_of_the_bills() -> None:
    months = await database.rows("SELECT * FROM billing_v1.closed_month ORDER BY month")
    ours = await database.rows(
        "SELECT billed, sum(yen) AS yen, count(DISTINCT contract) AS bills FROM charge GROUP BY billed ORDER BY billed"
    )
    assert [row["bills"] for row in months] == [0, 1, 1]
    assert [(row["month"], row["yen"], row["bills"]) for row in months[1:]] == [
        (row["billed"], row["yen"], row["bills"]) for row in ours
    ]
    taxes = await database.rows("SELECT billed, sum(tax) AS tax FROM billing_v1.tax GROUP BY 1 ORDER BY 1")
    assert [row["tax"] for row in months[1:]] == [row["tax"] for row in taxes]
    # 4,400 + the option at 10 %, rounded down once.
    (bill,) = await database.rows("SELECT yen, tax FROM billing_v1.tax WHERE billed = '2026-01-01'")
    assert bill["tax"] == bill["yen"] * 10 // 110


async def test_a_month_that_is_open_or_being_closed_is_neither_exported_nor_seen(
    filled_database: str,
) -> None:
    clock.start_at(tokyo("2026-02-02T09:00"))
    await bought("2025-12-10T09:00", login=LOGIN)
    file = io.StringIO()
    with pytest.raises(bill_export.NotClosed, match="mypage bill close 2026-01"):
        await bill_export.export(Month.parse("2026-01"), file)
    assert file.getvalue() == ""
    begun = tables.BillClose(month=Month.parse("2026-01").first_day, reached=0, closed_at=None)
    await tables.BillClose.insert(begun)
    await issuing.name_issuer()
    assert await ledger._close_batch(Month.parse("2026-01"), Month.parse("2026-01"))
    assert await tables.Charge.count() == 1
    for view in ("closed_month", "charge", "tax"):
        assert await database.rows(f"SELECT FROM billing_v1.{view}") == [], view
    with pytest.raises(bill_export.NotClosed):
        await bill_export.export(Month.parse("2026-01"), file)


async def test_a_contract_and_its_card_are_shown_without_a_person(filled_database: str) -> None:
    (contract,) = await database.rows("SELECT * FROM billing_v1.contract WHERE customer_number = $1", NUMBER)
    (card,) = await database.rows("SELECT * FROM billing_v1.card WHERE customer_number = $1", NUMBER)
    assert (card["contract"], card["brand"], card["last4"], card["expires"]) == (
        *(contract["contract"], "VISA", "0000", "2030-01"),
    )
    shown = " ".join(str(value) for row in (contract, card) for value in row.values())
    (holder,) = await database.rows(
        "SELECT family, given, family_kana, given_kana, address, phone, holder FROM contract JOIN card"
        " ON card.contract = contract.id WHERE customer_number = $1",
        NUMBER,
    )
    assert not [value for value in holder.values() if value and value in shown]


# --- who may read it --------------------------------------------------------------------------------------------------


@pytest.fixture
async def connection(server: dict[str, Any], filled_database: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of its own, to become another role with."""
    own = await asyncpg.connect(**{**server, "database": filled_database})
    yield own
    await own.close()


async def test_the_billing_role_reads_the_views_and_nothing_else(connection: asyncpg.Connection) -> None:
    rights = {row["name"]: row["rights"] for row in await connection.fetch(RIGHTS, "mypage_billing")}
    assert rights == {view: ["SELECT"] for view in VIEWS}
    assert await connection.fetch(ROUTINES, "mypage_billing") == []
    await connection.execute("SET ROLE mypage_billing")
    assert await connection.fetch("SELECT FROM billing_v1.contract")
    for statement in (
        "SELECT FROM public.contract",
        "SELECT FROM events_v1.event",
        "SELECT FROM mail_v1.mailbox",
        "UPDATE billing_v1.contract SET closed_on = now()",
        "DELETE FROM billing_v1.contract",
        "CREATE TABLE billing_v1.mine ()",
        "CALL billing_v1.grant_rights()",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
