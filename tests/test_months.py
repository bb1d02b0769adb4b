"""Months begin, end and follow each other in Asia/Tokyo."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import clock
from app.domain.months import Month

months = st.builds(Month, st.integers(1000, 9998), st.integers(1, 12))


@given(months)
def test_a_month_is_read_as_it_is_written(month: Month) -> None:
    assert Month.parse(month.iso) == month


@pytest.mark.parametrize(
    "text", ["", "2026-00", "2026-13", "2026-1", "0026-01", "2026-01 ", "2026/01", "２０２６-01"]
)
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no month"):
        Month.parse(text)


@given(months)
def test_a_month_begins_when_the_one_before_ends(month: Month) -> None:
    assert month.previous.next == month == month.next.previous
    assert (month.first_day - month.previous.last_day).days == 1
    assert month.began.date() == month.first_day
    assert Month.of(month.began) == month


def test_a_month_begins_at_midnight_in_tokyo(clock_in_2026: None) -> None:
    assert Month(2026, 1).began == datetime(2025, 12, 31, 15, tzinfo=UTC)
    assert Month.this() == Month(2026, 1)


@pytest.fixture
def clock_in_2026() -> None:
    clock.start_at(datetime(2025, 12, 31, 15, tzinfo=UTC))


def test_months_up_to_another_one_include_both() -> None:
    assert Month(2025, 12).upto(Month(2026, 2)) == [Month(2025, 12), Month(2026, 1), Month(2026, 2)]
    assert Month(2026, 2).upto(Month(2026, 2)) == [Month(2026, 2)]
    assert Month(2026, 3).upto(Month(2026, 2)) == []


def test_a_month_has_a_way_to_be_written_for_each_reader() -> None:
    month = Month.of_day(date(2026, 2, 28))
    assert (month.iso, str(month), month.on_card) == ("2026-02", "2026年2月", "02月 / 2026年")
    assert month.last_day == date(2026, 2, 28)
