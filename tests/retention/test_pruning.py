"""What is over is deleted to the moment, in batches that nobody waits for; what is still needed stays, however old."""

from __future__ import annotations

import asyncio
import logging
import re
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from app.domain import clock, installation, keeping, tables
from app.domain.keeping import Duration
from app.domain.retention import pruning
from app.domain.retention.pruning import OVER, Over
from app.postgres import database
from tests import households
from tests.households import Household

pytestmark = pytest.mark.usefixtures("empty_database")
A_MOMENT = timedelta(seconds=20)


@pytest.fixture
async def family(empty_database: str) -> Household:
    return await households.new_household()


Make = Callable[[Household, datetime], Awaitable[Any]]


async def a_call(family: Household, at: datetime) -> Any:
    row = tables.Call(contract=family.contract, service="hikari-denwa", started_at=at, number=str(at))
    return await row.save()


async def a_change(family: Household, at: datetime) -> Any:
    identity = uuid.uuid4()
    change: dict[str, Any] = {"contract": family.contract, "asker": "x", "kind": "household", "asked_at": at}
    receipt: dict[str, Any] = {
        "applied_at": at,
        "receipt_number": int(at.timestamp()),
        "receipt": "{}",
        "data": None,
    }
    await tables.Change(id=identity, **change, **receipt).save()
    agreed: dict[str, Any] = {
        "contract": family.contract,
        "change": identity,
        "text": "mail-address",
        "version": 1,
    }
    await tables.Consent(**agreed, dated=at.date(), agreed_at=at).save()


async def a_request(family: Household, at: datetime) -> Any:
    asked: dict[str, Any] = {"contract": family.contract, "account": family.son, "product": "kids-filter"}
    asked |= {"asked_at": at, "lapses_at": at + timedelta(days=14), "state": "refused", "reason": "x"}
    return await tables.PurchaseRequest(**asked, id=uuid.uuid4(), decided_at=at, decided_by="x").save()


async def a_card_check(family: Household, at: datetime) -> Any:
    card: dict[str, Any] = {
        "brand": "VISA",
        "last4": "0000",
        "expires": "2040-01",
        "holder": "AN",
        "token": "",
        "payer": "",
    }
    decided: dict[str, Any] = {"asked_at": at, "decided_at": at, "outcome": "refused"}
    return await tables.CardCheck(contract=family.contract, **card, **decided).save()


async def a_login(family: Household, at: datetime) -> Any:
    return await tables.LoginEvent(contract=family.contract, at=at, result="ok").save()


def a_mail(**ended: str) -> Make:
    async def made(family: Household, at: datetime) -> Any:
        posted: dict[str, Any] = {"posted_at": at, "due_at": at, "message_id": str(uuid.uuid4())}
        posted |= dict.fromkeys(ended, at)
        return await tables.Outbox(contract=family.contract, **posted).save()

    return made


async def a_paper(family: Household, at: datetime) -> Any:
    long_before = at - timedelta(days=900)
    steps: dict[str, Any] = {
        "asked_at": long_before,
        "done_at": long_before,
        "received_at": long_before,
        "entered_at": at,
    }
    return await tables.PaperRequest(contract=family.contract, paper="name", **steps).save()


async def a_feed(family: Household, at: datetime) -> Any:
    return await tables.FeedRun(feed="contracts", lines=1, digest="", applied_at=at, summary="").save()


async def a_case(family: Household, at: datetime) -> Any:
    case: dict[str, Any] = {
        "contract": family.contract,
        "field": "address",
        "reason": "third",
        "outcome": "ours",
    }
    return await tables.FeedCase(**case, opened_at=at, settled_at=at).save()


MADE: dict[tuple[str, str], Make] = {
    ("call", "started_at"): a_call,
    ("change", "applied_at"): a_change,
    ("purchase_request", "decided_at"): a_request,
    ("card_check", "decided_at"): a_card_check,
    ("login_event", "at"): a_login,
    ("outbox", "sent_at"): a_mail(sent_at=""),
    ("outbox", "refused_at"): a_mail(refused_at=""),
    ("paper_request", "greatest(done_at, received_at, entered_at)"): a_paper,
    ("feed_run", "applied_at"): a_feed,
    ("feed_case", "settled_at"): a_case,
}


def name_of(over: Over) -> tuple[str, str]:
    return over.table._meta.tablename, over.since


