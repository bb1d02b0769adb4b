"""What is over is deleted, as the list of keeping.py says: in batches, each a short transaction that nobody waits for.

Where somebody holds a row the batch is left for the next run, and does not wait: SKIP LOCKED would need the right to change
rows that a server only reads and throws away. A server that was away for long, or a time that was made shorter, may
leave more than one run deletes: that is said in the log, and the next run goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import asyncpg
from piccolo.table import Table

from app.domain import events, installation, keeping, tables
from app.domain.keeping import Keep
from app.postgres import database

LOCK = 7_302_029
"""Key of the advisory lock: one worker at a time."""
BATCH = 1_000
"""Rows of one transaction."""
BATCHES = 50
"""Of one table in one run: 50,000 rows, seven million a day."""

log = logging.getLogger("mypage")


@dataclass(frozen=True)
class Over:
    """Rows that are over once the moment in `since` is longer ago than they are kept; `also`: which of them alone."""

    table: type[Table]
    keep: Keep
    since: str
    also: str = "true"

    @property
    def oldest(self) -> str:
        """The keys of a batch: $2 rows at most of what is older than $1."""
        name, key = self.table._meta.tablename, self.table._meta.primary_key._meta.db_column_name
        which = f"{self.since} < $1 AND {self.also}"
        return f"SELECT {key} FROM {name} WHERE {which} ORDER BY {self.since} LIMIT $2"  # noqa: S608 - names

    @property
    def statement(self) -> str:
        """Deletes the batch, and says how many rows it was."""
        name, key = self.table._meta.tablename, self.table._meta.primary_key._meta.db_column_name
        return (
            f"WITH deleted AS (DELETE FROM {name} WHERE {key} IN ({self.oldest}) RETURNING 1)"  # noqa: S608
            " SELECT count(*) AS deleted FROM deleted"
        )


_BEFORE_THE_LAST = (
    "(sequence IS NULL"
    " OR sequence < (SELECT max(last.sequence) FROM feed_run last WHERE last.feed = feed_run.feed))"
)
"""The next feed must follow the last sequence, however long ago that was."""
OVER = (
    Over(tables.Call, keeping.CALLS, "started_at"),
    Over(tables.Change, keeping.CHANGES, "applied_at"),  # its consents go with it
    Over(tables.PurchaseRequest, keeping.CHANGES, "decided_at"),
    Over(tables.CardCheck, keeping.CHANGES, "decided_at"),
    Over(tables.LoginEvent, keeping.LOGINS, "at"),
    Over(tables.Outbox, keeping.SENT_MAILS, "sent_at"),
    Over(tables.Outbox, keeping.REFUSED_MAILS, "refused_at"),
    Over(
        tables.PaperRequest,
        keeping.PAPERS,
        "greatest(done_at, received_at, entered_at)",
        "done_at IS NOT NULL AND (received_at IS NULL OR entered_at IS NOT NULL)",
    ),
    Over(tables.FeedRun, keeping.FEEDS, "applied_at", _BEFORE_THE_LAST),
    Over(tables.FeedCase, keeping.FEEDS, "settled_at"),
)
"""By the indexes of migrations/m26_retention.py. Events have a way of their own; bills' names and contracts are orders.py's."""


async def prune(now: datetime) -> None:
    """Delete what is over, unless another worker is at it."""
    for over in OVER:
        await _in_batches(over.table._meta.tablename, _batch_of(over, now))
    await _in_batches("event", events.prune)


def _batch_of(over: Over, now: datetime) -> Callable[[], Awaitable[int]]:
    async def batch() -> int:
        async with database.engine().transaction():
            if not (await database.rows(_TRY_LOCK, LOCK))[0]["got"]:
                return 0
            await database.rows(_DO_NOT_WAIT)
            before = installation.kept(over.keep).before(now)
            return int((await database.rows(over.statement, before, BATCH))[0]["deleted"])

    return batch


async def _in_batches(name: str, batch: Callable[[], Awaitable[int]]) -> None:
    deleted = 0
    for _ in range(BATCHES):
        try:
            more = await batch()
        except asyncpg.LockNotAvailableError:
            log.info("housekeeping leaves %s for its next run: somebody holds a row of it", name)
            return
        deleted += more
        if not more:
            return
    log.warning(
        "housekeeping falls behind: %s rows of %s were deleted, and more are over; it goes on at its next run",
        deleted,
        name,
    )


# SQL for a lock that is no row, and for how long a statement waits for others.
_DO_NOT_WAIT = "SET LOCAL lock_timeout = '100ms'"
_TRY_LOCK = "SELECT pg_try_advisory_xact_lock($1) AS got"
