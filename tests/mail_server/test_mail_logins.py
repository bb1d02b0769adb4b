"""Both doors count together: guesses at IMAP, at submission and at the portal, with a real Dovecot that asks the portal."""

from __future__ import annotations

import asyncio
import imaplib
import signal
import subprocess
import time
from collections.abc import AsyncIterator

import pytest
from litestar.types import ASGIApp

from app.domain import tables
from app.domain.mail import app_passwords
from app.postgres import database
from tests.browser import Browser
from tests.conftest import HOST
from tests.mail_server import portal
from tests.mail_server.clients import FRIEND, Postman, World, can_log_in, inbox
from tests.mail_server.listener import Listener
from tests.mail_server.portal import PASSWORD, Person
from tests.mail_server.servers import SUBMISSION_LIMIT, MailServer

WRONG = "wrong-pass-1"
GUESSES = [f"guess-{number}" for number in range(12)]
"""Of different hints, so that each is one (mail_logins)."""
LOCKED = "Too many wrong passwords"


@pytest.fixture
async def browser(application: ASGIApp, mail_host: MailServer) -> AsyncIterator[Browser]:
    """A browser that nobody has logged in with."""
    async with Browser(application, HOST) as own:
        yield own


async def imap_says(server: MailServer, name: str, password: str) -> str:
    """ "" where the login is taken."""
    try:
        await inbox(server, name, password)
    except imaplib.IMAP4.error as refusal:
        return str(refusal)
    return ""


async def failures(person: Person) -> list[tuple[str, str]]:
    """The failed logins of the account ID: result and protocol."""
    found = await database.rows(
        "SELECT result, protocol FROM login_event WHERE account = $1 AND result <> 'ok' ORDER BY id",
        person.account,
    )
    return [(row["result"], row["protocol"]) for row in found]


# --- one count --------------------------------------------------------------------------------------------------------


async def test_ten_guesses_are_looked_at_through_all_doors_together(
    mail_host: MailServer, postman: Postman, browser: Browser
) -> None:
    person = await portal.new_person()
    for _ in range(3):
        await browser.log_in("account", person.login, WRONG)
    guesses = iter(GUESSES)
    for name in (person.login, person.address, person.login.upper()):
        assert "AUTHENTICATIONFAILED" in await imap_says(mail_host, name, next(guesses))
    for name in (person.login, person.address, person.login, person.address):
        code, words = await postman.submit(name, next(guesses), person.address, FRIEND)
        assert (code, LOCKED in words) == (535, False)
    assert LOCKED in await imap_says(mail_host, person.login, PASSWORD)
    assert LOCKED in await imap_says(mail_host, person.address, PASSWORD)
    code, words = await postman.submit(person.login, PASSWORD, person.address, FRIEND)
    assert (code, LOCKED in words) == (535, True)
    await browser.log_in("account", person.login, PASSWORD)
    assert browser.answer.status_code == 429
    other = await portal.new_person()
    assert await can_log_in(mail_host, other.login, PASSWORD)


async def test_guesses_at_the_same_moment_are_ten_too(mail_host: MailServer, browser: Browser) -> None:
    person = await portal.new_person()
    said = await asyncio.gather(*(imap_says(mail_host, person.login, f"guess-{n}") for n in range(25)))
    assert sum(LOCKED in one for one in said) == 15
    await browser.log_in("account", person.login, PASSWORD)
    assert browser.answer.status_code == 429


async def test_a_browser_that_is_known_gets_in_however_many_guess_at_the_mail_server(
    mail_host: MailServer, browser: Browser
) -> None:
    person = await portal.new_person()
    await browser.log_in("account", person.login, PASSWORD)
    await browser.submit("/logout")
    await asyncio.gather(*(imap_says(mail_host, person.login, guess) for guess in GUESSES))
    assert LOCKED in await imap_says(mail_host, person.login, PASSWORD)
    await browser.log_in("account", person.login, PASSWORD)
    assert browser.heading == "ユーザー管理"


async def test_right_passwords_at_once_and_a_phone_with_an_old_one_lock_nothing(
    mail_host: MailServer, browser: Browser
) -> None:
    person = await portal.new_person()
    for _ in range(3):
        await asyncio.gather(*(imap_says(mail_host, person.login, PASSWORD) for _ in range(30)))
    said = [await imap_says(mail_host, person.login, WRONG) for _ in range(12)]
    assert ["AUTHENTICATIONFAILED" in one for one in said] == [True] * 12
    assert await can_log_in(mail_host, person.login, PASSWORD)
    await browser.log_in("account", person.login, PASSWORD)
    assert browser.heading == "ユーザー管理"
    kinds = await database.rows("SELECT kind FROM alert WHERE account = $1", person.account)
    assert "login-locked" not in [row["kind"] for row in kinds]


