"""Guessing is limited: failed logins are counted by an atomic statement, per login, per address and over all.

A browser that has logged in with that login before is counted for itself alone, so nobody else's guessing locks it
out. Counts start anew WINDOW after the first failure; the wait that is told is the true one.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain import clock, networks
from app.postgres import database

WINDOW = timedelta(minutes=15)
PER_LOGIN = 10
PER_ADDRESS = 100
PER_BROWSER = 10
OVER_ALL = 5_000


class TooMany(Exception):
    """Too many failed logins; `wait`: how long until the next one is looked at."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(wait)
        self.wait = wait


@dataclass(frozen=True)
class Counted:
    """The counters that one login attempt was counted in; `own` is the login's, or the known browser's."""

    keys: list[bytes]
    own: bytes


async def count(secret: bytes, login: str, address: str, browser: str | None) -> Counted:
    """Count an attempt before its password is looked at; `browser`: one known for this login. Raises TooMany.

    The address is counted first, then the login, then all, and what refuses the attempt ends it: a blocked address
    can lock no login, and a machine that goes on guessing uses up nothing of everybody's.
    """
    if browser:
        own = _key(secret, f"browser {browser} {login}")
        limits = {own: PER_BROWSER}
    else:
        own = _key(secret, f"login {login}")
        limits = {
            _key(secret, f"address {networks.counted(address)}"): PER_ADDRESS,
            own: PER_LOGIN,
            _key(secret, "all"): OVER_ALL,
        }
    keys, now = list(limits), clock.now()
    counted = await database.rows(_COUNT_BROWSER if browser else _COUNT, now, now - WINDOW, *keys)
    waits = [row["since"] + WINDOW - now for row in counted if row["failures"] > limits[row["key"]]]
    if waits:
        raise TooMany(max(waits))
    return Counted(keys, own)


async def succeeded(counted: Counted) -> None:
    """The password was right: the attempt was no failure, and the login's (or browser's) count starts anew."""
    await database.rows(_REFUND, counted.keys, counted.own)


async def forget(before: datetime) -> None:
    """Drop counters that count no more."""
    await database.rows(_FORGET, before - WINDOW)


# SQL for counters that are read and moved on in one statement, and for the order in which their rows are locked.
_ONE_MORE = """ON CONFLICT (key) DO UPDATE SET
        failures = CASE WHEN attempt.since <= $2 THEN 1 ELSE attempt.failures + 1 END,
        since = CASE WHEN attempt.since <= $2 THEN $1 ELSE attempt.since END
    RETURNING key, failures, since"""
_COUNT_BROWSER = f"INSERT INTO attempt (key, failures, since) VALUES ($3, 1, $1) {_ONE_MORE}"  # noqa: S608 - constants

# One counter after the other, as long as the one before lets the attempt through; a full last one is known before.
# All statements lock their counters in this order, so that none waits for one that waits for it. The rows are the
# counters with this attempt; of those that were not reached, as they would be with it, for the wait.
_COUNT = f"""
WITH address AS (
    INSERT INTO attempt (key, failures, since) VALUES ($3, 1, $1) {_ONE_MORE}
), login AS (
    INSERT INTO attempt (key, failures, since) SELECT $4::bytea, 1, $1 FROM address
    WHERE failures <= {PER_ADDRESS}
        AND NOT EXISTS (SELECT FROM attempt WHERE key = $5 AND since > $2 AND failures >= {OVER_ALL})
    {_ONE_MORE}
), everybody AS (
    INSERT INTO attempt (key, failures, since) SELECT $5::bytea, 1, $1 FROM login WHERE failures <= {PER_LOGIN}
    {_ONE_MORE}
)
SELECT * FROM address UNION ALL SELECT * FROM login UNION ALL SELECT * FROM everybody
UNION ALL SELECT key, failures + 1, since FROM attempt WHERE key IN ($4, $5) AND since > $2
"""  # noqa: S608 - constants
_FORGET = """
DELETE FROM attempt WHERE key IN (SELECT key FROM attempt WHERE since < $1 FOR UPDATE SKIP LOCKED)
"""  # a counter that is being counted on is left alone: waiting for it could be a deadlock
_REFUND = """
WITH locked AS (
    SELECT key FROM attempt WHERE key = ANY($1::bytea[]) ORDER BY array_position($1, key) FOR UPDATE
)
UPDATE attempt SET failures = CASE WHEN attempt.key = $2 THEN 0 ELSE greatest(attempt.failures - 1, 0) END
FROM locked WHERE attempt.key = locked.key
"""


def _key(secret: bytes, text: str) -> bytes:
    return hmac.digest(secret, text.encode(), hashlib.sha256)
