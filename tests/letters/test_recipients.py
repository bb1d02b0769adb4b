"""Who is told what: the mails of account IDs and passwords, in the transaction of their change."""

from __future__ import annotations

import pytest

from app.domain import clock, tables
from app.domain.access import passwords
from app.domain.access.members import Member
from app.domain.changes import asking
from app.domain.changes.kinds import Change
from app.domain.changes.words import Refused
from app.domain.letters import outbox, recipients
from app.domain.letters.recipients import Told
from app.domain.people.account_deletion import DeleteAccount
from app.domain.people.account_password import ChangeAccountPassword
from app.domain.people.accounts import AccountDetails, EditAccount, RegisterAccount
from app.domain.people.customer_password import ChangeCustomerPassword
from tests import households
from tests.households import HASH, Household

CONTACT = "renraku@example.jp"
DETAILS = AccountDetails("髙﨑", "①郎", "タカサキ", "イチロウ", "髙﨑①", "user")


@pytest.fixture
async def family(empty_database: str) -> Household:
    """A contract with a contact address; the mother has an address of another company, the son none."""
    family = await households.new_household()
    await tables.Contract.update({tables.Contract.email: CONTACT}).where(
        tables.Contract.id == family.contract
    )
    await tables.Account.update({tables.Account.other_address: "haha@example.com"}).where(
        tables.Account.id == family.mother
    )
    return family


@pytest.fixture
async def customer(family: Household) -> Member:
    return await households.log_in(family.contract)


async def give_ucom_address(family: Household, account: int, address: str) -> None:
    await tables.MailAddress(
        contract=family.contract, account=account, address=address, registered_at=clock.now()
    ).save()


async def mails_after(member: Member, change: Change) -> dict[str, tables.Outbox]:
    """The mails that the confirmed change posted, by recipient."""
    await asking.confirm(member, await asking.ask(member, change))
    return {mail.recipient: mail for mail in await outbox.newest(100)}


def other(password_hash: str) -> str:
    """Another password's hash."""
    return password_hash[:-1] + ("A" if password_hash[-1] != "A" else "B")


async def test_a_registered_account_id_is_told_to_the_contact_address(customer: Member) -> None:
    mails = await mails_after(customer, RegisterAccount("ichiro-01", DETAILS, HASH))
    assert list(mails) == [CONTACT]
    mail = mails[CONTACT]
    assert "アカウントID登録完了" in mail.subject
    for said in ("ichiro-01", "髙﨑 ①郎 様", "ユーザー権限", "お手続きした方：お客様番号でログインした方"):
        assert said in mail.body


async def test_a_new_password_is_told_to_the_account_ids_own_address(customer: Member) -> None:
    mails = await mails_after(customer, ChangeAccountPassword("family-mother", other(HASH)))
    assert list(mails) == ["haha@example.com"]
    assert "パスワード変更" in mails["haha@example.com"].subject
    assert "family-mother" in mails["haha@example.com"].body


async def test_an_account_id_without_an_address_is_told_through_the_contact_address(
    family: Household,
) -> None:
    son = await households.log_in(family.contract, family.son)
    mails = await mails_after(son, ChangeAccountPassword("family-son", other(HASH)))
    assert list(mails) == [CONTACT]
    assert "アカウントID「family-son」（ユーザー権限）でログインした方" in mails[CONTACT].body


async def test_a_ucom_address_is_told_before_one_of_another_company(
    family: Household, customer: Member
) -> None:
    await give_ucom_address(family, family.mother, "haha@s2.example.jp")
    customer = await households.log_in(family.contract)
    assert list(await mails_after(customer, ChangeAccountPassword("family-mother", other(HASH)))) == [
        "haha@s2.example.jp"
    ]


async def test_an_edit_is_told_only_when_it_changes_the_password(family: Household, customer: Member) -> None:
    assert await mails_after(customer, EditAccount("family-son", DETAILS, "")) == {}
    mails = await mails_after(customer, EditAccount("family-son", DETAILS, other(HASH)))
    assert [mail.subject for mail in mails.values()] == [
        "【マイページ】アカウントIDのパスワード変更のお知らせ"
    ]


