"""Guessing is limited: failed logins are counted by an atomic statement, per login and per address.

A browser that has logged in with the login's password before is counted apart from strangers, so nobody else's guessing
locks it out; so is whoever is logged in already and is asked for a password again. Counts start anew WINDOW after the
first failure; the wait that is told is the true one. Over all logins there is a count that stops nobody: above it every
stranger's login takes SLOW longer, and the log says so.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from app.domain import clock, networks, tables
from app.postgres import database

if TYPE_CHECKING:
    import asyncpg

WINDOW = timedelta(minutes=15)
PER_LOGIN = 10
PER_ADDRESS = 100
PER_BROWSER = 10
KNOWN_TOGETHER = 30
"""Of one login, over all the browsers that know it: a copied cookie makes as many of them as somebody likes."""
PER_STEP = 10
PER_FACTOR = 10
"""Codes of an authenticator app, of one login: three of a million are right at a time."""
OVER_ALL = 5_000
SLOW = 3.0
"""Seconds that each login waits while there are more failures than OVER_ALL."""

log = logging.getLogger("mypage")


class TooMany(Exception):
    """Too many failed logins; `wait`: how long until the next one is looked at.

    `locked`: it is the login that is locked, whoever tries, not an address or a browser.
    """

    def __init__(self, wait: timedelta, *, locked: bool = False) -> None:
        super().__init__(wait)
        self.wait = wait
        self.locked = locked


@dataclass(frozen=True)
class Counted:
    """The counters that one login attempt was counted in; `own` is the login's, or the known browser's."""

    keys: list[bytes]
    own: bytes
    slow: bool = False
    """There are more failures than OVER_ALL: whoever answers lets SLOW seconds pass first."""


async def count(secret: bytes, login: str, address: str, browser: str | None) -> Counted:
    """Count an attempt before its password is looked at; `browser`: one known for this login. Raises TooMany.

    The address is counted first, then the login, then all, and what refuses the attempt ends it: a blocked address
    can lock no login, and a machine that goes on guessing uses up nothing of everybody's.
    """
    if browser:
        own = _key(secret, f"browser {browser} {login}")
        return await _in_line({own: PER_BROWSER, _key(secret, f"known {login}"): KNOWN_TOGETHER})
    strangers, now = _of_strangers(secret, login, address), clock.now()
    counted = await database.rows(_COUNT, now, now - WINDOW, *strangers.keys)
    limits = dict(zip(strangers.keys, (PER_ADDRESS, PER_LOGIN, None), strict=True))
    _must_be_within(limits, counted, now, strangers.own)
    over_all = next((row["failures"] for row in counted if row["key"] == strangers.keys[-1]), 0)
    return replace(strangers, slow=_is_slow(over_all))


async def count_ahead(secret: bytes, login: str, address: str) -> Counted:
    """Count an attempt as `count` does, where right passwords come many at once and are taken back by `withdraw`.

    What is refused leaves nothing counted: it would stay when the right passwords of the same moment are taken back.
    Raises TooMany; `locked` only if attempts that are over fill the login's count, not others that are in flight.
    """
    ahead, now = _ahead(secret, login, address), clock.now()
    of_address, in_flight, own, _ = ahead.keys
    limits = dict(zip(ahead.keys, (PER_ADDRESS, None, PER_LOGIN, None), strict=True))
    counted = await database.rows(_COUNT_AHEAD, now, now - WINDOW, *ahead.keys)
    failures = {row["key"]: row["failures"] for row in counted}
    try:
        _must_be_within(limits, counted, now)
    except TooMany as refused:
        over_here = failures[of_address] > PER_ADDRESS
        await database.rows(_REFUND, [of_address] if over_here else [of_address, in_flight, own], b"")
        refused.locked = not over_here and failures[own] - failures[in_flight] >= PER_LOGIN
        raise
    return replace(ahead, slow=_is_slow(failures[ahead.keys[-1]]))


async def count_step(secret: bytes, login: str, member: str) -> Counted:
    """Count an attempt of `member`, who is logged in, to type the password of `login` again. Raises TooMany.

    `member`: the session, where the password is its own login's, so that an open screen holds up no other; the login,
    where it is the customer's, so that a new session brings no new attempts.
    """
    return await _in_line({_key(secret, f"step {login} of {member}"): PER_STEP})


async def count_one(key: bytes, most: int) -> None:
    """Count once more under a key of the caller's own. Raises TooMany."""
    await _in_line({key: most})


