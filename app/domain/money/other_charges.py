"""The operator's other charges (`mypage import charges`): which lines they make on a bill. Pure, without database.

A ref has versions, of which the last one counts. What a closed month says of it stays; the bill that is made next holds
the difference: the amount alone where nothing else changed, else the old words taken back and the new ones charged.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from app.domain.access.graph import OtherCharge
from app.domain.money.bills import Entry
from app.domain.months import Month

ITEM = "other"
"""What the ledger calls them in the place of a product."""


Words = tuple[str, Month, str, int, date | None, date | None]


class Version(NamedTuple):
    """A ref's contents as they were loaded; `written`: the yen that the ledger holds of it."""

    id: int
    ref: str
    month: Month
    label: str
    yen: int
    tax_rate: int
    started_on: date | None
    ended_on: date | None
    written: int = 0

    @classmethod
    def of(cls, row: OtherCharge) -> Version:
        """As PostgreSQL tells of it."""
        return cls(
            row.id,
            row.ref,
            Month.of_day(row.month),
            *(row.label, row.yen, row.tax_rate, row.started_on, row.ended_on, row.written),
        )

    @property
    def words(self) -> Words:
        """All that a bill says of it but the amount."""
        return self.ref, self.month, self.label, self.tax_rate, self.started_on, self.ended_on


class OtherLine(NamedTuple):
    """A line of the bill of the month `billed`; yen with tax."""

    version: Version
    billed: Month
    yen: int

    @property
    def entry(self) -> Entry:
        version = self.version
        return Entry(
            version.label,
            None,
            version.month,
            self.billed,
            version.started_on,
            version.ended_on,
            self.yen,
            version.tax_rate,
        )


def bill(versions: Sequence[Version], month: Month) -> list[OtherLine]:
    """The lines of one contract's bill of the month, from the versions of its refs, the oldest first.

    What is for a later month waits; what was billed and is no longer so is taken back.
    """
    last = {version.ref: version for version in versions}
    owed = {version.words: version.yen for version in last.values() if version.month <= month}
    balance: dict[Words, int] = {}
    named: dict[Words, Version] = {}
    for version in versions:
        balance[version.words] = balance.get(version.words, 0) + version.written
        named[version.words] = version
    due = ((named[words], owed.get(words, 0) - yen) for words, yen in balance.items())
    return [OtherLine(version, month, yen) for version, yen in due if yen]


def carried(versions: Sequence[Version], lines: Sequence[OtherLine]) -> list[Version]:
    """The versions once the ledger holds the lines, too."""
    added = {line.version.id: line.yen for line in lines}
    return [version._replace(written=version.written + added.get(version.id, 0)) for version in versions]


def forecast(versions: Sequence[Version], closed: Month | None, month: Month) -> list[OtherLine]:
    """The lines of a bill that is not closed, after those of the open months before it; `closed`: the last one that is."""
    lines: list[OtherLine] = []
    begins = closed.next if closed else min((version.month for version in versions), default=month)
    for one in begins.upto(month):
        lines = bill(versions, one)
        versions = carried(versions, lines)
    return lines


def settled(versions: Sequence[Version], month: Month) -> list[Version]:
    """Those of one contract that need no other bill than the month's: all but what counts and is for a later month."""
    last = {version.ref: version for version in versions}
    return [version for version in versions if version.month <= month or version is not last[version.ref]]
