"""パスワードをお忘れの方 (spec 18): one answer for all, a link to an address that is registered, and a new password."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
from litestar.types import ASGIApp

from app import security_log
from app.domain import clock, tables
from app.domain.access import attempts
from app.domain.letters import outbox
from app.domain.people import forgotten
from app.domain.people.forgotten import UNUSABLE
from app.mailing import transport
from app.postgres import database
from app.settings import Mail
from tests import smtp_server
from tests.access.steps import set_up_totp
from tests.browser import Browser
from tests.conftest import HOST
from tests.households import sign_in
from tests.people.lost_steps import (
    CONTACT,
    INVITED,
    NEW,
    NEW_OF_ACCOUNT,
    NUMBER,
    SON,
    TOLD,
    WIFE,
    WIFES,
    ask,
    links,
    mailed,
    the_link,
)

NewBrowser = Callable[..., Any]


@pytest.fixture
async def browser_at(application: ASGIApp, filled_database: str) -> AsyncIterator[NewBrowser]:
    """Makes browsers, each asking from an address of its own."""
    async with AsyncExitStack() as stack:

        async def at(address: str) -> Browser:
            browser = await stack.enter_async_context(Browser(application, HOST))
            browser._transport.client = (address, 1)  # type: ignore[attr-defined]
            return browser

        yield at


async def sessions(login: str | None = None) -> int:
    """Open sessions of the account ID, or of the customer number."""
    found = await database.rows(
        "SELECT count(*) AS number FROM session s JOIN contract c ON c.id = s.contract LEFT JOIN account a"
        " ON a.id = s.account WHERE c.customer_number = $1 AND a.login IS NOT DISTINCT FROM $2",
        NUMBER,
        login,
    )
    return int(found[0]["number"])


# --- the story --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_member_without_any_password_gets_back_in_by_mail(
    visitor: Browser, another_browser: Browser, contractor: Browser, tmp_path: Any
) -> None:
    for _ in range(attempts.PER_LOGIN + 1):
        await another_browser.log_in("customer", NUMBER, "vergessen")
    assert another_browser.answer.status_code == 429
    assert "0120-000-0000 受付時間 9時～17時（年中無休）" in another_browser.text
    await another_browser.open(str(another_browser.page.select("main a[href^='/forgotten']")[0]["href"]))
    await another_browser.submit("/forgotten", name="９０００−0000 0000 00", email=f" {CONTACT.upper()} ")
    async with smtp_server.listening(tmp_path) as server:
        mail = Mail("mypage@example.jp", server.settings)
        async with transport.delivery("試験通信株式会社", mail) as send:
            assert (await outbox.deliver_due(send)).sent >= 1
    (message,) = [one for one in server.messages if INVITED in one["Subject"]]
    assert message["To"] == CONTACT
    assert NUMBER not in message.get_content()
    (line,) = [line for line in message.get_content().splitlines() if line.startswith("https://")]
    await another_browser.open(line.removeprefix(f"https://{HOST}"))
    await another_browser.submit("/forgotten/new", **NEW)
    assert another_browser.path == "/login?reset=1"
    assert "パスワードを再設定しました。" in another_browser.text
    await another_browser.log_in("customer", NUMBER, "neu!4711", another_browser.path)  # it need not wait
    assert another_browser.heading == "ご契約情報一覧"
    await contractor.open("/")
    assert contractor.heading == "ログイン"
    await another_browser.open("/changes")
    assert "お客様番号パスワードの再設定" in another_browser.text


@pytest.mark.slow
async def test_the_step_that_is_locked_shows_the_way_too(contractor: Browser) -> None:
    await contractor.open("/statements")
    for _ in range(attempts.PER_STEP + 1):
        await contractor.prove("vergessen", NUMBER)
        if contractor.answer.status_code == 429:
            break
    assert (contractor.answer.status_code, contractor.heading) == (429, "お客様番号で再度ログイン")
    assert "しばらくお待ちください" in contractor.text
    assert (contractor.rows["電話番号"], contractor.rows["受付時間"]) == (
        "0120-000-0000",
        "9時～17時（年中無休）",
    )
    assert contractor.page.select("main a[href='/forgotten']")


# --- one answer for all -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by", "name", "email", "reached"),
    [
        ("customer", NUMBER, CONTACT, [CONTACT]),
        ("account", NUMBER, CONTACT, [CONTACT]),  # whichever is chosen: the name says what it is
        ("customer", NUMBER, "ARTERI-AN@Keitai.Example.JP", [CONTACT]),
        ("account", WIFE, WIFES, [WIFES]),
        ("account", WIFE, CONTACT, [CONTACT]),
        ("account", SON, CONTACT, [CONTACT]),
        ("customer", "Arteri－an－001", CONTACT, [CONTACT]),
        ("customer", NUMBER, WIFES, []),  # an account ID's own address opens no contract
        ("customer", NUMBER, "tanin@example.com", []),
        ("account", SON, WIFES, []),
        ("account", WIFE, "hikari@s2.spaaqs.ne.jp", []),  # a mailbox that the lost password opens
        ("customer", "12345678901234", CONTACT, []),
        ("account", "nobody-at-all", CONTACT, []),
        ("customer", "90000000000003", "nobody@example.jp", []),  # a contract without an address
    ],
)
async def test_whoever_asks_gets_one_answer_and_a_mail_goes_out_only_to_a_registered_address(
    visitor: Browser, by: str, name: str, email: str, reached: list[str]
) -> None:
    await visitor.open("/forgotten/sent")
    said = visitor.text
    await tables.MailAddress(
        contract=1,
        account=(await tables.Account.select(tables.Account.id).where(tables.Account.login == WIFE).first())[
            "id"
        ],  # type: ignore[index]
        address="hikari@s2.spaaqs.ne.jp",
        registered_at=clock.now(),
    ).save()
    await ask(visitor, by, name, email)
    assert visitor.text == said
    assert await mailed() == reached
    assert len(await links()) == len(reached)


async def test_the_answer_leaves_before_anything_is_looked_up(
    visitor: Browser, round_trips: list[str], hashed: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int]] = []

    async def noted(*_: Any) -> None:
        seen.append((len(round_trips), len(hashed)))

    monkeypatch.setattr(forgotten, "mail_link", noted)
    for name in (NUMBER, "12345678901234", WIFE):
        await visitor.open("/forgotten")
        round_trips.clear()
        await visitor.submit("/forgotten", by="customer", name=name, email=CONTACT)
    assert seen == [(0, 0)] * 3


async def test_the_answer_waits_for_nothing_that_is_done_behind_it(
    visitor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: Any) -> None:
        raise OSError("after the answer")

    monkeypatch.setattr(forgotten, "mail_link", fails)
    await ask(visitor, "customer", NUMBER, CONTACT)


async def test_a_deleted_account_id_gets_no_link(visitor: Browser) -> None:
    await database.rows("UPDATE account SET deleted_at = now() WHERE login = $1", WIFE)
    await ask(visitor, "account", WIFE, WIFES)
    assert await mailed() == []


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ({"name": ""}, "お客様番号またはアカウントIDを入力してください。"),
        ({"email": ""}, "メールアドレスを入力してください。"),
        ({"email": "an"}, "メールアドレスの形が正しくありません（例：taro@example.jp）。"),
        ({"by": "x"}, "どちらのパスワードかを選んでください。"),
    ],
)
async def test_what_is_missing_is_told_and_the_rest_is_kept(
    visitor: Browser, typed: dict[str, str], reason: str
) -> None:
    await visitor.open("/forgotten")
    await visitor.submit("/forgotten", **{"by": "account", "name": WIFE, "email": WIFES, **typed})
    assert (visitor.answer.status_code, visitor.reasons) == (422, [reason])
    kept = {
        str(field["name"]): str(field.get("value", ""))
        for field in visitor.page.select("main input.x, main input")
    }
    assert kept["name"] == typed.get("name", WIFE)
    assert await mailed() == []


async def test_a_failure_behind_the_answer_is_in_the_log_and_nowhere_else(
    visitor: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise OSError("no outbox")

    monkeypatch.setattr(outbox, "post", broken)
    with caplog.at_level(logging.ERROR, "mypage"):
        await ask(visitor, "customer", NUMBER, CONTACT)
    assert "could not be mailed" in caplog.text
    assert await database.rows("SELECT 1 FROM password_link") == []


async def test_the_ways_to_it_and_what_it_says_for_whom_no_mail_comes(visitor: Browser) -> None:
    await visitor.log_in("account", SON, "wrong1234")
    found = [str(link["href"]) for link in visitor.page.select("main a[href^='/forgotten']")]
    assert found == ["/forgotten?by=account", "/forgotten?by=customer", "/forgotten?by=account"]
    await visitor.open(found[0])
    assert visitor.page.select_one("input[name=by][value=account][checked]")
    for path in ("/forgotten", "/forgotten/sent"):
        await visitor.open(path)
        assert (visitor.rows["電話番号"], visitor.rows["受付時間"]) == (
            "0120-000-0000",
            "9時～17時（年中無休）",
        )
        assert "管理者権限の方が、「アカウントID管理」で新しく設定できます。" in visitor.text


# --- limits -----------------------------------------------------------------------------------------------------------


async def test_one_place_gets_so_many_mails_to_an_address_a_day_and_the_answer_stays_the_same(
    browser_at: NewBrowser,
) -> None:
    stranger, owner = await browser_at("192.0.2.1"), await browser_at("192.0.2.2")
    for _ in range(forgotten.TO_ONE_ADDRESS + 2):
        await ask(stranger, "customer", NUMBER, CONTACT)
    assert len(await mailed()) == forgotten.TO_ONE_ADDRESS
    await ask(stranger, "account", SON, CONTACT)
    assert len(await mailed()) == forgotten.TO_ONE_ADDRESS
    await ask(owner, "customer", NUMBER, CONTACT)  # strangers elsewhere hold nobody up
    assert len(await mailed()) == forgotten.TO_ONE_ADDRESS + 1
    clock.start_at(clock.now() + forgotten.DAY)
    await ask(stranger, "customer", NUMBER, CONTACT)
    assert len(await mailed()) == forgotten.TO_ONE_ADDRESS + 2


@pytest.mark.slow
async def test_one_address_gets_so_many_mails_a_day_and_a_browser_that_knows_the_login_still_gets_its_own(
    browser_at: NewBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgotten, "TO_ONE_ADDRESS_BY_ALL", 2)
    owner = await browser_at("192.0.2.200")
    await owner.log_in("customer", NUMBER, "demo01")
    await owner.submit("/logout")
    for place in range(1, 5):
        await ask(await browser_at(f"192.0.2.{place}"), "customer", NUMBER, CONTACT)
    assert len(await mailed()) == 2
    for _ in range(forgotten.TO_ONE_ADDRESS + 1):
        await ask(owner, "customer", NUMBER, CONTACT)
    assert len(await mailed()) == 2 + forgotten.TO_ONE_ADDRESS
    await ask(owner, "account", SON, CONTACT)  # a login that it does not know
    assert len(await mailed()) == 2 + forgotten.TO_ONE_ADDRESS


@pytest.mark.slow
async def test_who_is_refused_uses_up_nothing_of_what_everybody_has(browser_at: NewBrowser) -> None:
    stranger, owner = await browser_at("192.0.2.1"), await browser_at("192.0.2.2")
    start = clock.now()
    for hour in range(4):
        clock.start_at(start + hour * forgotten.HOUR + timedelta(minutes=hour))
        for _ in range(forgotten.FOR_ONE_LOGIN):
            await ask(stranger, "customer", NUMBER, CONTACT)
    assert len(await mailed()) == forgotten.TO_ONE_ADDRESS
    await ask(owner, "customer", NUMBER, CONTACT)
    assert len(await mailed()) == forgotten.TO_ONE_ADDRESS + 1


async def test_what_is_asked_for_is_a_line_of_the_security_log(
    visitor: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger=security_log.log.name)
    await ask(visitor, "customer", NUMBER, "x@example.jp")
    for _ in range(forgotten.TO_ONE_ADDRESS + 1):
        await ask(visitor, "customer", NUMBER, CONTACT)
    lines = [
        f"{record.levelname} {record.getMessage()}"
        for record in caplog.records
        if "password-link" in record.message
    ]
    contract = (await database.rows("SELECT id FROM contract WHERE customer_number = $1", NUMBER))[0]["id"]
    event, whom = "event=password-link outcome", f"network=127.0.0.* contract={contract}"
    assert lines == [
        f"INFO {event}=unknown network=127.0.0.*",
        *[f"INFO {event}=mailed {whom}"] * forgotten.TO_ONE_ADDRESS,
        f"WARNING {event}=limited {whom}",
    ]


@pytest.mark.slow
async def test_one_place_asks_so_often_for_one_login_in_an_hour(browser_at: NewBrowser) -> None:
    stranger, owner = await browser_at("192.0.2.1"), await browser_at("192.0.2.2")
    for guess in range(forgotten.FOR_ONE_LOGIN):
        await ask(stranger, "customer", NUMBER, f"guess{guess}@example.jp")
    await ask(stranger, "customer", "9000-0000-0000-00", CONTACT)
    assert await mailed() == []
    await ask(stranger, "account", WIFE, WIFES)
    await ask(owner, "customer", NUMBER, CONTACT)
    assert await mailed() == [WIFES, CONTACT]
    clock.start_at(clock.now() + forgotten.HOUR)
    await ask(stranger, "customer", NUMBER, CONTACT)
    assert await mailed() == [WIFES, CONTACT, CONTACT]


async def test_one_place_asks_so_often_in_an_hour_whatever_it_asks_for(
    browser_at: NewBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgotten, "FROM_ONE_PLACE", 3)
    first, second = await browser_at("2001:db8::1"), await browser_at("2001:db8::2")
    for guess in range(3):
        await ask(first, "customer", f"1000000000000{guess}", CONTACT)
    await ask(second, "account", WIFE, WIFES)  # the same household
    assert await mailed() == []
    await ask(await browser_at("2001:db8:1::1"), "account", WIFE, WIFES)
    assert await mailed() == [WIFES]


async def test_counters_name_nobody_and_go_when_they_count_no_more(visitor: Browser) -> None:
    await ask(visitor, "customer", NUMBER, CONTACT)
    kept = " ".join(row["row"] for row in await database.rows("SELECT k::text AS row FROM asked_count k"))
    assert kept
    assert not any(word in kept for word in (NUMBER, CONTACT, "127.0.0"))
    await forgotten.tidy(clock.now() + forgotten.HOUR)
    assert len(await database.rows("SELECT 1 FROM asked_count")) == 2
    await forgotten.tidy(clock.now() + forgotten.DAY)
    assert await database.rows("SELECT 1 FROM asked_count") == []


# --- the link ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_only_the_hash_of_the_links_token_is_kept_and_no_page_tells_it_on(
    visitor: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        path = await the_link(visitor)
        token = path.rpartition("=")[2]
        await visitor.open(path)
        assert visitor.answer.headers["referrer-policy"] == "strict-origin"
        fetched = [
            str(tag.get(name))
            for name in ("href", "src", "action")
            for tag in visitor.page.select(f"[{name}]")
        ]
        assert fetched
        assert not any(token in address for address in fetched)
        await visitor.submit("/forgotten/new", password="", password_again="")
        assert visitor.answer.headers["referrer-policy"] == "strict-origin"
    (row,) = await tables.PasswordLink.select()
    assert row["token_hash"] == hashlib.sha256(token.encode()).digest()
    mails = await database.rows(
        "SELECT k::text AS row FROM password_link k UNION ALL SELECT k::text FROM change k"
    )
    assert not any(token in row["row"] for row in mails)
    assert not [
        record for record in caplog.records if token in record.getMessage() and record.name != "httpx"
    ]


@pytest.mark.slow
async def test_opening_the_link_changes_nothing_and_shows_half_a_login_at_most(
    another_browser: Browser, contractor: Browser
) -> None:
    path = await the_link(another_browser)
    for _ in range(3):
        await another_browser.open(path)
        assert another_browser.rows["ログイン"] == "お客様番号（末尾0000）"
        assert NUMBER not in another_browser.answer.text
    assert await sessions() == 1
    await another_browser.log_in("customer", NUMBER, "demo01")
    assert another_browser.heading == "ご契約情報一覧"


@pytest.mark.slow
async def test_it_works_once_on_any_device_and_ends_every_session_of_the_login_alone(
    visitor: Browser, another_browser: Browser, admin: Browser, family_user: Browser
) -> None:
    path = await the_link(visitor, "account", WIFE, WIFES)
    await sign_in(visitor, "customer", NUMBER)
    await another_browser.open(path)
    await another_browser.submit("/forgotten/new", **NEW_OF_ACCOUNT)
    assert another_browser.path == "/login?reset=1"
    assert (await sessions(WIFE), await sessions(SON), await sessions()) == (0, 1, 1)
    assert await database.rows("SELECT 1 FROM password_link") == []
    await admin.open("/")
    assert admin.heading == "ログイン"
    await another_browser.open(path)
    assert UNUSABLE in another_browser.text
    assert not another_browser.page.select("main form")
    await another_browser.log_in("account", WIFE, "abc12345")
    assert another_browser.answer.status_code == 422
    await another_browser.log_in("account", WIFE, "neues-4711")
    assert another_browser.heading == "ご契約情報一覧"


@pytest.mark.slow
async def test_nobody_is_logged_in_by_it(visitor: Browser) -> None:
    await visitor.open(await the_link(visitor))
    await visitor.submit("/forgotten/new", **NEW)
    assert visitor.path == "/login?reset=1"
    assert "__Host-mypage" not in visitor.cookies
    assert await sessions() == 0


@pytest.mark.slow
async def test_a_second_factor_is_asked_for_as_ever(another_browser: Browser, contractor: Browser) -> None:
    await set_up_totp(contractor)
    await another_browser.open(await the_link(another_browser))
    await another_browser.submit("/forgotten/new", **NEW)
    await another_browser.log_in("customer", NUMBER, "neu!4711")
    assert another_browser.path == "/login/second"


@pytest.mark.slow
async def test_an_admin_who_was_let_in_with_the_old_customer_password_is_asked_again(
    visitor: Browser, admin: Browser
) -> None:
    await admin.open("/statements")
    await admin.prove("demo01", NUMBER)
    assert admin.heading == "月額請求明細照会"
    await visitor.open(await the_link(visitor))
    await visitor.submit("/forgotten/new", **NEW)
    await admin.open("/statements")
    assert admin.heading == "お客様番号で再度ログイン"


@pytest.mark.slow
async def test_all_are_told_of_it_also_where_an_address_was_replaced_and_the_history_says_how(
    visitor: Browser, contractor: Browser
) -> None:
    for address, account in (("former@example.jp", None), ("hers@example.jp", WIFE), ("his@example.jp", SON)):
        await database.rows(
            "INSERT INTO former_address (contract, account, address, replaced_at) SELECT c.id, a.id, $1, $2"
            " FROM contract c LEFT JOIN account a ON a.contract = c.id AND a.login = $3 WHERE c.customer_number = $4",
            *(address, clock.now() - timedelta(days=29), account, NUMBER),
        )
    visitor.headers["User-Agent"] = "Mozilla/5.0 (iPhone) Version/18.0 Safari/604.1"
    await visitor.open(await the_link(visitor, "account", WIFE, WIFES))
    await visitor.submit("/forgotten/new", **NEW_OF_ACCOUNT)
    assert sorted(await mailed(TOLD)) == sorted([WIFES, CONTACT, "former@example.jp", "hers@example.jp"])
    told = [mail.body.partition(" 様\n") for mail in await outbox.newest(10) if TOLD in mail.subject]
    assert {name for name, _, _ in told} == {"有光 杏", "有光 吉"}
    (mail,) = {text for _, _, text in told}
    for said in (f"アカウントID「{WIFE}」", "Safari（iPhone）", "127.0.0.*", "メールのリンクを開いた方"):
        assert said in mail
    assert "neues-4711" not in mail
    await contractor.open("/changes")
    assert "アカウントIDパスワードの再設定" in contractor.text
    await contractor.open(str(contractor.page.select("main a[href^='/changes/']")[0]["href"]))
    assert contractor.rows["再設定した方"] == "メールのリンクを開いた方"
    assert contractor.rows["端末"] == "Safari（iPhone）"


@pytest.mark.slow
async def test_it_is_good_for_half_an_hour(visitor: Browser) -> None:
    start = clock.now()
    path = await the_link(visitor)
    assert timedelta(minutes=30) == forgotten.VALID
    clock.start_at(start + forgotten.VALID - timedelta(seconds=20))
    await visitor.open(path)
    assert visitor.page.select("main form")
    clock.start_at(start + forgotten.VALID + timedelta(seconds=20))
    await visitor.submit("/forgotten/new", **NEW)
    assert UNUSABLE in visitor.text
    await visitor.open(path)
    assert UNUSABLE in visitor.text
    await forgotten.tidy(clock.now())
    assert await database.rows("SELECT 1 FROM password_link") == []


async def test_a_newer_one_takes_the_place_of_the_older_and_only_of_that_login(visitor: Browser) -> None:
    older, hers = await the_link(visitor), await the_link(visitor, "account", WIFE, WIFES)
    newer = await the_link(visitor)
    await visitor.open(older)
    assert UNUSABLE in visitor.text
    for path in (hers, newer):
        await visitor.open(path)
        assert visitor.page.select("main form")


@pytest.mark.slow
async def test_it_dies_with_the_password_that_it_was_asked_for(
    another_browser: Browser, contractor: Browser
) -> None:
    path, his = await the_link(another_browser), await the_link(another_browser, "account", SON, CONTACT)
    await another_browser.open(path)
    await contractor.open("/customer-password")
    await contractor.submit(password="selbst!1", password_again="selbst!1")
    await contractor.submit()
    await another_browser.submit("/forgotten/new", **NEW)
    assert UNUSABLE in another_browser.text
    await another_browser.open(his)
    assert another_browser.page.select("main form")
    await contractor.open(f"/accounts/{SON}/delete")
    await contractor.submit()
    await contractor.submit()
    await another_browser.submit("/forgotten/new", **NEW_OF_ACCOUNT)
    assert UNUSABLE in another_browser.text
    await another_browser.open(his)
    assert UNUSABLE in another_browser.text


@pytest.mark.parametrize("token", ["x", "あ", "' OR 1=1", "A" * 3000])
async def test_a_made_up_link_opens_nothing(
    visitor: Browser, hashed: list[dict[str, Any]], token: str
) -> None:
    await visitor.open(f"/forgotten/new?token={token}")
    assert UNUSABLE in visitor.text
    assert not visitor.page.select("main form")
    await visitor.open("/forgotten")
    field = visitor.page.select_one("main form input[name=csrf_token]")
    assert field
    await visitor.press("/forgotten/new", {"csrf_token": str(field["value"]), "token": token, **NEW})
    assert UNUSABLE in visitor.text
    assert hashed == []


async def test_the_page_without_its_link_says_so(visitor: Browser) -> None:
    await visitor.open("/forgotten/new")
    assert forgotten.OPEN_AGAIN in visitor.text


@pytest.mark.slow
async def test_of_two_who_answer_at_the_same_time_one_sets_the_password(
    visitor: Browser, another_browser: Browser
) -> None:
    path = await the_link(visitor)
    for browser in (visitor, another_browser):
        await browser.open(path)
    other = {"password": "andere!1", "password_again": "andere!1"}
    await asyncio.gather(
        visitor.submit("/forgotten/new", **NEW), another_browser.submit("/forgotten/new", **other)
    )
    assert sorted(browser.path for browser in (visitor, another_browser)) == [
        "/forgotten/new",
        "/login?reset=1",
    ]
    assert len(await mailed(TOLD)) == 1
    assert len(await database.rows("SELECT 1 FROM change")) == 1


@pytest.mark.slow
@pytest.mark.parametrize("meanwhile", ["another password", "a newer link"])
async def test_a_link_that_dies_while_it_is_answered_sets_nothing(
    visitor: Browser, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    path, really = await the_link(visitor), tables.Contract.lock
    before = await database.rows("SELECT password_hash FROM contract WHERE customer_number = $1", NUMBER)

    async def lock(contract: int) -> None:
        """Somebody stood in line before."""
        if meanwhile == "another password":
            other = before[0]["password_hash"][:-1] + "_"
            await database.rows("UPDATE contract SET password_hash = $2 WHERE id = $1", contract, other)
        else:
            await database.rows("UPDATE password_link SET token_hash = $1", bytes(32))
        await really(contract)

    await visitor.open(path)
    monkeypatch.setattr(tables.Contract, "lock", lock)
    await visitor.submit("/forgotten/new", **NEW)
    assert UNUSABLE in visitor.text or visitor.reasons == [UNUSABLE]
    assert (
        await database.rows("SELECT password_hash FROM contract WHERE customer_number = $1", NUMBER) == before
    )
    assert await database.rows("SELECT 1 FROM change") == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("account", "typed", "reason"),
    [
        (False, {"password": "kurz"}, "パスワードは6文字以上、10文字以内で入力してください。"),
        (False, {"password": "000000"}, "お客様番号に含まれる数字の並びは、パスワードに使えません。"),
        (False, {"password": "demo01"}, "以前に使ったことのあるパスワードは使えません。"),
        (True, {"password": "neu4711"}, "パスワードは8文字以上、16文字以内で入力してください。"),
        (
            True,
            {"password": "abc12345"},
            "多くの方が使っているパスワードと同じか、よく似ているため使えません。",
        ),
        (True, {"password": WIFE}, "アカウントIDと同じパスワードは使えません。"),
    ],
)
async def test_the_rules_of_the_login_hold_and_the_link_stays_for_the_next_try(
    visitor: Browser, account: bool, typed: dict[str, str], reason: str
) -> None:
    path = await (the_link(visitor, "account", WIFE, WIFES) if account else the_link(visitor))
    await visitor.open(path)
    await visitor.submit("/forgotten/new", **typed, password_again=typed["password"])
    assert visitor.reasons == [reason]
    await visitor.submit("/forgotten/new", password="neues-4711", password_again="neues-4712")
    assert len(visitor.reasons) == 1
    await visitor.submit("/forgotten/new", **(NEW_OF_ACCOUNT if account else NEW))
    assert visitor.path == "/login?reset=1"


@pytest.mark.slow
async def test_what_somebody_else_had_asked_for_with_the_login_is_gone(
    visitor: Browser, admin: Browser
) -> None:
    await admin.open(f"/accounts/{SON}/forwarding")
    await admin.open("/application")
    await admin.submit(paper="name")
    assert len(await database.rows("SELECT 1 FROM change WHERE applied_at IS NULL")) == 1
    await visitor.open(await the_link(visitor, "account", WIFE, WIFES))
    await visitor.submit("/forgotten/new", **NEW_OF_ACCOUNT)
    assert await database.rows("SELECT 1 FROM change WHERE applied_at IS NULL") == []


async def test_the_form_is_one_of_ours(visitor: Browser) -> None:
    await visitor.open(await the_link(visitor))
    token = str(visitor.form("/forgotten/new").select("[name=token]")[0]["value"])
    answer = await visitor.post("/forgotten/new", data={"token": token, **NEW})
    assert answer.status_code == 403
    assert (await visitor.post("/forgotten", data={"by": "customer"})).status_code == 403
