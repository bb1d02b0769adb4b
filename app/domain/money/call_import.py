"""`mypage import calls`: loads a CSV of calls, all or nothing; a file with the same content is skipped.

`customer_number,service,started_at,number,seconds,amount`, in UTF-8 or cp932, which is found out by reading it. The
file is copied batch by batch into a temporary table, where PostgreSQL finds unknown contracts and calls that are there
twice. Memory does not grow with the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from app.domain import clock, fields, tables
from app.domain.imports import (
    LONGEST_CSV,
    PROBLEM_TABLE,
    RESAVED,
    csv_lines,
    examined,
    refuse_problems,
    resaved,
    wrong_customer_number,
)
from app.domain.money.calls import services
from app.postgres import database

BATCH = 2_000
"""Lines that are copied at a time."""
LOCK = 7_302_025
"""Key of the advisory lock that makes imports of calls wait for each other."""
HEADING = ["customer_number", "service", "started_at", "number", "seconds", "amount"]
MOST_SECONDS = 7 * 24 * 3600
MOST_YEN = 10_000_000

_NUMBER = re.compile(r"[0-9+*#][0-9*#-]{0,31}")
_MOMENT = re.compile(
    r"[1-9][0-9]{3}([-/])[0-9]{2}\1[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_LOST_ZERO = re.compile(r"[1-9](?:-?[0-9]){8,9}|10-?[1-9](?:-?[0-9]){8,}")
"""Whole numbers of Japan without their 0 have 9 or 10 digits; one that was dialled abroad begins with 010. Numbers of
services (110, 188) are short, and those with 184 or 186 before them are longer."""
_AMOUNT = re.compile(r"[0-9]{1,9}")


class CallLine(NamedTuple):
    """One line: what it holds in the order of HEADING, or what is wrong with it."""

    number: int
    call: tuple[str, str, datetime, str, int, int] | None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class CallsImported:
    """Calls that were loaded; `before`: a file with this content was loaded already, so nothing was done."""

    calls: int
    before: bool


async def import_calls(path: Path, progress: Callable[[int], None]) -> CallsImported:
    """Load the calls of the file in a transaction of its own, unless a file with the same content was loaded before.

    `progress` is called with the number of the line that was reached. The database role needs the right to make
    temporary tables. Raises ImportRefused, OSError when the file cannot be read, and what the database raises; then
    nothing was loaded.
    """
    encoding, digest = examined(path)
    async with database.engine().transaction() as transaction:
        connection = transaction.connection
        await connection.execute(_PREPARE)
        same = tables.CallFile.digest == digest
        known = await tables.CallFile.select(tables.CallFile.calls).where(same).first()
        if known:
            return CallsImported(known["calls"], before=True)
        lines = read(path, encoding)
        while batch := list(islice(lines, BATCH)):
            await _stage(connection, batch)
            progress(batch[-1].number)
        await connection.execute("ANALYZE incoming_call")
        await refuse_problems(connection, _OF_NOBODY, _TWICE, _LOADED_BEFORE)
        calls = await connection.fetchval(_LOAD)
        await tables.CallFile(digest=digest, loaded_at=clock.now(), calls=calls).save()
        return CallsImported(calls, before=False)


# --- reading ----------------------------------------------------------------------------------------------------------


def read(path: Path, encoding: str) -> Iterator[CallLine]:
    """The lines of the file after its heading, if it has one; empty ones are nothing."""
    for number, cells in csv_lines(path, encoding, HEADING, fields.half_width):
        if cells is None:
            yield CallLine(number, None, (f"is longer than {LONGEST_CSV:,} characters",))
        else:
            yield _judged(number, cells)


def _judged(number: int, cells: list[str]) -> CallLine:
    if len(cells) != len(HEADING):
        return CallLine(number, None, (f"must be {len(HEADING)} columns, {','.join(HEADING)}",))
    customer, service, started_at, called, seconds, amount = cells
    moment, stray = _moment(started_at), wrong_customer_number(customer)
    as_exported = _MOMENT.fullmatch(started_at)
    rules = (
        (not stray, stray),
        (service in services(), f"service: must be one of {', '.join(services())}"),
        (moment is not None, "started_at: must be a moment as 2026-01-05T10:00:00 (Asia/Tokyo), not in the future"
            + ("" if as_exported else resaved(started_at))),
        (bool(_NUMBER.fullmatch(called)),
            f"number: must be a telephone number of at most 32 signs{resaved(called)}"),
        (not _LOST_ZERO.fullmatch(called), f"number: has lost the 0 that it began with{RESAVED}"),
        (_whole(seconds, MOST_SECONDS), f"seconds: must be a whole number from 0 to {MOST_SECONDS:,}"),
        (_whole(amount, MOST_YEN), f"amount: must be whole yen from 0 to {MOST_YEN:,}"),
    )  # fmt: skip
    problems = tuple(reason for holds, reason in rules if not holds)
    if problems or moment is None:
        return CallLine(number, None, problems)
    return CallLine(number, (customer, service, moment, called, int(seconds), int(amount)))


def _moment(text: str) -> datetime | None:
    if not _MOMENT.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text.replace("/", "-"))
        moment = moment if moment.tzinfo else moment.replace(tzinfo=clock.TOKYO)
        return moment if moment <= clock.now() else None
    except ValueError:
        return None


def _whole(text: str, most: int) -> bool:
    return bool(_AMOUNT.fullmatch(text)) and int(text) <= most


# --- loading ----------------------------------------------------------------------------------------------------------

# SQL: temporary tables, COPY, and what a whole file is compared with in one statement.
# The name is of this import alone: asyncpg remembers the columns of a table that it copied into.
_PREPARE = f"""
SELECT pg_advisory_xact_lock({LOCK});
CREATE TEMPORARY TABLE incoming_call (line bigint, customer_number text, service text, started_at timestamptz, number text,
    seconds integer, yen integer) ON COMMIT DROP;
{PROBLEM_TABLE}
"""


async def _stage(connection: Any, batch: list[CallLine]) -> None:
    problems = [(line.number, reason) for line in batch for reason in line.problems]
    await connection.copy_records_to_table("problem", records=problems)
    records = [(line.number, *line.call) for line in batch if line.call]
    await connection.copy_records_to_table("incoming_call", records=records)


_OF_NOBODY = """
INSERT INTO problem SELECT line, 'customer_number: there is no such contract'
FROM incoming_call WHERE NOT EXISTS (SELECT FROM contract WHERE contract.customer_number = incoming_call.customer_number)
"""
_TWICE = """
INSERT INTO problem SELECT line, format('the same call stands on line %s already; keep one of the two', first)
FROM (SELECT line, first_value(line) OVER same AS first, row_number() OVER same AS nth FROM incoming_call
    WINDOW same AS (PARTITION BY customer_number, service, started_at, number ORDER BY line)) AS numbered
WHERE nth > 1
"""
_LOADED_BEFORE = """
INSERT INTO problem SELECT line, 'this call was loaded before, from another file'
FROM incoming_call i JOIN contract USING (customer_number) JOIN call c
    ON c.contract = contract.id AND c.service = i.service AND c.started_at = i.started_at AND c.number = i.number
"""
_LOAD = """
WITH loaded AS (
    INSERT INTO call (contract, service, started_at, number, seconds, yen)
    SELECT contract.id, i.service, i.started_at, i.number, i.seconds, i.yen
    FROM incoming_call i JOIN contract USING (customer_number) ORDER BY line RETURNING 1
) SELECT count(*) FROM loaded
"""
