"""`mypage bill export`: a closed month's lines as CSV, for the operator's own systems (the view `billing_v1.charge`).

For programs, not for spreadsheets: UTF-8 without BOM, cells as they are. The same month is the same file, byte for byte.
"""

from __future__ import annotations

import csv
from datetime import date
from typing import IO

from app.domain import tables
from app.domain.months import Month
from app.postgres import database

COLUMNS = (
    *("charge", "billed", "customer_number", "login", "purchase", "ref"),
    *("product", "name", "month", "started_on", "ended_on", "yen", "tax_rate"),
)
BATCH = 2_000
"""Lines that are fetched at a time."""
_MONTHS = ("billed", "month")


class NotClosed(Exception):
    """The month has no bills yet; the text says what to do."""


async def must_be_closed(month: Month) -> None:
    """Raises NotClosed."""
    close = tables.BillClose
    if not await close.exists().where(close.month == month.first_day, close.closed_at.is_not_null()):
        raise NotClosed(
            f"{month.iso} is not closed: `mypage bill close {month.iso}` closes it once it is over"
        )


async def export(month: Month, file: IO[str]) -> tuple[int, int]:
    """Write the month's lines, as of one moment, in the order of the ledger; how many they are, and their sum in yen.

    Memory does not grow with the month. Raises NotClosed before anything is written.
    """
    await must_be_closed(month)
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    lines = yen = 0
    async with database.engine().transaction() as transaction:
        async for row in transaction.connection.cursor(_LINES, month.first_day, prefetch=BATCH):
            writer.writerow(_cell(name, row[name]) for name in COLUMNS)
            lines, yen = lines + 1, yen + row["yen"]
    return lines, yen


def _cell(name: str, value: object) -> object:
    return f"{value:%Y-%m}" if name in _MONTHS and isinstance(value, date) else value


# SQL for a view, which is the same contract with programs outside (docs/interfaces.md).
_LINES = f"SELECT {', '.join(COLUMNS)} FROM billing_v1.charge WHERE billed = $1 ORDER BY charge"  # noqa: S608