async def test_who_guesses_does_not_begin_anew_when_the_members_own_program_gets_in(
    mail_host: MailServer,
) -> None:
    person = await portal.new_person()
    said = await asyncio.gather(*(imap_says(mail_host, person.login, guess) for guess in GUESSES[:8]))
    for _ in range(3):
        assert await can_log_in(mail_host, person.login, PASSWORD)
    said += [await imap_says(mail_host, person.login, guess) for guess in GUESSES[8:11]]
    assert [LOCKED in one for one in said] == [False] * 10 + [True]


async def test_failures_stand_in_the_login_history_with_their_protocol_and_successes_do_not(
    mail_host: MailServer, postman: Postman, browser: Browser
) -> None:
    person = await portal.new_person()
    await inbox(mail_host, person.login, PASSWORD)
    for _ in range(2):
        await imap_says(mail_host, person.address, WRONG)
        await postman.submit(person.login, WRONG, person.address, FRIEND)
    await browser.log_in("account", person.login, PASSWORD)
    await browser.open("/logins")
    lines = [
        [cell.get_text(strip=True) for cell in row.select("td")]
        for row in browser.page.select("table")[1].select("tbody tr")
    ]
    assert [(line[1], line[2]) for line in lines] == [
        ("成功", lines[0][2]),
        ("失敗（メールソフト）", "メールソフト（送信：SMTP）"),
        ("失敗（メールソフト）", "メールソフト（受信：IMAP）"),
    ]
    assert all(line[3].startswith("127.1.") and line[3].endswith("*") for line in lines[1:])


async def test_an_unknown_name_is_refused_alike_and_leaves_nothing(mail_host: MailServer) -> None:
    before = await tables.LoginEvent.count()
    said = [await imap_says(mail_host, "nobody-at-all", guess) for guess in GUESSES[:11]]
    assert [LOCKED in one for one in said] == [False] * 10 + [True]
    assert await tables.LoginEvent.count() == before


async def test_the_operators_own_test_is_not_counted(mail_host: MailServer) -> None:
    person = await portal.new_person()
    config = str(mail_host.folder / "dovecot" / "dovecot.conf")
    command = ["doveadm", "-c", config, "auth", "test", person.login, WRONG]

    def test() -> int:
        return subprocess.run(command, capture_output=True, check=False).returncode

    assert await asyncio.gather(*(asyncio.to_thread(test) for _ in range(11))) == [77] * 11
    assert await can_log_in(mail_host, person.login, PASSWORD)
    assert await failures(person) == []


# --- app passwords ----------------------------------------------------------------------------------------------------


async def test_app_passwords_open_the_mailbox_instead_of_the_portals_until_the_last_is_removed(
    mail_host: MailServer, postman: Postman, elsewhere: World, browser: Browser
) -> None:
    person = await portal.new_person()
    assert await can_log_in(mail_host, person.login, PASSWORD)
    path = f"/accounts/{person.login}/mail-passwords"
    await browser.log_in("account", person.login, PASSWORD)
    made = []
    for called in ("スマートフォン", "自宅のパソコン"):
        await browser.open(path)
        await browser.submit(path, called=called)
        await browser.submit()
        made.append(browser.rows[app_passwords.TITLE])
    phone, computer = made
    for name in (person.login, person.address):
        assert [await can_log_in(mail_host, name, password) for password in (PASSWORD, phone, computer)] == [
            False,
            True,
            True,
        ]
    assert (await postman.submit(person.login, PASSWORD, person.address, FRIEND))[0] == 535
    assert await postman.submit(person.address, computer, person.address, FRIEND) == (250, "")
    other = await portal.new_person()
    assert not await can_log_in(mail_host, other.login, phone)

    await browser.open(path)
    used = [row.get_text() for row in browser.page.select("tbody tr")]
    assert "スマートフォン" in used[0]
    assert "（受信）" in used[0]
    assert "自宅のパソコン" in used[1]
    assert "（送信）" in used[1]

    await browser.submit(f"{path}?remove=1")
    await browser.submit()
    assert [await can_log_in(mail_host, person.login, password) for password in (phone, computer)] == [
        False,
        True,
    ]
    assert not await can_log_in(mail_host, person.login, PASSWORD)
    await browser.open(path)
    await browser.submit(f"{path}?remove=2")
    await browser.submit()
    assert [await can_log_in(mail_host, person.login, password) for password in (computer, PASSWORD)] == [
        False,
        True,
    ]


