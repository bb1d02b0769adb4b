"""What a bill says, without clock and database: tax once for each rate, and which bill a line corrects."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.catalogue import Key, Product
from app.domain.clock import TOKYO
from app.domain.money import bills
from app.domain.money.bills import Entry, Purchase, TaxSum
from app.domain.months import Month
from tests.products import AGAIN, Shipped

JANUARY, FEBRUARY, MARCH = Month(2026, 1), Month(2026, 2), Month(2026, 3)


def entry(yen: int, rate: int = 10, month: Month = MARCH, billed: Month = MARCH) -> Entry:
    return Entry("回線", None, month, billed, None, None, yen, rate)


def test_tax_is_rounded_once_for_each_rate_and_cut_off() -> None:
    lines = [entry(275), entry(330), entry(329), entry(275, 8), entry(108, 8), entry(70, 0)]
    assert bills.taxes(lines) == [TaxSum(10, 934, 84), TaxSum(8, 383, 28), TaxSum(0, 70, 0)]
    assert bills.taxes([]) == []


@pytest.mark.parametrize(
    ("yen", "tax"), [(-275, -25), (-276, -25), (276, 25), (10, 0), (-10, 0), (11, 1), (0, 0)]
)
def test_a_fraction_of_a_yen_is_cut_off_towards_zero(yen: int, tax: int) -> None:
    assert TaxSum.of(10, yen).tax == tax


@given(st.lists(st.tuples(st.integers(-10_000, 10_000), st.sampled_from([0, 8, 10])), max_size=12))
def test_what_is_given_back_in_full_takes_its_tax_back_in_full(lines: list[tuple[int, int]]) -> None:
    sums = bills.taxes([entry(yen, rate) for yen, rate in lines])
    back = bills.taxes([entry(-yen, rate) for yen, rate in lines])
    assert [(one.percent, -one.yen, -one.tax) for one in sums] == [(o.percent, o.yen, o.tax) for o in back]
    assert sum(one.yen for one in sums) == sum(yen for yen, _ in lines)
    assert [one.percent for one in sums] == sorted({rate for _, rate in lines}, reverse=True)


def test_corrections_are_told_by_the_bill_that_they_correct_with_its_day() -> None:
    lines = [entry(1), entry(2, month=FEBRUARY), entry(3, month=JANUARY), entry(-4, month=FEBRUARY)]
    january, february = found = bills.corrections(
        lines, {JANUARY: date(2026, 2, 3), FEBRUARY: date(2026, 3, 5)}
    )
    assert [(one.sentence, [line.yen for line in one.entries]) for one in found] == [
        ("2026/02/03発行の2026年1月分を、次のとおり修正します", [3]),
        ("2026/03/05発行の2026年2月分を、次のとおり修正します", [2, -4]),
    ]
    assert (february.title(lines[1]), january.name) == ("回線（2026年2月分の訂正）", "2026年1月分の修正")


def test_what_is_for_a_month_without_a_bill_corrects_none() -> None:
    (late,) = bills.corrections([entry(1), entry(2, month=FEBRUARY)], {JANUARY: date(2026, 2, 3)})
    assert (late.issued_on, [line.yen for line in late.entries]) == (None, [2])
    assert late.sentence == "2026年2月分の請求書は発行していないため、次のとおり、この月の請求に含めます"
    assert (late.name, late.title(late.entries[0])) == ("2026年2月分", "回線（2026年2月分）")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO)


@pytest.mark.parametrize(
    ("item", "end", "deleted", "last"),
    [
        (Shipped.SECURITY_360, None, None, None),
        (Shipped.SECURITY_360, "2026-03-31T23:59:59", None, date(2026, 3, 31)),
        (Shipped.SECURITY_360, "2026-03-05", None, date(2026, 3, 31)),
        (Shipped.SECURITY_360, "2026-03-05", "2026-03-09", date(2026, 3, 9)),
        (Shipped.SECURITY_360, "2026-04-01", None, None),
        (Shipped.MAIL_PACK, "2026-03-05", None, date(2026, 3, 5)),
        (AGAIN, "2026-03-05", None, date(2026, 1, 10)),
    ],
)
def test_the_period_is_what_was_known_when_the_month_was_billed(
    item: Key, end: str | None, deleted: str | None, last: date | None
) -> None:
    product = Shipped.REMOTE_SUPPORT if item == AGAIN else Product(item)
    purchase = Purchase(product, at("2026-01-10"), at(end) if end else None, at(deleted) if deleted else None)
    assert purchase.used(item, MARCH) == (date(2026, 1, 10), last)


def test_a_card_is_named_by_its_last_digits_alone() -> None:
    assert bills.card("VISA", "0000") == "VISA（下4桁 0000）"
    assert bills.card(None, None) is None
