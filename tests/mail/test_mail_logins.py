"""Logins at the mail server: one count with the portal's, and what Dovecot could not look at is none."""

from __future__ import annotations

import asyncio
import itertools
import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app import security_log
from app.domain import clock, tables
from app.domain.access import attempts, login_events
from app.domain.access.attempts import TooMany
from app.domain.access.login_events import Device, Failure
from app.domain.letters import outbox
from app.domain.mail import app_passwords, mail_logins
from app.domain.mail.mail_logins import Answer, MailLogin, Outcome
from app.postgres import database
from tests import households
from tests.mail_server import portal
from tests.mail_server.portal import Person

pytestmark = pytest.mark.usefixtures("empty_database")

SECRET = b"the newest secret key of the tests"
WRONG = Outcome(success=False, refused=False, looked_at=True)
RIGHT = Outcome(success=True, refused=False, looked_at=True, app=0)
AWAY = Outcome(success=False, refused=False, looked_at=False)
GUESSED = "guessed"
_guesses = itertools.count()
REFUSED = Outcome(success=False, refused=True, looked_at=False)


@pytest.fixture
async def person(empty_database: str) -> Person:
    return await portal.new_person()


def program(typed: str, address: str = "192.0.2.1", password: str = "", protocol: str = "imap") -> MailLogin:
    """Without a password: one who guesses another one each time."""
    return MailLogin(typed, address, protocol, app_passwords.hint(password) if password else GUESSED)


async def refusal(login: MailLogin) -> str:
    """The words of it; "" if the password may be looked at."""
    answer = await mail_logins.allow(SECRET, login)
    return (answer.words or "as a wrong one") if answer.refused else ""


async def tried(login: MailLogin, outcome: Outcome, times: int = 1) -> int:
    """Try so many times; how many were let through."""
    through = 0
    for _ in range(times):
        typed = replace(login, hint=f"guess {next(_guesses)}") if login.hint == GUESSED else login
        refused = await refusal(typed)
        await mail_logins.ended(SECRET, typed, REFUSED if refused else outcome)
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
    assert await refusal(program(person.address)) == ("Too many wrong passwords. Try again in 15 minutes.")
    assert not await portal_looks(person)


@pytest.mark.slow
async def test_of_many_at_once_ten_are_let_through(person: Person) -> None:
    logins = [program(person.login, f"192.0.2.{number}") for number in range(40)]
    said = await asyncio.gather(*(refusal(login) for login in logins))
    assert said.count("") == 10


async def at_once(login: MailLogin, outcome: Outcome, number: int) -> int:
    """So many in flight at the same moment, then their reports; how many were let through."""
    said = await asyncio.gather(*(refusal(login) for _ in range(number)))
    reports = [mail_logins.ended(SECRET, login, REFUSED if refused else outcome) for refused in said]
    await asyncio.gather(*reports)
    return said.count("")


async def told() -> list[str]:
    """Who got a mail."""
    return list(await tables.Outbox.select(tables.Outbox.recipient).output(as_list=True))


@pytest.mark.slow
@pytest.mark.parametrize("number", [12, 30])
async def test_right_passwords_at_once_lock_nothing_however_many_and_nobody_is_told_of_a_lock(
    person: Person, number: int
) -> None:
    for _ in range(3):
        assert await at_once(program(person.login), RIGHT, number) == 10
        assert set(await counters()) == {0}
    assert await tried(program(person.login), RIGHT) == 1
    assert await portal_looks(person)
    assert await told() == []


@pytest.mark.slow
async def test_after_right_passwords_at_once_the_count_is_where_the_wrong_ones_left_it(
    person: Person,
) -> None:
    await tried(program(person.login), WRONG, 7)
    for _ in range(3):
        assert await at_once(program(person.login), RIGHT, 20) == 3
    assert await told() == []
    assert await at_once(program(person.login), WRONG, 20) == 3
    assert person.address in await told()
    assert await tried(program(person.login), RIGHT) == 0