async def test_an_app_password_gets_in_however_many_guess(mail_host: MailServer, browser: Browser) -> None:
    person = await portal.new_person()
    password = await portal.app_password(person, "phone")
    said = await asyncio.gather(*(imap_says(mail_host, person.login, f"guess-{n}") for n in range(15)))
    assert sum(LOCKED in one for one in said) == 5
    assert await can_log_in(mail_host, person.login, password)
    assert LOCKED in await imap_says(mail_host, person.login, PASSWORD)
    await browser.log_in("account", person.login, PASSWORD)
    assert browser.answer.status_code == 429


# --- the portal, or its database, is away -------------------------------------------------------------------------------


async def test_while_the_portal_is_away_members_get_in_and_after_it_all_is_counted_again(
    mail_host: MailServer, listener: Listener
) -> None:
    person = await portal.new_person()
    await asyncio.to_thread(listener.stop)
    try:
        assert await can_log_in(mail_host, person.login, PASSWORD)
        assert not await can_log_in(mail_host, person.login, WRONG)
    finally:
        await asyncio.to_thread(listener.start)
    said = [await imap_says(mail_host, person.login, guess) for guess in GUESSES[:11]]
    assert [LOCKED in one for one in said] == [False] * 10 + [True]


async def test_a_portal_that_hangs_keeps_nobody_waiting_for_long(
    mail_host: MailServer, listener: Listener
) -> None:
    person = await portal.new_person()
    listener.signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert await can_log_in(mail_host, person.login, PASSWORD)
        assert time.monotonic() - began < 5
    finally:
        listener.signal(signal.SIGCONT)


async def test_what_dovecot_could_not_look_at_is_no_guess(mail_host: MailServer) -> None:
    person = await portal.new_person()
    await database.rows("ALTER VIEW mail_v1.login RENAME TO away")
    try:
        for _ in range(11):
            assert await imap_says(mail_host, person.login, PASSWORD)
    finally:
        await database.rows("ALTER VIEW mail_v1.away RENAME TO login")
    assert await can_log_in(mail_host, person.login, PASSWORD)
    assert await failures(person) == []


async def test_the_internal_listener_ends_at_once_while_dovecot_holds_its_connection(
    mail_host: MailServer, listener: Listener
) -> None:
    person = await portal.new_person()
    assert await can_log_in(mail_host, person.login, PASSWORD)
    took = await asyncio.to_thread(listener.stop)
    await asyncio.to_thread(listener.start)
    assert took < 5


# --- sending ----------------------------------------------------------------------------------------------------------


async def test_so_many_recipients_an_hour_and_the_next_one_is_put_off_in_words(
    mail_host: MailServer, postman: Postman, elsewhere: World
) -> None:
    person, other = await portal.new_person(), await portal.new_person()
    for _ in range(SUBMISSION_LIMIT):
        assert await postman.submit(person.login, PASSWORD, person.address, FRIEND) == (250, "")
    for wrapped in (False, True):
        code, words = await postman.submit(person.address, PASSWORD, person.address, FRIEND, wrapped=wrapped)
        assert code == 450
        assert f"You may send to {SUBMISSION_LIMIT} recipients an hour" in words
    assert len(elsewhere.mails) == SUBMISSION_LIMIT
    assert await postman.submit(other.login, PASSWORD, other.address, FRIEND) == (250, "")
    assert await postman.send(person.address) == (250, ""), "mail for them still comes in"

    await database.rows("UPDATE mail_state_v1.submission SET since = since - interval '1 hour'")
    assert await postman.submit(person.login, PASSWORD, person.address, FRIEND) == (250, "")


async def test_who_is_refused_for_another_reason_uses_nothing_up(
    mail_host: MailServer, postman: Postman
) -> None:
    person = await portal.new_person()
    for _ in range(SUBMISSION_LIMIT + 1):
        assert (
            await postman.submit(
                person.login, PASSWORD, person.address, f"nobody@{person.address.partition('@')[2]}"
            )
        )[0] == 550
    assert await postman.submit(person.login, PASSWORD, person.address, FRIEND) == (250, "")


async def test_many_that_send_at_once_share_the_limit(mail_host: MailServer, postman: Postman) -> None:
    person = await portal.new_person()
    answers = await asyncio.gather(
        *(postman.submit(person.login, PASSWORD, person.address, FRIEND) for _ in range(SUBMISSION_LIMIT * 2))
    )
    assert sorted(code for code, _ in answers) == [250] * SUBMISSION_LIMIT + [450] * SUBMISSION_LIMIT
