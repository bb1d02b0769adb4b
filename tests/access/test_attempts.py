"""Guessing is limited: per login, per address, per known browser, slowed over all, and the wait that is told is true."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.domain import clock, tables
from app.domain.access import attempts
from app.domain.access.attempts import Counted, TooMany
from app.postgres import database

pytestmark = pytest.mark.usefixtures("empty_database")

SECRET = b"the oldest secret key of the tests"
LOGIN = "account arteri-an-001"
START = datetime(2026, 1, 10, 0, 0, tzinfo=UTC)
A_MOMENT = timedelta(seconds=20)
"""Longer than any statement here takes: the clock runs on while they do."""


async def attempt(
    login: str = LOGIN, address: str = "192.0.2.1", browser: str | None = None
) -> Counted | None:
    """An attempt from there; None if it was refused."""
    try:
        return await attempts.count(SECRET, login, address, browser)
    except TooMany as refused:
        wait = refused.wait
    assert timedelta() < wait < timedelta(minutes=15) + A_MOMENT
    return None


async def let_through(
    number: int, login: str = LOGIN, address: str = "192.0.2.1", browser: str | None = None
) -> int:
    """How many of so many attempts, one after the other, were let through."""
    return sum([await attempt(login, address, browser) is not None for _ in range(number)])


async def wait_for(login: str = LOGIN, address: str = "192.0.2.1") -> timedelta:
    with pytest.raises(TooMany) as refused:
        await attempts.count(SECRET, login, address, None)
    return refused.value.wait


async def counters() -> list[int]:
    return sorted(await tables.Attempt.select(tables.Attempt.failures).output(as_list=True))


async def set_counters(failures: int) -> None:
    """As if so many had failed, in every counter there is."""
    await tables.Attempt.update({tables.Attempt.failures: failures}, force=True)


# --- limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_login_has_ten_attempts_and_the_eleventh_is_refused_from_wherever() -> None:
    assert await let_through(10) == 10
    assert await let_through(3) == 0
    assert await let_through(3, address="198.51.100.7") == 0
    assert await attempt("account arteri-an-002")


@pytest.mark.slow
async def test_an_address_has_a_hundred_attempts_over_all_logins() -> None:
    assert sum([await let_through(1, f"account a-{number:03}") for number in range(100)]) == 100
    assert await attempt("account a-100") is None
    assert await attempt("account a-101", "192.0.2.2")


async def test_guessed_passwords_hold_up_no_passkey_and_no_recovery_code_of_their_address() -> None:
    assert await attempt("account a-001")
    await set_counters(100)
    assert await attempt("account a-100") is None
    for _ in range(attempts.PER_ADDRESS):
        await attempts.count_address(SECRET, "192.0.2.1")
    with pytest.raises(attempts.TooMany) as refused:
        await attempts.count_address(SECRET, "192.0.2.1")
    assert not refused.value.locked
    await attempts.count_address(SECRET, "192.0.2.2")


async def is_slow(login: str, address: str = "192.0.2.9", browser: str | None = None) -> bool:
    counted = await attempt(login, address, browser)
    assert counted
    return counted.slow


async def test_above_five_thousand_over_all_every_login_is_slow_and_none_is_refused(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert attempts.OVER_ALL == 5_000
    await attempt()
    await set_counters(4_999)
    assert not await is_slow("account a-001")
    assert caplog.messages == []
    assert [await is_slow(f"account a-00{number}") for number in (2, 3)] == [True, True]
    assert caplog.messages == ["more than 5000 failed logins in 15 minutes: logins are slowed down"]
    assert not await is_slow("account a-004", browser="at-home")


async def test_attempts_that_are_refused_do_not_use_up_what_everybody_has() -> None:
    await attempt()
    everybody = attempts._key(SECRET, "all")
    await let_through(30)
    row = await tables.Attempt.select().where(tables.Attempt.key == everybody).first()
    assert row
    assert row["failures"] == 10


async def failures_of(counter: str) -> int:
    row = await tables.Attempt.select().where(tables.Attempt.key == attempts._key(SECRET, counter)).first()
    return int(row["failures"]) if row else 0


async def test_an_address_that_is_refused_locks_no_login_and_uses_up_nothing_of_everybodys() -> None:
    await let_through(1, "account a-000")
    await set_counters(100)
    for number in range(3):
        assert await let_through(20, f"account a-{number:03}") == 0
    assert [await failures_of(f"login account a-{number:03}") for number in (1, 2)] == [0, 0]
    assert await failures_of("all") == 100
    assert await let_through(11, "account a-001", "192.0.2.2") == 10


@pytest.mark.slow
async def test_a_burst_from_one_address_reaches_no_more_logins_than_its_limit() -> None:
    burst = [attempt(f"account a-{number % 30:03}") for number in range(150)]
    passed = [counted for counted in await asyncio.gather(*burst) if counted]
    logins = [await failures_of(f"login account a-{number:03}") for number in range(30)]
    assert (len(passed), sum(logins), await failures_of("all")) == (100, 100, 100)
    assert await failures_of("address 192.0.2.1") == 150


async def test_a_customer_number_and_an_account_id_of_the_same_text_are_two_logins() -> None:
    assert await let_through(11, "customer 90000000000000") == 10
    assert await attempt("account 90000000000000")


@pytest.mark.slow
async def test_fifty_attempts_at_once_are_counted_exactly() -> None:
    at_once = [attempt(address=f"192.0.2.{number}") for number in range(50)]
    passed = [counted for counted in await asyncio.gather(*at_once) if counted]
    assert len(passed) == 10
    assert (await counters())[-1] == 50


async def test_fifty_attempts_of_one_known_browser_at_once_are_counted_exactly() -> None:
    passed = await asyncio.gather(*(attempt(browser="at-home") for _ in range(50)))
    assert sum(counted is not None for counted in passed) == 10
    assert await counters() == [10, 50]


# --- the wait ---------------------------------------------------------------------------------------------------------


async def test_the_wait_counts_from_the_first_attempt_and_is_true() -> None:
    clock.start_at(START)
    await let_through(1)
    clock.start_at(START + timedelta(minutes=10))
    await let_through(9)
    asked = clock.now()
    wait = await wait_for()
    assert timedelta(minutes=5) - A_MOMENT < wait <= timedelta(minutes=5)
    clock.start_at(asked + wait - A_MOMENT)
    assert timedelta() < await wait_for() < 2 * A_MOMENT
    clock.start_at(asked + wait + A_MOMENT)
    assert await let_through(11) == 10


async def test_attempts_that_are_refused_do_not_lengthen_the_wait() -> None:
    clock.start_at(START)
    await let_through(10)
    clock.start_at(START + timedelta(minutes=14))
    assert await let_through(20) == 0
    clock.start_at(START + timedelta(minutes=15) + A_MOMENT)
    assert await let_through(11) == 10


async def test_the_longest_of_two_waits_is_told() -> None:
    clock.start_at(START)
    await let_through(10, "account a-001", "192.0.2.9")
    clock.start_at(START + timedelta(minutes=7))
    await let_through(10, "account a-001", "192.0.2.8")
    await attempt("account a-002", "192.0.2.7")
    await set_counters(200)
    wait = await wait_for("account a-002", "192.0.2.9")
    assert timedelta(minutes=15) - A_MOMENT < wait <= timedelta(minutes=15)


# --- success ----------------------------------------------------------------------------------------------------------


async def test_a_right_password_sets_the_logins_count_back_and_was_no_failure_of_its_address() -> None:
    assert await let_through(9, address="192.0.2.1") == 9
    counted = await attempt(address="192.0.2.2")
    assert counted
    await attempts.succeeded(counted)
    assert await counters() == [0, 0, 9, 9]
    assert await let_through(11, address="192.0.2.2") == 10


async def test_somebody_who_logs_in_often_is_never_refused() -> None:
    for _ in range(120):
        counted = await attempt()
        assert counted
        await attempts.succeeded(counted)
    assert await counters() == [0, 0, 0]


async def test_a_count_never_falls_below_nothing() -> None:
    counted = await attempt()
    assert counted
    await attempts.succeeded(counted)
    await attempts.succeeded(counted)
    assert await counters() == [0, 0, 0]


@pytest.mark.slow
async def test_forty_right_passwords_at_once_leave_nothing_counted() -> None:
    async def right(number: int) -> None:
        counted = await attempt(f"account a-{number:03}")
        assert counted
        await attempts.succeeded(counted)

    await asyncio.gather(*map(right, range(40)))
    assert set(await counters()) == {0}


@pytest.mark.slow
async def test_right_and_wrong_passwords_of_one_login_at_once_wait_for_nobody_who_waits_for_them() -> None:
    async def one(number: int) -> None:
        counted = await attempt(address=f"192.0.2.{number % 3}")
        if counted:
            await attempts.succeeded(counted)

    await asyncio.gather(*map(one, range(60)))
    assert await failures_of(f"login {LOGIN}") <= 60


# --- a known browser --------------------------------------------------------------------------------------------------


async def test_a_known_browser_is_not_locked_out_by_others_guessing() -> None:
    assert await let_through(20, address="198.51.100.7") == 10
    await set_counters(1_000_000)
    assert await attempt(browser="at-home")
    assert await attempt() is None


async def test_a_known_browser_has_ten_attempts_itself_and_takes_none_from_others() -> None:
    assert await let_through(12, browser="at-home") == 10
    assert await attempt(browser="at-work")
    assert await attempt("account arteri-an-002", browser="at-home")
    assert await let_through(11) == 10


async def test_the_known_browsers_of_a_login_have_thirty_attempts_together() -> None:
    passed = [await let_through(10, browser=f"copy-{number}") for number in range(5)]
    assert passed == [10, 10, 10, 0, 0]
    assert await attempt("account arteri-an-002", browser="copy-9")
    assert await let_through(11) == 10


# --- who is logged in and types the password again --------------------------------------------------------------------


async def step(member: str = "1 None", login: str = LOGIN) -> Counted | None:
    """An attempt of somebody who is logged in; None if it was refused."""
    try:
        return await attempts.count_step(SECRET, login, member)
    except TooMany:
        return None


async def test_whoever_is_logged_in_has_ten_attempts_at_the_step_whatever_strangers_do() -> None:
    assert await let_through(20, address="198.51.100.7") == 10
    assert sum([await step() is not None for _ in range(12)]) == 10
    assert await step(member="1 2")
    assert await step(login="customer 90000000000000")


async def test_the_right_password_at_the_step_sets_its_count_back() -> None:
    for _ in range(9):
        counted = await step()
    assert counted
    await attempts.succeeded(counted)
    assert sum([await step() is not None for _ in range(12)]) == 10


async def test_only_a_login_that_is_locked_for_strangers_says_so() -> None:
    async def is_locked(login: str, address: str, browser: str | None = None) -> bool:
        with pytest.raises(TooMany) as refusal:
            await attempts.count(SECRET, login, address, browser)
        return refusal.value.locked

    await let_through(10)
    await let_through(10, browser="at-home")
    assert await is_locked(LOGIN, "192.0.2.1")
    assert not await is_locked(LOGIN, "192.0.2.1", "at-home")
    for number in range(100):
        await attempt(f"account a-{number:03}", "192.0.2.7")
    assert not await is_locked("account nobody-else", "192.0.2.7")


async def test_a_known_browsers_right_password_sets_its_own_count_back() -> None:
    await let_through(9, browser="at-home")
    counted = await attempt(browser="at-home")
    assert counted
    await attempts.succeeded(counted)
    assert await let_through(11, browser="at-home") == 10


# --- addresses --------------------------------------------------------------------------------------------------------


async def test_an_ipv6_household_is_one_address_and_its_neighbour_another() -> None:
    await attempt("account a-001", "2001:db8::1")
    await set_counters(100)
    assert await attempt("account a-002", "2001:db8::ffff:ffff:ffff:ffff") is None
    assert await attempt("account a-003", "2001:db8:0:1::1")


async def test_an_ipv4_address_written_in_ipv6_is_that_address_alone() -> None:
    await attempt("account a-001", "::ffff:192.0.2.1")
    await set_counters(100)
    assert await attempt("account a-002", "192.0.2.1") is None
    assert await attempt("account a-003", "::ffff:192.0.2.2")


async def test_what_is_no_address_is_counted_as_it_stands() -> None:
    for address in ("unknown", "", "fe80::1%eth0", "unix:"):
        assert await attempt(f"account {address}", address)


async def test_the_table_names_no_login_and_no_address() -> None:
    await attempt()
    for row in await tables.Attempt.select():
        assert len(row["key"]) == 32
        assert b"arteri" not in row["key"]
    other_key = attempts._key(b"another secret key", f"login {LOGIN}")
    assert not await tables.Attempt.exists().where(tables.Attempt.key == other_key)


async def test_counters_that_count_no_more_are_forgotten() -> None:
    clock.start_at(START)
    await attempt("account a-001", "192.0.2.1")
    clock.start_at(START + timedelta(minutes=10))
    await attempt("account a-002", "192.0.2.2")
    await attempts.forget(START + timedelta(minutes=15) - A_MOMENT)
    assert len(await counters()) == 5
    await attempts.forget(START + timedelta(minutes=15) + A_MOMENT)
    assert len(await counters()) == 2


async def test_a_counter_that_is_being_counted_on_is_not_waited_for() -> None:
    clock.start_at(START)
    await attempt()
    held, over = asyncio.Event(), asyncio.Event()

    async def counting() -> None:
        async with database.engine().transaction():
            await database.rows("SELECT key FROM attempt ORDER BY key LIMIT 1 FOR UPDATE")
            held.set()
            await over.wait()

    other = asyncio.create_task(counting())
    async with asyncio.timeout(1):
        await held.wait()
        await attempts.forget(START + timedelta(days=1))
    assert len(await counters()) == 1
    over.set()
    await other