@pytest.mark.slow
async def test_a_wrong_password_among_right_ones_in_flight_is_no_lock(person: Person) -> None:
    right = [program(person.login, f"192.0.2.{number}") for number in range(9)]
    for login in right:
        assert await refusal(login) == ""
    assert await tried(program(person.login), WRONG) == 1
    assert await told() == []
    for login in right:
        await mail_logins.ended(SECRET, login, RIGHT)
    assert await tried(program(person.login), WRONG, 12) == 9


async def test_the_portals_guesses_are_told_when_they_refuse_the_members_own_program(person: Person) -> None:
    for _ in range(10):
        assert await portal_looks(person)
    assert await told() == []
    assert await tried(program(person.login), RIGHT) == 0
    assert person.address in await told()


@pytest.mark.slow
async def test_what_an_address_is_refused_for_leaves_nothing_counted_of_the_login(person: Person) -> None:
    for number in range(100):
        await tried(program(f"name-{number}"), AWAY)
    assert await tried(program(person.login), WRONG, 20) == 0
    assert await tried(program(person.login, "192.0.2.2"), WRONG, 12) == 10


async def test_a_right_password_counts_nothing_and_wipes_no_failure_out(person: Person) -> None:
    assert await tried(program(person.login), WRONG, 9) == 9
    assert await tried(program(person.login), RIGHT, 20) == 20
    assert await tried(program(person.login), WRONG, 2) == 1


async def test_a_lock_by_wrong_passwords_is_told_when_the_last_one_was_wrong(person: Person) -> None:
    assert await tried(program(person.login), WRONG, attempts.PER_LOGIN - 1) == attempts.PER_LOGIN - 1
    assert await outbox.newest(10) == []
    await tried(program(person.login), WRONG, 1)
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


@pytest.mark.slow
async def test_what_dovecot_could_not_look_at_is_taken_back_in_every_counter(person: Person) -> None:
    assert await tried(program(person.login), AWAY, 30) == 30
    assert set(await counters()) == {0}
    assert await events() == []


@pytest.mark.slow
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


@pytest.mark.slow
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
    assert "in 2 minutes" in await refusal(program(person.login))


# --- a program that was left with an old password ---------------------------------------------------------------------


@pytest.mark.slow
async def test_a_program_that_tries_an_old_password_on_and_on_counts_once_in_a_window_and_locks_nothing(
    person: Person,
) -> None:
    began, phone = clock.now(), program(person.login, password="the-old-one")
    for minutes in range(0, 60, 2):
        clock.start_at(began + timedelta(minutes=minutes))
        assert await tried(phone, WRONG) == (1 if minutes in {0, 16, 32, 48} else 0)
        assert await portal_failures(person) <= 1
        assert await tried(program(person.login), RIGHT) == 1
    assert await told() == []


async def portal_failures(person: Person) -> int:
    key = attempts.key(SECRET, f"login account {person.login}")
    row = await tables.Attempt.select().where(tables.Attempt.key == key).first()
    return int(row["failures"]) if row else 0


async def test_it_is_refused_as_a_wrong_one_is_and_noted_by_protocol(person: Person) -> None:
    phone = program(person.login, password="the-old-one")
    await tried(phone, WRONG)
    assert await mail_logins.allow(SECRET, phone) == Answer(refused=True)
    assert await mail_logins.allow(SECRET, replace(phone, protocol="smtp")) == Answer(refused=True)
    assert [event[:2] for event in await events()] == [("wrong", "imap"), ("wrong", "smtp")]


async def test_other_passwords_other_networks_and_other_mailboxes_count_each(person: Person) -> None:
    phone, other = program(person.login, password="the-old-one"), await portal.new_person()
    await tried(phone, WRONG)
    assert await tried(replace(phone, address="192.0.2.99"), WRONG) == 0
    assert await tried(replace(phone, typed=person.address), WRONG) == 0
    assert await tried(replace(phone, address="198.51.100.1"), WRONG) == 1
    assert await tried(program(person.login, password="another-one"), WRONG) == 1
    assert await tried(program(other.login, password="the-old-one"), WRONG) == 1
    assert await portal_failures(person) == 3


