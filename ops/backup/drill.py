#!/usr/bin/env python3
"""Proves that the newest backup can be restored: `python -m app.ops.backup.drill FOLDER [--older-than-hours 26]`.

It is restored into a database of its own on the server of DATABASE_URL (or DATABASE_URL_FILE), whose role may create
one; brought up to date; held to what was written down when it was taken; opened with the keys of the environment; and
taken through the last steps of a restore, as docs/running.md has them. The database is dropped afterwards. What was
proved is printed, line by line; what was not goes to stderr, with exit status 1.

Nothing leaves: no server is started, and no command that sends mail.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg

from . import dumps
from .dumps import Database, Failed, Manifest

NAME = "mypage_drill_"
"""What its database is called, with a time after it."""
LONGEST = 24 * 3_600_000
"""Milliseconds that no drill takes."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--older-than-hours", type=float, default=26, help="a newest backup that old is a failure"
    )
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, _end)
    began = time.monotonic()
    try:
        dump, manifest = newest(chosen.folder, chosen.older_than_hours)
        asyncio.run(drill(dumps.database(), dump, manifest))
    except (Failed, OSError) as error:
        print(f"restore drill failed: {error}", file=sys.stderr)
        return 1
    print(f"the drill took {time.monotonic() - began:.0f} s: {dump.name} can be restored")
    return 0


def _end(*_: object) -> None:
    """A drill that is stopped drops its database, too: everything about every customer is in it."""
    raise SystemExit(1)


def newest(folder: Path, hours: float) -> tuple[Path, Manifest]:
    """The newest backup, whole and not too old. Raises Failed."""
    there = sorted(folder.glob("mypage-*.dump"))
    if not there:
        raise Failed(f"there is no backup in {folder}")
    dump = there[-1]
    manifest = Manifest.read(dump.with_suffix(".json"))
    if dumps.digest(dump) != manifest.sha256:
        raise Failed(f"{dump} is not what was written when it was taken: cut off, or changed")
    if manifest.age > hours:
        raise Failed(
            f"{dump.name} is {manifest.age:.0f} hours old: no backup was taken since, look at the job that does"
        )
    _say(f"{dump.name} is whole, {dump.stat().st_size:,} bytes, {manifest.age:.1f} hours old")
    return dump, manifest


async def drill(live: Database, dump: Path, manifest: Manifest) -> None:
    """Restore it beside the live database, look at it, and drop it. Raises Failed."""
    now = time.time_ns() // 1_000_000
    name = f"{NAME}{now}"
    maintenance = await live.connect()
    try:
        await _drop_left_behind(maintenance, now)
        await maintenance.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        try:
            await _look(live.beside(name), dump, manifest)
        finally:
            await maintenance.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await maintenance.close()


async def _drop_left_behind(maintenance: Any, now: int) -> None:
    """Databases of drills that were killed; `now` in milliseconds since 1970. Raises Failed."""
    for (name,) in await maintenance.fetch(
        "SELECT datname FROM pg_database WHERE datname ~ $1", f"^{NAME}[0-9]+$"
    ):
        if now - int(name.removeprefix(NAME)) > LONGEST:
            try:
                await maintenance.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
            except asyncpg.PostgresError as error:
                raise Failed(
                    f"the database {name} of a drill that was killed is still there: {error}"
                ) from None
            _say(f"the database {name}, which a drill that was killed had left, is dropped")


async def _look(scratch: Database, dump: Path, manifest: Manifest) -> None:
    # Whoever drills need not be the owner; who may do what is restored, and so a role that is missing here is found out.
    _run(
        ["pg_restore", "--exit-on-error", "--no-owner", "--no-password", *scratch.arguments, str(dump)],
        scratch.environment,
    )
    connection = await scratch.connect()
    try:
        await _same(connection, manifest)
        _mypage(scratch, "migrate")
        await _ledger(connection)
        await _keys(scratch)
        await _epoch(scratch, connection)
        _erase_again(scratch)
    finally:
        await connection.close()


async def _same(connection: Any, manifest: Manifest) -> None:
    """Every table has the rows that were counted, and every month of the ledger its sum."""
    found = await dumps.rows(connection)
    wrong = sorted(
        name for name in found.keys() | manifest.rows.keys() if found.get(name) != manifest.rows.get(name)
    )
    if wrong:
        told = ", ".join(f"{name} {found.get(name)} instead of {manifest.rows.get(name)}" for name in wrong)
        raise Failed(f"rows are not those that were backed up: {told}")
    _say(f"{len(found)} tables with {sum(found.values()):,} rows, as they were counted")
    sums = await dumps.ledger(connection)
    if sums != manifest.ledger:
        raise Failed(f"the ledger's sums are {sums}, and were {manifest.ledger}")


