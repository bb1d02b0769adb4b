"""アカウントIDパスワードの変更: one that the account ID never had, and whose sessions it ends."""

from __future__ import annotations

import pytest

from app.domain.access import passwords
from app.domain.access.members import Member
from app.domain.changes import asking
from app.domain.changes.words import Refused
from app.domain.fields import Wrong
from app.domain.people import account_password
from app.domain.people.account_password import ChangeAccountPassword
from app.domain.people.accounts import EditAccount, RegisterAccount
from tests import households
from tests.households import HASH, PASSWORD, Household
from tests.people.steps import DETAILS, NEW_HASH, done, kept, now_seen_by


@pytest.mark.slow
async def test_a_password_used_before_on_this_account_id_is_refused_and_on_another_is_not(
    family: Household, customer: Member
) -> None:
    son, mother = customer.account(family.sons_login), customer.account(family.mothers_login)
    made = await account_password.new_password(customer, son, "abc12345")
    await done(customer, ChangeAccountPassword(family.sons_login, made.hash))
    assert await passwords.verify((await kept(family.sons_login))["password_hash"], "abc12345")
    for used in (PASSWORD, "abc12345"):
        with pytest.raises(Wrong, match="使ったことのある"):
            await account_password.new_password(customer, son, used)
    assert (await account_password.new_password(customer, mother, "abc12345")).peek == "abc"
    assert (await account_password.new_password(customer, None, PASSWORD)).hash != HASH


async def test_a_password_set_since_it_was_typed_is_refused_at_the_last_moment(
    family: Household, customer: Member
) -> None:
    twice = [await asking.ask(customer, ChangeAccountPassword(family.sons_login, NEW_HASH)) for _ in range(2)]
    await asking.confirm(customer, twice[0])
    with pytest.raises(Refused, match="使ったことのある"):
        await asking.confirm(customer, twice[1])


async def test_the_password_of_the_registration_counts_as_used(customer: Member) -> None:
    made = await account_password.new_password(customer, None, "abc12345")
    await done(customer, RegisterAccount("momiji-01", DETAILS, made.hash))
    account = (await now_seen_by(customer)).account("momiji-01")
    with pytest.raises(Wrong, match="使ったことのある"):
        await account_password.new_password(customer, account, "abc12345")


async def test_a_changed_password_ends_every_other_session_of_that_account_id_and_no_other(
    family: Household, customer: Member
) -> None:
    here = await households.log_in(family.contract, family.son)
    elsewhere = await households.log_in(family.contract, family.son)
    mother = await households.log_in(family.contract, family.mother)
    await done(here, ChangeAccountPassword(family.sons_login, NEW_HASH))
    assert await households.again(elsewhere) is None
    assert all([await households.again(member) for member in (here, customer, mother)])


@pytest.mark.parametrize("alone", [True, False])
async def test_a_password_set_by_the_customer_ends_all_sessions_of_that_account_id(
    family: Household, customer: Member, alone: bool
) -> None:
    sons = [await households.log_in(family.contract, family.son) for _ in range(3)]
    login = family.sons_login
    whole = EditAccount(login, DETAILS, NEW_HASH)
    await done(customer, ChangeAccountPassword(login, NEW_HASH) if alone else whole)
    assert [await households.again(son) for son in sons] == [None] * 3
    assert await households.again(customer)


async def test_a_change_without_a_password_ends_no_session(family: Household, customer: Member) -> None:
    son = await households.log_in(family.contract, family.son)
    await done(customer, EditAccount(family.sons_login, DETAILS, ""))
    assert await households.again(son)