@pytest.mark.slow
async def test_guesses_that_look_alike_are_not_looked_at_twice_so_guessing_is_no_cheaper(
    person: Person,
) -> None:
    looked_at = [await tried(MailLogin(person.login, "192.0.2.1", "imap", "abc"), WRONG) for _ in range(30)]
    looked_at += [
        await tried(MailLogin(person.login, "192.0.2.1", "imap", f"a{number:02}"), WRONG)
        for number in range(30)
    ]
    assert sum(looked_at) == 10


@pytest.mark.slow
async def test_a_password_that_was_wrong_is_looked_at_again_when_it_may_be_the_right_one_now(
    person: Person,
) -> None:
    phone = program(person.login, password="the-next-one")
    assert await tried(phone, WRONG, 2) == 1
    await portal.change_password(person, "the-next-one")
    assert await tried(phone, RIGHT, 3) == 3
    await portal.app_password(person, "phone")
    assert await tried(phone, WRONG, 2) == 1
    await portal.remove_app_password(person, 1)
    assert await tried(phone, RIGHT) == 1


async def test_nothing_is_remembered_of_what_was_right_or_not_looked_at_or_has_no_hint(
    person: Person,
) -> None:
    phone = program(person.login, password="the-old-one")
    assert await tried(phone, RIGHT, 3) == 3
    assert await tried(phone, AWAY, 3) == 3
    assert await tried(replace(phone, hint=""), WRONG, 3) == 3


@pytest.mark.slow
async def test_while_there_are_too_many_failures_over_all_dovecot_waits_first(person: Person) -> None:
    assert await mail_logins.allow(SECRET, program(person.login)) == Answer()
    everybody = tables.Attempt.key == attempts.key(SECRET, "all")
    await tables.Attempt.update({tables.Attempt.failures: attempts.OVER_ALL}).where(everybody)
    assert await mail_logins.allow(SECRET, program(person.login)) == Answer(wait=3)
    app = program(person.login, password=await portal.app_password(person, "phone"))
    assert await mail_logins.allow(SECRET, app) == Answer()


# --- app passwords ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_what_may_be_an_app_password_is_let_through_and_a_guess_that_looks_like_one_counts(
    person: Person,
) -> None:
    password = await portal.app_password(person, "phone")
    app = (await database.rows("SELECT id FROM app_password"))[0]["id"]
    own, guess = program(person.login, password=password), program(person.login)
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


@pytest.mark.slow
async def test_a_hint_of_another_mailbox_opens_no_way_around_the_lock(person: Person) -> None:
    password = await portal.app_password(await portal.new_person(), "phone")
    assert await tried(program(person.login), WRONG, 10) == 10
    assert await tried(program(person.login, password=password), WRONG) == 0


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


async def test_the_security_log_has_a_line_for_each_limit_and_for_each_noted_failure_and_names_nobody(
    person: Person, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger=security_log.log.name)

    def lines() -> list[str]:
        found = [f"{record.levelname} {record.getMessage()}" for record in caplog.records]
        caplog.clear()
        return found

    whom = f"contract={person.contract} account={person.account}"
    await tried(program(person.login), WRONG, 12)
    limited = "WARNING event=mail-login outcome=limited network=192.0.2.*"
    assert lines() == [
        f"INFO event=mail-login outcome=wrong network=192.0.2.* {whom}",
        *[f"{limited} {whom}"] * 2,
    ]
    await tried(program("nobody", "198.51.100.1"), AWAY, 11)
    assert lines() == ["WARNING event=mail-login outcome=limited network=198.51.100.*"]
    await tried(program(person.login, "198.51.100.9"), RIGHT)
    assert lines() == [f"WARNING event=mail-login outcome=limited network=198.51.100.* {whom}"]


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
