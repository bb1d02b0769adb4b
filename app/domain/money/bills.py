"""What a bill says: its lines, the tax by rate, whom it is for and from whom. Pure, without clock and database.

`issuing.py` writes it down when a month is closed, `statements.py` shows it, and makes the same of a month that is open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from app.domain import catalogue, clock
from app.domain.catalogue import Key, Product
from app.domain.money import billing
from app.domain.months import Month


@dataclass(frozen=True)
class Entry:
    """A line of a bill, in the words and days that it shows; yen with tax, below 0 where something is given back."""

    name: str
    login: str | None
    month: Month
    """That it is for."""
    billed: Month
    """In whose bill it stands: `month`, or a later one in a correction."""
    started_on: date | None
    """None: it has no ご利用期間."""
    ended_on: date | None
    """The last day that it could be used; None: went on beyond the month of the bill."""
    yen: int
    tax_rate: int

    @property
    def late(self) -> bool:
        """It is for an earlier month than the bill's own."""
        return self.month != self.billed

    @property
    def once(self) -> bool:
        """It has a day, as a fee has, and no longer period."""
        return self.started_on == self.ended_on


@dataclass(frozen=True)
class TaxSum:
    """All that is taxed at one rate: yen with tax, and the tax in it, rounded once."""

    percent: int
    yen: int
    tax: int

    @classmethod
    def of(cls, percent: int, yen: int) -> TaxSum:
        """Fractions of a yen are cut off (towards zero)."""
        tax = abs(yen) * percent // (100 + percent)
        return cls(percent, yen, tax if yen >= 0 else -tax)


def taxes(entries: Iterable[Entry]) -> list[TaxSum]:
    """By rate, the highest first; a rate whose lines come to 0 yen stands there, too."""

    def rate(entry: Entry) -> int:
        return entry.tax_rate

    ordered = sorted(entries, key=rate, reverse=True)
    return [
        TaxSum.of(percent, sum(entry.yen for entry in group)) for percent, group in groupby(ordered, rate)
    ]


@dataclass(frozen=True)
class Correction:
    """The lines of a bill that are for one earlier month: they correct its bill, if the contract has one."""

    month: Month
    issued_on: date | None
    """The day of the bill that they correct; None: there is none, and nothing is corrected."""
    entries: list[Entry]

    @property
    def sentence(self) -> str:
        if self.issued_on is None:
            return f"{self.month}分の請求書は発行していないため、次のとおり、この月の請求に含めます"
        return f"{self.issued_on:%Y/%m/%d}発行の{self.month}分を、次のとおり修正します"

    @property
    def name(self) -> str:
        """Of its lines together."""
        return f"{self.month}分の修正" if self.issued_on else f"{self.month}分"

    def title(self, entry: Entry) -> str:
        """What one of its lines is called."""
        return f"{entry.name}（{self.month}分{'の訂正' if self.issued_on else ''}）"


def corrections(entries: Sequence[Entry], issued_on: Mapping[Month, date]) -> list[Correction]:
    """The lines for earlier months, by month, the oldest first; `issued_on`: the days of the contract's own bills."""
    months = sorted({entry.month for entry in entries if entry.late})
    return [
        Correction(month, issued_on.get(month), [e for e in entries if e.late and e.month == month])
        for month in months
    ]


@dataclass(frozen=True)
class Purchase:
    """What a line's words and days come from."""

    product: Product
    started_at: datetime
    ended_at: datetime | None
    deleted_at: datetime | None
    """When its account ID was deleted."""

    def used(self, item: Key, billed: Month) -> tuple[date, date | None]:
        """ご利用期間 as it was known when the month was billed: what ended later had not ended for it."""
        started_on = self.started_at.astimezone(clock.TOKYO).date()
        if catalogue.is_fee(item):
            return started_on, started_on
        if self.ended_at is None or self.ended_at >= billed.next.began:
            return started_on, None
        usable = billing.last_usable_day(self.product, self.ended_at)
        if self.deleted_at:  # a cancelled option is over with its account ID
            usable = min(usable, self.deleted_at.astimezone(clock.TOKYO).date())
        return started_on, usable


@dataclass(frozen=True)
class Recipient:
    """Whom a bill is for, and the card that it is debited from, if there is one."""

    customer_number: str
    name: str
    honorific: str
    """様, of a company 御中."""
    card: str | None
    """VISA（下4桁 0000）."""


def card(brand: str | None, last4: str | None) -> str | None:
    """A card as a bill names it; None: there is none."""
    return f"{brand}（下4桁 {last4}）" if brand else None
