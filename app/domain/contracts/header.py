"""The first line that a feed may have: what it is, when it was made, how many lines and which number in its sequence.

With it a file that was cut, sent twice or sent too late is refused before a line of it is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from app.domain import clock

FEED = "contracts"
LAST = 2**63 - 1
"""The highest sequence, which the table can keep."""
AHEAD = timedelta(days=1)
"""How far a clock may be ahead. A feed from a later day would have every one after it refused as older."""


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As it stands in the file."""

    feed: str
    made_at: str
    lines: int
    sequence: int

    @property
    def moment(self) -> datetime | None:
        """When it was made; without an offset Asia/Tokyo. None for what is no moment."""
        try:
            made = datetime.fromisoformat(self.made_at)
        except ValueError:
            return None
        return made if made.tzinfo else made.replace(tzinfo=clock.TOKYO)


@dataclass(frozen=True)
class Before:
    """The last one that was applied."""

    sequence: int
    made_at: datetime


def is_header(raw: bytes) -> bool:
    """Whether the line is one: no contract has a field of that name."""
    try:
        return "feed" in msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def problems(header: Header, lines: int, before: Before | None) -> list[str]:
    """Why the file is not the next one, whole; `lines`: contracts that stand in it."""
    found = []
    made_at = header.moment
    if header.feed != FEED:
        found.append(f"feed: must be {FEED}")
    if made_at is None:
        found.append("made_at: must be a moment as 2026-01-10T02:00 (Asia/Tokyo)")
    if header.lines != lines:
        found.append(f"lines: says {header.lines:,}, and {lines:,} follow: the file was cut, or put together")
    if before and header.sequence <= before.sequence:
        found.append(f"sequence: {header.sequence} has passed: {before.sequence} was applied")
    elif before and header.sequence > before.sequence + 1:
        found.append(f"sequence: {before.sequence + 1} is missing before {header.sequence}: apply it first")
    elif before and made_at and made_at < before.made_at:
        found.append("made_at: is before that of the feed which was applied last")
    if made_at and made_at > clock.now() + AHEAD:
        found.append("made_at: is more than a day ahead: look at the clock of the machine that made the file")
    if not 1 <= header.sequence <= LAST:
        found.append(f"sequence: must be from 1 to {LAST}")
    return found
