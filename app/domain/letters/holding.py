"""Mails that are held: posted and kept in the outbox, but not sent before an operator releases them (MYPAGE_MAIL_HOLD).

A mail stays held when the setting is taken away, so that what came up meanwhile is looked at before it leaves; and a mail that
was released leaves although the setting may be on still.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain import clock
from app.domain.letters.outbox import CHANNEL
from app.postgres import database

DISCARDED = "discarded by the operator while it was held"
"""Why a mail that was given up here was never sent, as `mypage mail list` shows it."""


BATCH = 5_000
"""Mails of one statement, which ends well before a server's statements have to."""


@dataclass(frozen=True)
class Chosen:
    """Which of the held mails are meant; all of them, unless something is given."""

    kinds: tuple[str, ...] = ()
    before: datetime | None = None
    """Those that were posted before then."""


@dataclass(frozen=True)
class Held:
    """Held mails of one kind, or of all."""

    kind: str
    mails: int
    people: int
    """Different addresses."""
    oldest: datetime | None
    """None where there are none."""
    subject: str
    """Of one of them."""


@dataclass(frozen=True)
class Found:
    """The mails that were meant: by kind, the most first, and all of them."""

    by_kind: list[Held]
    all: Held


class NoneHeld(Exception):
    """None of these kinds is held; the text names them."""


async def hold_waiting() -> None:
    """Hold whatever waits and was not released: what others posted, or what was posted before the setting."""
    while len(await database.rows(_HOLD, clock.now(), BATCH)) == BATCH:
        pass


async def look(chosen: Chosen = Chosen()) -> Found:
    """What is held of what is meant. Raises NoneHeld, as the others do."""
    rows = await database.rows(_COUNTED.format(_HELD), list(chosen.kinds), chosen.before)
    return _found(chosen, rows)


async def release(chosen: Chosen = Chosen()) -> Found:
    """Let them go: a server delivers them at once, `mypage mail deliver` at its next run."""
    async with database.engine().transaction():
        ids, found = await _taken(chosen)
        await database.rows(_RELEASE, ids, clock.now(), CHANNEL)
        return found


async def discard(chosen: Chosen) -> Found:
    """Give them up: they stand among the refused ones and are never sent."""
    async with database.engine().transaction():
        ids, found = await _taken(chosen)
        await database.rows(_DISCARD, ids, clock.now(), DISCARDED)
        return found


async def warning(*, on: bool) -> str:
    """What an operator is to know of held mails, at a start and in `mypage check`; "" where there is nothing to say."""
    held = (await look()).all
    if held.oldest is None:
        return "MYPAGE_MAIL_HOLD is on: no mail leaves; none is held so far" if on else ""
    since = f"{held.oldest.astimezone(clock.TOKYO):%Y-%m-%d %H:%M}"
    count = f"{held.mails} mails to {held.people} people are held, the oldest of {since} (Asia/Tokyo)"
    what = "`mypage mail release --dry-run` shows them, without --dry-run it lets them go"
    if on:
        return f"MYPAGE_MAIL_HOLD is on: no mail leaves; {count}; {what}"
    return f"{count}, although MYPAGE_MAIL_HOLD is not on any more; {what}"


async def _taken(chosen: Chosen) -> tuple[list[int], Found]:
    """The ids of those that are meant, locked, so that what is counted is what is done."""
    locked = await database.rows(_LOCK, list(chosen.kinds), chosen.before)
    ids = [row["id"] for row in locked]
    return ids, _found(chosen, await database.rows(_COUNTED.format("id = ANY ($1)"), ids))


def _found(chosen: Chosen, rows: list[Any]) -> Found:
    *kinds, whole = [Held(**row) for row in rows]
    missing = set(chosen.kinds) - {one.kind for one in kinds}
    if missing:
        raise NoneHeld(", ".join(sorted(missing)))
    return Found(kinds, whole)


# SQL for batches, arrays, a lock, and sums by kind and of all in one statement.
_HOLD = """
UPDATE outbox SET held_at = $1 WHERE id IN (
    SELECT id FROM outbox WHERE sent_at IS NULL AND refused_at IS NULL AND held_at IS NULL AND released_at IS NULL LIMIT $2
) RETURNING 1
"""
_HELD = """sent_at IS NULL AND refused_at IS NULL AND held_at IS NOT NULL
    AND (cardinality($1::text[]) = 0 OR kind = ANY ($1)) AND ($2::timestamptz IS NULL OR posted_at < $2)"""
_LOCK = f"SELECT id FROM outbox WHERE {_HELD} ORDER BY id FOR UPDATE"  # noqa: S608 - constants
_COUNTED = """
SELECT coalesce(kind, '') AS kind, count(*)::int AS mails, count(DISTINCT recipient)::int AS people,
    min(posted_at) AS oldest, coalesce(min(subject), '') AS subject
FROM outbox WHERE {} GROUP BY GROUPING SETS ((kind), ()) ORDER BY grouping(kind), count(*) DESC, kind
"""
_RELEASE = """
WITH released AS (UPDATE outbox SET held_at = NULL, released_at = $2 WHERE id = ANY ($1))
SELECT pg_notify($3, '')
"""
_DISCARD = "UPDATE outbox SET refused_at = $2, problem = $3 WHERE id = ANY ($1)"
