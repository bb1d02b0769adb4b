"""From service periods to charges (spec 14): pure, without clock and database.

Months are counted in Asia/Tokyo. The month of purchase is free; charged are the months after it up to and including
the month of the end; a period that ends in the month that it began is charged for exactly that month.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from app.domain import catalogue
from app.domain.catalogue import SECURITY, Fee, Product
from app.domain.clock import TOKYO
from app.domain.months import Month


def charged_months(
    started_at: datetime, ended_at: datetime | None, upto: Month, since: Month | None = None
) -> list[Month]:
    """The months that one service period is charged for, none before `since` and none after `upto`."""
    first = Month.of(started_at)
    last = Month.of(ended_at) if ended_at else None
    begin = first if last == first else first.next
    return max(begin, since or begin).upto(min(last or upto, upto))


@dataclass(frozen=True)
class Service:
    """One purchase of a contract, as it is charged: `login` is the account ID that it is for, if any."""

    id: int
    login: str | None
    product: Product
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class Charge:
    """What a service period costs in a month: yen with tax, and the rate in percent."""

    service: Service
    item: Product | Fee
    month: Month
    yen: int
    tax_rate: int


def owed(
    services: Sequence[Service], upto: Month, since: Month | None = None
) -> list[tuple[Service, Product | Fee, Month]]:
    """What all purchases of one contract are charged for, from `since` up to `upto`, whatever their order."""
    found: list[tuple[Service, Product | Fee, Month]] = []
    for service in services:
        months = charged_months(service.started_at, service.ended_at, upto, since)
        found += [(service, service.product, month) for month in months]
        fee = catalogue.FEES_OF_BUYING_AGAIN.get(service.product)
        if fee and _bought_before(service, services):
            month = Month.of(service.started_at)
            found += [(service, fee, month)] if (since or month) <= month <= upto else []
    return found


def tariff(item: Product | Fee, month: Month) -> tuple[int, int]:
    """Yen with tax and the tax rate in percent, as valid on the month's 1st. Raises NoPrice."""
    return catalogue.price(item, month.first_day), catalogue.tax_rate(month.first_day)


def charges(services: Sequence[Service], upto: Month, since: Month | None = None) -> list[Charge]:
    """What is owed, with its price. Raises NoPrice when the catalogue lacks one for a month."""
    return [
        Charge(service, item, month, *tariff(item, month))
        for service, item, month in owed(services, upto, since)
    ]


def _bought_before(service: Service, services: Iterable[Service]) -> bool:
    return any(
        (other.started_at, other.id) < (service.started_at, service.id)
        for other in services
        if other.product is service.product
    )


def last_usable_day(product: Product, ended_at: datetime, *, deleted: bool = False) -> date:
    """A cancelled security option can be used to the end of its month, unless its account ID is `deleted`."""
    if product in SECURITY and not deleted:
        return Month.of(ended_at).last_day
    return ended_at.astimezone(TOKYO).date()


# --- for confirm pages ------------------------------------------------------------------------------------------------


def yen(amount: int) -> str:
    """An amount as it is shown: 1,234円."""
    return f"{amount:,}円"


@dataclass(frozen=True)
class Cost:
    """What a change costs, in words, for the confirm page: a label and a text each."""

    label: str
    text: str


def lines(costs: Iterable[Cost]) -> tuple[str, ...]:
    """As a mail says them, a line each."""
    return tuple(f"{cost.label}：{cost.text}" for cost in costs)


def of_purchase(product: Product, now: datetime, *, again: bool = False) -> list[Cost]:
    """What buying the product now costs: this month, next month, the fee if the contract had it before (`again`)."""
    this = Month.of(now)
    bought = Service(1, None, product, now, None)
    before = Service(0, None, product, now, now)
    due = [
        charge
        for charge in charges([*([before] if again else []), bought], this.next)
        if charge.service is bought
    ]
    costs = [
        Cost(f"今月（{this}）の料金", "0円（購入した月は無料）"),
        Cost(f"来月（{this.next}）からの料金", f"{yen(_sum(due, product, this.next))}／月（税込）"),
        Cost("最後に利用できる日", "解約するまで"),
    ]
    fees = [charge for charge in due if isinstance(charge.item, Fee)]
    return [*costs, *(Cost("再申し込み手数料", f"{yen(fee.yen)}（税込、今月に1回）") for fee in fees)]


def of_ending(product: Product, started_at: datetime, now: datetime, *, deleted: bool = False) -> list[Cost]:
    """What ending the product now costs: this month in full, next month nothing. `deleted`: with its account ID."""
    this = Month.of(now)
    due = charges([Service(0, None, product, started_at, now)], this.next)
    last = last_usable_day(product, now, deleted=deleted)
    today = "（本日）" if last == now.astimezone(TOKYO).date() else ""
    return [
        Cost(f"今月（{this}）の料金", f"{yen(_sum(due, product, this))}（税込、日割りなし）"),
        Cost(f"来月（{this.next}）からの料金", yen(_sum(due, product, this.next))),
        Cost("最後に利用できる日", f"{last:%Y/%m/%d}{today}"),
    ]


def _sum(due: Iterable[Charge], item: Product, month: Month) -> int:
    return sum(charge.yen for charge in due if charge.item is item and charge.month == month)


class Bought(Protocol):
    """A purchase: which product, since when."""

    @property
    def product(self) -> Product: ...

    @property
    def started_at(self) -> datetime: ...


def of_endings(periods: Iterable[Bought], now: datetime, *, deleted: bool = False) -> list[Cost]:
    """What ending several purchases at once costs, a cost per product, line by line. `deleted`: with their account ID."""
    return [
        Cost(
            catalogue.NAMES[period.product],
            "\n".join(
                f"{cost.label}：{cost.text}"
                for cost in of_ending(period.product, period.started_at, now, deleted=deleted)
            ),
        )
        for period in periods
    ]
