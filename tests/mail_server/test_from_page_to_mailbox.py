"""What a member does on the portal's pages, the mail server obeys: the way whole, from a form to real mail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from litestar.types import ASGIApp

from tests.browser import Browser
from tests.conftest import HOST
from tests.mail_server import portal
from tests.mail_server.clients import FRIEND, STRANGER, Postman, World, can_log_in, inbox
from tests.mail_server.portal import PASSWORD, Person
from tests.mail_server.servers import DOMAIN, MailServer

LOCAL_PART = "hikari.taro"
ADDRESS = f"{LOCAL_PART}@{DOMAIN}"
NEW_PASSWORD = "neu-12345"


@pytest.fixture
async def person(mail_host: MailServer) -> Person:
    """An account ID of a メールパック contract, which has one address without a purchase."""
    return await portal.register_account()


@pytest.fixture
async def browser(application: ASGIApp, person: Person) -> AsyncIterator[Browser]:
    """The person, logged in to the portal."""
    async with Browser(application, HOST) as own:
        await own.log_in("account", person.login, PASSWORD)
        yield own


async def done(browser: Browser, login: str, page: str, **typed: str) -> None:
    """Fill in an input page of the account ID, confirm, and see the complete page."""
    await browser.open(f"/accounts/{login}/{page}")
    await browser.submit(**typed)
    await browser.submit()
    assert browser.heading.endswith("完了"), browser.text


async def test_mail_follows_what_a_member_does_on_the_pages(
    mail_host: MailServer, postman: Postman, elsewhere: World, person: Person, browser: Browser
) -> None:
    assert (await postman.send(ADDRESS))[0] == 550
    await done(browser, person.login, "mail-address", kind="ucom", local_part=LOCAL_PART, agree="yes")
    assert await postman.send(ADDRESS, subject="髙﨑①より") == (250, "")
    assert [mail["Subject"] for mail in await inbox(mail_host, person.login, PASSWORD)] == ["髙﨑①より"]

    await done(browser, person.login, "forwarding", address_1=FRIEND, keep_copy="")
    text = '12月1日まで\r\n"不在"です。\\'
    await done(browser, person.login, "auto-reply", enabled="on", subject="髙﨑①は不在", body=text)
    await postman.send(ADDRESS, subject="news")
    [forwarded], [reply] = elsewhere.to(FRIEND), elsewhere.to(STRANGER)
    assert forwarded.message["Subject"] == "news"
    assert reply.message["Subject"] == "髙﨑①は不在"
    assert reply.message.get_content().splitlines()[:2] == text.splitlines()

    await done(browser, person.login, "password", password=NEW_PASSWORD, password_again=NEW_PASSWORD)
    logins = (can_log_in(mail_host, person.login, password) for password in (PASSWORD, NEW_PASSWORD))
    assert await asyncio.gather(*logins) == [False, True]

    await done(browser, person.login, "mail-address", kind="other", address=FRIEND, agree="yes")
    assert (await postman.send(ADDRESS))[0] == 550
