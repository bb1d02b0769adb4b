"""Logins at the mail server: one count with the portal's, and what Dovecot could not look at is none."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.domain import clock, tables
from app.domain.access import attempts, login_events
from app.domain.access.attempts import TooMany
from app.domain.access.login_events import Device, Failure
from app.domain.letters import outbox
from app.domain.mail import app_passwords, mail_logins
from app.domain.mail.mail_logins import MailLogin, Outcome
from app.postgres import database
from tests import households
from tests.mail_server import portal
from tests.mail_server.portal import Person

pytestmark = pytest.mark.usefixtures("empty_database")

SECRET = b"the newest secret key of the tests"
WRONG = Outcome(success=False, refused=False, looked_at=True)
RIGHT = Outcome(success=True, refused=False, looked_at=True, app=0)
AWAY = Outcome(success=False, refused=False, looked_at=False)
REFUSED = Outcome(success=False, refused=True, looked_at=False)


@pytest.fixture
async def person(empty_database: str) -> Person:
    return await portal.new_person()


def program(
    typed: str, address: str = "192.0.2.1", password: str = "wrong", protocol: str = "imap"
) -> MailLogin:
    return MailLogin(typed, address, protocol, app_passwords.hint(password))


async def tried(login: MailLogin, outcome: Outcome, times: int = 1) -> int:
    """Try so many times; how many were let through."""
    through = 0
    for _ in range(times):
        refused = await mail_logins.refusal(SECRET, login)
        await mail_logins.ended(SECRET, login, REFUSED if refused else outcome)
        through += not refused
    return through


async def portal_looks(person: Person, address: str = "198.51.100.1") -> bool:
    """Whether a stranger's browser may still try a password at the portal."""
    try:
        await attempts.count(SECRET, f"account {person.login}", address, None)
    except TooMany:
        return False
    return True


async def counters() -> list[int]:
    return sorted(await tables.Attempt.select(tables.Attempt.failures).output(as_list=True))


async def events() -> list[tuple[str, str, str]]:
    found = await database.rows("SELECT result, protocol, network FROM login_event ORDER BY id")
    return [(row["result"], row["protocol"], row["network"]) for row in found]


# --- counting ---------------------------------------------------------------------------------------------------------


async def test_account_id_and_address_in_any_case_are_one_count_with_the_portals(person: Person) -> None:
    for _ in range(4):
        assert await portal_looks(person)
    for typed in (person.login, person.address, person.login.upper(), person.address.upper()):
        assert await tried(program(typed), WRONG) == 1
    assert await tried(program(person.login, protocol="smtp"), WRONG, 2) == 2
    assert await mail_logins.refusal(SECRET, program(person.address)) == (
        "Too many wrong passwords. Try again in 15 minutes."
    )
    assert not await portal_looks(person)


async def test_of_many_at_once_ten_are_let_through(person: Person) -> None:
    logins = [program(person.login, f"192.0.2.{number}") for number in range(40)]
    said = await asyncio.gather(*(mail_logins.refusal(SECRET, login) for login in logins))
    assert said.count("") == 10


async def test_a_right_password_counts_nothing_and_wipes_no_failure_out(person: Person) -> None:
    assert await tried(program(person.login), WRONG, 9) == 9
    assert await tried(program(person.login), RIGHT, 20) == 20
    assert await tried(program(person.login), WRONG, 2) == 1


@pytest.mark.parametrize("at_once", [12, 30])
async def test_right_passwords_at_the_same_moment_lock_nothing_and_tell_nobody(
    person: Person, at_once: int
) -> None:
    """Several devices of a member after a restart of the mail server, say."""
    login = program(person.login)
    for _ in range(4):
        asked = [await mail_logins.refusal(SECRET, login) for _ in range(at_once)]
        assert sum(map(bool, asked)) == at_once - attempts.PER_LOGIN
        ended = (mail_logins.ended(SECRET, login, REFUSED if refused else RIGHT) for refused in asked)
        await asyncio.gather(*ended)
        assert await counters() == [0, 0, 0]
    assert await tried(login, RIGHT) == 1
    assert await portal_looks(person)
    assert await outbox.newest(10) == []


async def test_a_lock_by_wrong_passwords_is_told_when_the_last_one_was_wrong(person: Person) -> None:
    assert await tried(program(person.login), WRONG, attempts.PER_LOGIN - 1) == attempts.PER_LOGIN - 1
    assert await outbox.newest(10) == []
    await tried(program(person.login), WRONG, 5)
    mails = await outbox.newest(10)
    assert mails
    assert {mail.subject for mail in mails} == {"【マイページ】ログインを一時的に止めています"}


async def test_what_was_refused_is_counted_by_nobody_so_that_the_lock_ends(person: Person) -> None:
    login = program(person.login)
    await tried(login, WRONG, 10)
    before = await counters()
    for _ in range(3):
        await mail_logins.ended(SECRET, login, REFUSED)
    assert await counters() == before
    assert await tried(login, WRONG, 5) == 0
    clock.start_at(clock.now() + timedelta(minutes=15, seconds=1))
    assert await tried(login, WRONG) == 1


async def test_what_dovecot_could_not_look_at_is_taken_back_in_every_counter(person: Person) -> None:
    assert await tried(program(person.login), AWAY, 30) == 30
    assert set(await counters()) == {0}
    assert await events() == []