async def count_factor(secret: bytes, login: str, browser: str | None) -> Counted:
    """Count a code of an authenticator app, after a right password; `browser`: one known for this login. Raises TooMany.

    Who has found out the password can use up the codes of strangers, and none of the browsers that the owner uses.
    """
    if browser:
        own = _key(secret, f"factor of browser {browser} {login}")
        return await _in_line({own: PER_BROWSER, _key(secret, f"factor known {login}"): KNOWN_TOGETHER})
    of_login = _key(secret, f"factor {login}")
    return await _in_line({of_login: PER_FACTOR}, of_login)


async def count_address(secret: bytes, address: str) -> Counted:
    """Count an attempt by what nobody can guess, a recovery code or a passkey, for its address alone. Raises TooMany.

    It locks no login, and passwords that are guessed from the same address do not count: it is how the owner comes in
    while somebody else is guessing.
    """
    of_address = _key(secret, f"unguessable from {networks.counted(address)}")
    return Counted((await _in_line({of_address: PER_ADDRESS})).keys, b"")


async def _in_line(limits: dict[bytes, int], login: bytes | None = None) -> Counted:
    """Count in the first, and in the second as long as the first lets it through."""
    keys, now = list(limits), clock.now()
    counted = await database.rows(_COUNT_IN_LINE, now, now - WINDOW, keys[0], keys[-1], limits[keys[0]])
    _must_be_within(limits, counted, now, login)
    return Counted(keys, keys[0])


def _must_be_within(
    limits: Mapping[bytes, int | None],
    counted: list[asyncpg.Record],
    now: datetime,
    login: bytes | None = None,
) -> None:
    """Raises TooMany; None: what is counted, and stops nobody."""
    over = [row for row in counted if (limit := limits[row["key"]]) is not None and row["failures"] > limit]
    if over:
        wait = max(row["since"] + WINDOW - now for row in over)
        raise TooMany(wait, locked=any(row["key"] == login for row in over))


