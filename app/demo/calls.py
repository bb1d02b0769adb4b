"""Calls of the demo: the two months before the demo's clock, of the first contract."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from app.domain.money.call_import import HEADING, import_calls
from app.domain.money.calls import services
from app.domain.months import Month

CUSTOMER_NUMBER = "90000000000000"
NUMBERS = ("0311112222", "09011112222", "05011112222", "0611113333", "08022223333")


async def load() -> None:
    """Load them through the operator's door."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "calls.csv"
        with file.open("w", encoding="utf-8", newline="") as lines:
            csv.writer(lines).writerows([HEADING, *_calls()])
        await import_calls(file, progress=lambda _: None)


def _calls() -> Iterator[list[object]]:
    this = Month.this()
    for month in (this.back(2), this.previous):
        for which, service in enumerate(services()):
            for nth in range(18 + 6 * which):
                at = month.began + timedelta(days=nth % 28, hours=8 + nth * 5 % 12, minutes=nth * 17 % 60)
                seconds = 15 + nth * 97 % 1_200
                number = NUMBERS[(nth + which) % len(NUMBERS)]
                yield [CUSTOMER_NUMBER, service, f"{at:%Y-%m-%dT%H:%M:%S}", number, seconds, _yen(seconds)]


def _yen(seconds: int) -> int:
    """8.8 yen for every three minutes that began."""
    return -(-seconds // 180) * 88 // 10
