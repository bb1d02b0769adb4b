"""アカウントID管理: register, change and delete, with everything that hangs on an account ID."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

import pytest

from app.domain import clock, tables
from app.domain.access import passwords
from app.domain.access.matrix import Forbidden, Missing, Role
from app.domain.access.members import Member
from app.domain.catalogue import Product
from app.domain.changes import asking, history
from app.domain.changes.kinds import Change
from app.domain.changes.words import Gone, Receipt, Refused
from app.domain.fields import Wrong
from app.domain.people import account_password, accounts
from app.domain.people.account_deletion import DeleteAccount
from app.domain.people.account_password import ChangeAccountPassword
from app.domain.people.accounts import AccountDetails, EditAccount, RegisterAccount
from tests import households
from tests.households import HASH, PASSWORD, Household

DETAILS = AccountDetails("有光", "椛", "アリミツ", "モミジ", "有光椛", "user")
NEW_HASH = HASH.replace("$m=8,", "$m=9,")

ENDED = {tables.ServicePeriod: "ended_at", tables.MailAddress: "released_at", tables.WebSpace: "released_at"}
"""What hangs on an account ID, and the column that ends it."""


@pytest.fixture
async def family(empty_database: str) -> Household:
    return await households.new_household()


@pytest.fixture
async def customer(family: Household) -> Member:
    return await households.log_in(family.contract)


async def done(member: Member, change: Change) -> Receipt:
    """Ask for it and confirm it; its receipt."""
    identity = await asking.ask(member, change)
    await asking.confirm(member, identity)
    receipt = (await asking.find(member, identity)).receipt
    assert receipt
    return receipt


async def now_seen_by(member: Member) -> Member:
    found = await households.again(member)
    assert found
    return found


async def kept(login: str) -> dict[str, Any]:
    row = await tables.Account.select().where(tables.Account.login == login).first()
    assert row
    return row


def shown(receipt: Receipt) -> dict[str, str]:
    return {row.label: row.value for row in receipt.rows}


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


# --- passwords --------------------------------------------------------------------------------------------------------


async def test_a_password_used_before_on_this_account_id_is_refused_and_on_another_is_not(
    family: Household, customer: Member
) -> None:
    son, mother = customer.account(family.sons_login), customer.account(family.mothers_login)
    made = await account_password.new_password(son, "abc12345")
    await done(customer, ChangeAccountPassword(family.sons_login, made.hash))
    assert await passwords.verify((await kept(family.sons_login))["password_hash"], "abc12345")
    for used in (PASSWORD, "abc12345"):
        with pytest.raises(Wrong, match="使ったことのある"):
            await account_password.new_password(son, used)
    assert (await account_password.new_password(mother, "abc12345")).peek == "abc"
    assert (await account_password.new_password(None, PASSWORD)).hash != HASH


async def test_a_password_set_since_it_was_typed_is_refused_at_the_last_moment(
    family: Household, customer: Member
) -> None:
    twice = [await asking.ask(customer, ChangeAccountPassword(family.sons_login, NEW_HASH)) for _ in range(2)]
    await asking.confirm(customer, twice[0])
    with pytest.raises(Refused, match="使ったことのある"):
        await asking.confirm(customer, twice[1])


async def test_the_password_of_the_registration_counts_as_used(customer: Member) -> None:
    made = await account_password.new_password(None, "abc12345")
    await done(customer, RegisterAccount("momiji-01", DETAILS, made.hash))
    account = (await now_seen_by(customer)).account("momiji-01")
    with pytest.raises(Wrong, match="使ったことのある"):
        await account_password.new_password(account, "abc12345")


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


# --- delete -----------------------------------------------------------------------------------------------------------


async def hang_things_on(family: Household) -> None:
    """Options, a mail address and a web space on both account IDs, one option of the contract, one ended long ago."""
    ago = clock.now() - timedelta(days=30)
    support = Product.REMOTE_SUPPORT
    await tables.ServicePeriod(contract=family.contract, product=support, started_at=ago).save()
    for account in (family.mother, family.son):
        of: dict[str, Any] = {"contract": family.contract, "account": account}
        await tables.ServicePeriod(**of, product=Product.SECURITY_360, started_at=ago, ended_at=ago).save()
        await tables.ServicePeriod(**of, product=Product.SECURITY_360, started_at=ago).save()
        await tables.ServicePeriod(**of, product=Product.KIDS_FILTER, started_at=ago).save()
        await tables.MailAddress(**of, address=f"a{account}@ucom.ne.jp", registered_at=ago).save()
        await tables.WebSpace(**of, name=f"a{account}", registered_at=ago).save()


async def test_deleting_ends_everything_of_that_account_id_at_once_and_nothing_else(
    family: Household, customer: Member
) -> None:
    await hang_things_on(family)
    before = clock.now()
    await done(customer, DeleteAccount(family.sons_login))
    deleted_at = (await kept(family.sons_login))["deleted_at"]
    assert before <= deleted_at <= clock.now()
    for table, ended in ENDED.items():
        rows = await table.select()
        sons = [row[ended] for row in rows if row["account"] == family.son]
        assert set(sons) - {None} == set(sons)
        number = 2 if table is tables.ServicePeriod else 1
        assert [at for at in sons if at >= before] == [deleted_at] * number
        others = [row[ended] for row in rows if row["account"] != family.son]
        assert [at for at in others if at and at >= before] == []
    contract = (await now_seen_by(customer)).contract
    assert (contract.account_ids, contract.mail_addresses, contract.web_spaces) == (1, 1, 1)
    assert contract.products == [Product.REMOTE_SUPPORT]


async def test_the_confirm_page_says_what_is_lost_and_the_receipt_what_was(
    family: Household, customer: Member
) -> None:
    await hang_things_on(family)
    change = DeleteAccount(family.sons_login)
    review = change.review(await now_seen_by(customer), clock.now())
    receipt = await done(customer, change)
    assert review.rows == receipt.rows
    assert shown(receipt) == {
        "アカウント": "family-son",
        "氏名": "有光 family-son",
        "メールアドレス": f"a{family.son}@ucom.ne.jp",
        "アカウント権限種別": "ユーザー権限",
        "同時に解約されるオプションサービス": "セキュリティ360°、安心 Kidsフィルター",
    }
    said = "".join(review.notices)
    assert review.danger
    for fact in (
        "ログアウトするまで",
        "二度と登録できません",
        "取り消しはできません",
        "すぐに",
        "解約",
        "全額",
        "回数分",
    ):
        assert fact in said


async def test_a_deleted_account_id_cannot_be_changed_or_deleted_again(
    family: Household, customer: Member
) -> None:
    await done(customer, DeleteAccount(family.sons_login))
    first = await kept(family.sons_login)
    for change in (DeleteAccount(family.sons_login), EditAccount(family.sons_login, DETAILS, "")):
        with pytest.raises(Gone):
            await done(customer, change)
    assert await kept(family.sons_login) == first


async def test_who_deletes_the_own_account_id_may_read_the_receipt_and_no_more_write(
    family: Household,
) -> None:
    mother = await households.log_in(family.contract, family.mother)
    assert (await done(mother, DeleteAccount(family.mothers_login))).title == "アカウントID削除完了"
    found = await now_seen_by(mother)
    assert found.deleted
    assert [asked.kind for asked in await history.history(found)] == ["account-deletion"]
    with pytest.raises(Forbidden) as forbidden:
        await done(found, DeleteAccount(family.sons_login))
    assert forbidden.value.deleted