async def test_a_deleted_account_id_is_told_at_the_contact_address_since_its_own_has_ended(
    family: Household,
) -> None:
    await give_ucom_address(family, family.son, "musuko@s2.example.jp")
    mother = await households.log_in(family.contract, family.mother)
    mails = await mails_after(mother, DeleteAccount("family-son"))
    told = {mail.recipient for mail in mails.values() if "アカウントID削除完了" in mail.subject}
    assert told == {CONTACT}
    for said in ("family-son", "musuko@s2.example.jp", "アカウントID「family-mother」（管理者権限）"):
        assert said in mails[CONTACT].body


async def test_a_new_customer_password_is_told_to_the_contact_address(customer: Member) -> None:
    made = await passwords.for_customer("abc!12", [])
    assert made
    mails = await mails_after(customer, ChangeCustomerPassword(made.hash))
    assert list(mails) == [CONTACT]
    assert f"下4桁 {customer.customer_number[-4:]}" in mails[CONTACT].body
    assert customer.customer_number not in mails[CONTACT].body


async def test_without_a_contact_address_the_admins_are_told(family: Household, customer: Member) -> None:
    await tables.Contract.update({tables.Contract.email: ""}).where(tables.Contract.id == family.contract)
    assert list(await mails_after(customer, RegisterAccount("ichiro-01", DETAILS, HASH))) == [
        "haha@example.com"
    ]


async def test_nobody_to_tell_is_no_mail_and_no_obstacle(family: Household, customer: Member) -> None:
    await tables.Contract.update({tables.Contract.email: ""}).where(tables.Contract.id == family.contract)
    await tables.Account.update({tables.Account.other_address: None}).where(
        tables.Account.id == family.mother
    )
    assert await mails_after(customer, RegisterAccount("ichiro-01", DETAILS, HASH)) == {}
    assert await tables.Account.exists().where(tables.Account.login == "ichiro-01")


async def test_a_refused_change_tells_nobody(family: Household, customer: Member) -> None:
    identity = await asking.ask(customer, RegisterAccount("family-son", DETAILS, HASH))
    with pytest.raises(Refused):
        await asking.confirm(customer, identity)
    assert await outbox.newest(100) == []


async def test_no_mail_holds_a_password_or_its_first_characters(customer: Member) -> None:
    identity = await asking.ask(
        customer, ChangeAccountPassword("family-mother", other(HASH)), households.PASSWORD[:3]
    )
    await asking.confirm(customer, identity)
    (mail,) = await outbox.newest(100)
    for secret in (households.PASSWORD[:3], "$argon2", other(HASH)):
        assert secret not in mail.subject + mail.body


async def test_admins_are_the_living_ones_with_an_address(family: Household) -> None:
    assert await recipients.admins_and_contact(family.contract) == [CONTACT, "haha@example.com"]
    await give_ucom_address(family, family.mother, "haha@s2.example.jp")
    assert await recipients.admins_and_contact(family.contract) == [CONTACT, "haha@s2.example.jp"]
    await tables.Account.update({tables.Account.deleted_at: clock.now()}).where(
        tables.Account.id == family.mother
    )
    assert await recipients.admins_and_contact(family.contract) == [CONTACT]


@pytest.mark.parametrize("told", [Told.ACCOUNT, Told.NEW_ADDRESS, Told.LEAVING])
async def test_who_is_told_of_an_account_id_cannot_be_found_without_one(told: Told) -> None:
    with pytest.raises(ValueError, match="account ID that is not given"):
        await recipients.of(told, 1)


@pytest.mark.parametrize("told", [Told.NEW_ADDRESS, Told.OLD_AND_NEW_ADDRESS])
async def test_a_new_address_is_told_there_and_nothing_goes_out_without_it(
    empty_database: str, told: Told
) -> None:
    contract = await households.new_contract(email="an@keitai.example.jp")
    expected = ["new@example.jp", "an@keitai.example.jp"]
    if told is Told.OLD_AND_NEW_ADDRESS:
        expected.reverse()
    assert await recipients.of(told, contract, address="new@example.jp") == expected
    with pytest.raises(ValueError, match="address that is not given"):
        await recipients.of(told, contract)
