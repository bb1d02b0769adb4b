"""Lists on stdout: a line each with tabs between the columns, for people and programs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from app.domain import clock


def print_rows(columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    """The heading and each row; moments in Asia/Tokyo."""
    print(*columns, sep="\t")
    for row in rows:
        print(*(_minute(cell) if isinstance(cell, datetime) else cell for cell in row), sep="\t")


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(clock.TOKYO):%Y-%m-%dT%H:%M}"
