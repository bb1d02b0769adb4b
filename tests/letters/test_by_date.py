"""Mails by date: nobody is told of what was due before the portal could tell it, whoever sends the mail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.domain import clock, housekeeping, tables
from app.domain.cards import reminders
from app.domain.contracts.importing import import_contracts
from app.domain.letters import by_date, outbox
from app.domain.options import purchase_requests
from app.postgres import database
from tests import households
from tests.conftest import STRANGERS
from tests.options.asked import P360

DUE = datetime(2030, 1, 1, tzinfo=clock.TOKYO)
"""When each of the mails below is due: 30 days before a card ends, 14 days after somebody asked."""
A_SECOND = timedelta(seconds=1)


@pytest.fixture
async def contract(empty_database: str) -> int:
    """The household's, with a card that ends and a request that lapses."""
    await tables.FirstStart.delete(force=True)
    family = await households.new_household()
    await tables.Contract.update({tables.Contract.email: "an@example.jp"}).where(
        tables.Contract.id == family.contract
    )
    card: dict[str, Any] = {"brand": "JCB", "last4": "0000", "expires": "2030-01", "holder": "AN"}
    await tables.Card(contract=family.contract, **card).save()
    await tables.PurchaseRequest(
        contract=family.contract,
        account=family.son,
        product=P360,
        asked_at=DUE - timedelta(days=14),
        lapses_at=DUE,
    ).save()
    return family.contract


async def kinds() -> list[str]:
    return sorted(await tables.Outbox.select(tables.Outbox.kind).output(as_list=True))


async def imported(contract: int, at: datetime | None) -> None:
    await tables.Contract.update({tables.Contract.imported_at: at}).where(tables.Contract.id == contract)


BY_DATE = ["payment-expiring", "purchase-request-lapsed"]
"""Every kind of mail that nobody asks for: housekeeping sends no other (by_date.only)."""


@pytest.mark.parametrize(
    ("import_late", "start_late", "told"),
    [
        (timedelta(), timedelta(), BY_DATE),
        (None, -A_SECOND, BY_DATE),
        (A_SECOND, timedelta(), []),
        (timedelta(), A_SECOND, []),
        (timedelta(days=20), timedelta(days=20), []),
    ],
)
async def test_of_each_kind_nothing_is_told_that_was_due_before_the_import_or_the_first_start(
    contract: int, import_late: timedelta | None, start_late: timedelta, told: list[str]
) -> None:
    await imported(contract, None if import_late is None else DUE + import_late)
    clock.start_at(DUE + start_late)
    await by_date.note_first_start(clock.now().replace(microsecond=0))
    clock.start_at(DUE + timedelta(days=21))
    for _ in range(2):
        await housekeeping.tidy()
        assert await kinds() == told


async def test_the_first_start_is_the_first_server_that_tidied(contract: int) -> None:
    clock.start_at(DUE)
    for _ in range(2):
        await housekeeping.tidy()
        clock.start_at(DUE + timedelta(days=1))
    [found] = await tables.FirstStart.select()
    assert timedelta() <= found["at"] - DUE < timedelta(hours=1)


async def test_what_becomes_due_after_the_first_start_is_told(contract: int) -> None:
    await imported(contract, DUE - timedelta(days=20))
    clock.start_at(DUE - timedelta(days=10))
    await housekeeping.tidy()
    assert await kinds() == [], "60 days before was earlier than the import"
    clock.start_at(DUE + timedelta(hours=1))
    await housekeeping.tidy()
    assert await kinds() == BY_DATE


@pytest.mark.parametrize("send", [reminders.post_due, purchase_requests.lapse_due])
async def test_a_sender_needs_no_housekeeping_to_keep_the_rule(
    contract: int, send: Callable[[], Awaitable[int]]
) -> None:
    await imported(contract, DUE + A_SECOND)
    clock.start_at(DUE + timedelta(days=1))
    assert await send() == 1, "it is done with, so that it is not told later either"
    assert await send() == 0
    assert await kinds() == []


async def test_a_mail_that_nobody_asked_for_has_to_say_when_it_was_due(contract: int) -> None:
    facts = {"login": "taro-01"}
    async with database.engine().transaction():
        with by_date.only():
            with pytest.raises(RuntimeError, match=r"use outbox\.post_due"):
                await outbox.post(contract, ["a@example.jp"], "account-password-changed", **facts)
            await outbox.post_due(contract, ["a@example.jp"], "account-password-changed", DUE, **facts)
        await outbox.post(contract, ["a@example.jp"], "account-password-changed", **facts)
    assert await tables.Outbox.count() == 2


async def test_housekeeping_is_such_a_sender_whatever_it_comes_to_do(
    contract: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forgetful() -> int:
        async with database.engine().transaction():
            await outbox.post(contract, ["a@example.jp"], "account-password-changed", login="taro-01")
        return 1

    for module, name in ((reminders, "post_due"), (purchase_requests, "lapse_due")):
        with monkeypatch.context() as one:
            one.setattr(module, name, forgetful)
            with pytest.raises(RuntimeError, match=r"use outbox\.post_due"):
                await housekeeping.tidy()
    assert await tables.Outbox.count() == 0


async def test_who_was_not_written_to_is_not_said_to_have_been(contract: int) -> None:
    await imported(contract, DUE)
    async with database.engine().transaction():
        with outbox.noting() as told:
            for due, address in ((DUE - A_SECOND, "late@example.jp"), (DUE, "told@example.jp")):
                await outbox.post_due(contract, [address], "account-password-changed", due, login="x")
    assert told == ["told@example.jp"]


async def test_an_import_says_when_it_was(empty_database: str) -> None:
    clock.start_at(DUE)
    await import_contracts(STRANGERS, progress=lambda _: None)
    [found] = await tables.Contract.select(tables.Contract.imported_at)
    assert timedelta() <= found["imported_at"] - DUE < timedelta(hours=1)
