"""A pair is looked at, a session opened: never for a password that was changed meanwhile, and hashes are renewed."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest
from argon2 import extract_parameters

from app.domain import tables
from app.domain.access import logins, passwords
from app.domain.access.login_events import Device
from app.domain.access.logins import By, WrongPair
from app.domain.access.proofs import Step
from app.domain.changes import asking, kinds
from app.domain.fields import Wrong
from app.domain.people import account_password
from app.domain.people.account_deletion import DeleteAccount
from app.domain.people.account_password import ChangeAccountPassword
from app.domain.people.customer_password import ChangeCustomerPassword
from app.postgres import database
from app.web.cookies import token_hash
from tests import households
from tests.households import HASH, PASSWORD, Household

ANOTHER_HASH = HASH.replace("$m=8,", "$m=9,")


DEVICE = Device("Chrome（Windows）", "192.0.2.*")


@pytest.fixture
async def family(empty_database: str) -> Household:
    return await households.new_household()


async def name_of(family: Household, by: By) -> str:
    if by == "account":
        return family.sons_login
    numbers = tables.Contract.select(tables.Contract.customer_number)
    found: list[str] = await numbers.where(tables.Contract.id == family.contract).output(as_list=True)
    return found[0]


async def log_in(family: Household, by: By, password: str = PASSWORD) -> str:
    """Open a session; its token."""
    token = secrets.token_urlsafe(32)
    owner = await logins.find(by, await name_of(family, by))
    await logins.open_session(owner, password, token_hash(token), DEVICE)
    return token


async def stored(family: Household, by: By) -> str:
    if by == "customer":
        hashes = tables.Contract.select(tables.Contract.password_hash)
        found: list[str] = await hashes.where(tables.Contract.id == family.contract).output(as_list=True)
    else:
        hashes = tables.Account.select(tables.Account.password_hash)
        found = await hashes.where(tables.Account.id == family.son).output(as_list=True)
    return found[0]


async def used(family: Household, by: By) -> list[str]:
    account = None if by == "customer" else family.son
    found = await database.rows(
        "SELECT hash FROM used_password WHERE contract = $1 AND account IS NOT DISTINCT FROM $2 ORDER BY id",
        family.contract,
        account,
    )
    return [row["hash"] for row in found]


# --- the pair ---------------------------------------------------------------------------------------------------------


async def test_a_right_pair_opens_a_session_of_its_login(family: Household) -> None:
    customer, son = (
        await households.caller(await log_in(family, "customer")),
        await households.caller(await log_in(family, "account")),
    )
    assert customer
    assert son
    assert (customer.contract.id, customer.account_id) == (family.contract, None)
    assert (son.contract.id, son.account_id) == (family.contract, family.son)


@pytest.mark.parametrize("by", ["customer", "account"])
async def test_a_wrong_password_and_an_unknown_name_open_none(family: Household, by: By) -> None:
    with pytest.raises(WrongPair):
        await log_in(family, by, "Z!9-other")
    with pytest.raises(WrongPair):
        await logins.open_session(await logins.find(by, "nobody"), PASSWORD, token_hash("token"), DEVICE)
    assert await tables.Session.count() == 0


async def test_an_ended_session_opens_nothing(family: Household) -> None:
    token = await log_in(family, "customer")
    await logins.end_session(token_hash(token))
    assert await households.caller(token) is None


# --- changed meanwhile ------------------------------------------------------------------------------------------------


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Awaitable[None]], None]:
    """Lets something happen just after the next password was found right."""
    really = passwords._like

    def happens(what: Awaitable[None]) -> None:
        async def like(stored: str, password: str) -> str:
            made = await really(stored, password)
            monkeypatch.setattr(passwords, "_like", really)
            await what
            return made

        monkeypatch.setattr(passwords, "_like", like)

    return happens


@pytest.mark.parametrize(
    ("by", "change"),
    [
        ("customer", ChangeCustomerPassword("p1" + ANOTHER_HASH)),
        ("account", ChangeAccountPassword("family-son", ANOTHER_HASH)),
        ("account", DeleteAccount("family-son")),
    ],
)
async def test_a_login_in_flight_does_not_outlive_the_change_of_its_password(
    family: Household, meanwhile: Callable[[Awaitable[None]], None], by: By, change: kinds.Change
) -> None:
    someone = await households.log_in(family.contract, None if by == "customer" else family.mother)
    meanwhile(asking.confirm(someone, await asking.ask(someone, change)))
    with pytest.raises(WrongPair):
        await log_in(family, by)
    assert await tables.Session.count() == 1
    assert await households.again(someone)


@pytest.fixture
async def elsewhere(server: dict[str, Any], empty_database: str) -> AsyncIterator[Any]:
    """A connection of another worker."""
    connection = await asyncpg.connect(**{**server, "database": empty_database})
    yield connection
    await connection.close()


async def waits_for(elsewhere: Any, task: asyncio.Task[Any]) -> None:
    """Return once the task stands in the database behind the other connection's lock."""
    blocked = "SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))"
    while not (await database.rows(blocked, elsewhere.get_server_pid()))[0]["count"]:
        assert not task.done()


