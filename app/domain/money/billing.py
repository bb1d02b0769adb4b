"""From service periods to charges (spec 14): pure, without clock and database.

Months are counted in Asia/Tokyo. The month of purchase is free; charged are the months after it up to and including
the month of the end; a period that ends in the month that it began is charged for exactly that month.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol

from app.domain import catalogue
from app.domain.catalogue import Key, Product
from app.domain.clock import TOKYO
from app.domain.months import Month

if TYPE_CHECKING:
    from app.domain.access.graph import Buyer


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
    charged_from: Month | None = None
    """The first month that the portal charges, of what was bought before it."""


@dataclass(frozen=True)
class Charge:
    """What a service period costs in a month: yen with tax, and the rate in percent."""

    service: Service
    item: Key
    month: Month
    yen: int
    tax_rate: int


def owed(
    services: Sequence[Service], upto: Month, since: Month | None = None, had: Collection[Product] = ()
) -> list[tuple[Service, Key, Month]]:
    """What all purchases of one contract are charged for, from `since` up to `upto`, whatever their order.

    `had`: products that it bought before all of these, so that buying one of them is buying it again.
    """
    found: list[tuple[Service, Key, Month]] = []
    for service in services:
        ours = max(filter(None, (since, service.charged_from)), default=None)
        months = charged_months(service.started_at, service.ended_at, upto, ours)
        found += [(service, service.product, month) for month in months]
        month = Month.of(service.started_at)
        fee = catalogue.fee_of_buying_again(service.product, month.first_day)
        if fee and (service.product in had or _bought_before(service, services)):
            found += [(service, fee, month)] if (ours or month) <= month <= upto else []
    return found


def tariff(item: Key, month: Month) -> tuple[int, int]:
    """Yen with tax and the tax rate in percent, as valid on the month's 1st. Raises NoPrice."""
    return catalogue.price(item, month.first_day), catalogue.tax_rate(month.first_day)


def charges(
    services: Sequence[Service], upto: Month, since: Month | None = None, had: Collection[Product] = ()
) -> list[Charge]:
    """What is owed, with its price. Raises NoPrice when the catalogue lacks one for a month."""
    return [
        Charge(service, item, month, *tariff(item, month))
        for service, item, month in owed(services, upto, since, had)
    ]


def _bought_before(service: Service, services: Iterable[Service]) -> bool:
    return any(
        (other.started_at, other.id) < (service.started_at, service.id)
        for other in services
        if other.product == service.product
    )


def last_usable_day(product: Product, ended_at: datetime, *, deleted: bool = False) -> date:
    """A cancelled security option can be used to the end of its month, unless its account ID is `deleted`."""
    if catalogue.is_licence(product) and not deleted:
        return Month.of(ended_at).last_day
    return ended_at.astimezone(TOKYO).date()


# --- for confirm pages ------------------------------------------------------------------------------------------------


def yen(amount: int) -> str:
    """An amount as it is shown: 1,234円."""
    return f"{amount:,}円"


@dataclass(frozen=True)
class Cost:
    """What a change costs, in words, for the confirm page: a label and a text each, which may have several lines."""

    label: str
    text: str


def lines(costs: Iterable[Cost]) -> tuple[str, ...]:
    """As a mail says them: a line each, and below it what more there is of one."""
    found: list[str] = []
    for cost in costs:
        first, *more = cost.text.splitlines()
        found += [f"{cost.label}：{first}", *(f"　{line}" for line in more)]
    return tuple(found)


FEE_OF_THIS_TIME = "今回のお申し込みの手数料として、今月分でご請求します"
"""Beside a month's sum that is the fee of buying again, and nothing else: a new purchase begins with its free month."""
NEWEST = 2**63
"""Key of a purchase that has none yet, or whose key the graph does not tell: it comes after all that has ended."""


@dataclass(frozen=True)
class Earlier:
    """What is over and this month's charges hang on."""

    ended: tuple[Service, ...] = ()
    """The purchases that ended in this month: they are charged in it."""
    had: frozenset[Product] = frozenset()
    """Products that ended in months before, by which another purchase is one again."""

    def of(self, product: Product) -> list[Service]:
        """The purchases of the product that ended in this month."""
        return [service for service in self.ended if service.product == product]


NOTHING = Earlier()


def earlier(*buyers: Buyer) -> Earlier:
    """What the buyers had."""
    ended = enumerate(over for buyer in buyers for over in buyer.ended)
    return Earlier(
        tuple(Service(number, None, o.product, o.started_at, o.ended_at) for number, o in ended),
        frozenset(product for buyer in buyers for product in buyer.before),
    )


@dataclass(frozen=True)
class Preview:
    """What a buyer pays for a product in the month of a change, once that is done: the lines of the month's bill."""

    month: Month
    charges: list[Charge]
    changed: Service
    """The purchase that the change begins or ends."""

    @property
    def total(self) -> int:
        """Yen with tax: what the statement of the month says of this product and buyer."""
        return sum(charge.yen for charge in self.charges)

    @property
    def only_its_own(self) -> bool:
        """Whether nothing is charged beside the month of the purchase that is changed."""
        return all(c.service is self.changed and not catalogue.is_fee(c.item) for c in self.charges)

    @property
    def parts(self) -> str:
        """What the total is made of, in words."""
        return "、".join(f"{self._part(charge)} {yen(charge.yen)}" for charge in self.charges)

    def _part(self, charge: Charge) -> str:
        service = charge.service
        if catalogue.is_fee(charge.item):
            which = (
                "今回" if service is self.changed and service.ended_at is None else _day(service.started_at)
            )
            return f"再申し込み手数料（{which}のお申し込みの分）"
        if service is self.changed or service.ended_at is None:
            return "今回解約する分"
        return f"{_day(service.ended_at)}に解約した分"


