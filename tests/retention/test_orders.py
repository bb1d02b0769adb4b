"""Orders: what stands in the way is named and nothing is done; what is due is done, once."""

from __future__ import annotations

import asyncio
import contextvars
from pathlib import Path
from typing import Any

import pytest

from app.domain import clock, keeping, tables
from app.domain.contracts import closing, importing
from app.domain.keeping import Duration
from app.domain.retention import orders
from app.domain.retention.orders import NotErasable
from app.postgres import database
from tests.money.steps import close, loaded
from tests.retention import canary
from tests.waiting import somebody_waits

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("filled_database")]

OPEN = "90000000000001"


async def order(number: str = canary.NUMBER, *, elsewhere: bool = True, reason: str = "") -> None:
    await orders.order(number, reason, kept_elsewhere=elsewhere)


async def refused(number: str = canary.NUMBER, **how: Any) -> str:
    with pytest.raises(NotErasable) as error:
        await order(number, **how)
    assert await tables.Erasure.count() == 0
    return str(error.value)


@pytest.fixture
async def gone(tmp_path: Path) -> int:
    """The contract of 金糸雀 歌, who left in January; it is May, and nobody ordered anything."""
    contract = await canary.leaves(tmp_path)
    await tables.Erasure.delete(force=True)
    return contract


async def test_an_open_contract_and_an_unknown_number_are_refused_in_words() -> None:
    assert "it is open: close it first" in await refused(OPEN)
    assert "no contract has that number" in await refused("12345678901234")


async def test_a_contract_that_somebody_still_needs_is_refused_and_all_of_it_is_named(
    filled_database: str, tmp_path: Path
) -> None:
    contract = await canary.lives(tmp_path)
    await canary.load(tmp_path, canary.line(closed_on="2026-01-31"))
    assert "goes on until the end of that day" in await refused()
    canary.at("2026-02-02T09:00")
    await closing.end_due()
    await tables.CardCheck(
        contract=contract,
        token="tok",
        payer="",
        brand="VISA",
        last4="0000",
        expires="2040-01",
        holder="SOMEBODY",
        asked_at=clock.now(),
    ).save()
    said = await refused()
    assert "reads bills and own data until 2026-04-30 (MYPAGE_CLOSED_MONTHS)" in said
    assert "2026-01 is not closed" in said
    assert "stands on no bill yet" in said
    assert "waits for a name check" in said
    assert "by law" not in said
    await close("2026-01")
    assert "is not closed" not in await refused()
    await loaded("late", "2026-01", "後から", 550, number=canary.NUMBER)
    assert "stands on no bill yet" in await refused()
    assert (await orders.erase_due()).erased == 0


async def test_what_the_law_wants_kept_waits_unless_it_is_kept_elsewhere(gone: int) -> None:
    said = await refused(elsewhere=False)
    assert "are kept until 2034-03-31 (MYPAGE_KEEP_BILLS" in said
    assert "are kept until 2033-01-10 (MYPAGE_KEEP_CHANGES" in said
    assert "--kept-elsewhere" in said
    canary.at("2034-03-31T23:59")
    assert "MYPAGE_KEEP_BILLS" in await refused(elsewhere=False)
    canary.at("2034-04-01T00:00")
    await order(elsewhere=False)


async def test_an_erasing_stands_in_line_with_imports_and_judges_again_what_they_left(gone: int) -> None:
    await order()
    apart = contextvars.copy_context()  # a task of this one would be in its transaction
    async with database.engine().transaction():
        await database.rows("SELECT pg_advisory_xact_lock($1)", importing.LOCK)
        waiting = asyncio.create_task(orders.erase_due(), context=apart)
        await somebody_waits()
        await database.rows("UPDATE contract SET closed_on = NULL, ended_at = NULL WHERE id = $1", gone)
    assert (await waiting).erased == 0
    assert await canary.key() == gone


async def test_the_last_day_of_reading_is_the_customers(gone: int) -> None:
    canary.at("2026-04-30T23:59")
    assert "until 2026-04-30 (MYPAGE_CLOSED_MONTHS)" in await refused()
    canary.at("2026-05-01T00:00")
    await order()


async def test_an_order_is_carried_out_once(gone: int) -> None:
    await order(reason="金糸雀様のご請求")
    assert await orders.due() == [gone]
    done = await orders.erase_due()
    assert (done.erased, done.waiting) == (1, ())
    after = await canary.everywhere()
    assert await orders.erase_due() == orders.Done(0, (), 0)
    assert await canary.everywhere() == after
    with pytest.raises(orders.Unknown, match="was erased"):
        await order()


async def test_an_order_waits_for_what_came_between_and_ends_with_the_contracts_reopening(
    gone: int, tmp_path: Path
) -> None:
    await order()
    await loaded("late", "2026-01", "後から", 550, number=canary.NUMBER)
    done = await orders.erase_due()
    assert done.erased == 0
    assert canary.NUMBER in done.waiting[0]
    assert "stands on no bill yet" in done.waiting[0]
    await canary.load(tmp_path, canary.line(closed_on=None))
    assert await tables.Erasure.count() == 0


async def test_a_contract_whose_time_is_over_is_due_without_an_order(gone: int, installed: Any) -> None:
    canary.at("2034-03-31T12:00")
    assert await orders.due() == []
    canary.at("2034-04-01T12:00")
    assert await orders.due() == [gone]
    installed(keep={**keeping.DEFAULTS, "contracts": Duration(months=120)})
    assert await orders.due() == []
    canary.at("2036-02-01T12:00")
    assert (await orders.erase_due()).erased == 1
    assert await canary.found_in() == {"public.card_visit": ["canary"]}


async def test_names_on_bills_of_everybody_go_when_their_time_is_over(gone: int) -> None:
    await database.rows("UPDATE contract SET closed_on = NULL, ended_at = NULL WHERE id = $1", gone)
    names = await tables.BillName.count()
    assert names
    canary.at("2034-03-31T12:00")
    assert (await orders.erase_due()).names == 0
    canary.at("2034-04-01T12:00")
    assert (await orders.erase_due()).names == names
    assert await tables.BillName.count() == 0
    assert await tables.BillTax.count()


async def test_a_reason_that_is_too_long_is_refused(gone: int) -> None:
    assert "longer than 200" in await refused(reason="長" * 201)
