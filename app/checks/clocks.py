"""The clock, by which sessions, codes of authenticator apps and months go, beside the clocks of others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from app.checks.finding import Finding, Looked, failure, ok, warning
from app.checks.postgres import checked
from app.domain import clock
from app.postgres import database

SEEN = timedelta(seconds=2)
"""What is worth a word: an authenticator app's code is taken a step of 30 seconds early or late."""
WRONG = timedelta(seconds=60)
"""What members meet: codes, passkeys and links are refused."""
WHY = (
    "codes of authenticator apps, passkeys and links are good for seconds or minutes, and mails bear the time"
)
REMEDY = (
    "let both machines follow a time server (chrony, systemd-timesyncd; `timedatectl` says whether they do)"
)


def compared(whose: str, theirs: datetime, ours: datetime, *, known_to: timedelta = timedelta()) -> Finding:
    """A clock beside this machine's; `known_to`: how exactly it was read, as an HTTP Date to the second."""
    apart = max(abs(theirs - ours) - known_to, timedelta())
    said = f"{whose} is {apart.total_seconds():,.1f} seconds {'before' if theirs > ours else 'behind'} this machine's"
    if apart > WRONG:
        return failure("clock", said, WHY, REMEDY)
    if apart > SEEN:
        return warning("clock", said, WHY, REMEDY)
    return ok("clock", f"{whose} and this machine's agree")


def of_http(whose: str, date: str | None, ours: datetime) -> Iterator[Finding]:
    """The clock of a server that answered over HTTP, whose Date has whole seconds."""
    try:
        theirs = parsedate_to_datetime(date or "")
    except ValueError:
        return
    theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
    yield compared(whose, theirs, ours, known_to=timedelta(seconds=1))


async def _of_database() -> tuple[datetime, datetime, datetime, timedelta | None]:
    before = datetime.now(UTC)
    (row,) = await database.rows(_NOW)
    return before, row["now"], datetime.now(UTC), row["tokyo"]


def _zones_and_now(
    looked: Looked, found: tuple[datetime, datetime, datetime, timedelta | None]
) -> Iterator[Finding]:
    before, theirs, after, tokyo = found
    yield compared(
        "the database's clock", theirs, before + (after - before) / 2, known_to=(after - before) / 2
    )
    ours = datetime(2026, 1, 1, tzinfo=clock.TOKYO).utcoffset()
    wrong = [whose for whose, zone in (("this machine", ours), ("the database", tokyo)) if zone != _JAPAN]
    if wrong:
        yield failure(
            "time zone",
            f"Asia/Tokyo is not nine hours before UTC by the data of {' and '.join(wrong)}",
            "days and months of bills begin at the wrong hour",
            "install the system's time zone data (tzdata) there",
        )
    else:
        yield ok("time zone", "Asia/Tokyo is known to this machine and to the database")


_JAPAN = timedelta(hours=9)
# SQL for what the server's own clock and data say; a zone that it does not know is an error.
_NOW = """
SELECT clock_timestamp() AS now,
    timestamptz '2026-01-01 00:00+00' AT TIME ZONE 'Asia/Tokyo' - timestamp '2026-01-01 00:00' AS tokyo
"""


def of_database(looked: Looked) -> Iterator[Finding]:
    yield from _CHECK(looked)


_CHECK: Any = checked("clock", _of_database, _zones_and_now)