def _day(moment: datetime | date) -> str:
    day = moment.astimezone(TOKYO) if isinstance(moment, datetime) else moment
    return f"{day:%Y/%m/%d}"


def buying(product: Product, now: datetime, before: Earlier = NOTHING) -> Preview:
    """This month once the product is bought now; `before`: what the buyer had (`earlier`)."""
    return _preview(Service(NEWEST, None, product, now, None), now, before)


def ending(product: Product, started_at: datetime, now: datetime, before: Earlier = NOTHING) -> Preview:
    """This month once the product is ended now that was bought at `started_at`."""
    return _preview(Service(NEWEST, None, product, started_at, now), now, before)


def _preview(changed: Service, now: datetime, before: Earlier) -> Preview:
    this = Month.of(now)
    services = [*before.of(changed.product), changed]
    return Preview(this, charges(services, this, this, before.had), changed)


def price_of_purchase(product: Product, now: datetime, before: Earlier = NOTHING) -> str:
    """料金 of buying the product now, a line each: this month with the condition, from when how much, and a year's total.

    A free month never stands without what it costs to cancel in it.
    """
    bought = buying(product, now, before)
    this = bought.month
    at_once = _sum(charges([replace(bought.changed, ended_at=now)], this, this))
    until = f"{_day(this.last_day)}までに解約した場合は"
    if bought.charges and all(charge.service is bought.changed for charge in bought.charges):
        month = (
            f"{yen(bought.total)}（税込）　{FEE_OF_THIS_TIME}。{until}、今回の分 {yen(at_once)}が加わります"
        )
    elif bought.charges:
        month = f"{yen(bought.total)}（税込。{bought.parts}）。{until}、今回の分 {yen(at_once)}が加わります"
    else:
        month = f"0円（{until}{yen(at_once)}）"
    year = charges([*before.ended, bought.changed], this.back(-11), this, before.had)
    of_year = _sum(charge for charge in year if charge.service is bought.changed)
    monthly, _ = tariff(product, this.next)
    return "\n".join(
        (
            f"今月 {month}",
            f"{this.next}から {yen(monthly)}／月（税込）",
            f"1年間の合計の目安 {yen(of_year)}（{this}から{this.back(-11)}まで、税込）",
        )
    )


def of_ending(
    product: Product,
    started_at: datetime,
    now: datetime,
    *,
    deleted: bool = False,
    before: Earlier = NOTHING,
) -> list[Cost]:
    """What ending the product now costs: this month in full, next month nothing. `deleted`: with its account ID;
    `before`: what else the buyer had of it (`earlier`), as the month's bill has that, too.
    """
    ended = ending(product, started_at, now, before)
    return _costs_of_ending(ended, last_usable_day(product, now, deleted=deleted))


def _costs_of_ending(ended: Preview, last: date) -> list[Cost]:
    parts = "" if ended.only_its_own else f"。{ended.parts}"
    return [
        Cost(f"今月（{ended.month}）の料金", f"{yen(ended.total)}（税込、日割りなし{parts}）"),
        Cost(f"来月（{ended.month.next}）からの料金", "かかりません"),
        Cost("最後に利用できる日", f"{last:%Y/%m/%d}"),
    ]


def _sum(due: Iterable[Charge]) -> int:
    return sum(charge.yen for charge in due)


class Bought(Protocol):
    """A purchase: which product, since when."""

    @property
    def product(self) -> Product: ...

    @property
    def started_at(self) -> datetime: ...


def of_endings(
    periods: Iterable[Bought], now: datetime, *, deleted: bool = False, before: Earlier = NOTHING
) -> list[Cost]:
    """What ending several purchases at once costs, a cost per product, line by line. `deleted`: with their account ID;
    `before`: what else their buyers had (`earlier`)."""
    return [
        _together(
            period.product,
            of_ending(period.product, period.started_at, now, deleted=deleted, before=before),
        )
        for period in periods
    ]


def of_cancelled(before: Earlier, ending: Iterable[Bought], now: datetime) -> list[Cost]:
    """What was cancelled earlier in this month is charged in it, too, and can be used no longer than its account ID, which
    is deleted now: a cost per product, but for those that are still to end (`ending`)."""
    this, today = Month.of(now), now.astimezone(TOKYO).date()
    still = {period.product for period in ending}
    costs = []
    for product in dict.fromkeys(service.product for service in before.ended):
        if product not in still:
            own = before.of(product)
            due = charges(own, this, this, before.had)
            over = Preview(this, due, Service(NEWEST, None, product, now, now))
            last = max(last_usable_day(product, service.ended_at or now) for service in own)
            costs.append(_together(product, _costs_of_ending(over, min(last, today))))
    return costs


def _together(product: Product, costs: list[Cost]) -> Cost:
    return Cost(catalogue.name(product), "\n".join(f"{cost.label}：{cost.text}" for cost in costs))
