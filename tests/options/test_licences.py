"""The stock of licence keys: each given once, whoever buys at the same time, and kept with its purchase."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from app.domain import clock, data_keys
from app.domain.access import members
from app.domain.catalogue import Product
from app.domain.changes import asking
from app.domain.changes.words import Refused
from app.domain.options import licences, security
from app.domain.options.security import BuySecurity
from app.domain.tables import TABLES
from app.postgres import database
from app.postgres.engine import Engine
from app.web.cookies import token_hash
from tests import households
from tests.conftest import Installed
from tests.households import HASH
from tests.products import Shipped
from tests.waiting import somebody_waits

BUYERS, KEYS = 200, 150
P360 = Shipped.SECURITY_360

STREET = """
WITH made AS (
    INSERT INTO contract (customer_number, password_hash, contract_type, mail_product, building, opened_on, family,
        given, family_kana, given_kana, birth_date, sex, address, occupation, household, phone, fax, mobile, email)
    SELECT (70000000000000 + n)::text, $1, 'x', 'mail_web', 'B', '2020-01-01', 'x', 'x', 'x', 'x', '1990-01-01', 'x',
        'x', 'x', 0, '0', '', '', '' FROM generate_series(1, $2::int) AS n RETURNING id
), cards AS (
    INSERT INTO card (contract, brand, last4, expires, holder) SELECT id, 'VISA', '0000', '2099-01', 'X' FROM made
), accounts AS (
    INSERT INTO account (contract, login, slot, password_hash, family, given, family_kana, given_kana, user_name, role,
        other_address, registered_at)
    SELECT id, 'buyer-' || id, 1, $1, 'x', 'x', 'x', 'x', 'x', 'admin', 'x@example.jp', $3 FROM made
)
INSERT INTO session (token_hash, contract, opened_at, seen_at)
SELECT sha256(id::text::bytea), id, $3, $3 FROM made RETURNING contract
"""
"""Contracts, each with a card, an account ID with an address, and a session of the customer."""


async def load(number: int, product: Product = P360) -> None:
    """Put so many licence keys into the stock."""
    keys = data_keys.current()
    pins = [f"PIN-{product}-{nth}" for nth in range(number)]
    await database.rows(
        "INSERT INTO licence (product, pin, data_key, fingerprint, loaded_at)"
        " SELECT $1, pin, $2, fingerprint, $3 FROM unnest($4::bytea[], $5::bytea[]) AS new (pin, fingerprint)",
        *(product, keys.names[0], clock.now()),
        [keys.encrypt(pin) for pin in pins],
        [keys.fingerprints(pin)[0] for pin in pins],
    )


@pytest.fixture
async def patient(server: dict[str, Any], empty_database: str) -> AsyncIterator[None]:
    """A pool whose callers wait as long as it takes: the queue is what is meant here."""
    engine = Engine({**server, "database": empty_database}, patience=None)
    database.use(engine, TABLES)
    await engine.start_connection_pool(max_size=20)
    yield
    await engine.close_connection_pool()


@pytest.mark.slow
async def test_two_hundred_who_buy_at_once_get_the_hundred_and_fifty_keys_each_once(patient: None) -> None:
    await load(KEYS)
    rows = await database.rows(STREET, HASH, BUYERS, clock.now())

    async def buy(contract: int) -> str:
        member = await members.find(token_hash(str(contract)), households.KEYS.seal_keys(str(contract)))
        assert member
        asked = await asking.ask(member, BuySecurity(f"buyer-{contract}", P360))
        try:
            await asking.confirm(member, asked)
        except Refused as refused:
            return str(refused)
        return ""

    outcomes = Counter(await asyncio.gather(*(buy(row["contract"]) for row in rows)))
    assert outcomes == {"": KEYS, licences.no_stock(P360): BUYERS - KEYS}
    taken = await database.rows("SELECT pin FROM licence WHERE period IS NOT NULL")
    assert len({data_keys.current().decrypt(row["pin"]) for row in taken}) == KEYS
    periods = await database.rows("SELECT count(*) AS number FROM service_period")
    assert periods[0]["number"] == KEYS
    mails = await database.rows("SELECT count(*) AS number FROM outbox")
    assert mails[0]["number"] == KEYS


@pytest.fixture
async def household(empty_database: str) -> households.Household:
    return await households.new_household()


async def period_of(contract: int, account: int, product: Product = P360) -> int:
    made = await database.rows(
        "INSERT INTO service_period (contract, account, product, started_at) VALUES ($1, $2, $3, $4) RETURNING id",
        *(contract, account, product, clock.now()),
    )
    return int(made[0]["id"])


async def test_a_key_that_a_purchase_gives_back_goes_to_the_one_that_waits(
    household: households.Household,
) -> None:
    await load(1)
    mine, his = [await period_of(household.contract, one) for one in (household.mother, household.son)]
    took = asyncio.Event()

    async def give_back() -> None:
        async with database.engine().transaction():
            await licences.take(P360, household.contract, mine)
            took.set()
            await somebody_waits()
            raise Refused("never mind")

    async def wait_for_it() -> None:
        await took.wait()
        await licences.take(P360, household.contract, his)

    first, second = await asyncio.gather(give_back(), wait_for_it(), return_exceptions=True)
    assert isinstance(first, Refused)
    assert second is None
    assert [row["period"] for row in await database.rows("SELECT period FROM licence")] == [his]


async def test_the_database_keeps_a_key_with_its_purchase(household: households.Household) -> None:
    await load(3)
    await load(1, Shipped.KIDS_FILTER)
    mine, his = [await period_of(household.contract, one) for one in (household.mother, household.son)]
    await licences.take(P360, household.contract, mine)
    others = await households.new_contract()
    give = "UPDATE licence SET contract = $1, period = $2 WHERE id = (SELECT min(id) FROM licence WHERE {})"
    free = "period IS NULL AND product = '{}'"
    for where, contract, period, error in (
        (free.format(P360), household.contract, mine, asyncpg.UniqueViolationError),
        (free.format(P360), others, his, asyncpg.ForeignKeyViolationError),
        (free.format("kids-filter"), household.contract, his, asyncpg.ForeignKeyViolationError),
        (free.format(P360), None, his, asyncpg.CheckViolationError),
        (free.format(P360), household.contract, None, asyncpg.CheckViolationError),
        ("period IS NOT NULL", household.contract, his, asyncpg.RestrictViolationError),
        ("period IS NOT NULL", None, None, asyncpg.RestrictViolationError),
    ):
        with pytest.raises(error):
            await database.rows(give.format(where), contract, period)
    with pytest.raises(asyncpg.RestrictViolationError):
        await database.rows("DELETE FROM licence WHERE period IS NOT NULL")
    with pytest.raises(asyncpg.UniqueViolationError):
        await load(1)
    with pytest.raises(asyncpg.CheckViolationError):
        await load(1, Shipped.MAIL_PACK)


async def test_a_stock_is_low_below_the_number_that_operators_set(
    empty_database: str, installed: Installed
) -> None:
    installed(low_stock=3)
    await load(3)
    await load(2, Shipped.SECURITY_ONLINE)
    assert await licences.low() == {Shipped.SECURITY_ONLINE: 2, Shipped.KIDS_FILTER: 0}


async def test_nobody_who_may_not_see_the_account_id_buys_for_it(household: households.Household) -> None:
    await load(1)
    await database.rows("UPDATE contract SET user_purchases = 'yes'")
    son = await households.log_in(household.contract, household.son)
    with pytest.raises(Refused):
        await asking.confirm(son, await asking.ask(son, BuySecurity(household.mothers_login, P360)))
    assert security.may_buy(son)
    assert (await licences._left([P360], 9))[P360] == 1
