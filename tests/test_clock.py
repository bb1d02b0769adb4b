"""The one clock: it runs on from wherever the demo starts it, and shows days and minutes of Tokyo."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from app.domain import clock, tables
from app.postgres import database

A_MOMENT = timedelta(seconds=20)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))


@given(moments, st.integers(-14, 14))
def test_a_clock_that_was_started_runs_on_from_there_wherever_that_was_written(
    moment: datetime, offset: int
) -> None:
    clock.start_at(moment.astimezone(timezone(timedelta(hours=offset))))
    assert moment <= clock.now() < moment + A_MOMENT
    assert clock.now().utcoffset() == timedelta()


def test_without_a_moment_it_shows_the_real_time_again() -> None:
    clock.start_at(datetime(2031, 5, 6, tzinfo=UTC))
    clock.start_at(None)
    before = datetime.now(UTC)
    assert before <= clock.now() <= datetime.now(UTC)


def test_clocks_outside_go_on_whatever_the_demo_was_told() -> None:
    clock.start_at(datetime(2031, 5, 6, tzinfo=UTC))
    before = datetime.now(UTC)
    assert before <= clock.wall() <= datetime.now(UTC)


@given(moments)
def test_day_and_minute_are_those_of_a_wall_clock_nine_hours_ahead_of_utc(moment: datetime) -> None:
    wall = (moment + timedelta(hours=9)).replace(tzinfo=None)
    assert clock.minute(moment) == wall.strftime("%Y/%m/%d %H:%M")
    assert clock.minute(moment).partition(" ")[0] == clock.day(moment)


def test_a_day_begins_at_midnight_in_tokyo() -> None:
    midnight = datetime(2026, 1, 9, 15, tzinfo=UTC)
    clock.start_at(midnight)
    assert f"{clock.today():%Y/%m/%d}" == clock.day(midnight) == "2026/01/10"
    clock.start_at(midnight - A_MOMENT)
    assert f"{clock.today():%Y/%m/%d}" == clock.day(midnight - A_MOMENT) == "2026/01/09"


# --- the last moment that was stored ----------------------------------------------------------------------------------


async def test_the_newest_stored_moment_is_the_last_of_all_that_were_stored(filled_database: str) -> None:
    newest = await clock.newest_stored()
    registered = await tables.Account.select(tables.Account.registered_at).output(as_list=True)
    assert newest == max(registered)
    for later, statement in enumerate(STORE, 1):
        moment = datetime(2030, 1, later, tzinfo=UTC)
        await database.rows(statement, moment)
        assert await clock.newest_stored() == moment, statement


STORE = [
    "UPDATE account SET registered_at = $1 WHERE id = 1",
    "UPDATE account SET deleted_at = $1 WHERE id = 1",
    "INSERT INTO service_period (contract, product, started_at) VALUES (1, 'mail-web', $1)",
    "UPDATE service_period SET ended_at = $1",
    "INSERT INTO mail_address (contract, account, address, registered_at) VALUES (1, 1, 'a@b.example', $1)",
    "UPDATE mail_address SET released_at = $1",
    "INSERT INTO web_space (contract, account, name, registered_at) VALUES (1, 1, 'a', $1)",
    "UPDATE web_space SET released_at = $1",
    "INSERT INTO mailbox (contract, account, opened_at) VALUES (1, 1, $1)",
    "UPDATE mailbox SET retired_at = $1",
    "INSERT INTO bill_close (month, reached, closed_at) VALUES ('2029-12-01', 0, $1)",
    "INSERT INTO change (id, contract, asker, kind, asked_at, applied_at, receipt_number)"
    " VALUES (gen_random_uuid(), 1, 'x', 'customer', $1, $1, 1)",
]
"""Every way to store a moment."""


async def test_nothing_stored_is_no_moment(empty_database: str) -> None:
    assert await clock.newest_stored() is None
