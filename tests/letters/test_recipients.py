"""Who is told what: the mails of account IDs and passwords, in the transaction of their change."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain import clock, tables
from app.domain.access import passwords
from app.domain.access.graph import Account
from app.domain.access.matrix import UserPurchases
from app.domain.access.members import Member
from app.domain.changes import asking
from app.domain.changes.kinds import Change
from app.domain.changes.words import Refused
from app.domain.letters import outbox, recipients
from app.domain.letters.recipients import Told
from app.domain.mail.addresses import RegisterOtherAddress
from app.domain.mail.forwarding import SetForwarding
from app.domain.options.user_purchases import PermitUserPurchases
from app.domain.people.account_deletion import DeleteAccount
from app.domain.people.account_password import ChangeAccountPassword
from app.domain.people.accounts import AccountDetails, EditAccount, RegisterAccount
from app.domain.people.contact_address import VerifyAddress
from app.domain.people.customer import ChangeCustomer, registered
from app.domain.people.customer_password import ChangeCustomerPassword
from tests import households
from tests.households import HASH, Household
from tests.money.steps import empty

CONTACT = "renraku@example.jp"
DETAILS = AccountDetails("髙﨑", "①郎", "タカサキ", "イチロウ", "髙﨑①", "user")


def other(password_hash: str) -> str:
    """Another password's hash."""
    return password_hash[:-1] + ("A" if password_hash[-1] != "A" else "B")


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


async def test_a_registered_account_id_is_told_to_the_contact_address(customer: Member) -> None:
    mails = await mails_after(customer, RegisterAccount("ichiro-01", DETAILS, HASH))
    assert list(mails) == [CONTACT]
    mail = mails[CONTACT]
    assert "アカウントID登録完了" in mail.subject
    for said in ("ichiro-01", "髙﨑 ①郎 様", "ユーザー権限", "お手続きした方：お客様番号でログインした方"):
        assert said in mail.body


async def test_a_new_password_is_told_to_the_account_ids_own_address_and_to_the_contract(
    customer: Member,
) -> None:
    mails = await mails_after(customer, ChangeAccountPassword("family-mother", other(HASH)))
    assert set(mails) == {"haha@example.com", CONTACT}
    assert "パスワード変更" in mails["haha@example.com"].subject
    assert "family-mother" in mails["haha@example.com"].body


async def test_an_account_id_without_an_address_is_told_through_the_contact_address(
    family: Household,
) -> None:
    son = await households.log_in(family.contract, family.son)
    mails = await mails_after(son, ChangeAccountPassword("family-son", other(HASH)))
    assert list(mails) == [CONTACT]
    assert "アカウントID「family-son」（ユーザー権限）でログインした方" in mails[CONTACT].body


async def test_a_ucom_address_is_told_instead_of_one_of_another_company(
    family: Household, customer: Member
) -> None:
    await give_ucom_address(family, family.mother, "haha@s2.example.jp")
    customer = await households.log_in(family.contract)
    mails = await mails_after(customer, ChangeAccountPassword("family-mother", other(HASH)))
    assert set(mails) == {"haha@s2.example.jp", CONTACT}


@pytest.mark.parametrize(
    ("details", "password", "items"),
    [
        (replace(DETAILS, role="user"), "", "氏名、氏名カナ、ユーザーネーム"),
        (replace(DETAILS, role="admin"), "", "アカウント権限種別（ユーザー権限→管理者権限）"),
        (DETAILS, other(HASH), "パスワード"),
    ],
)
async def test_an_edit_says_what_changed_and_of_a_role_from_what_to_what(
    family: Household, customer: Member, details: AccountDetails, password: str, items: str
) -> None:
    mails = await mails_after(customer, EditAccount("family-son", details, password))
    assert list(mails) == [CONTACT]
    assert items in mails[CONTACT].body


# --- whom a mail is for -----------------------------------------------------------------------------------------------


async def greeted(address: str) -> str:
    """Whom the newest mail to the address begins with."""
    mails = await outbox.newest(100)
    return next(mail.body for mail in mails if mail.recipient == address).partition("\n")[0]


async def of_household(family: Household) -> None:
    """Names that tell the contractor, the mother and the son apart."""
    await tables.Contract.update({tables.Contract.family: "髙﨑", tables.Contract.given: "杏"}).where(
        tables.Contract.id == family.contract
    )
    for account, given in ((family.mother, "花子"), (family.son, "一郎")):
        await tables.Account.update({tables.Account.family: "𠮷田", tables.Account.given: given}).where(
            tables.Account.id == account
        )


