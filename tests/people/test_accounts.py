"""アカウントID管理: register and change account IDs."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from app.domain import clock, tables
from app.domain.access.matrix import Forbidden, Missing, Role
from app.domain.access.members import Member
from app.domain.changes import asking
from app.domain.changes.words import Gone, Refused
from app.domain.fields import Wrong
from app.domain.people import accounts
from app.domain.people.account_deletion import DeleteAccount
from app.domain.people.account_password import ChangeAccountPassword
from app.domain.people.accounts import AccountDetails, EditAccount, RegisterAccount
from tests import households
from tests.households import HASH, Household
from tests.people.steps import DETAILS, NEW_HASH, done, kept, now_seen_by, shown

# --- register ---------------------------------------------------------------------------------------------------------


async def test_a_registered_account_id_has_what_was_typed(customer: Member) -> None:
    receipt = await done(customer, RegisterAccount("momiji-01", DETAILS, HASH))
    row = await kept("momiji-01")
    assert {name: row[name] for name in asdict(DETAILS)} == asdict(DETAILS)
    assert (row["contract"], row["slot"], row["password_hash"]) == (customer.contract.id, 3, HASH)
    assert (row["deleted_at"], row["other_address"]) == (None, None)
    assert shown(receipt)["アカウントID"] == "momiji-01"
    assert shown(receipt)["パスワード"] == "*****"
    assert (await now_seen_by(customer)).account("momiji-01").name == "有光 椛"


async def test_a_sixth_account_id_is_refused_in_words_when_it_is_asked_and_when_it_is_confirmed(
    customer: Member,
) -> None:
    change = RegisterAccount("momiji-06", DETAILS, HASH)
    assert change.review(customer, clock.now()).button == "登録"
    identity = await asking.ask(customer, change)
    for number in (3, 4, 5):
        await done(customer, RegisterAccount(f"momiji-{number:02}", DETAILS, HASH))
    with pytest.raises(Refused, match="5個まで"):
        asking.review(await now_seen_by(customer), change)
    with pytest.raises(Refused, match="5個まで"):
        await asking.confirm(customer, identity)


async def test_the_slot_of_a_deleted_account_id_is_used_again(family: Household, customer: Member) -> None:
    await done(customer, DeleteAccount(family.mothers_login))
    await done(customer, RegisterAccount("momiji-01", DETAILS, HASH))
    assert (await kept("momiji-01"))["slot"] == 1
    for number in (2, 3, 4):
        await done(customer, RegisterAccount(f"momiji-{number:02}", DETAILS, HASH))
    with pytest.raises(Refused):
        await done(customer, RegisterAccount("momiji-05", DETAILS, HASH))


async def test_a_name_deleted_on_this_contract_says_so_and_one_of_others_only_that_it_is_taken(
    family: Household, customer: Member
) -> None:
    others = await households.new_household("others")
    await accounts.free_name(customer, "momiji-01")
    await done(await households.log_in(others.contract), DeleteAccount(others.sons_login))
    await done(customer, DeleteAccount(family.sons_login))
    with pytest.raises(Wrong, match=r"「family-son」は、このご契約で以前に削除された.*二度と登録できません"):
        await accounts.free_name(customer, family.sons_login)
    for login in (family.mothers_login, others.mothers_login, others.sons_login):
        with pytest.raises(Wrong) as wrong:
            await accounts.free_name(customer, login)
        assert wrong.value.reason == accounts.TAKEN


@pytest.mark.parametrize("login", ["family-mother", "family-son", "others-mother", "others-son"])
async def test_a_name_that_anybody_ever_had_is_refused_at_the_last_moment_too(
    customer: Member, login: str
) -> None:
    others = await households.new_household("others")
    await done(await households.log_in(others.contract), DeleteAccount(others.sons_login))
    await done(customer, DeleteAccount("family-son"))
    with pytest.raises(Refused) as refused:
        await done(customer, RegisterAccount(login, DETAILS, HASH))
    assert str(refused.value) == accounts.TAKEN


async def test_a_user_role_member_registers_nothing_and_deletes_nothing(family: Household) -> None:
    son = await households.log_in(family.contract, family.son)
    for change in (RegisterAccount("momiji-01", DETAILS, HASH), DeleteAccount(family.sons_login)):
        with pytest.raises(Forbidden):
            await done(son, change)
    assert await tables.Account.count().where(tables.Account.deleted_at.is_null()) == 2


# --- change -----------------------------------------------------------------------------------------------------------


async def test_a_changed_account_id_has_what_was_typed_and_keeps_its_password_if_none_was(
    family: Household, customer: Member
) -> None:
    receipt = await done(customer, EditAccount(family.sons_login, DETAILS, ""))
    row = await kept(family.sons_login)
    assert {name: row[name] for name in asdict(DETAILS)} == asdict(DETAILS)
    assert row["password_hash"] == HASH
    assert shown(receipt)["パスワード"] == "変更しない"
    untouched = await kept(family.mothers_login)
    assert untouched["given"] == family.mothers_login


async def test_a_change_with_a_password_sets_it(family: Household, customer: Member) -> None:
    receipt = await done(customer, EditAccount(family.sons_login, DETAILS, NEW_HASH))
    assert (await kept(family.sons_login))["password_hash"] == NEW_HASH
    assert shown(receipt)["パスワード"] == "*****"


async def test_the_confirm_page_announces_a_new_admin_and_a_new_password(
    family: Household, customer: Member
) -> None:
    def announced(login: str, details: AccountDetails, password_hash: str) -> str:
        return "".join(EditAccount(login, details, password_hash).review(customer, clock.now()).notices)

    admin = replace(DETAILS, role="admin")
    assert "お客様番号でログインしたときと同じ" in announced(family.sons_login, admin, "")
    assert announced(family.mothers_login, admin, "") == ""
    assert "ログアウト" in announced(family.sons_login, DETAILS, NEW_HASH)


async def test_the_last_admin_may_be_made_a_user_and_may_be_deleted(
    family: Household, customer: Member
) -> None:
    mother = await households.log_in(family.contract, family.mother)
    await done(mother, EditAccount(family.mothers_login, DETAILS, ""))
    assert (await now_seen_by(mother)).role == Role.USER
    await done(customer, DeleteAccount(family.mothers_login))
    assert [account.login for account in (await now_seen_by(customer)).accounts] == [family.sons_login]


async def test_an_account_id_of_another_contract_is_missing(customer: Member) -> None:
    others = await households.new_household("others")
    for change in (
        EditAccount(others.sons_login, DETAILS, ""),
        ChangeAccountPassword(others.sons_login, NEW_HASH),
        DeleteAccount(others.sons_login),
    ):
        with pytest.raises(Missing):
            asking.judge(customer, change)
        with pytest.raises(Gone):
            await done(customer, change)
    row = await kept(others.sons_login)
    assert (row["password_hash"], row["deleted_at"]) == (HASH, None)
