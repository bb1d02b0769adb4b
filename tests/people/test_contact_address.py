"""連絡用メールアドレス (spec 12): a new one counts when somebody of the contract answers the link that was mailed to it."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import pytest

from app.domain import clock, tables
from app.domain.access.members import Member
from app.domain.changes import asking
from app.domain.changes.words import Refused
from app.domain.people import contact_address, customer
from app.domain.people.contact_address import UNUSABLE, VerifyAddress
from app.postgres import database
from tests import households
from tests.browser import Browser
from tests.conftest import Installed
from tests.people.customer_steps import NEW, OLD, change, changed, link, mails, stored

A_MOMENT = timedelta(seconds=20)


async def test_a_new_contact_address_counts_when_its_link_was_answered(contractor: Browser) -> None:
    await changed(contractor, email=NEW)
    assert contractor.rows["連絡用メールアドレス"] == f"{NEW}（確認の後に登録）"
    assert await stored() == OLD
    assert customer.TOLD in contractor.text
    assert await mails() == [
        (OLD, "お客様情報変更のお知らせ"),
        (NEW, "連絡用メールアドレスの確認のお願い"),
    ]
    await contractor.open("/customer")
    assert f"{NEW} に、確認のメールを送っています。" in contractor.text
    path = await link()
    await contractor.open(path)
    await contractor.open(path)
    assert contractor.rows["新しい連絡用メールアドレス"] == NEW
    assert await stored() == OLD
    await contractor.submit("/customer/email")
    assert contractor.heading == "連絡用メールアドレス変更完了"
    assert await stored() == NEW
    assert (await mails())[2:] == [
        (OLD, "連絡用メールアドレス変更のお知らせ"),
        (NEW, "連絡用メールアドレス変更のお知らせ"),
    ]
    await contractor.open(path)
    assert UNUSABLE in contractor.text
    assert not contractor.page.select("form[action='/customer/email']")


@pytest.mark.slow
async def test_the_link_asks_for_a_login_and_leads_back(
    contractor: Browser, another_browser: Browser, family_user: Browser, stranger: Browser, admin: Browser
) -> None:
    await changed(contractor, email=NEW)
    path = await link()
    await family_user.open(path)
    assert family_user.answer.status_code == 403
    await stranger.open(path)
    assert UNUSABLE in stranger.text
    assert NEW not in stranger.answer.text
    await another_browser.open(path)
    assert another_browser.heading == "ログイン"
    filled = {"by": "customer", "name": "90000000000000", "password": "demo01"}
    for form in another_browser.page.select("main form"):
        hidden = {str(field["name"]): str(field["value"]) for field in form.select("input[type=hidden]")}
        if hidden["by"] == "customer":
            await another_browser.press("/login", {**hidden, **filled})
            break
    assert another_browser.rows["新しい連絡用メールアドレス"] == NEW
    await admin.open(path)
    await admin.submit("/customer/email")
    assert await stored() == NEW
    await another_browser.submit("/customer/email")
    assert UNUSABLE in another_browser.text


@pytest.mark.slow
async def test_a_link_that_two_answer_at_the_same_time_is_answered_once(
    contractor: Browser, admin: Browser
) -> None:
    await changed(contractor, email=NEW)
    path = await link()
    for browser in (contractor, admin):
        await browser.open(path)
    await asyncio.gather(*(browser.submit("/customer/email") for browser in (contractor, admin)))
    told = sorted(browser.heading for browser in (contractor, admin))
    assert told == ["連絡用メールアドレスの確認", "連絡用メールアドレス変更完了"]
    assert len(await mails()) == 4


@pytest.mark.slow
async def test_a_link_dies_after_a_day_by_a_newer_one_and_by_deleting_the_address(
    contractor: Browser,
) -> None:
    await changed(contractor, email="first@new.example.jp")
    first = await link()
    await changed(contractor, email=NEW)
    await contractor.open(first)
    assert UNUSABLE in contractor.text
    await database.rows("UPDATE email_check SET asked_at = asked_at - interval '24 hours'")
    await contractor.open(await link())
    assert UNUSABLE in contractor.text
    await changed(contractor, email=NEW)
    await changed(contractor, email="")
    await contractor.open(await link())
    assert UNUSABLE in contractor.text
    assert await stored() == ""


async def test_the_receipt_of_a_new_contact_address_is_true_whenever_it_is_opened(
    contractor: Browser,
) -> None:
    await changed(contractor, email=NEW)
    receipt = contractor.path
    (row,) = await database.rows("SELECT applied_at FROM change")
    said = contact_address.receipt_notice(NEW, row["applied_at"])
    assert f"{clock.minute(row['applied_at'] + contact_address.VALID)}までに、" in said
    assert said in contractor.text
    await contractor.open(await link())
    await contractor.submit("/customer/email")
    await contractor.open(receipt)
    assert said in contractor.text
    for word in ("まだ", "24時間以内"):
        assert word not in contractor.text
    assert contractor.page.select("main a[href='/customer']")


@pytest.mark.slow
async def test_links_are_not_sent_without_end(contractor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contact_address, "MOST", 2)
    for name in ("a", "b", "c"):
        await change(contractor, email=f"{name}@new.example.jp")
        await contractor.submit()
    assert contact_address.TOO_OFTEN in contractor.text
    assert not any(recipient == "c@new.example.jp" for recipient, _ in await mails())
    await changed(contractor, phone="0300000001")
    await database.rows("UPDATE change SET applied_at = applied_at - interval '1 day'")
    await changed(contractor, email="c@new.example.jp")


@pytest.mark.slow
async def test_another_change_leaves_the_address_that_waits_alone(contractor: Browser) -> None:
    await change(contractor, phone="0300000001")
    confirm = contractor.path
    await changed(contractor, email=NEW)
    await contractor.open(await link())
    await contractor.submit("/customer/email")
    await contractor.open(confirm)
    await contractor.submit()
    assert contractor.heading == "顧客情報登録完了"
    assert (await stored(), await stored("phone")) == (NEW, "0300000001")


async def test_the_page_says_which_address_waits_for_a_day_and_no_longer(contractor: Browser) -> None:
    await contractor.open("/customer")
    assert "確認のメールを送っています" not in contractor.text
    await changed(contractor, email=NEW)
    await contractor.open("/customer")
    assert f"{NEW} に、確認のメールを送っています" in contractor.text
    await database.rows("UPDATE email_check SET asked_at = asked_at - interval '24 hours'")
    await contractor.open("/customer")
    assert "確認のメールを送っています" not in contractor.text


async def test_a_made_up_link_opens_nothing(contractor: Browser) -> None:
    for token in ("x", "あ", "' OR 1=1"):
        await contractor.open(f"/customer/email?token={token}")
        assert UNUSABLE in contractor.text
    await contractor.open("/customer/email")
    assert contact_address.OPEN_AGAIN in contractor.text
    assert not contractor.page.select("form[action='/customer/email']")


@pytest.mark.slow
async def test_a_link_that_is_opened_or_answered_late_asks_for_the_password_first(
    contractor: Browser,
) -> None:
    await changed(contractor, email=NEW)
    path = await link()
    clock.start_at(clock.now() + timedelta(minutes=11))
    await contractor.open(path)
    assert contractor.heading == "パスワードの確認"
    assert OLD not in contractor.answer.text
    await contractor.prove("demo01")
    assert contractor.rows["現在の連絡用メールアドレス"] == OLD
    clock.start_at(clock.now() + timedelta(minutes=11))
    await contractor.submit("/customer/email")
    assert (contractor.heading, await stored()) == ("パスワードの確認", OLD)
    await contractor.prove("demo01")
    page = contractor.page
    await contractor.submit("/customer/email")
    assert await stored() == NEW
    contractor.page = page
    await contractor.submit("/customer/email")
    assert (contractor.answer.url.path, UNUSABLE in contractor.text) == ("/customer/email", True)


async def test_only_the_hash_of_the_links_token_is_kept(contractor: Browser) -> None:
    await changed(contractor, email=NEW)
    token = (await link()).rpartition("=")[2]
    kept = await database.rows("SELECT k::text AS row FROM email_check k")
    asking = await database.rows("SELECT k::text AS row FROM change k")
    assert not any(token in row["row"] for row in [*kept, *asking])


# --- the rules, without pages -----------------------------------------------------------------------------------------


async def ask(member: Member, email: str = NEW) -> str:
    """Ask for a new address; the token of the link that was mailed to it."""
    async with database.engine().transaction():
        await contact_address.ask(member.contract.id, email, clock.now())
    assert (await mails())[-1][0] == email
    return (await link()).rpartition("=")[2]


async def email_of(member: Member) -> str:
    email = tables.Contract.email
    (found,) = await tables.Contract.select(email).where(tables.Contract.id == member.contract.id)
    return str(found["email"])


async def test_a_link_works_for_24_hours_and_its_button_for_no_longer(customer: Member) -> None:
    start = clock.now()
    token = await ask(customer)
    clock.start_at(start + timedelta(hours=24) - A_MOMENT)
    customer = await households.log_in(customer.contract.id)
    verified = await contact_address.of_link(customer, token)
    assert verified == VerifyAddress(NEW, "")
    pressed = await asking.ask(customer, verified)
    clock.start_at(start + timedelta(hours=24) + A_MOMENT)
    assert await contact_address.of_link(customer, token) is None
    with pytest.raises(Refused) as refused:
        await asking.confirm(customer, pressed)
    assert refused.value.reason == UNUSABLE
    clock.start_at(start + timedelta(hours=24) - A_MOMENT)
    await asking.confirm(customer, pressed)
    assert await email_of(customer) == NEW


async def test_the_button_of_an_address_that_was_replaced_or_forgotten_meanwhile_does_nothing(
    customer: Member,
) -> None:
    first = await contact_address.of_link(customer, await ask(customer, "first@new.example.jp"))
    second = await contact_address.of_link(customer, await ask(customer))
    assert first
    assert second
    await contact_address.forget(await households.new_contract())
    for verified, usable in ((first, False), (second, True), (second, False)):
        pressed = await asking.ask(customer, verified)
        if usable:
            await asking.confirm(customer, pressed)
        else:
            with pytest.raises(Refused, match="このリンクは使えません"):
                await asking.confirm(customer, pressed)
        assert await email_of(customer) == (NEW if verified is second else "")
    last = await contact_address.of_link(customer, await ask(customer, "last@new.example.jp"))
    assert last == VerifyAddress("last@new.example.jp", NEW)
    await contact_address.forget(customer.contract.id)
    with pytest.raises(Refused, match="このリンクは使えません"):
        await asking.confirm(customer, await asking.ask(customer, last))


async def test_two_contracts_may_wait_for_one_address_and_each_has_its_own_link(customer: Member) -> None:
    other = await households.log_in(await households.new_contract())
    tokens = [await ask(member) for member in (customer, other)]
    assert tokens[0] != tokens[1]
    for member, own in ((customer, tokens[0]), (other, tokens[1])):
        assert [bool(await contact_address.of_link(member, token)) for token in tokens] == [
            token == own for token in tokens
        ]


async def test_ten_changes_of_a_day_may_send_a_link_and_no_more(customer: Member) -> None:
    async def applied(number: int, contract: int, kind: str, ago: timedelta) -> None:
        moment = clock.now() - ago
        of: dict[str, Any] = {"contract": contract, "asker": "x", "kind": kind, "receipt_number": number}
        await tables.Change(id=uuid.uuid4(), **of, asked_at=moment, applied_at=moment).save()

    own, day = customer.contract.id, timedelta(days=1)
    await applied(1, await households.new_contract(), "customer", A_MOMENT)
    await applied(2, own, "contact-address", A_MOMENT)
    await applied(3, own, "customer", day)
    for number in range(10):
        await applied(10 + number, own, "customer", day - A_MOMENT)
    await ask(customer)
    await applied(4, own, "customer", A_MOMENT)
    with pytest.raises(Refused) as refused:
        await ask(customer)
    assert refused.value.reason == contact_address.TOO_OFTEN
    assert len(await mails()) == 1


async def test_the_links_host_is_the_installations_whatever_host_the_request_names(
    contractor: Browser, installed: Installed
) -> None:
    installed(base_url="https://portal.example.jp")
    await changed(contractor, email=NEW)
    (mail,) = await database.rows("SELECT body FROM outbox WHERE recipient = $1", NEW)
    assert "\nhttps://portal.example.jp/customer/email?token=" in mail["body"]
