#!/usr/bin/env python3
"""An example of a system that follows the portal: it copies `events_v1.event` into an SQLite file of its own.

    reader.py postgresql://events_reader@db/mypage copy.sqlite --name crm --from-start
    reader.py postgresql://events_reader@db/mypage copy.sqlite --name crm

It keeps each event and how far it is in one transaction, so that each is kept once, although the portal hands them out at
least once. It stops with words, and exit status 3, wherever going on would lose something without anybody noticing. Needs
Python 3.11 and asyncpg; the login has the role `mypage_events` (docs/interfaces.md).
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import sys
from typing import Any

import asyncpg

BATCH = 1_000
AGAIN = "Copy what you need of billing_v1 anew: move this file away, begin with --from-now, and copy the views after that"


class Stopped(Exception):
    """Going on would lose something; the text says why, and what to do."""


def opened(path: str) -> sqlite3.Connection:
    own = sqlite3.connect(path)
    own.executescript("""
        CREATE TABLE IF NOT EXISTS event (epoch TEXT, position INTEGER, time TEXT, kind TEXT, version INTEGER,
            contract INTEGER, account INTEGER, data TEXT, PRIMARY KEY (epoch, position));
        CREATE TABLE IF NOT EXISTS place (one INTEGER PRIMARY KEY CHECK (one = 1), epoch TEXT, position INTEGER);
    """)
    return own


async def begin(portal: Any, own: sqlite3.Connection, start: str | None) -> None:
    """Where there is no place yet, take the one that was asked for."""
    if own.execute("SELECT 1 FROM place").fetchone():
        return
    reach = await portal.fetchrow("SELECT * FROM events_v1.reach")
    if reach is None:
        raise Stopped("there are no events yet: start the portal's server, which gives them their positions")
    if start is None:
        raise Stopped("this file is new: begin with --from-start or --from-now")
    if start == "start" and reach["oldest"] > 1:
        raise Stopped(f"the events before position {reach['oldest']} are deleted. {AGAIN}")
    position = 0 if start == "start" else reach["newest"]
    with own:
        own.execute("INSERT INTO place VALUES (1, ?, ?)", (str(reach["epoch"]), position))


async def read(portal: Any, own: sqlite3.Connection, name: str) -> int:
    """Keep what is new, at most BATCH events; how many. Raises Stopped."""
    epoch, position = own.execute("SELECT epoch, position FROM place").fetchone()
    async with portal.transaction(isolation="repeatable_read", readonly=True):  # both of one moment
        reach = await portal.fetchrow("SELECT * FROM events_v1.reach")
        rows = await portal.fetch(
            "SELECT * FROM events_v1.event WHERE epoch = $1 AND position > $2 ORDER BY position LIMIT $3",
            *(epoch, position, BATCH),
        )
    judge(reach, rows, epoch, position)
    kept = [(epoch, row["position"], row["time"].isoformat(), *tuple(row)[3:]) for row in rows]
    with own:
        own.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?)", kept)
        own.execute("UPDATE place SET position = ?", (position + len(rows),))
    # After it is kept: the portal deletes what every reader says it has.
    await portal.execute(
        "INSERT INTO events_v1.reader (name, epoch, position) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE"
        " SET epoch = excluded.epoch, position = excluded.position, read_at = now()",
        *(name, epoch, position + len(rows)),
    )
    return len(rows)


def judge(reach: Any, rows: list[Any], epoch: str, position: int) -> None:
    if reach is None or str(reach["epoch"]) != epoch:
        now = f"{reach['epoch']}, begun at {reach['begun_at']:%Y-%m-%d %H:%M %Z}" if reach else "none"
        raise Stopped(
            f"the portal's database was restored or moved: its epoch is {now}, this file follows {epoch}. Some of what is"
            f" kept here may not have happened there. {AGAIN}"
        )
    if position + 1 < reach["oldest"]:
        raise Stopped(
            f"the events {position + 1} to {reach['oldest'] - 1} were deleted before they were read. {AGAIN}"
        )
    if position > reach["newest"]:
        raise Stopped(
            f"position {position} was read, and the portal's newest is {reach['newest']}: its database was restored, and"
            f" nobody ran `mypage events restart`. Have it run. {AGAIN}"
        )
    for expected, row in enumerate(rows, position + 1):
        if row["position"] != expected:
            raise Stopped(f"position {expected} is missing, {row['position']} comes in its place. {AGAIN}")
    if not rows and position < reach["newest"]:
        raise Stopped(f"position {position + 1} is missing, although {reach['newest']} was given. {AGAIN}")


async def follow(url: str, path: str, name: str, start: str | None, once: bool) -> None:
    own, portal = opened(path), await asyncpg.connect(url)
    try:
        await begin(portal, own, start)
        while True:
            while await read(portal, own, name):
                pass
            if once:
                return
            await asyncio.sleep(1)
    finally:
        own.close()
        await portal.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="copies events_v1.event into an SQLite file")
    parser.add_argument("url", help="of the portal's database, as a login with the role mypage_events")
    parser.add_argument("file")
    parser.add_argument("--name", default="example", help="under which the portal keeps what is not read yet")
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--from-start", dest="start", action="store_const", const="start")
    start.add_argument("--from-now", dest="start", action="store_const", const="now")
    parser.add_argument("--once", action="store_true", help="end when all is read")
    chosen = parser.parse_args()
    try:
        asyncio.run(follow(chosen.url, chosen.file, chosen.name, chosen.start, chosen.once))
    except Stopped as stopped:
        print(f"reader: {stopped}.", file=sys.stderr)
        sys.exit(3)
    except sqlite3.Error as error:
        sys.exit(f"reader: {chosen.file}: {error}: name a file of this reader's, or one that can be made")
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        said = error.args[0] if isinstance(error, asyncpg.PostgresError) else error
        sys.exit(
            f"reader: the portal's database: {said}: nothing is lost, start it again when that is mended"
        )


if __name__ == "__main__":
    main()
