"""The mails that the demo shows instead of sending them, and what it has for addresses outside: there only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from litestar.types import ASGIApp

from app.demo.mailbox import SHOWN
from app.domain.letters import outbox
from app.main import portal
from app.postgres import database
from app.postgres.engine import Engine
from tests.browser import Browser
from tests.conftest import HOST, SETTINGS


@pytest.fixture(scope="module")
def demo() -> ASGIApp:
    """The portal as the demo runs it."""
    return portal(replace(SETTINGS, demo=True), Engine({}))


@pytest.fixture
async def browser(demo: ASGIApp, filled_database: str) -> AsyncIterator[Browser]:
    async with Browser(demo, HOST) as browser:
        yield browser


async def contract() -> int:
    found = await database.rows("SELECT id FROM contract WHERE customer_number = '90000000000000'")
    return int(found[0]["id"])


def mails(browser: Browser) -> list[str]:
    """Subjects on the page."""
    return [heading.get_text() for heading in browser.page.select("main article h2")]


@pytest.mark.slow
async def test_an_empty_mailbox_says_so_and_the_foot_leads_to_it(browser: Browser) -> None:
    await browser.open("/login")
    (link,) = browser.page.select("footer a[href='/demo/mailbox']")
    await browser.open(str(link["href"]))
    assert browser.heading == link.get_text() == "送信されたメール（デモ）"
    assert "送信されたメールは、まだありません。" in browser.text


@pytest.mark.slow
async def test_what_a_change_posted_is_read_there_newest_first(browser: Browser) -> None:
    await browser.log_in("account", "arteri-an-002", "abc12345")
    for password in ("neu-12345", "neuer-12345"):
        await browser.open("/accounts/arteri-an-002/password")
        await browser.submit(password=password, password_again=password)
        await browser.submit()
    await browser.open("/customer-password")
    await browser.prove("demo01", "90000000000000")
    await browser.submit(password="abc!12", password_again="abc!12")
    await browser.submit()
    await browser.open("/demo/mailbox")
    changed = "【マイページ】アカウントIDのパスワード変更のお知らせ"
    assert mails(browser) == ["【マイページ】お客様番号パスワード変更のお知らせ", *[changed] * 4]
    newest, _, older, *_ = browser.page.select("main article")
    assert "arteri-an@keitai.example.jp" in newest.get_text()
    assert "arteri-kichi@mail.example.com" in older.get_text()
    assert "アカウントID「arteri-an-002」（管理者権限）でログインした方" in newest.get_text()
    assert not any(secret in browser.text for secret in ("neu-12345", "abc!12", "neu*", "abc!"))


@pytest.mark.slow
async def test_a_mail_is_shown_as_text_with_its_lines(browser: Browser) -> None:
    async with database.engine().transaction():
        name = "<b>髙﨑①</b>"
        facts = {"login": "taro-01", "name": name, "role": "ユーザー権限"}
        await outbox.post(await contract(), ["a@example.jp"], "account-registered", **facts)
    await browser.open("/demo/mailbox")
    assert "氏名：<b>髙﨑①</b> 様" in browser.text
    assert not browser.page.select("main article b")
    paragraph = next(p for p in browser.page.select("main article p") if "taro-01" in p.get_text())
    assert len(paragraph.select("br")) == 2


async def test_a_link_of_ours_can_be_followed_and_no_other(browser: Browser) -> None:
    own = str(browser.base_url).rstrip("/")
    urls = [
        f"{own}/customer/email?token=a-b_1",
        f"{own}//evil.example/",
        "https://evil.example/",
        f"{own}.evil/x",
    ]
    async with database.engine().transaction():
        for url in urls:
            await outbox.post(await contract(), ["a@example.jp"], "contact-address-check", url=url)
    await browser.open("/demo/mailbox")
    assert [link["href"] for link in browser.page.select("main article a")] == ["/customer/email?token=a-b_1"]


@pytest.mark.slow
async def test_the_page_stays_readable_when_many_were_sent(browser: Browser) -> None:
    async with database.engine().transaction():
        told = [f"a{number}@example.jp" for number in range(SHOWN + 5)]
        await outbox.post(await contract(), told, "account-password-changed", login="taro-01")
    await browser.open("/demo/mailbox")
    assert len(mails(browser)) == SHOWN
    assert f"a{SHOWN + 4}@example.jp" in browser.page.select("main article")[0].get_text()


@pytest.mark.slow
async def test_what_leads_outside_leads_to_a_page_that_says_where(browser: Browser) -> None:
    for name, part in (
        ("kids-filter", "安心 Kidsフィルター"),
        ("giga-cinema", "ギガシネマ"),
        ("club-off", "クラブオフ"),
    ):
        await browser.open(f"/demo/elsewhere/{name}")
        assert browser.heading == "ここから先は、デモにはありません"
        assert part in browser.text
    await browser.open("/demo/elsewhere/nowhere")
    assert browser.answer.status_code == 404
    await browser.log_in("customer", "90000000000000", "demo01")
    await browser.open("/club-off")
    await browser.prove("demo01", "90000000000000")
    assert browser.page.select("main a[href='/demo/elsewhere/club-off']")
    await browser.open("/accounts/arteri-an-002/security")
    await browser.submit("/accounts/arteri-an-002/security?product=security-360", agree="yes")
    await browser.submit()
    await browser.open("/accounts/arteri-an-002/security/status")
    (link,) = browser.page.select("main a[href*='download?link=']")
    await browser.open(str(link["href"]))
    assert browser.path == "/demo/elsewhere/security-360"


async def test_outside_the_demo_it_is_not_there(contractor: Browser) -> None:
    assert not contractor.page.select("a[href='/demo/mailbox']")
    await contractor.open("/demo/mailbox")
    assert contractor.answer.status_code == 404