@pytest.mark.parametrize("over", OVER, ids=lambda over: " ".join(name_of(over)[:1]))
async def test_what_is_over_goes_and_what_is_not_stays(family: Household, over: Over) -> None:
    now = clock.now()
    before = installation.kept(over.keep).before(now)
    for at in (before - A_MOMENT, before + A_MOMENT):
        await MADE[name_of(over)](family, at)
    await pruning.prune(now)
    rows = await database.rows(f"SELECT {over.since} AS at FROM {over.table._meta.tablename}")
    assert [row["at"] for row in rows] == [before + A_MOMENT]
    assert await tables.Consent.count() == (1 if over.table is tables.Change else 0)


def test_each_time_but_those_of_bills_contracts_and_events_is_pruned_here() -> None:
    elsewhere = {keeping.BILLS, keeping.CONTRACTS, keeping.EVENTS}
    assert {over.keep for over in OVER} == set(keeping.KEPT) - elsewhere
    assert {name_of(over) for over in OVER} == set(MADE)


async def test_what_still_has_to_be_done_stays_however_old_it_is(family: Household) -> None:
    old = clock.now() - timedelta(days=4000)
    of: dict[str, Any] = {"contract": family.contract, "asked_at": old}
    await tables.PaperRequest(**of, paper="name").save()
    await tables.PaperRequest(**of, paper="address", done_at=old, received_at=old).save()
    await tables.FeedCase(contract=family.contract, field="address", reason="third", opened_at=old).save()
    await a_mail()(family, old)
    for sequence in (1, 2):
        feed: dict[str, Any] = {
            "feed": "contracts",
            "lines": 1,
            "digest": "",
            "summary": "",
            "sequence": sequence,
        }
        await tables.FeedRun(**feed, made_at=old, applied_at=old).save()
    await pruning.prune(clock.now())
    assert await tables.PaperRequest.count() == 2
    assert await tables.FeedCase.count() == await tables.Outbox.count() == 1
    assert [row["sequence"] for row in await tables.FeedRun.select()] == [2]


async def test_a_time_goes_by_its_setting(family: Household, installed: Any) -> None:
    now = clock.now()
    await a_login(family, now - timedelta(days=100))
    installed(keep={**keeping.DEFAULTS, "logins": Duration(days=90)})
    await pruning.prune(now)
    assert await tables.LoginEvent.count() == 0


async def test_more_than_one_run_deletes_is_said_and_the_next_run_goes_on(
    family: Household, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = clock.now()
    for _ in range(5):
        await a_login(family, now - timedelta(days=800))
    monkeypatch.setattr(pruning, "BATCH", 1)
    monkeypatch.setattr(pruning, "BATCHES", 3)
    with caplog.at_level(logging.WARNING, "mypage"):
        await pruning.prune(now)
    assert [record.getMessage() for record in caplog.records] == [
        "housekeeping falls behind: 3 rows of login_event were deleted, and more are over; it goes on at its next run"
    ]
    assert await tables.LoginEvent.count() == 2
    caplog.clear()
    await pruning.prune(now)
    assert not caplog.records
    assert await tables.LoginEvent.count() == 0


async def test_nobody_is_waited_for_and_the_next_run_goes_on(
    family: Household, server: dict[str, Any], empty_database: str
) -> None:
    now = clock.now()
    await a_login(family, now - timedelta(days=800))
    await a_call(family, now - timedelta(days=8000))
    other = await asyncpg.connect(**{**server, "database": empty_database})
    try:
        async with other.transaction():
            await other.fetchval("SELECT id FROM login_event FOR UPDATE")
            async with asyncio.timeout(1):
                await pruning.prune(now)
            assert await tables.LoginEvent.count() == 1
            assert await tables.Call.count() == 0, "what nobody holds goes"
        async with other.transaction():
            await other.execute("SELECT pg_advisory_xact_lock($1)", pruning.LOCK)
            await pruning.prune(now)
            assert await tables.LoginEvent.count() == 1, "another worker is at it"
    finally:
        await other.close()
    await pruning.prune(now)
    assert await tables.LoginEvent.count() == 0


@pytest.mark.parametrize("over", OVER, ids=lambda over: " ".join(name_of(over)[:1]))
async def test_each_question_has_its_index(family: Household, over: Over) -> None:
    async with database.engine().transaction():
        await database.rows("SET LOCAL enable_seqscan = off")
        await database.rows("SET LOCAL enable_sort = off")
        plan = await database.rows(f"EXPLAIN {over.oldest}", clock.now(), 10)
    said = "\n".join(row[0] for row in plan)
    assert re.search(r"Index (Only )?Scan using \w+ on " + over.table._meta.tablename, said), said
    assert "Sort" not in said
