"""Room on the disk of the embedded PostgreSQL: without it the database stops. Of another one its host knows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from app.checks.finding import Finding, Looked, failure, ok, warning

STOPS = 256 * 2**20
"""Bytes that PostgreSQL may want at once: sixteen segments of its log."""
LITTLE = 2**30
"""Bytes below which somebody should look."""


def room(looked: Looked) -> Iterator[Finding]:
    if looked.embedded is None:
        return
    try:
        free = shutil.disk_usage(looked.embedded).free
    except OSError:
        return  # there is no folder, which is what the check of the database says
    said = f"{looked.embedded.resolve()} has {free // 2**20:,} MiB free"
    why = "PostgreSQL stops when its disk is full, and every page answers 503"
    remedy = "make room, or let MYPAGE_DATA_DIR lead to a bigger disk"
    if free < STOPS:
        yield failure("disk", said, why, remedy)
    elif free < LITTLE:
        yield warning("disk", said, why, remedy)
    else:
        yield ok("disk", said)
