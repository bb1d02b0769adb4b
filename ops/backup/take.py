#!/usr/bin/env python3
"""Backs the portal's database up: `python -m app.ops.backup.take FOLDER [--keep-days 14]`.

Writes FOLDER/mypage-<time>.dump, in pg_dump's custom format, and beside it a .json with what is in it, which
`drill.py` holds it to. Both stand under their names only when they are whole. DATABASE_URL or DATABASE_URL_FILE names
the database; pg_dump must be of the server's version or newer.

The peppers and keys of the environment are in no backup: keep them elsewhere. Without them nobody can log in.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from . import dumps
from .dumps import Database, Failed, Manifest

KEPT_AT_LEAST = 3
"""The newest backups that stay whatever their age: a clock that runs wrong, or a long silence, deletes not all of them."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep-days", type=int, default=14, help="older ones are deleted; default 14")
    chosen = parser.parse_args()
    os.umask(0o077)  # everything about every customer is in it
    try:
        made = asyncio.run(take(dumps.database(), chosen.folder))
        gone = forget(chosen.folder, timedelta(days=chosen.keep_days))
    except (Failed, OSError) as error:
        print(f"backup failed: {error}", file=sys.stderr)
        return 1
    print(f"{made}: {made.stat().st_size:,} bytes; {gone} older ones deleted")
    return 0


async def take(database: Database, folder: Path) -> Path:
    """The dump that was made. Raises Failed; then nothing of it is left."""
    now = datetime.now(UTC)
    whole = folder / f"{now:{dumps.NAME}}.dump"
    part, note = whole.with_suffix(".dump.part"), whole.with_suffix(".json.part")
    try:
        connection = await database.connect()
        try:
            # The rows are counted in the very snapshot that is dumped, while members go on.
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
                await asyncio.to_thread(_dump, database, part, snapshot)
                counted, sums = await dumps.rows(connection), await dumps.ledger(connection)
        finally:
            await connection.close()
        Manifest(dumps.digest(part), now.isoformat(timespec="seconds"), counted, sums).write(note)
        _to_disk(part, note)
        part.rename(whole)
        note.rename(whole.with_suffix(".json"))
        _to_disk(folder)
    except BaseException:
        part.unlink(missing_ok=True)
        note.unlink(missing_ok=True)
        raise
    return whole


def _dump(database: Database, file: Path, snapshot: str) -> None:
    options = ["--format=custom", "--no-password", f"--snapshot={snapshot}", f"--file={file}"]
    try:
        subprocess.run(  # noqa: S603 - no shell; the folder is the operator's
            ["pg_dump", *options, *database.arguments],  # noqa: S607 - which PostgreSQL's, PATH says
            env=database.environment, check=True, capture_output=True, text=True,
        )  # fmt: skip
    except FileNotFoundError:
        raise Failed(
            "pg_dump is missing: install PostgreSQL's client, of the server's version or newer"
        ) from None
    except subprocess.CalledProcessError as error:
        raise Failed(error.stderr.strip()) from None


def _to_disk(*paths: Path) -> None:
    for path in paths:
        opened = os.open(path, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def forget(folder: Path, age: timedelta) -> int:
    """Delete backups that are older, and what one that was cut off left; how many backups."""
    oldest = f"{datetime.now(UTC) - age:{dumps.NAME}}"
    gone = [dump for dump in sorted(folder.glob("mypage-*.dump"))[:-KEPT_AT_LEAST] if dump.stem < oldest]
    for dump in gone:
        dump.unlink()
        dump.with_suffix(".json").unlink(missing_ok=True)
    for part in folder.glob("mypage-*.part"):
        if part.name < oldest:
            part.unlink()
    return len(gone)


if __name__ == "__main__":
    sys.exit(main())
