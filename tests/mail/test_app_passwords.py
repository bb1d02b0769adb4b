"""メールソフト用パスワード: made by us, shown once, ten at most, ended with the mailbox, never kept in plain."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from asyncpg import CheckViolationError, UniqueViolationError

from app.domain import clock, tables
from app.domain.access.graph import AppPassword
from app.domain.access.members import Member
from app.domain.changes import asking
from app.domain.changes.words import Refused
from app.domain.mail import app_passwords
from app.domain.mail.app_passwords import FULL, LETTERS, TAKEN, MakeAppPassword, RemoveAppPassword
from app.domain.mail.mailbox import NO_ADDRESS
from app.domain.people import own_data
from app.postgres import database
from tests import households
from tests.browser import Browser, filled_in
from tests.mail.steps import ADDRESS, buy, get_address, mails, use_other

PATH = "/accounts/arteri-an-001/mail-passwords"


async def make(browser: Browser, called: str) -> str:
    """Make one over its pages; the password that the complete page shows."""
    await browser.open(PATH)
    await browser.submit(PATH, called=called, consent="yes")
    assert browser.heading == "メールソフト用パスワード作成確認", browser.text
    await browser.submit()
    assert browser.heading == "メールソフト用パスワード作成完了", browser.text
    return browser.rows[app_passwords.TITLE]


async def remove(browser: Browser, slot: int) -> None:
    await browser.open(PATH)
    await browser.submit(f"{PATH}?remove={slot}")
    await browser.submit()
    assert browser.heading == "メールソフト用パスワード削除完了", browser.text


async def kept() -> list[Any]:
    return await database.rows("SELECT * FROM app_password ORDER BY id")


async def opens() -> list[tuple[int, str]]:
    """What the mail server is told that opens the mailboxes: app and scheme."""
    found = await database.rows("SELECT app, password FROM mail_v1.login ORDER BY app")
    return [(row["app"], row["password"].partition("}")[0][1:]) for row in found]


# --- over the pages ---------------------------------------------------------------------------------------------------


@pytest.fixture
async def with_address(taro: Browser) -> Browser:
    """The customer, whose son has an address of ours."""
    return taro


@pytest.mark.slow
async def test_one_is_made_by_us_shown_once_and_kept_as_a_hash_alone(with_address: Browser) -> None:
    password = await make(with_address, "スマートフォン")
    assert re.fullmatch(rf"[{LETTERS}]{{16}}", password)
    assert not set("ilo01") & set(LETTERS)
    await with_address.open(with_address.path)
    assert with_address.rows[app_passwords.TITLE] == "（一度だけ表示しました）"
    assert password not in with_address.answer.text
    for table in ("app_password", "change", "outbox", "session"):
        stored = await database.rows(f"SELECT t::text AS row FROM {table} t")
        assert not [row for row in stored if password in row["row"]], table
    [row] = await kept()
    hashed = base64.b64decode(row["hash"])
    assert hashlib.sha512(password.encode() + hashed[64:]).digest() == hashed[:64]
    salt = (await database.rows("SELECT salt FROM mail_v1.selector_salt"))[0]["salt"]
    assert row["selector"] == hashlib.sha256(f"{salt}{password}".encode()).hexdigest()[:8]
    assert row["hint"] == app_passwords.hint(password)


@pytest.mark.slow
async def test_no_other_session_sees_it_not_even_before_the_complete_page(
    with_address: Browser, another_browser: Browser
) -> None:
    await with_address.open(PATH)
    await with_address.submit(PATH, called="タブレット", consent="yes")
    change = with_address.path
    answer = await with_address.post(
        change,
        data=filled_in(with_address.form(change)),
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    assert answer.status_code == 303
    await households.sign_in(another_browser, "customer", "90000000000000")
    await another_browser.open(change)
    assert another_browser.rows[app_passwords.TITLE] == "（一度だけ表示しました）"
    await with_address.open(change)
    assert re.fullmatch(r"[a-z]{16}", with_address.rows[app_passwords.TITLE])


@pytest.mark.slow
async def test_twenty_presses_at_once_make_one_password_which_the_page_shows(with_address: Browser) -> None:
    await with_address.open(PATH)
    await with_address.submit(PATH, called="自宅のパソコン", consent="yes")
    change, form = with_address.path, with_address.form()
    sent = {str(field["name"]): str(field["value"]) for field in form.select("input")}
    headers = {"Sec-Fetch-Site": "same-origin"}
    answers = await asyncio.gather(
        *(with_address.post(change, data=sent, headers=headers) for _ in range(20))
    )
    assert {answer.headers["location"] for answer in answers} == {change}
    await with_address.open(change)
    [row] = await kept()
    assert row["hint"] == app_passwords.hint(with_address.rows[app_passwords.TITLE])
    assert len([mail for mail in await mails() if "作成のお知らせ" in mail["subject"]]) == 1
    assert len([mail for mail in await mails() if "ほかの方" in mail["subject"]]) == 1


@pytest.mark.slow
async def test_the_portals_password_opens_the_mailbox_only_while_there_is_no_other(
    with_address: Browser,
) -> None:
    assert await opens() == [(0, "ARGON2ID")]
    await make(with_address, "一")
    assert [scheme for _, scheme in await opens()] == ["SHA256", "SSHA512"]
    await make(with_address, "二")
    await remove(with_address, 1)
    assert [scheme for _, scheme in await opens()] == ["SHA256", "SSHA512"]
    assert app_passwords.OPENED not in with_address.text
    await remove(with_address, 2)
    assert app_passwords.OPENED in with_address.text
    assert await opens() == [(0, "ARGON2ID")]


@pytest.mark.slow
async def test_the_first_says_before_and_after_that_the_portals_password_opens_no_more(
    with_address: Browser,
) -> None:
    await with_address.open(PATH)
    assert "アカウントIDのパスワードでは送受信できなくなります" in with_address.text
    await with_address.submit(PATH, called="一", consent="yes")
    assert app_passwords.FIRST in with_address.text
    await with_address.submit()
    assert app_passwords.CLOSED in with_address.text
    await with_address.open(PATH)
    assert "アカウントIDのパスワードでは、メールを送受信できません" in with_address.text
    await with_address.submit(PATH, called="二", consent="yes")
    assert app_passwords.FIRST not in with_address.text
    await with_address.submit()
    assert app_passwords.CLOSED not in with_address.text


@pytest.mark.slow
async def test_both_people_are_told_and_no_mail_holds_the_password(with_address: Browser) -> None:
    password = await make(with_address, "スマートフォン")
    told = {mail["recipient"]: mail for mail in await mails() if "メールソフト用パスワード" in mail["body"]}
    assert set(told) == {ADDRESS, "arteri-an@keitai.example.jp"}
    assert "スマートフォン" in told["arteri-an@keitai.example.jp"]["body"]
    assert "ほかの方による" in told[ADDRESS]["subject"]
    assert not any(password in mail["body"] for mail in await mails())


@pytest.mark.slow
async def test_own_data_names_them_without_anything_that_opens_a_mailbox(with_address: Browser) -> None:
    password = await make(with_address, "スマートフォン")
    [row] = await kept()
    contract = (await database.rows("SELECT contract FROM app_password"))[0]["contract"]
    [own] = json.loads(await own_data.of(await households.log_in(contract)))["メールソフト用パスワード"]
    assert own["name"] == "スマートフォン"
    assert set(own) == {"account", "name", "made_at", "used_at", "used_over"}
    assert not {password, row["hash"], row["selector"], row["hint"]} & set(map(str, own.values()))


@pytest.mark.slow
async def test_a_name_is_needed_and_given_once(with_address: Browser) -> None:
    await make(with_address, "スマートフォン")
    for called, reason in (("", "名前を入力してください。"), ("スマートフォン", TAKEN)):
        await with_address.open(PATH)
        await with_address.submit(PATH, called=called, consent="yes")
        assert (with_address.answer.status_code, with_address.reasons) == (422, [reason])
    await with_address.submit(PATH, called="ス" * 33, consent="yes")
    assert with_address.reasons == ["名前は32文字以内で入力してください。"]


@pytest.mark.slow
async def test_what_was_typed_is_there_again_on_the_way_back(with_address: Browser) -> None:
    await with_address.open(PATH)
    await with_address.submit(PATH, called="車の中", consent="yes")
    await with_address.open(str(with_address.page.select_one("main .buttons a")["href"]))  # type: ignore[index]
    assert str(with_address.form(PATH).select_one("[name=called]")["value"]) == "車の中"  # type: ignore[index]


@pytest.mark.slow
async def test_a_slot_that_is_empty_and_one_that_is_none_are_missing(with_address: Browser) -> None:
    await make(with_address, "一")
    await with_address.open(PATH)
    token = str(with_address.form(PATH).select("input")[0]["value"])
    for slot in ("2", "0", "x", "１", "9" * 40):
        await with_address.press(f"{PATH}?remove={slot}", {"csrf_token": token})
        assert with_address.answer.status_code == 404, slot
    assert len(await kept()) == 1


async def test_without_an_address_of_ours_there_is_no_form_and_nothing_is_asked(contractor: Browser) -> None:
    path = "/accounts/arteri-an-002/mail-passwords"
    await contractor.open(path)
    assert NO_ADDRESS in contractor.text
    assert not contractor.page.select("main form")
    token = str(contractor.form("/logout").select("input")[0]["value"])
    await contractor.press(path, {"csrf_token": token, "called": "一"})
    assert contractor.answer.status_code == 422
    assert await database.rows("SELECT 1 FROM change") == []


@pytest.mark.slow
async def test_the_overview_leads_there_over_the_settings_of_who_has_a_mailbox(with_address: Browser) -> None:
    for login, led in (("arteri-an-001", True), ("arteri-an-002", False)):
        await with_address.open(f"/?open={login}")
        link = with_address.page.select(f"main a[href='/accounts/{login}/mail-settings']")
        assert bool(link) is led
    await with_address.open("/accounts/arteri-an-001/mail-settings")
    assert with_address.page.select("main a[href='/accounts/arteri-an-001/mail-passwords']")


@pytest.mark.slow
async def test_who_registers_an_address_is_led_there(with_address: Browser) -> None:
    await get_address(with_address, "arteri-an-001", "hikari.neu")
    assert with_address.page.select(f"main nav a[href='{PATH}']")
    assert with_address.page.select_one("#guide").find_next("dl").get_text().count("アカウントIDのパスワード")  # type: ignore[union-attr]
    await make(with_address, "一")
    await get_address(with_address, "arteri-an-001", "hikari.alt")
    assert "アカウントIDのパスワード" not in with_address.text


@pytest.mark.slow
async def test_they_end_with_the_address_and_with_the_account_id(with_address: Browser) -> None:
    await make(with_address, "一")
    await use_other(with_address, "arteri-an-001", "taro@example.com")
    assert await kept() == []
    await buy(with_address)
    await get_address(with_address, "arteri-an-001", "hikari.neu")
    await make(with_address, "一")
    await with_address.open("/accounts/arteri-an-001/delete")
    await with_address.submit()
    await with_address.submit()
    assert with_address.heading == "アカウントID削除完了"
    assert await kept() == []


# --- the rules --------------------------------------------------------------------------------------------------------


@pytest.fixture
async def mother(empty_database: str) -> Member:
    """Somebody with a mailbox, whose son has one too."""
    family, now = await households.new_household(), clock.now()
    for account in (family.mother, family.son):
        of: dict[str, Any] = {"contract": family.contract, "account": account}
        await tables.MailAddress(**of, address=f"a{account}@s2.example.jp", registered_at=now).save()
        await tables.Mailbox(**of, opened_at=now).save()
    return await households.log_in(family.contract, family.mother)


async def fresh(member: Member) -> Member:
    found = await households.again(member)
    assert found
    return found


async def made(member: Member, called: str) -> None:
    await asking.confirm(member, await asking.ask(member, MakeAppPassword("family-mother", called)))


async def test_ten_and_no_more_and_a_removed_one_makes_room(mother: Member) -> None:
    for number in range(10):
        await made(mother, f"{number}")
    with pytest.raises(Refused) as refused:
        await made(mother, "eleven")
    assert refused.value.reason == FULL
    member = await fresh(mother)
    third = app_passwords.removal(member.account("family-mother"), "3")
    assert third.called == "2"
    await asking.confirm(mother, await asking.ask(mother, third))
    await made(mother, "eleven")
    assert sorted(row["slot"] for row in await kept()) == list(range(1, 11))


async def test_the_database_holds_the_limit_and_the_names_too(mother: Member) -> None:
    await made(mother, "一")
    [row] = await kept()
    for other in ({"slot": 1}, {"name": "一"}, {"selector": row["selector"]}):
        values = {**dict(row), "slot": 2, "name": "二", "selector": "0" * 8, **other}
        del values["id"]
        with pytest.raises(UniqueViolationError):
            await tables.AppPassword(**values).save()
    for slot in (0, 11):
        values = {**dict(row), "slot": slot, "name": "二", "selector": "0" * 8}
        del values["id"]
        with pytest.raises(CheckViolationError):
            await tables.AppPassword(**values).save()


async def test_two_of_one_name_at_once_are_one(mother: Member) -> None:
    changes = [await asking.ask(mother, MakeAppPassword("family-mother", "一")) for _ in range(2)]
    done = await asyncio.gather(
        *(asking.confirm(mother, change) for change in changes), return_exceptions=True
    )
    assert sorted(str(one) for one in done) == sorted(["None", TAKEN])
    assert len(await kept()) == 1


async def test_a_removal_that_waits_removes_no_other_that_has_its_slot_since(mother: Member) -> None:
    await made(mother, "一")
    account = (await fresh(mother)).account("family-mother")
    waiting = await asking.ask(mother, app_passwords.removal(account, "1"))
    await asking.confirm(mother, await asking.ask(mother, app_passwords.removal(account, "1")))
    await made(mother, "一")
    with pytest.raises(Refused, match="すでに削除されています"):
        await asking.confirm(mother, waiting)
    assert len(await kept()) == 1


async def test_nobody_removes_another_accounts(mother: Member) -> None:
    await made(mother, "一")
    [row] = await kept()
    change = await asking.ask(mother, RemoveAppPassword("family-son", "一", row["id"]))
    with pytest.raises(Refused, match="すでに削除されています"):
        await asking.confirm(mother, change)
    assert len(await kept()) == 1


def test_the_last_use_is_told_with_what_it_was() -> None:
    used = datetime(2026, 1, 10, 3, 4, tzinfo=UTC)

    def own(at: datetime | None, over: str) -> AppPassword:
        return AppPassword(1, 1, "一", used, at, over)

    assert app_passwords.last_use(own(None, "")) == "まだ使われていません"
    assert app_passwords.last_use(own(used, "imap")) == "2026/01/10 12:04（受信）"
    assert app_passwords.last_use(own(used, "smtp")) == "2026/01/10 12:04（送信）"
    assert app_passwords.last_use(own(used, "sieve")) == "2026/01/10 12:04"


def test_the_hint_is_dovecots() -> None:
    """`%3.4096Nw` of Dovecot 2.3; tests/mail_server asks a real one."""
    assert app_passwords.hint("secret1") == "a11"


@pytest.mark.slow
async def test_its_name_which_mails_show_holds_no_link(with_address: Browser) -> None:
    await with_address.open(PATH)
    await with_address.submit(PATH, called="更新はevil.example", consent="yes")
    assert with_address.reasons[0].startswith("名前に、リンク")