def _is_slow(failures: int) -> bool:
    if failures == OVER_ALL + 1:
        minutes = int(WINDOW.total_seconds() // 60)
        log.warning("more than %d failed logins in %d minutes: logins are slowed down", OVER_ALL, minutes)
    return failures > OVER_ALL


async def succeeded(counted: Counted) -> None:
    """The password was right: the attempt was no failure, and the login's (or browser's) count starts anew."""
    await database.rows(_REFUND, counted.keys, counted.own)


async def withdraw(secret: bytes, login: str, address: str) -> None:
    """One attempt of `count_ahead` was no failure; the login's earlier failures still count.

    For a door through which somebody passes all day: with `succeeded`, whoever guesses could begin anew each time.
    """
    await database.rows(_REFUND, _ahead(secret, login, address).keys, b"")


async def failed(secret: bytes, login: str, address: str) -> None:
    """One attempt of `count_ahead` was a failure: it is in flight no more, and stays counted."""
    await database.rows(_REFUND, [_ahead(secret, login, address).keys[1]], b"")


async def is_full(secret: bytes, login: str) -> bool:
    """Whether attempts that are over, not others that are in flight, leave strangers none at the login."""
    ahead = _ahead(secret, login, "")
    found = await database.rows(_IS_FULL, ahead.own, ahead.keys[1], clock.now() - WINDOW, PER_LOGIN)
    return bool(found)


def _ahead(secret: bytes, login: str, address: str) -> Counted:
    """The counters of a stranger's attempt, and before the login's the one of those that are in flight."""
    where, own, everybody = _of_strangers(secret, login, address).keys
    return Counted([where, _key(secret, f"in flight {login}"), own, everybody], own)


def key(secret: bytes, text: str) -> bytes:
    """A key of the caller's own for `count_one` and `remember`, which tells nothing of the text."""
    return _key(secret, text)


async def remember(own: bytes) -> None:
    """Keep in mind for WINDOW, from the first time on, that something happened."""
    now = clock.now()
    await database.rows(_REMEMBER, now, now - WINDOW, own)


async def remembered(own: bytes) -> bool:
    """Whether it happened within WINDOW."""
    return await tables.Attempt.exists().where(
        (tables.Attempt.key == own) & (tables.Attempt.since > clock.now() - WINDOW)
    )


def _of_strangers(secret: bytes, login: str, address: str) -> Counted:
    """The counters of an attempt from a browser that is not known."""
    own = _key(secret, f"login {login}")
    where = _key(secret, f"address {networks.counted(address)}")
    return Counted([where, own, _key(secret, "all")], own)


async def forget(before: datetime) -> None:
    """Drop counters that count no more."""
    await database.rows(_FORGET, before - WINDOW)


# SQL for counters that are read and moved on in one statement, and for the order in which their rows are locked.
_ONE_MORE = """ON CONFLICT (key) DO UPDATE SET
        failures = CASE WHEN attempt.since <= $2 THEN 1 ELSE attempt.failures + 1 END,
        since = CASE WHEN attempt.since <= $2 THEN $1 ELSE attempt.since END
    RETURNING key, failures, since"""
_COUNT_IN_LINE = f"""
WITH first AS (
    INSERT INTO attempt (key, failures, since) VALUES ($3, 1, $1) {_ONE_MORE}
), second AS (
    INSERT INTO attempt (key, failures, since) SELECT $4::bytea, 1, $1 FROM first WHERE failures <= $5 AND $3 <> $4
    {_ONE_MORE}
)
SELECT * FROM first UNION ALL SELECT * FROM second
"""  # noqa: S608 - constants

# One counter after the other, as long as the one before lets the attempt through. All statements lock their counters in
# this order, so that none waits for one that waits for it. The rows are the counters with this attempt; of a login that
# was not reached, as it would be with it, for the wait.
_COUNT = f"""
WITH address AS (
    INSERT INTO attempt (key, failures, since) VALUES ($3, 1, $1) {_ONE_MORE}
), login AS (
    INSERT INTO attempt (key, failures, since) SELECT $4::bytea, 1, $1 FROM address WHERE failures <= {PER_ADDRESS}
    {_ONE_MORE}
), everybody AS (
    INSERT INTO attempt (key, failures, since) SELECT $5::bytea, 1, $1 FROM login WHERE failures <= {PER_LOGIN}
    {_ONE_MORE}
)
SELECT * FROM address UNION ALL SELECT * FROM login UNION ALL SELECT * FROM everybody
UNION ALL SELECT key, failures + 1, since FROM attempt WHERE key = $4 AND since > $2
"""  # noqa: S608 - constants

# Likewise. Those in flight and the login's are counted under the locks of both, so that their difference is exact.
_COUNT_AHEAD = f"""
WITH address AS (
    INSERT INTO attempt (key, failures, since) VALUES ($3, 1, $1) {_ONE_MORE}
), in_flight AS (
    INSERT INTO attempt (key, failures, since) SELECT $4::bytea, 1, $1 FROM address WHERE failures <= {PER_ADDRESS}
    {_ONE_MORE}
), login AS (
    INSERT INTO attempt (key, failures, since) SELECT $5::bytea, 1, $1 FROM in_flight {_ONE_MORE}
), everybody AS (
    INSERT INTO attempt (key, failures, since) SELECT $6::bytea, 1, $1 FROM login WHERE failures <= {PER_LOGIN}
    {_ONE_MORE}
)
SELECT * FROM address UNION ALL SELECT * FROM in_flight UNION ALL SELECT * FROM login UNION ALL SELECT * FROM everybody
"""  # noqa: S608 - constants
_REMEMBER = f"INSERT INTO attempt (key, failures, since) VALUES ($3, 1, $1) {_ONE_MORE}"  # noqa: S608 - constants
_FORGET = """
DELETE FROM attempt WHERE key IN (SELECT key FROM attempt WHERE since < $1 FOR UPDATE SKIP LOCKED)
"""  # a counter that is being counted on is left alone: waiting for it could be a deadlock
# In one statement, for one moment of both.
_IS_FULL = """
SELECT 1 FROM attempt own LEFT JOIN attempt waiting ON waiting.key = $2 AND waiting.since > $3
WHERE own.key = $1 AND own.since > $3 AND own.failures - coalesce(waiting.failures, 0) >= $4
"""
_REFUND = """
WITH locked AS (
    SELECT key FROM attempt WHERE key = ANY($1::bytea[]) ORDER BY array_position($1, key) FOR UPDATE
)
UPDATE attempt SET failures = CASE WHEN attempt.key = $2 THEN 0 ELSE greatest(attempt.failures - 1, 0) END
FROM locked WHERE attempt.key = locked.key
"""


def _key(secret: bytes, text: str) -> bytes:
    return hmac.digest(secret, text.encode(), hashlib.sha256)
