"""From service periods to charged months: the table of spec 14, and what must hold for every period."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import billing, catalogue
from app.domain.billing import Month, charged_months
from app.domain.catalogue import PRICES, Product
from app.domain.clock import TOKYO

UPTO = Month(2026, 6)
OPEN = [Month(2026, month) for month in (2, 3, 4, 5, 6)]


def tokyo(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO)


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        ("2026-01-10", None, [2, 3, 4, 5, 6]),
        ("2026-01-10", "2026-01-20", [1]),
        ("2026-01-10", "2026-02-20", [2]),
        ("2026-01-10", "2026-03-31T23:59:59", [2, 3]),
        ("2026-01-10", "2026-04-01T00:00:00", [2, 3, 4]),
        ("2026-01-10", "2026-01-12", [1]),
        ("2026-01-20", None, [2, 3, 4, 5, 6]),
        ("2026-01-20", "2026-01-25", [1]),
        ("2026-01-10", "2026-03-05", [2, 3]),
        ("2026-03-06", "2026-03-30", [3]),
        ("2026-01-31T23:59:59", "2026-02-01T00:00:00", [2]),
        ("2026-01-01T00:00:00", "2026-01-01T00:00:00", [1]),
    ],
)
def test_the_table_of_the_specification(start: str, end: str | None, months: list[int]) -> None:
    charged = charged_months(tokyo(start), tokyo(end) if end else None, UPTO)
    assert charged == [Month(2026, month) for month in months]


def test_months_are_counted_in_tokyo() -> None:
    before_midnight = datetime(2026, 1, 31, 14, 59, 59, tzinfo=UTC)
    assert Month.of(before_midnight) == Month(2026, 1)
    assert Month.of(before_midnight + timedelta(seconds=1)) == Month(2026, 2)


moments = st.datetimes(datetime(2020, 1, 1), datetime(2029, 12, 31), timezones=st.just(UTC))
LATE = Month(2031, 1)


@given(moments, moments)
def test_a_closed_period_costs_at_least_one_month_and_no_month_twice(one: datetime, other: datetime) -> None:
    start, end = sorted((one, other))
    months = charged_months(start, end, LATE)
    assert months
    assert len(months) == len(set(months))
    assert months == sorted(months)
    assert months[-1] == Month.of(end)


@given(moments, moments, moments)
def test_splitting_a_period_never_costs_less(one: datetime, two: datetime, three: datetime) -> None:
    start, middle, end = sorted((one, two, three))
    whole = charged_months(start, end, LATE)
    parts = charged_months(start, middle, LATE) + charged_months(middle, end, LATE)
    assert len(parts) >= len(whole)


@given(moments, moments)
def test_a_period_that_goes_on_is_charged_as_far_as_asked(start: datetime, now: datetime) -> None:
    upto = Month.of(now)
    months = charged_months(start, None, upto)
    assert Month.of(start) not in months
    assert all(Month.of(start) < month <= upto for month in months)
    assert charged_months(start, None, upto.next)[: len(months)] == months


@given(st.integers(2000, 2100), st.integers(1, 12))
def test_the_next_month_follows(year: int, month: int) -> None:
    here = Month(year, month)
    assert here.last_day + timedelta(days=1) == here.next.first_day


def test_every_product_has_a_price_from_the_first_day_on() -> None:
    for product in Product:
        assert catalogue.price(product, date(2014, 12, 1)) > 0
    with pytest.raises(LookupError, match="mail-pack"):
        catalogue.price(Product.MAIL_PACK, date(2000, 1, 1))


def test_the_price_of_the_day_is_the_newest_that_is_valid() -> None:
    first = PRICES[0]
    assert catalogue.price(first.product, first.valid_from) == first.yen


def test_what_ending_costs_is_what_will_be_charged() -> None:
    bought = tokyo("2026-01-10")
    for now, due in (("2026-01-20", True), ("2026-02-20", True)):
        costs = billing.of_ending(Product.MAIL_WEB, bought, tokyo(now))
        assert costs[0].text.startswith("275円") is due
        assert costs[1].text == "0円"
        assert "本日" in costs[2].text
