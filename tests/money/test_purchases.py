"""Purchases begin and end as service periods: of the contract or of one account ID, and of nobody and nothing else."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta

import asyncpg
import pytest

from app.domain import clock, tables
from app.domain.access.members import Member
from app.domain.catalogue import Price
from app.domain.clock import TOKYO
from app.domain.money import purchases
from tests import households
from tests.households import Household
from tests.products import Shipped, dearer

MAIL, SUPPORT = Shipped.MAIL_PACK, Shipped.REMOTE_SUPPORT
FILTER, ONLINE = Shipped.KIDS_FILTER, Shipped.SECURITY_ONLINE
REFUSED = asyncpg.ExclusionViolationError, asyncpg.DeadlockDetectedError
"""Of two at the same instant each may wait for the other; changes of a contract stand in line before that."""


@pytest.fixture
async def family(empty_database: str) -> Household:
    return await households.new_household()


@pytest.fixture
async def customer(family: Household) -> Member:
    return await households.log_in(family.contract)


@pytest.fixture
async def everything(family: Household, customer: Member) -> None:
    """Two products of two contracts and of both account IDs, each ended before and going on now."""
    others = await households.log_in(await households.new_contract())
    for days in (9, 5):
        started_at = clock.now() - timedelta(days=days)
        for member in (customer, others):
            for product in (MAIL, SUPPORT):
                await purchases.start(member, None, product, started_at)
        for account in customer.accounts:
            for product in (FILTER, ONLINE):
                await purchases.start(customer, account, product, started_at)
        if days == 9:
            ended_at = started_at + timedelta(days=1)
            await tables.ServicePeriod.update({tables.ServicePeriod.ended_at: ended_at}, force=True)


Bearer = tuple[int, int | None, str]
"""Contract, account ID and product of a purchase."""


async def ended(at: datetime) -> set[Bearer]:
    """What ended then, and what goes on is as it was."""
    rows = await tables.ServicePeriod.select()
    assert {row["ended_at"] for row in rows if row["ended_at"] and row["ended_at"] > at} == set()
    return {(row["contract"], row["account"], row["product"]) for row in rows if row["ended_at"] == at}


async def test_a_purchase_is_a_period_of_whom_it_was_bought_for_from_that_moment_on(
    family: Household, customer: Member
) -> None:
    now, son = clock.now(), customer.account(family.sons_login)
    keys = [
        await purchases.start(customer, None, SUPPORT, now),
        await purchases.start(customer, son, FILTER, now),
    ]
    rows = await tables.ServicePeriod.select().order_by(tables.ServicePeriod.id)
    assert [tuple(row.values()) for row in rows] == [
        (keys[0], family.contract, None, SUPPORT, now, None, None),
        (keys[1], family.contract, family.son, FILTER, now, None, None),
    ]


async def test_of_two_who_buy_the_same_at_once_one_is_refused_by_the_database(
    family: Household, customer: Member
) -> None:
    for account, product in ((None, SUPPORT), (customer.account(family.sons_login), FILTER)):
        twice = [purchases.start(customer, account, product, clock.now()) for _ in range(2)]
        done = await asyncio.gather(*twice, return_exceptions=True)
        assert sorted(isinstance(one, REFUSED) for one in done) == [False, True]
    assert await tables.ServicePeriod.count() == 2


async def test_a_product_of_the_contract_ends_there_and_nowhere_else(
    customer: Member, everything: None
) -> None:
    now = clock.now()
    await purchases.end(customer, None, SUPPORT, now)
    assert await ended(now) == {(customer.contract.id, None, SUPPORT)}
    await purchases.end(customer, None, SUPPORT, now + timedelta(days=1))
    assert await ended(now) == {(customer.contract.id, None, SUPPORT)}


async def test_a_product_of_an_account_id_ends_there_and_nowhere_else(
    family: Household, customer: Member, everything: None
) -> None:
    now = clock.now()
    await purchases.end(customer, customer.account(family.sons_login), FILTER, now)
    assert await ended(now) == {(family.contract, family.son, FILTER)}


async def test_with_an_account_id_all_that_it_bought_ends(
    family: Household, customer: Member, everything: None
) -> None:
    now = clock.now()
    await purchases.end_of_account(customer.account(family.mothers_login), now)
    assert await ended(now) == {(family.contract, family.mother, product) for product in (FILTER, ONLINE)}


async def test_what_was_bought_again_the_moment_it_ended_is_two_periods(customer: Member) -> None:
    now = clock.now()
    await purchases.start(customer, None, SUPPORT, now - timedelta(days=1))
    await purchases.end(customer, None, SUPPORT, now)
    await purchases.start(customer, None, SUPPORT, now)
    rows = await tables.ServicePeriod.select(tables.ServicePeriod.ended_at).order_by(tables.ServicePeriod.id)
    assert [row["ended_at"] for row in rows] == [now, None]


@pytest.mark.parametrize(
    ("bought", "said"),
    [
        (datetime(2026, 1, 31, 23, 59, tzinfo=TOKYO), "330円／月（税込）"),
        (datetime(2026, 2, 1, tzinfo=TOKYO), "1,660円／月（税込）"),
    ],
)
def test_the_monthly_price_is_that_of_the_first_month_that_is_charged(
    monkeypatch: pytest.MonkeyPatch, bought: datetime, said: str
) -> None:
    dearer(monkeypatch, FILTER, Price(date(2026, 3, 1), 1_660))
    assert purchases.monthly(FILTER, bought) == said