async def test_a_name_that_nobody_has_is_refused_alike_and_locks_no_login_of_the_portal(
    person: Person,
) -> None:
    assert await tried(program("nobody"), AWAY, 11) == 10
    account = await portal.register_account()
    assert await tried(program(account.login), AWAY, 11) == 10
    assert await portal_looks(account)
    moved = await portal.change_address(person)
    assert await tried(program(person.address), AWAY, 11) == 10
    assert await tried(program(moved.address, "192.0.2.2"), RIGHT) == 1
    await portal.leave_for_another_company(person)
    assert await tried(program(person.login), AWAY, 11) == 10
    assert await portal_looks(person)
    assert await events() == []


async def test_an_address_that_guesses_at_many_names_is_refused_for_all(person: Person) -> None:
    for number in range(100):
        assert await tried(program(f"name-{number}"), AWAY) == 1
    assert await tried(program(person.login), RIGHT) == 0
    assert await tried(program(person.login, "192.0.2.2"), RIGHT) == 1


async def test_the_operators_own_test_has_no_address_and_is_not_counted(person: Person) -> None:
    assert await tried(program(person.login, address="", protocol="doveadm"), WRONG, 20) == 20
    assert (await counters(), await events()) == ([], [])


async def test_the_wait_that_is_told_is_rounded_up(person: Person) -> None:
    await tried(program(person.login), WRONG, 10)
    clock.start_at(clock.now() + timedelta(minutes=13, seconds=30))
    assert "in 2 minutes" in await mail_logins.refusal(SECRET, program(person.login))


# --- app passwords ----------------------------------------------------------------------------------------------------


async def test_what_may_be_an_app_password_is_let_through_and_a_guess_that_looks_like_one_counts(
    person: Person,
) -> None:
    password = await portal.app_password(person, "phone")
    app = (await database.rows("SELECT id FROM app_password"))[0]["id"]
    own, guess = program(person.login, password=password), program(person.login, password="wrong")
    assert own.hint != guess.hint
    assert await tried(guess, WRONG, 11) == 10
    assert await tried(own, replace(RIGHT, app=app), 30) == 30
    assert await tried(guess, WRONG) == 0

    other = await portal.new_person()
    await portal.app_password(other, "phone")
    stored = (await database.rows("SELECT hint FROM app_password WHERE account = $1", other.account))[0][
        "hint"
    ]
    alike = MailLogin(other.login, "192.0.2.9", "imap", stored)
    assert await tried(alike, WRONG, 12) == 12
    assert not await portal_looks(other)
    assert await tried(program(other.login, "192.0.2.9"), RIGHT) == 0


async def test_a_hint_of_another_mailbox_opens_no_way_around_the_lock(person: Person) -> None:
    password = await portal.app_password(await portal.new_person(), "phone")
    assert await tried(program(person.login, password=password), WRONG, 11) == 10


async def test_the_last_use_of_an_app_password_is_noted_every_five_minutes_and_by_protocol(
    person: Person,
) -> None:
    password = await portal.app_password(person, "phone")
    app = (await database.rows("SELECT id FROM app_password"))[0]["id"]
    right, began = replace(RIGHT, app=app), clock.now()

    async def used(minutes: int, protocol: str = "imap") -> tuple[Any, ...]:
        clock.start_at(began + timedelta(minutes=minutes))
        await tried(program(person.login, password=password, protocol=protocol), right)
        row = (await database.rows("SELECT used_at, used_over FROM app_password"))[0]
        return (row["used_at"] - began) // timedelta(minutes=1), row["used_over"]

    assert await used(1) == (1, "imap")
    assert await used(3) == (1, "imap")
    assert await used(4, "smtp") == (4, "smtp")
    assert await used(10, "smtp") == (10, "smtp")
    assert set(await counters()) <= {0}


async def test_the_portals_password_notes_no_use(person: Person) -> None:
    await tried(program(person.login), RIGHT)
    assert await events() == []


# --- ログイン履歴 -----------------------------------------------------------------------------------------------------------


async def test_a_failure_is_noted_once_an_hour_by_protocol_and_network(person: Person) -> None:
    for address in ("192.0.2.1", "192.0.2.77", "198.51.100.1"):
        await tried(program(person.address, address), WRONG, 2)
    await tried(program(person.login, protocol="smtp"), WRONG)
    assert await events() == [
        ("wrong", "imap", "192.0.2.*"),
        ("wrong", "imap", "198.51.100.*"),
        ("wrong", "smtp", "192.0.2.*"),
    ]
    clock.start_at(clock.now() + timedelta(hours=1, seconds=1))
    await tried(program(person.login), WRONG)
    assert len(await events()) == 4


async def test_a_refusal_is_noted_once_for_each_lock(person: Person) -> None:
    await tried(program(person.login), WRONG, 15)
    assert [result for result, _, _ in await events()] == ["wrong", "limited"]


async def test_a_wrong_password_at_the_portal_is_noted_each_time_as_ever(person: Person) -> None:
    await tried(program(person.login), WRONG)
    for _ in range(2):
        await login_events.note(Failure("account", person.login, Device("x", "192.0.2.*")))
    assert [protocol for _, protocol, _ in await events()] == ["imap", "", ""]


async def test_the_words_of_a_failure_tell_the_door(person: Person) -> None:
    await tried(program(person.login), WRONG, 11)
    member = await households.log_in(person.contract, person.account)
    shown = [(event.outcome, event.browser) for event in (await login_events.of(member)).events]
    assert shown == [
        ("失敗（メールソフト、回数の制限）", "メールソフト（受信：IMAP）"),
        ("失敗（メールソフト）", "メールソフト（受信：IMAP）"),
    ]
    assert login_events.program("sieve", "192.0.2.1").browser == "メールソフト（SIEVE）"