async def test_a_login_waits_for_a_change_that_is_being_made_and_sees_it(
    family: Household, elsewhere: Any
) -> None:
    changing = elsewhere.transaction()
    await changing.start()
    await elsewhere.execute("SELECT 1 FROM contract WHERE id = $1 FOR NO KEY UPDATE", family.contract)
    login = asyncio.create_task(log_in(family, "account"))
    await waits_for(elsewhere, login)
    await elsewhere.execute("UPDATE account SET password_hash = $1 WHERE id = $2", ANOTHER_HASH, family.son)
    await changing.commit()
    with pytest.raises(WrongPair):
        await login


@pytest.mark.parametrize(
    ("by", "step", "changed"),
    [
        ("account", Step.RECENT, "account"),
        ("customer", Step.RECENT, "contract"),
        ("account", Step.CUSTOMER, "contract"),
    ],
)
async def test_a_step_waits_for_a_change_of_the_password_that_it_asked_for_and_is_not_passed(
    family: Household, elsewhere: Any, by: By, step: Step, changed: str
) -> None:
    member = await households.log_in(family.contract, family.mother if by == "account" else None)
    changing = elsewhere.transaction()
    await changing.start()
    await elsewhere.execute("SELECT 1 FROM contract WHERE id = $1 FOR NO KEY UPDATE", family.contract)
    proof = asyncio.create_task(
        logins.prove(member, step, member.customer_number, PASSWORD, token_hash("a new token"))
    )
    await waits_for(elsewhere, proof)
    await elsewhere.execute(f'UPDATE "{changed}" SET password_hash = $1', ANOTHER_HASH)
    await changing.commit()
    with pytest.raises(WrongPair):
        await proof
    still = await households.again(member)
    assert still, "the session goes on under its old id"
    assert (still.proved_at, still.customer_proved_at) == (member.proved_at, member.customer_proved_at)


# --- renewed hashes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("by", "start"), [("customer", "p1$argon2id$"), ("account", "$argon2id$")])
async def test_an_imported_hash_is_made_anew_at_the_first_login_and_counts_as_used(
    family: Household, by: By, start: str
) -> None:
    before = await log_in(family, by)
    made = await stored(family, by)
    assert made.startswith(start)
    assert made.split("$")[4] == HASH.split("$")[4], "the salt of the login stays"
    cost = extract_parameters("$" + made.split("$", 1)[1])
    assert (cost.memory_cost, cost.time_cost, cost.parallelism) == (19 * 1024, 2, 1)
    assert made in await used(family, by)
    assert await households.caller(before)
    assert await households.caller(await log_in(family, by))
    assert await stored(family, by) == made
    assert (await used(family, by)).count(made) == 1


@pytest.mark.parametrize("by", ["customer", "account"])
async def test_a_hash_that_was_made_before_is_made_again(family: Household, by: By) -> None:
    await log_in(family, by)
    made = await stored(family, by)
    if by == "customer":
        await tables.Contract.update({tables.Contract.password_hash: HASH}, force=True)
    else:
        await tables.Account.update({tables.Account.password_hash: HASH}, force=True)
    await log_in(family, by)
    assert await stored(family, by) == made
    assert (await used(family, by)).count(made) == 1


async def test_making_a_hash_anew_is_no_change_of_password(family: Household) -> None:
    at_home = await households.new_session(family.contract, family.son)
    await log_in(family, "account")
    son = await households.caller(at_home)
    assert son
    with pytest.raises(Wrong):
        await account_password.new_password(son, son.own, PASSWORD)


@pytest.mark.slow
async def test_twenty_logins_at_once_with_an_imported_hash_are_all_right(family: Household) -> None:
    tokens = await asyncio.gather(*(log_in(family, "account") for _ in range(20)))
    assert all([await households.caller(token) for token in tokens])
    assert len(await used(family, "account")) == 2
