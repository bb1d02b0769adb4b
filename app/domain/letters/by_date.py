"""Mails that leave because a day has come, and not because somebody did something: none for what was due before the portal
could tell it.

A portal that is started on 30,000 contracts would otherwise tell hundreds of people at once of days that are long over. Due
before the import of its contract, or before the portal's first start, means: it is not told at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from app.postgres import database

ROW = 1
"""The only row of first_start."""
IN_TIME = """$9::timestamptz IS NULL
    OR $9 >= coalesce(greatest(c.imported_at, (SELECT f.at FROM first_start f)), $9)"""
"""Whether a mail that was due at $9 (null: it tells of what somebody did) is told; `c` is its contract."""

_only: ContextVar[bool] = ContextVar("only", default=False)


@contextmanager
def only() -> Iterator[None]:
    """What is posted in the block was asked for by nobody, and leaves by outbox.post_due alone."""
    before = _only.set(True)
    try:
        yield
    finally:
        _only.reset(before)


def refuse(mail: str) -> None:
    """Raises RuntimeError in a block of `only`: a mail there has to say since when it was due."""
    if _only.get():
        raise RuntimeError(
            f"the mail {mail} leaves by date: use outbox.post_due, which wants to know since when it was due"
        )


async def note_first_start(now: datetime) -> None:
    """Remember the first time that a server works on this database; every later one changes nothing."""
    await database.rows(_NOTE, ROW, now)


# SQL for ON CONFLICT: of two servers that start at once one is the first.
_NOTE = "INSERT INTO first_start (id, at) VALUES ($1, $2) ON CONFLICT DO NOTHING"
