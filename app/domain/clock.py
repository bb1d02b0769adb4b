"""The one clock of the program. The demo can shift it, so that month ends and time-outs can be tried.

No rule asks the database for `now()`: every moment that is stored or compared comes from here.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.postgres import database

TOKYO = ZoneInfo("Asia/Tokyo")

_shift = timedelta()


def now() -> datetime:
    """This moment in UTC, shifted where the demo was told so."""
    return datetime.now(UTC) + _shift


def wall() -> datetime:
    """This moment in UTC as clocks outside show it, whatever the demo was told: an authenticator app goes by it."""
    return datetime.now(UTC)


def today() -> date:
    """The day in Asia/Tokyo, where months are counted."""
    return now().astimezone(TOKYO).date()


def day(moment: datetime) -> str:
    """The day in Asia/Tokyo as it is shown: 2026/01/10."""
    return f"{moment.astimezone(TOKYO):%Y/%m/%d}"


def minute(moment: datetime) -> str:
    """The minute in Asia/Tokyo as it is shown: 2026/01/10 09:00."""
    return f"{moment.astimezone(TOKYO):%Y/%m/%d %H:%M}"


def start_at(moment: datetime | None) -> None:
    """Let the clock run on from `moment` (aware); None: from the real time."""
    global _shift
    _shift = timedelta() if moment is None else moment - datetime.now(UTC)


async def newest_stored() -> datetime | None:
    """The last moment that something was registered, bought, ended, closed or applied: the clock must not be before it."""
    found = await database.rows(_NEWEST)
    newest: datetime | None = found[0]["newest"]
    return newest


# SQL for the greatest of seven tables in one statement.
_NEWEST = """
SELECT greatest(
    (SELECT max(greatest(registered_at, deleted_at)) FROM account),
    (SELECT max(greatest(started_at, ended_at)) FROM service_period),
    (SELECT max(greatest(registered_at, released_at)) FROM mail_address),
    (SELECT max(greatest(registered_at, released_at)) FROM web_space),
    (SELECT max(greatest(opened_at, retired_at)) FROM mailbox),
    (SELECT max(closed_at) FROM bill_close),
    (SELECT max(applied_at) FROM change)
) AS newest
"""
