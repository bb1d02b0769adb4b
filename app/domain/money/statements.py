"""月額請求明細照会: the bills of the last 24 months. A closed month comes from the ledger, another is a forecast."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

import msgspec

from app.domain import catalogue, clock, tables
from app.domain.access.matrix import Missing
from app.domain.access.members import Member
from app.domain.catalogue import Fee, Product
from app.domain.json_objects import json_list, json_object
from app.domain.money import billing, ledger
from app.domain.money.billing import Service
from app.domain.money.ledger import LOOK_BACK, LedgerLine
from app.domain.months import Month
from app.postgres import database

MONTHS = 24
"""That can be looked at, the current one included."""


@dataclass(frozen=True)
class StatementEntry:
    """A line of a bill with the purchase that it is for."""

    line: LedgerLine
    started_on: date
    ended_on: date | None
    """The last day that it could be used; None: went on beyond the month of the bill."""

    @property
    def once(self) -> bool:
        """A fee has a day, and no period."""
        return isinstance(self.line.item, Fee)

    @property
    def name(self) -> str:
        name = catalogue.name(self.line.item)
        return f"{name}（{self.line.month}分の訂正）" if self.line.month != self.line.billed else name


@dataclass(frozen=True)
class TaxSum:
    """All that is taxed at one rate: yen with tax, and the tax in it, rounded once."""

    percent: int
    yen: int

    @property
    def tax(self) -> int:
        """Fractions of a yen are cut off (towards zero)."""
        tax = abs(self.yen) * self.percent // (100 + self.percent)
        return tax if self.yen >= 0 else -tax


@dataclass(frozen=True)
class Statement:
    """The bill of a month."""

    month: Month
    state: str
    """確定 (closed), 見込み (not yet), or 請求なし (from before anything could be billed)."""
    closed_on: date | None
    recipient: str
    entries: list[StatementEntry]

    @property
    def forecast(self) -> bool:
        return self.state == "見込み"

    @property
    def taxes(self) -> list[TaxSum]:
        """By rate, the highest first."""

        def rate(line: LedgerLine) -> int:
            return line.tax_rate

        lines = sorted((entry.line for entry in self.entries), key=rate, reverse=True)
        return [
            TaxSum(percent, sum(line.yen for line in group)) for percent, group in groupby(lines, key=rate)
        ]

    @property
    def total(self) -> int:
        return sum(entry.line.yen for entry in self.entries)

    @property
    def tax(self) -> int:
        return sum(tax.tax for tax in self.taxes)

    @property
    def subtotal(self) -> int:
        """Without tax."""
        return self.total - self.tax


async def listing(member: Member) -> list[Statement]:
    """The bills of the last 24 months, the newest first; none from before the contract."""
    now = clock.now()
    oldest = Month.of(now).back(MONTHS - 1)
    looked_at = ledger.days(oldest.back(LOOK_BACK), Month.of(now))
    found = await database.rows(_FIND, member.contract.id, looked_at, oldest.first_day)
    return _statements(_found.decode(found[0]["found"]), now)


async def find(member: Member, month: Month) -> Statement:
    """The bill of a month. Raises Missing for one of the future, from before the contract or more than 24 months ago."""
    for statement in await listing(member):
        if statement.month == month:
            return statement
    raise Missing(month.iso)


class _Purchase(msgspec.Struct):
    id: int
    login: str | None
    product: Product
    started_at: datetime
    ended_at: datetime | None
    deleted_at: datetime | None
    """When its account ID was deleted."""


class _Written(msgspec.Struct):
    period: int
    login: str | None
    product: str
    month: date
    billed: date
    yen: int
    tax_rate: int


class _Closed(msgspec.Struct):
    month: date
    closed_at: datetime


class _Found(msgspec.Struct):
    recipient: str
    opened_on: date
    begins: date | None
    closed: list[_Closed]
    purchases: list[_Purchase]
    written: list[_Written]


_found = msgspec.json.Decoder(_Found)

_PURCHASE = json_object(_Purchase, tables.ServicePeriod, "p", login="a.login", deleted_at="a.deleted_at")
_FOUND = json_object(
    _Found,
    tables.Contract,
    "c",
    recipient="c.family || ' ' || c.given",
    begins="(SELECT min(month) FROM bill_close WHERE closed_at IS NOT NULL)",
    closed=json_list(
        json_object(_Closed, tables.BillClose, "b"),
        "FROM bill_close b WHERE b.closed_at IS NOT NULL AND b.month >= $3",
        "b.month",
    ),
    purchases=json_list(
        _PURCHASE,
        "FROM service_period p LEFT JOIN account a ON a.id = p.account WHERE p.contract = c.id",
        "p.id",
    ),
    written=json_list(
        json_object(_Written, tables.Charge, "h"),
        "FROM charge h WHERE h.contract = c.id AND h.month = ANY($2)",
        "h.id",
    ),
)
# All that the bills of a contract are made of, in one round trip.
_FIND = f"SELECT {_FOUND} AS found FROM contract c WHERE c.id = $1"  # noqa: S608 - constants


def _statements(found: _Found, now: datetime) -> list[Statement]:
    this = Month.of(now)
    oldest = max(Month.of_day(found.opened_on), this.back(MONTHS - 1))
    begins = _begins(found, this)
    closed = {Month.of_day(one.month): one.closed_at.astimezone(clock.TOKYO).date() for one in found.closed}
    purchases = {purchase.id: purchase for purchase in found.purchases}
    services = [Service(p.id, p.login, p.product, p.started_at, p.ended_at) for p in found.purchases]
    written = [_line(line) for line in found.written]
    made = []
    for month in oldest.upto(this):
        if month not in closed and month >= begins:
            bought = [service for service in services if service.started_at < month.next.began]
            written += ledger.bill(bought, written, month, max(begins, month.back(LOOK_BACK)))
        entries = [_entry(line, purchases[line.period]) for line in written if line.billed == month]
        state = "確定" if month in closed else "見込み" if month >= begins else "請求なし"
        made.append(Statement(month, state, closed.get(month), found.recipient, entries))
    return made[::-1]


def _begins(found: _Found, this: Month) -> Month:
    """The ledger's first month; while nothing is closed, that of the contract's first purchase."""
    if found.begins:
        return Month.of_day(found.begins)
    return min((Month.of(purchase.started_at) for purchase in found.purchases), default=this)


def _line(row: _Written) -> LedgerLine:
    return LedgerLine(
        row.period,
        row.login,
        ledger.item(row.product),
        Month.of_day(row.month),
        Month.of_day(row.billed),
        row.yen,
        row.tax_rate,
    )


def _entry(line: LedgerLine, purchase: _Purchase) -> StatementEntry:
    """What ended after the month of the bill had not ended for it: a closed bill says the same for ever."""
    started_on = purchase.started_at.astimezone(clock.TOKYO).date()
    ended_at = purchase.ended_at
    if isinstance(line.item, Fee):
        return StatementEntry(line, started_on, started_on)
    if ended_at is None or ended_at >= line.billed.next.began:
        return StatementEntry(line, started_on, None)
    usable = billing.last_usable_day(purchase.product, ended_at)
    if purchase.deleted_at:  # a cancelled option is over with its account ID
        usable = min(usable, purchase.deleted_at.astimezone(clock.TOKYO).date())
    return StatementEntry(line, started_on, usable)
