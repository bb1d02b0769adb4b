"""From service periods to charges (spec 14): pure, without clock and database.

Months are counted in Asia/Tokyo. The month of purchase is free; charged are the months after it up to and including
the month of the end; a period that ends in the month that it began is charged for exactly that month.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, Self

from app.domain import catalogue
from app.domain.catalogue import Product
from app.domain.clock import TOKYO, day


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month in Asia/Tokyo."""

    year: int
    month: int

    @classmethod
    def of(cls, moment: datetime) -> Self:
        local = moment.astimezone(TOKYO)
        return cls(local.year, local.month)

    @property
    def next(self) -> Month:
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def first_day(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def last_day(self) -> date:
        return date(self.year, self.month, monthrange(self.year, self.month)[1])

    def __str__(self) -> str:
        return f"{self.year}年{self.month}月"


def charged_months(started_at: datetime, ended_at: datetime | None, upto: Month) -> list[Month]:
    """The months that one service period is charged for, none after `upto`."""
    first = Month.of(started_at)
    last = min(Month.of(ended_at), upto) if ended_at else upto
    if ended_at and Month.of(ended_at) == first:
        return [first] if first <= upto else []
    months, month = [], first.next
    while month <= last:
        months.append(month)
        month = month.next
    return months


def yen(amount: int) -> str:
    """An amount as it is shown: 1,234円."""
    return f"{amount:,}円"


@dataclass(frozen=True)
class Cost:
    """What a change costs, in words, for the confirm page: a label and a text each."""

    label: str
    text: str


def of_purchase(product: Product, now: datetime) -> list[Cost]:
    """What buying the product now costs: this month, next month."""
    this = Month.of(now)
    monthly = catalogue.price(product, this.next.first_day)
    return [
        Cost(f"今月（{this}）の料金", "0円（購入した月は無料）"),
        Cost(f"来月（{this.next}）からの料金", f"{yen(monthly)}／月（税込）"),
        Cost("最後に利用できる日", "解約するまで"),
    ]


def of_ending(product: Product, started_at: datetime, now: datetime) -> list[Cost]:
    """What ending the product now costs: this month in full, next month nothing."""
    this = Month.of(now)
    due = this in charged_months(started_at, now, this)
    amount = catalogue.price(product, this.first_day) if due else 0
    return [
        Cost(f"今月（{this}）の料金", f"{yen(amount)}（税込、日割りなし）"),
        Cost(f"来月（{this.next}）からの料金", "0円"),
        Cost("最後に利用できる日", f"{day(now)}（本日）"),
    ]


class Bought(Protocol):
    """A purchase: which product, since when."""

    @property
    def product(self) -> Product: ...

    @property
    def started_at(self) -> datetime: ...


def of_endings(periods: Iterable[Bought], now: datetime) -> list[Cost]:
    """What ending several purchases at once costs, each with its name."""
    return [
        Cost(f"{catalogue.NAMES[period.product]}：{cost.label}", cost.text)
        for period in periods
        for cost in of_ending(period.product, period.started_at, now)
    ]
