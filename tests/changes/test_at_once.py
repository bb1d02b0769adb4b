"""Changes that are confirmed at the same time: each once, limits hold, and one contract never waits for another."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from app.domain import tables
from app.domain.access.members import Member
from app.domain.changes import asking, history
from app.domain.changes.words import Refused
from app.domain.people import account_password, accounts
from app.domain.people.account_deletion import DeleteAccount
from app.domain.people.account_password import ChangeAccountPassword
from app.domain.people.accounts import AccountDetails, EditAccount, RegisterAccount
from app.postgres import database
from tests import households
from tests.households import HASH

DETAILS = AccountDetails("有光", "杏", "アリミツ", "アン", "有光杏", "user")
ANOTHER_HASH = HASH.replace("$m=8,", "$m=9,")


async def outcome(confirmed: Awaitable[None]) -> str:
    """What pressing came to: nothing said, or the reason of the refusal."""
    try:
        await confirmed
    except Refused as refused:
        return str(refused)
    return ""


async def press_all(member: Member, identities: list[UUID]) -> Counter[str]:
    """Press every button at once; how often each outcome came."""
    return Counter(await asyncio.gather(*(outcome(asking.confirm(member, one)) for one in identities)))


async def registrations(member: Member, number: int, name: str = "new") -> list[UUID]:
    return [
        await asking.ask(
            member, RegisterAccount(f"{name}-{place:02}", DETAILS, HASH), households.PASSWORD[:3]
        )
        for place in range(number)
    ]


@pytest.fixture
async def customer(empty_database: str) -> Member:
    return await households.log_in(await households.new_contract())


@pytest.mark.slow
async def test_twenty_presses_of_one_button_are_one_change_with_one_receipt(customer: Member) -> None:
    (identity,) = await registrations(customer, 1)
    assert await press_all(customer, [identity] * 20) == {"": 20}
    assert await tables.Account.count() == 1
    assert await tables.UsedPassword.count() == 1
    assert len(await history.history(customer)) == 1


@pytest.mark.slow
async def test_twenty_registrations_at_once_leave_five_account_ids_and_fifteen_reasons(
    customer: Member,
) -> None:
    identities = await registrations(customer, 20)
    assert await press_all(customer, identities) == {"": 5, accounts.full(): 15}
    assert sorted(await tables.Account.select(tables.Account.slot).output(as_list=True)) == [1, 2, 3, 4, 5]
    member = await households.again(customer)
    assert member
    assert member.contract.account_ids == 5


@pytest.mark.slow
async def test_a_registration_that_was_refused_left_nothing_half_done(customer: Member) -> None:
    await press_all(customer, await registrations(customer, 20))
    living = set(await tables.Account.select(tables.Account.login).output(as_list=True))
    rows = await tables.Change.select()
    done = [row for row in rows if row["applied_at"]]
    assert {row["subject"] for row in done} == living
    assert len({row["receipt_number"] for row in done}) == 5
    assert all(row["receipt"] and row["data"] is None for row in done)
    refused = [row for row in rows if not row["applied_at"]]
    assert len(refused) == 15
    assert all(row["data"] and row["sealed"] and not row["receipt"] for row in refused)
    assert await tables.UsedPassword.count() == 5


@pytest.mark.slow
async def test_the_refused_ones_can_be_pressed_again_when_there_is_room(customer: Member) -> None:
    identities = await registrations(customer, 8)
    await press_all(customer, identities)
    living = await tables.Account.select(tables.Account.login).output(as_list=True)
    for login in living[:2]:
        await asking.confirm(customer, await asking.ask(customer, DeleteAccount(login)))
    assert await press_all(customer, identities) == {"": 7, accounts.full(): 1}
    assert await tables.Account.count().where(tables.Account.deleted_at.is_null()) == 5


@pytest.mark.slow
async def test_one_name_that_twenty_contracts_want_at_once_is_given_once(empty_database: str) -> None:
    customers = [await households.log_in(await households.new_contract()) for _ in range(20)]
    wanted = [(member, (await registrations(member, 1))[0]) for member in customers]
    outcomes = await asyncio.gather(*(outcome(asking.confirm(member, one)) for member, one in wanted))
    assert Counter(outcomes) == {"": 1, accounts.TAKEN: 19}
    assert await tables.Account.count() == 1


async def test_one_new_password_confirmed_ten_times_is_set_once(customer: Member) -> None:
    await households.new_account(customer.contract.id, "arteri-an-001", 1)
    change = ChangeAccountPassword("arteri-an-001", ANOTHER_HASH)
    identities = [await asking.ask(customer, change) for _ in range(10)]
    assert await press_all(customer, identities) == {"": 1, account_password.USED_BEFORE: 9}


async def test_changing_and_deleting_an_account_id_at_once_leaves_it_deleted(customer: Member) -> None:
    key = await households.new_account(customer.contract.id, "arteri-an-001", 1)
    edit = await asking.ask(customer, EditAccount("arteri-an-001", DETAILS, ""))
    delete = await asking.ask(customer, DeleteAccount("arteri-an-001"))
    await asyncio.gather(
        asking.confirm(customer, edit), asking.confirm(customer, delete), return_exceptions=True
    )
    row = await tables.Account.select().where(tables.Account.id == key).first()
    assert row
    assert row["deleted_at"]
    receipts = {asked.kind for asked in await history.history(customer)}
    assert "account-deletion" in receipts
    assert ("account-edit" in receipts) == (row["given"] == "杏")


# --- who waits for whom -----------------------------------------------------------------------------------------------


@pytest.fixture
async def elsewhere(server: dict[str, Any], empty_database: str) -> AsyncIterator[Any]:
    """A connection of another worker."""
    connection = await asyncpg.connect(**{**server, "database": empty_database})
    yield connection
    await connection.close()


async def somebody_waits(for_connection: Any) -> bool:
    blocked = "SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))"
    found = await database.rows(blocked, for_connection.get_server_pid())
    return bool(found[0]["count"])


async def test_contracts_do_not_wait_for_each_other(customer: Member, elsewhere: Any) -> None:
    locked = elsewhere.transaction()
    await locked.start()
    await elsewhere.execute("SELECT 1 FROM contract WHERE id = $1 FOR UPDATE", customer.contract.id)
    other = await households.log_in(await households.new_contract())
    (identity,) = await registrations(other, 1, "other")
    await asking.confirm(other, identity)
    assert (await asking.find(other, identity)).receipt
    await locked.rollback()


async def test_a_contracts_changes_stand_in_one_line(customer: Member, elsewhere: Any) -> None:
    (identity,) = await registrations(customer, 1)
    locked = elsewhere.transaction()
    await locked.start()
    await elsewhere.execute("SELECT 1 FROM contract WHERE id = $1 FOR NO KEY UPDATE", customer.contract.id)
    pressed = asyncio.create_task(asking.confirm(customer, identity))
    while not await somebody_waits(elsewhere):
        assert not pressed.done()
    assert not (await asking.find(customer, identity)).receipt
    await locked.rollback()
    await pressed
    assert (await asking.find(customer, identity)).receipt