async def test_each_mail_begins_with_the_name_of_whoever_reads_at_its_address(family: Household) -> None:
    await of_household(family)
    await give_ucom_address(family, family.son, "musuko@s2.example.jp")
    await replaced(family, family.son, 2, "musuko@example.org")
    await replaced(family, None, 1)
    customer = await households.log_in(family.contract)
    mails = await mails_after(customer, EditAccount("family-son", replace(DETAILS, role="admin"), ""))
    assert set(mails) == {"musuko@s2.example.jp", "musuko@example.org", FORMER, CONTACT}
    assert await greeted(CONTACT) == await greeted(FORMER) == "髙﨑 杏 様"
    assert await greeted("musuko@s2.example.jp") == await greeted("musuko@example.org") == "髙﨑 ①郎 様"
    assert mails[CONTACT].body.splitlines()[1:3] == [
        "",
        "いつも試験通信株式会社をご利用いただき、ありがとうございます。",
    ]


async def test_an_address_that_a_deleted_account_id_had_or_another_contract_has_is_greeted_as_ours(
    family: Household,
) -> None:
    await of_household(family)
    await tables.Account.update({tables.Account.other_address: "kazoku@example.com"}).where(
        tables.Account.contract == family.contract
    )
    await tables.Account.update({tables.Account.deleted_at: clock.now()}).where(
        tables.Account.id == family.mother
    )
    await replaced(family, None, 1)
    another = await households.new_household("another")
    await tables.Account.update({tables.Account.other_address: FORMER}).where(
        tables.Account.id == another.mother
    )
    customer = await households.log_in(family.contract)
    await mails_after(customer, ChangeAccountPassword("family-son", other(HASH)))
    assert await greeted("kazoku@example.com") == "𠮷田 一郎 様"
    assert await greeted(FORMER) == "髙﨑 杏 様"


async def test_a_mail_to_an_admin_who_stands_for_the_contact_address_begins_with_the_admins_name(
    family: Household, customer: Member
) -> None:
    await of_household(family)
    await tables.Contract.update({tables.Contract.email: ""}).where(tables.Contract.id == family.contract)
    await mails_after(customer, ChangeCustomerPassword("p1" + other(HASH)))
    assert await greeted("haha@example.com") == "𠮷田 花子 様"


async def test_the_address_of_an_account_id_that_is_the_contact_address_too_is_the_contractors(
    family: Household, customer: Member
) -> None:
    await of_household(family)
    await tables.Account.update({tables.Account.other_address: CONTACT}).where(
        tables.Account.id == family.mother
    )
    await mails_after(customer, ChangeCustomerPassword("p1" + other(HASH)))
    assert await greeted(CONTACT) == "髙﨑 杏 様"


async def test_a_new_address_of_an_account_id_is_greeted_with_its_own_name(
    family: Household, customer: Member
) -> None:
    await of_household(family)
    mails = await mails_after(customer, RegisterOtherAddress("family-mother", "atarashii@example.net"))
    assert set(mails) == {"atarashii@example.net", "haha@example.com", CONTACT}
    assert await greeted("atarashii@example.net") == await greeted("haha@example.com") == "𠮷田 花子 様"
    assert await greeted(CONTACT) == "髙﨑 杏 様"


# --- addresses that were replaced -------------------------------------------------------------------------------------


FORMER = "mae@example.org"


async def replaced(family: Household, account: int | None, days: float, address: str = FORMER) -> None:
    """As if the address had been replaced so many days ago."""
    row = tables.FormerAddress(
        contract=family.contract,
        account=account,
        address=address,
        replaced_at=clock.now() - timedelta(days=days),
    )
    await row.save()


GRAVE = {
    "registration": RegisterAccount("ichiro-01", DETAILS, HASH),
    "password in an edit": EditAccount("family-son", DETAILS, other(HASH)),
    "role": EditAccount("family-mother", DETAILS, ""),
    "password": ChangeAccountPassword("family-son", other(HASH)),
    "deletion": DeleteAccount("family-son"),
    "customer's password": ChangeCustomerPassword("p1" + other(HASH)),
    "the switch": PermitUserPurchases(UserPurchases.NO),
    "an address": RegisterOtherAddress("family-son", "musuko@example.net"),
    "forwarding": SetForwarding("family-son", ["musuko@example.net"], True, consent=True),
}


@pytest.mark.parametrize("what", GRAVE)
async def test_an_address_that_was_replaced_less_than_a_month_ago_is_told_of_a_grave_change(
    family: Household, what: str
) -> None:
    await give_ucom_address(family, family.son, "musuko@s2.example.jp")
    await tables.Mailbox(contract=family.contract, account=family.son, opened_at=clock.now()).save()
    await replaced(family, None, 29.9)
    await replaced(family, None, 30.1, "too-old@example.org")
    another = await households.new_household("another")
    await replaced(another, None, 1, "another@example.org")
    customer = await households.log_in(family.contract)
    mails = await mails_after(customer, GRAVE[what])
    assert FORMER in mails
    assert not {"too-old@example.org", "another@example.org"} & set(mails)


async def test_a_new_name_is_not_told_to_an_address_that_was_replaced(
    family: Household, customer: Member
) -> None:
    await replaced(family, None, 1)
    mails = await mails_after(customer, EditAccount("family-son", replace(DETAILS, role="user"), ""))
    assert list(mails) == [CONTACT]


