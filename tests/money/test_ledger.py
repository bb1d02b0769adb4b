"""Closing months: what is written, that it is written once, and that nothing of it is ever edited."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import clock, tables
from app.domain.catalogue import NoPrice, Price, Product
from app.domain.clock import TOKYO
from app.domain.money import billing, ledger
from app.domain.money.billing import Service
from app.domain.money.ledger import LedgerLine, NotClosable, Span
from app.domain.months import Month
from app.postgres import database
from tests import households
from tests.money.test_billing import histories, moments
from tests.products import AGAIN, Shipped, dearer, priced

pytestmark = pytest.mark.usefixtures("empty_database")

JANUARY, FEBRUARY, MARCH = Month(2026, 1), Month(2026, 2), Month(2026, 3)


def tokyo(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO)


async def bought(
    contract: int,
    start: str,
    end: str | None = None,
    product: Product = Shipped.REMOTE_SUPPORT,
    account: int | None = None,
) -> int:
    """A purchase; its key."""
    period = tables.ServicePeriod(
        contract=contract,
        account=account,
        product=product,
        started_at=tokyo(start),
        ended_at=tokyo(end) if end else None,
    )
    await period.save()
    return int(period.id)


async def close(month: Month) -> ledger.Closed:
    return await ledger.close(month, lambda done, of: None)


async def written() -> list[tuple[Any, ...]]:
    """The ledger: bill, period, product, month, yen."""
    found = await database.rows("SELECT billed, period, product, month, yen FROM charge ORDER BY id")
    return [
        (row["billed"].month, row["period"], row["product"], row["month"].month, row["yen"]) for row in found
    ]


@pytest.fixture(autouse=True)
def in_march() -> None:
    clock.start_at(tokyo("2026-03-02T09:00"))


async def test_the_story_of_the_issue_is_charged_as_the_table_says() -> None:
    home = await households.new_household()
    option = Shipped.SECURITY_360, home.mother
    first = await bought(home.contract, "2026-01-10", "2026-01-20", *option)
    second = await bought(home.contract, "2026-01-20", None, *option)
    assert await close(JANUARY) == ledger.Closed(JANUARY, 1, 550, before=False)
    assert await close(FEBRUARY) == ledger.Closed(FEBRUARY, 1, 550, before=False)
    assert await written() == [(1, first, "security-360", 1, 550), (2, second, "security-360", 2, 550)]
    (row, _) = await database.rows("SELECT login, tax_rate, contract FROM charge ORDER BY id")
    assert tuple(row) == (home.mothers_login, 10, home.contract)


async def test_a_fee_stands_beside_the_free_month_of_the_contract_that_had_it_before() -> None:
    contract = await households.new_contract()
    await bought(contract, "2026-01-10", "2026-01-12", Shipped.REMOTE_SUPPORT)
    again = await bought(contract, "2026-02-20", None, Shipped.REMOTE_SUPPORT)
    await bought(await households.new_contract(), "2026-02-20", None, Shipped.REMOTE_SUPPORT)
    await close(JANUARY)
    await close(FEBRUARY)
    assert (await written())[1:] == [(2, again, AGAIN, 2, 3_300)]


async def test_closing_again_changes_nothing_whatever_happened_since() -> None:
    contract = await households.new_contract()
    await bought(contract, "2026-01-10", "2026-01-20")
    closed = await close(JANUARY)
    before = await written()
    await bought(contract, "2026-01-21", "2026-01-25")
    assert await close(JANUARY) == ledger.Closed(JANUARY, closed.charges, closed.yen, before=True)
    assert await written() == before


async def test_what_was_missed_in_a_closed_month_goes_into_the_next_one() -> None:
    contract = await households.new_contract()
    await bought(contract, "2025-12-10")
    await close(Month(2025, 12))
    await close(JANUARY)
    late = await bought(contract, "2026-01-10", "2026-01-20", Shipped.MAIL_PACK)
    await close(FEBRUARY)
    assert (2, late, "mail-pack", 1, 330) in await written()
    clock.start_at(tokyo("2026-04-01"))
    await close(MARCH)
    assert len([row for row in await written() if row[1] == late]) == 1


async def test_what_was_charged_too_much_is_given_back_in_the_next_one_and_only_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    contract = await households.new_contract()
    period = await bought(contract, "2025-11-10")
    for month in (Month(2025, 11), Month(2025, 12), JANUARY):
        await close(month)
    await database.rows("UPDATE service_period SET ended_at = $1", tokyo("2025-12-31"))
    dearer(monkeypatch, Shipped.REMOTE_SUPPORT, Price(date(2025, 12, 1), 999))
    await close(FEBRUARY)
    assert await written() == [
        (12, period, "remote-support", 12, 550),
        (1, period, "remote-support", 1, 550),
        (2, period, "remote-support", 1, -550),
    ]
    clock.start_at(tokyo("2026-04-01"))
    assert (await close(MARCH)).charges == 0


@pytest.mark.parametrize("month", ["2026-03", "2026-04", "2030-01"])
async def test_a_month_that_is_not_over_is_refused(month: str) -> None:
    with pytest.raises(NotClosable, match=r"2026-02 is the last month"):
        await close(Month.parse(month))


async def test_a_month_is_over_at_midnight_in_tokyo() -> None:
    clock.start_at(tokyo("2026-03-31T23:59:58"))
    with pytest.raises(NotClosable):
        await close(MARCH)
    clock.start_at(tokyo("2026-04-01T00:00:00"))
    assert not (await close(MARCH)).before


async def test_months_are_closed_in_order_from_the_first_purchase_on() -> None:
    await bought(await households.new_contract(), "2025-12-10")
    with pytest.raises(NotClosable, match="close 2025-12 first"):
        await close(JANUARY)
    await close(Month(2025, 12))
    with pytest.raises(NotClosable, match="close 2026-01 first"):
        await close(FEBRUARY)
    with pytest.raises(NotClosable, match="2025-11 is before 2025-12"):
        await close(Month(2025, 11))


async def test_the_ledger_does_not_begin_before_the_first_purchase_or_the_last_month() -> None:
    with pytest.raises(NotClosable, match="2016-01 is before 2026-02, with which"):
        await close(Month(2016, 1))
    contract = await households.new_contract()
    await bought(contract, "2026-03-01")
    with pytest.raises(NotClosable, match="2026-01 is before 2026-02"):
        await close(JANUARY)
    await bought(contract, "2026-01-10", product=Shipped.MAIL_PACK)
    with pytest.raises(NotClosable, match="2016-01 is before 2026-01"):
        await close(Month(2016, 1))
    assert await database.rows("SELECT 1 FROM bill_close") == []
    await close(JANUARY)


async def test_without_any_purchase_a_month_is_closed_empty() -> None:
    assert await close(FEBRUARY) == ledger.Closed(FEBRUARY, 0, 0, before=False)


async def test_a_missing_price_is_named_and_nothing_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    await bought(await households.new_contract(), "2026-01-10", "2026-01-20")
    priced(monkeypatch, Shipped.REMOTE_SUPPORT, Price(date(2027, 1, 1), 550))
    with pytest.raises(NoPrice, match="remote-support on 2026-01-01"):
        await close(JANUARY)
    monkeypatch.undo()
    assert not (await close(JANUARY)).before
    assert len(await written()) == 1


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE charge SET yen = 1",
        "DELETE FROM charge",
        "TRUNCATE charge",
        "DELETE FROM bill_close",
        "UPDATE bill_close SET closed_at = NULL",
        "INSERT INTO charge (contract, period, product, name, month, billed, yen, tax_rate)"
        " SELECT contract, period, 'mail-pack', 'メールパック', month, billed, 1, 10 FROM charge",
    ],
)
async def test_the_database_itself_refuses_to_edit_what_is_closed(edit: str) -> None:
    await bought(await households.new_contract(), "2026-01-10", "2026-01-20")
    await close(JANUARY)
    with pytest.raises(asyncpg.RestrictViolationError):
        await database.rows(edit)
    assert len(await written()) == 1


async def test_a_period_is_charged_for_a_month_once_and_a_refund_is_for_an_earlier_month() -> None:
    period = await bought(await households.new_contract(), "2026-01-10", "2026-01-20")
    await database.rows("INSERT INTO bill_close VALUES ('2026-01-01', 0)")
    line = (
        "INSERT INTO charge (contract, period, product, name, month, billed, yen, tax_rate)"
        " SELECT contract, id, product, product, '2026-01-01', '2026-01-01', $1, 10 FROM service_period"
    )
    await database.rows(line, 550)
    with pytest.raises(asyncpg.UniqueViolationError):
        await database.rows(line, 551)
    with pytest.raises(asyncpg.CheckViolationError):
        await database.rows(line, -550)
    assert await written() == [(1, period, "remote-support", 1, 550)]


async def many_contracts(count: int) -> None:
    """So many contracts that bought something and cancelled it in January."""
    await households.new_contract()
    await database.rows(
        "INSERT INTO contract SELECT copy.* FROM contract model, generate_series(1, $1) n,"
        " LATERAL jsonb_populate_record(model, jsonb_build_object('id', model.id + n,"
        " 'customer_number', lpad(n::text, 14, '0'))) copy",
        count - 1,
    )
    await database.rows(
        "INSERT INTO service_period (contract, product, started_at, ended_at)"
        " SELECT id, 'remote-support', $1, $2 FROM contract",
        *(tokyo("2026-01-10"), tokyo("2026-01-20")),
    )


@pytest.mark.slow
async def test_a_killed_close_goes_on_where_it_was(server: dict[str, Any], empty_database: str) -> None:
    await many_contracts(ledger.BATCH + 100)
    connection = json.dumps({**server, "database": empty_database})
    async with database.engine().transaction():
        await database.rows("SELECT 1 FROM contract ORDER BY id DESC LIMIT 1 FOR UPDATE")
        command = (sys.executable, "-m", "bench.bill_close", "--one", "2026-01", connection)
        process = await asyncio.create_subprocess_exec(*command)
        await waiting(process)
        process.kill()
        await process.wait()
    assert len(await written()) == ledger.BATCH
    done: list[int] = []
    closed = await ledger.close(JANUARY, lambda contracts, _: done.append(contracts))
    assert closed == ledger.Closed(JANUARY, ledger.BATCH + 100, 550 * (ledger.BATCH + 100), before=False)
    assert done == [ledger.BATCH + 100]


async def waiting(process: asyncio.subprocess.Process) -> None:
    """Until the first batch is written; the second one waits for the lock then."""
    connection = await asyncpg.connect(**database.engine().config)
    try:
        async with asyncio.timeout(30):
            while not await connection.fetchval("SELECT reached FROM bill_close"):
                assert process.returncode is None
                await asyncio.sleep(0.02)
    finally:
        await connection.close()


@pytest.mark.slow
async def test_two_closes_at_once_write_every_charge_once() -> None:
    await many_contracts(2 * ledger.BATCH + 1)
    closed = await asyncio.gather(close(JANUARY), close(JANUARY))
    assert {one.charges for one in closed} == {2 * ledger.BATCH + 1}
    assert len(await written()) == 2 * ledger.BATCH + 1


async def test_a_change_that_began_before_the_month_was_over_is_waited_for() -> None:
    contract = await households.new_contract()
    await bought(contract, "2026-02-10")
    other = await database.engine().acquire()
    try:
        change = other.transaction()
        await change.start()
        await other.execute("SELECT 1 FROM contract FOR NO KEY UPDATE")
        await other.execute("UPDATE service_period SET ended_at = $1", tokyo("2026-02-28T23:59:59"))
        closing = asyncio.create_task(close(FEBRUARY))
        await asyncio.sleep(0)
        async with asyncio.timeout(10):
            while not await database.rows(  # noqa: ASYNC110 - PostgreSQL tells nobody
                "SELECT 1 FROM pg_locks WHERE NOT granted"
            ):
                await asyncio.sleep(0.01)
        await change.commit()
        assert (await closing).yen == 550
    finally:
        await database.engine().give_back(other)


async def test_the_look_back_ends_somewhere() -> None:
    contract = await households.new_contract()
    await bought(contract, "2024-01-10")
    clock.start_at(tokyo("2024-02-01") + timedelta(days=1))
    await close(Month(2024, 1))
    late = await bought(contract, "2024-01-10", "2024-01-11", Shipped.MAIL_PACK)
    month = Month(2024, 2)
    await database.rows(
        "INSERT INTO bill_close SELECT d, 0, d FROM generate_series($1::date, $2, '1 month') d",
        *(month.first_day, Month(2024, 1).back(-ledger.LOOK_BACK).first_day),
    )
    clock.start_at(tokyo("2026-03-02"))
    await close(Month(2024, 2).back(-ledger.LOOK_BACK))
    assert late not in [row[1] for row in await written()]


def spans_of(lines: list[LedgerLine], since: Month) -> list[Span]:
    """What the database makes of the lines."""
    found: dict[tuple[int, str], list[LedgerLine]] = {}
    for line in lines:
        if line.month >= since:
            found.setdefault((line.period, line.item), []).append(line)
    return [
        Span(
            *key,
            min(line.month for line in group),
            max(line.month for line in group),
            len(group),
            any(line.billed != line.month for line in group),
        )
        for key, group in found.items()
    ]


@pytest.mark.slow
@given(histories(), histories(), moments, st.integers(1, 30))
def test_the_quick_answer_is_the_thorough_one(
    services: list[Service], before: list[Service], now: datetime, back: int
) -> None:
    month = Month.of(now)
    since = month.back(back)
    written = [
        LedgerLine(c.service.id, None, c.item, c.month, c.month, c.yen, c.tax_rate)
        for c in billing.charges(before, month.previous)
    ]
    quick = ledger.bill(services, [], month, month)
    for known in (written, written[:-1], [line._replace(period=line.period + 1) for line in written]):
        if ledger.as_owed(services, spans_of(known, since), month, since):
            assert ledger.bill(services, known, month, since) == quick
    own = [
        LedgerLine(c.service.id, None, c.item, c.month, c.month, c.yen, c.tax_rate)
        for c in billing.charges(services, month.previous)
    ]
    assert ledger.as_owed(services, spans_of(own, since), month, since)


@given(histories(), histories(), moments, st.integers(0, 7))
def test_whatever_was_learnt_late_the_ledger_comes_to_what_is_owed(
    first: list[Service], later: list[Service], now: datetime, learnt: int
) -> None:
    since = Month.of(now)
    written: list[LedgerLine] = []
    for nth in range(8):
        month = since.back(-nth)
        written += ledger.bill(first if nth < learnt else later, written, month, since)
    assert len(written) == len({(*line.key, line.billed) for line in written})
    balance: Counter[tuple[int, str, Month]] = Counter()
    for line in written:
        balance[line.key] += line.yen
    owed = {(c.service.id, c.item, c.month): c.yen for c in billing.charges(later, month, since)}
    assert {key: yen for key, yen in balance.items() if yen} == owed