async def _ledger(connection: Any) -> None:
    """Closed months follow one another, and each bill's sum and tax are those of its lines."""
    months = [str(month) for (month,) in await connection.fetch(_HOLES)]
    if months:
        raise Failed(f"the ledger has a hole before {', '.join(months)}")
    wrong = await connection.fetch(_BILLS)
    if wrong:
        told = "; ".join(f"{row['month']}, contract {row['contract']}, {row['tax_rate']} %" for row in wrong)
        raise Failed(f"bills whose sums are not those of their charges: {told}")
    closed, charges, yen = await connection.fetchrow(_CLOSED)
    _say(
        f"the ledger: {closed} closed months, {charges:,} charges, {yen:,} yen, each bill the sum of its lines"
    )


async def _keys(scratch: Database) -> None:
    """The peppers and keys that the environment has are those of the backup."""
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as nobody:
        _mypage(scratch, "import", "contracts", nobody.name, "--dry-run")
    _say("the peppers are those that its passwords were hashed with")
    _mypage(scratch, "licences", "renew")
    _say("the data keys open every licence key and authenticator secret")


async def _epoch(scratch: Database, connection: Any) -> None:
    """Readers of events_v1 are told that this is another database. Raises Failed."""
    before = await connection.fetchval(_EPOCH)
    _mypage(scratch, "events", "restart")
    after = await connection.fetchval(_EPOCH)
    if after is None or after == before:
        raise Failed("no new epoch of events has begun")
    _say(f"events begin epoch {after}{f', after {before}' if before else ''}")


def _erase_again(scratch: Database) -> None:
    """Whoever was erased since the backup is erased again, from the list that is kept apart from it."""
    if not os.environ.get("MYPAGE_ERASURES"):
        print("--  MYPAGE_ERASURES names no list of erasures, so nobody was erased again", flush=True)
        return
    _mypage(scratch, "contracts", "erase", "--again")


def _mypage(scratch: Database, *arguments: str) -> None:
    """A command of the portal on the restored database. Raises Failed with what it said."""
    apart = ("DATABASE_URL", "DATABASE_URL_FILE", "MYPAGE_DATA_DIR")
    told = {key: value for key, value in os.environ.items() if key not in apart}
    told |= {"DATABASE_URL": scratch.url, "MYPAGE_MAIL_HOLD": "1"}
    done = _run([sys.executable, "-m", "app", *arguments], told)
    _say(f"mypage {' '.join(arguments)}: {done.splitlines()[-1] if done else 'done'}")


def _run(command: list[str], environment: dict[str, str]) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - no shell; nothing in it was typed by a stranger
            command, env=environment, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise Failed(
            f"{command[0]} is missing: install PostgreSQL's client, of the server's version or newer"
        ) from None
    if done.returncode:
        raise Failed(f"{Path(command[0]).name} {' '.join(command[1:4])}: {done.stderr.strip()[-2000:]}")
    return done.stdout.strip()


def _say(what: str) -> None:
    print(f"ok  {what}", flush=True)


_EPOCH = "SELECT epoch FROM event_epoch ORDER BY id DESC LIMIT 1"
_HOLES = """
SELECT month FROM (SELECT month, lag(month) OVER (ORDER BY month) AS before FROM bill_close) AS months
WHERE month <> before + interval '1 month'
"""
_BILLS = """
SELECT month, contract, tax_rate FROM (
    SELECT billed AS month, contract, tax_rate, sum(yen) AS yen FROM charge GROUP BY billed, contract, tax_rate
) AS line FULL JOIN bill_tax t USING (month, contract, tax_rate)
WHERE line.yen IS DISTINCT FROM t.yen OR t.tax IS DISTINCT FROM t.yen * tax_rate / (100 + tax_rate)
ORDER BY month, contract, tax_rate LIMIT 20
"""
_CLOSED = """
SELECT (SELECT count(*) FROM bill_close WHERE closed_at IS NOT NULL), count(c.id), coalesce(sum(c.yen), 0)
FROM charge c JOIN bill_close b ON b.month = c.billed WHERE b.closed_at IS NOT NULL
"""

if __name__ == "__main__":
    sys.exit(main())