async def test_an_account_ids_former_address_is_told_of_its_own_changes_alone(
    family: Household, customer: Member
) -> None:
    await replaced(family, family.son, 1)
    mails = await mails_after(customer, ChangeAccountPassword("family-mother", other(HASH)))
    assert FORMER not in mails
    mails = await mails_after(customer, ChangeAccountPassword("family-son", other(HASH)))
    assert FORMER in mails


async def test_where_the_admins_stand_for_the_contact_address_their_former_addresses_are_told_too(
    family: Household, customer: Member
) -> None:
    await tables.Contract.update({tables.Contract.email: ""}).where(tables.Contract.id == family.contract)
    mails = await mails_after(customer, RegisterOtherAddress("family-mother", "evil@example.net"))
    assert "haha@example.com" in mails
    await mails_after(await households.log_in(family.contract), ChangeCustomerPassword("p1" + other(HASH)))
    told = {mail.recipient for mail in await outbox.newest(100) if "お客様番号パスワード変更" in mail.subject}
    assert told == {"evil@example.net", "haha@example.com"}


async def former_addresses() -> list[tuple[int | None, str]]:
    rows = await tables.FormerAddress.select().order_by(tables.FormerAddress.id)
    return [(row["account"], row["address"]) for row in rows]


async def test_an_address_that_another_one_takes_the_place_of_is_remembered(
    family: Household, customer: Member
) -> None:
    mails = await mails_after(customer, RegisterOtherAddress("family-mother", "atarashii@example.net"))
    assert set(mails) == {"atarashii@example.net", "haha@example.com", CONTACT}
    assert await former_addresses() == [(family.mother, "haha@example.com")]
    again = await households.log_in(family.contract)
    await mails_after(again, RegisterOtherAddress("family-mother", "atarashii@example.net"))
    assert len(await former_addresses()) == 1


async def test_a_contact_address_that_is_verified_or_taken_away_is_told_where_the_former_one_was(
    family: Household, customer: Member
) -> None:
    await tables.EmailCheck(
        contract=family.contract, email="an@new.example.jp", token_hash=bytes(32), asked_at=clock.now()
    ).save()
    mails = await mails_after(customer, VerifyAddress("an@new.example.jp", CONTACT))
    assert set(mails) == {CONTACT, "an@new.example.jp"}
    mails = await mails_after(customer, ChangeAccountPassword("family-son", other(HASH)))
    assert CONTACT in mails
    before = await registered(customer)
    gone = ChangeCustomer(replace(before.details, email=""), before)
    mails = await mails_after(customer, gone)
    assert {CONTACT, "an@new.example.jp"} <= set(mails)
    assert [address for _, address in await former_addresses()] == [CONTACT, "an@new.example.jp"]


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
    mails = await outbox.newest(100)
    assert len(mails) == 2
    for secret in (households.PASSWORD[:3], "$argon2", other(HASH)):
        assert not [mail for mail in mails if secret in mail.subject + mail.body]


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


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (Told.NEW_ADDRESS, ["new@example.jp", "haha@example.com", CONTACT]),
        (Told.OLD_AND_NEW_ADDRESS, [CONTACT, "new@example.jp"]),
    ],
)
async def test_a_new_address_is_told_there_and_nothing_goes_out_without_it(
    family: Household, customer: Member, told: Told, expected: list[str]
) -> None:
    mother = customer.account("family-mother")
    assert await recipients.of(told, family.contract, mother, "new@example.jp") == expected
    with pytest.raises(ValueError, match="address that is not given"):
        await recipients.of(told, family.contract, mother)


async def test_a_receipt_says_whose_addresses_were_told_each_once_and_none_of_them(family: Household) -> None:
    """By whoever reads it, no address of another person's is learned."""
    mother, son, other_admin = (
        empty(Account, login=login, ucom_address=ours, other_address=theirs)
        for login, ours, theirs in (
            ("haha", "haha@s2.spaaqs.ne.jp", "haha@example.com"),
            ("ko", None, "ko@example.com"),
            ("chichi", None, "chichi@example.com"),
        )
    )
    addresses = {
        CONTACT: "連絡用メールアドレス",
        "ko-new@example.com": "新しいメールアドレス",
        "ko@example.com": "koのメールアドレス",
        "haha@s2.spaaqs.ne.jp": "管理者権限の方のメールアドレス",
        "haha@example.com": "管理者権限の方のメールアドレス",
        "chichi@example.com": "管理者権限の方のメールアドレス",
        "former@example.com": "変更前のメールアドレス",
    }
    everybody = (mother, son, other_admin)
    said = await recipients.named(family.contract, everybody, "ko", "ko-new@example.com", list(addresses))
    assert said == tuple(dict.fromkeys(addresses.values()))
    for address, whose in addresses.items():
        named = await recipients.named(family.contract, everybody, "ko", "ko-new@example.com", [address])
        assert named == (whose,)
    assert await recipients.named(family.contract, everybody, None, "", ["ko@example.com"]) == (
        "管理者権限の方のメールアドレス",
    )
