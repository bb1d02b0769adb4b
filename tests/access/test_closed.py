"""Whether a contract is over, and until when its number reads; what pages make of it: tests/contracts/test_closing.py."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from app.domain import clock
from app.domain.access import closed
from app.domain.months import Month
from tests.conftest import Installed


@pytest.mark.parametrize("day", [date(2026, 1, 31), date(2026, 12, 31), date(2024, 2, 29)])
def test_the_last_moment_of_a_day_is_in_its_month(day: date) -> None:
    assert Month.of(closed.end_of(day)) == Month.of_day(day)
    assert Month.of(closed.end_of(day) + timedelta(microseconds=1)) == Month.of_day(day).next


@pytest.mark.parametrize(
    ("months", "closed_on", "until"),
    [
        (3, date(2025, 11, 30), date(2026, 2, 28)),
        (3, date(2026, 1, 31), date(2026, 4, 30)),
        (1, date(2026, 12, 15), date(2027, 1, 15)),
        (12, date(2026, 12, 31), date(2027, 12, 31)),
    ],
)
def test_reading_lasts_whole_months(months: int, closed_on: date, until: date, installed: Installed) -> None:
    installed(closed_months=months)
    assert closed.readable_until(closed_on) == until


def test_the_day_itself_is_no_end_and_the_next_one_is() -> None:
    clock.start_at(datetime(2026, 1, 31, 23, 59, tzinfo=clock.TOKYO))
    closed.must_log_in(date(2026, 1, 31), account=True)
    assert not closed.is_over(None)
    clock.start_at(datetime(2026, 2, 1, 0, 0, tzinfo=clock.TOKYO))
    with pytest.raises(closed.ContractOver, match="アカウントIDではログインできません"):
        closed.must_log_in(date(2026, 1, 31), account=True)
    closed.must_log_in(date(2026, 1, 31), account=False)
    clock.start_at(datetime(2026, 4, 30, 23, 59, tzinfo=clock.TOKYO))
    closed.must_log_in(date(2026, 1, 31), account=False)
    clock.start_at(datetime(2026, 5, 1, 0, 0, tzinfo=clock.TOKYO))
    with pytest.raises(closed.ContractOver, match="2026/04/30に終わりました"):
        closed.must_log_in(date(2026, 1, 31), account=False)
