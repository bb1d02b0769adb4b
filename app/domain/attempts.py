"""Guessing is limited: failed logins are counted by an atomic statement, per login, per address and over all.

A browser that has logged in with that login before is counted for itself alone, so nobody else's guessing locks it
out. Counts start anew WINDOW after the first failure; the wait that is told is the true one.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from app import database
from app.domain import clock

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
    """The counters that one login attempt was counted in."""

    keys: list[bytes]


async def count(secret: bytes, login: str, address: str, browser: str | None) -> Counted:
    """Count an attempt before its password is looked at; `browser`: one known for this login. Raises TooMany.

    One that is refused for its login or address does not count over all: one machine would else lock out everybody.
    """
    if browser:
        own, everybody = {_key(secret, f"browser {browser} {login}"): PER_BROWSER}, {}
    else:
        own = {
            _key(secret, f"login {login}"): PER_LOGIN,
            _key(secret, f"address {_network(address)}"): PER_ADDRESS,
        }
        everybody = {_key(secret, "all"): OVER_ALL}
    await _count(own)
    if everybody:
        await _count(everybody)
    return Counted([*own, *everybody])


async def _count(limits: dict[bytes, int]) -> None:
    now = clock.now()
    counted = await database.rows(_COUNT, list(limits), now, now - WINDOW)
    waits = [row["since"] + WINDOW - now for row in counted if row["failures"] > limits[row["key"]]]
    if waits:
        raise TooMany(max(waits))


async def succeeded(counted: Counted) -> None:
    """The password was right: the attempt was no failure, and the login's (or browser's) count starts anew."""
    await database.rows(_REFUND, counted.keys, counted.keys[0])


async def forget(before: datetime) -> None:
    """Drop counters that count no more."""
    await database.rows(_FORGET, before - WINDOW)


_COUNT = """
INSERT INTO attempt (key, failures, since)
SELECT key, 1, $2 FROM unnest($1::bytea[]) AS key ORDER BY key
ON CONFLICT (key) DO UPDATE SET
    failures = CASE WHEN attempt.since <= $3 THEN 1 ELSE attempt.failures + 1 END,
    since = CASE WHEN attempt.since <= $3 THEN $2 ELSE attempt.since END
RETURNING key, failures, since
"""
_FORGET = """
DELETE FROM attempt WHERE key IN (SELECT key FROM attempt WHERE since < $1 FOR UPDATE SKIP LOCKED)
"""  # a counter that is being counted on is left alone: waiting for it could be a deadlock
_REFUND = """
WITH locked AS (SELECT key FROM attempt WHERE key = ANY($1::bytea[]) ORDER BY key FOR UPDATE)
UPDATE attempt SET failures = CASE WHEN attempt.key = $2 THEN 0 ELSE greatest(attempt.failures - 1, 0) END
FROM locked WHERE attempt.key = locked.key
"""


def _key(secret: bytes, text: str) -> bytes:
    return hmac.digest(secret, text.encode(), hashlib.sha256)


def _network(address: str) -> str:
    """An IPv6 address stands for its /64: one household can use all of it. An IPv4 one written in IPv6 is IPv4."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))
