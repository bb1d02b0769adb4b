"""What a feed may change at once (spec 19): beyond that it is stopped whole, and a person has to read its plan. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MOST_CLOSED = (0.05, 20)
"""Closed or reopened: over this share **and** over this number."""
MOST_CHANGED = (0.20, 100)
MOST_EMPTIED = 0.01
"""Of all contracts, those that lose the value of one field."""
MOST_MAILS = 500


@dataclass(frozen=True)
class Counts:
    """What a plan does, in numbers; `contracts`: that the portal has before."""

    contracts: int
    new: int = 0
    changed: int = 0
    closed: int = 0
    reopened: int = 0
    held: int = 0
    cases: int = 0
    mails: int = 0
    emptied: Mapping[str, int] = field(default_factory=dict)
    """By field, how many lose its value."""

    @property
    def nothing(self) -> bool:
        return not (self.new or self.changed or self.cases)


def reasons(counts: Counts) -> list[str]:
    """Why the feed is stopped; none: it may go on."""
    found = []
    turned = counts.closed + counts.reopened
    if _over(turned, counts.contracts, *MOST_CLOSED):
        found.append(f"{turned:,} of {counts.contracts:,} contracts would be closed or reopened")
    if _over(counts.changed, counts.contracts, *MOST_CHANGED):
        found.append(f"{counts.changed:,} of {counts.contracts:,} contracts would change")
    found += [
        f"{name} would be emptied in {number:,} of {counts.contracts:,} contracts"
        for name, number in sorted(counts.emptied.items())
        if number > MOST_EMPTIED * counts.contracts
    ]
    if counts.mails > MOST_MAILS:
        found.append(f"{counts.mails:,} mails would be sent")
    return found


def _over(number: int, of: int, share: float, least: int) -> bool:
    return number > least and number > share * of
