"""What leaves by `events_v1`: positions for events that are committed, epochs, and how long events are kept.

An event is written by a trigger in the transaction of its change, without a position (migrations/m25_events.py). One
numberer at a time gives positions to what is committed, in a transaction of its own: so they have no gaps, and none below
one that a reader has seen appears later. A change that takes long holds nobody up: it is numbered when it is committed.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain import clock, installation, keeping
from app.postgres import database

KINDS = frozenset(
    {
        *("contract", "account", "purchase", "cancellation", "address", "card"),
        *("closing", "erasing", "closed_month"),
    }
)
LOCK = 7_302_028
"""Key of the advisory lock: one numberer at a time."""
EVERY = timedelta(seconds=1)
"""How long an event waits for its position at most, while a server runs and the database is there."""
BATCH = 2_000
"""Events of one transaction: few enough for the two seconds that a statement of a server may take."""


@dataclass(frozen=True)
class Reader:
    """A program that reads events, as it says of itself; `behind`: how many it has not read, None: of another epoch."""

    name: str
    login: str
    read_at: datetime
    behind: int | None


class NoReader(Exception):
    """Nobody reads under that name."""


async def number() -> int:
    """Give positions to at most BATCH events that are committed; how many got one, 0 if another numberer is at it.

    It begins an epoch where there is none, and where the database is not the one that the last epoch was begun in: a dump
    that was restored elsewhere goes on differently from what readers have seen, and must not be taken for it.
    """
    (found,) = await database.rows(_ANYTHING)
    if not found["waiting"] and found["here"]:
        return 0
    async with database.engine().transaction(isolation="read_committed"):
        # A statement of its own: what is numbered is looked for after the one before has committed.
        if not (await database.rows(_TRY_LOCK, LOCK))[0]["got"]:
            return 0
        await database.rows(_BEGIN_WHERE_NONE)
        return int((await database.rows(_NUMBER, BATCH))[0]["numbered"])


async def restart() -> uuid.UUID:
    """Begin another epoch, after a restore: readers of the one before stop, and are told to copy everything anew."""
    async with database.engine().transaction():
        await database.rows(_WAIT_FOR_LOCK, LOCK)
        (begun,) = await database.rows(f"{_BEGIN} RETURNING epoch")
        epoch: uuid.UUID = begun["epoch"]
        return epoch


# SQL for a lock that is no row, positions from row_number(), and what PostgreSQL tells of the cluster itself.
_TRY_LOCK = "SELECT pg_try_advisory_xact_lock($1) AS got"
_WAIT_FOR_LOCK = "SELECT pg_advisory_xact_lock($1)"
_HERE = """
SELECT c.system_identifier, d.oid::bigint FROM pg_control_system() c, pg_database d WHERE d.datname = current_database()
"""
_CURRENT = "SELECT * FROM event_epoch ORDER BY id DESC LIMIT 1"
_ANYTHING = f"""
SELECT EXISTS (SELECT FROM event WHERE position IS NULL) AS waiting,
    EXISTS (SELECT FROM ({_CURRENT}) AS e WHERE (system, database) = ({_HERE})) AS here
"""  # noqa: S608 - constants, as below
_BEGIN = f"INSERT INTO event_epoch (system, database) {_HERE}"
_BEGIN_WHERE_NONE = (
    f"{_BEGIN} AND NOT EXISTS (SELECT FROM ({_CURRENT}) AS e WHERE (system, database) = ({_HERE}))"
)
_NUMBER = f"""
WITH epoch AS ({_CURRENT} FOR UPDATE), waiting AS (
    SELECT event.id, epoch.epoch, given + row_number() OVER (ORDER BY event.id) AS position
    FROM (SELECT id FROM event WHERE position IS NULL ORDER BY id LIMIT $1) AS event, epoch
), numbered AS (
    UPDATE event SET epoch = waiting.epoch, position = waiting.position FROM waiting WHERE event.id = waiting.id
    RETURNING event.position
), noted AS (
    UPDATE event_epoch SET given = last FROM (SELECT max(position) AS last FROM numbered) AS done, epoch
    WHERE event_epoch.id = epoch.id AND last IS NOT NULL
)
SELECT count(*) AS numbered FROM numbered
"""  # noqa: S608


# --- readers, and what is kept for them -------------------------------------------------------------------------------


async def readers() -> list[Reader]:
    """Who reads, who is furthest behind first; before them those that stand in another epoch."""
    return [Reader(**row) for row in await database.rows(_READERS)]


async def forget(name: str) -> None:
    """Keep nothing for that reader any more. Raises NoReader."""
    if not await database.rows("DELETE FROM events_v1.reader WHERE name = $1 RETURNING name", name):
        raise NoReader(name)


async def prune() -> int:
    """Delete at most BATCH events that are older than they are kept and that every reader has read; how many.

    Readers of another epoch have to begin anew, so nothing is kept for them.
    """
    deleted, now = 0, clock.now()
    kept = now - installation.kept(keeping.EVENTS).before(now)
    async with database.engine().transaction(isolation="read_committed"):
        # As of after the numberer before: what it has numbered must be seen by whoever counts up to there.
        await database.rows(_WAIT_FOR_LOCK, LOCK)
        for statement in (_PRUNE, _PRUNE_FORMER):
            deleted += int((await database.rows(statement, BATCH, kept))[0]["deleted"])
    return deleted


# SQL for a schema that is not described here, and for the end of a run of rows. Moments are the database's, as of the
# events themselves: positions are deleted up to the first one that stays, whatever comes after it, so there is no gap.
_READERS = f"""
SELECT name, login::text, read_at, CASE WHEN r.epoch = e.epoch THEN e.given - r.position END AS behind
FROM events_v1.reader r LEFT JOIN ({_CURRENT}) AS e ON true ORDER BY behind DESC NULLS FIRST, name
"""  # noqa: S608
_PRUNE = f"""
WITH epoch AS ({_CURRENT} FOR UPDATE), upto AS (
    SELECT epoch.id, epoch.epoch, pruned, least(
        pruned + $1, given,
        (SELECT min(r.position) FROM events_v1.reader r WHERE r.epoch = epoch.epoch AND r.position >= pruned),
        (SELECT min(v.position) - 1 FROM event v WHERE v.epoch = epoch.epoch AND v.at > now() - $2::interval
            AND v.position > pruned AND v.position <= pruned + $1)
    ) AS last FROM epoch
), deleted AS (
    DELETE FROM event USING upto WHERE event.epoch = upto.epoch AND position > pruned AND position <= last
    RETURNING 1
), noted AS (
    UPDATE event_epoch SET pruned = last FROM upto WHERE event_epoch.id = upto.id AND last > upto.pruned
)
SELECT count(*) AS deleted FROM deleted
"""  # noqa: S608
_PRUNE_FORMER = """
WITH deleted AS (
    DELETE FROM event WHERE id IN (
        SELECT id FROM event WHERE at <= now() - $2::interval AND epoch = ANY (
            ARRAY(SELECT epoch FROM event_epoch WHERE id < (SELECT max(id) FROM event_epoch)))
        ORDER BY id LIMIT $1
    ) RETURNING 1
)
SELECT count(*) AS deleted FROM deleted
"""
