"""`mypage import licences`: loads a CSV of `product,pin`, all or nothing; the same file twice changes nothing.

The file is copied batch by batch into a temporary table, each PIN encrypted already, where PostgreSQL finds by
fingerprints what is there twice. Memory does not grow with the file. Reasons never repeat a PIN.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from app.domain import catalogue, clock, data_keys
from app.domain.fields import reading
from app.domain.imports import LONGEST_CSV, PROBLEM_TABLE, csv_lines, refuse_problems
from app.postgres import database

BATCH = 1_000
"""Lines that are copied at a time."""
LOCK = 7_302_023
"""Key of the advisory lock that makes imports of licences wait for each other."""
HEADING = ["product", "pin"]
_PIN = re.compile(r"[!-~]{4,64}")


class LicenceLine(NamedTuple):
    """One line: what it holds, or what is wrong with it."""

    number: int
    product: str = ""
    pin: str = ""
    problem: str = ""


@dataclass(frozen=True)
class LicencesImported:
    """Licence keys that were loaded, and those that were there already."""

    new: int
    already_there: int


async def import_licences(path: Path, progress: Callable[[int], None]) -> LicencesImported:
    """Load the licence keys of the file that are not there yet, in a transaction of its own.

    `progress` is called with the number of the line that was reached. The database role needs the right to make
    temporary tables. Raises ImportRefused, OSError when the file cannot be read, and what the database raises; then
    nothing was loaded.
    """
    async with database.engine().transaction() as transaction:
        connection = transaction.connection
        await connection.execute(_PREPARE)
        lines = read(path)
        while batch := list(islice(lines, BATCH)):
            await _stage(connection, batch)
            progress(batch[-1].number)
        await connection.execute("ANALYZE incoming")
        await refuse_problems(connection, _TWICE, _OF_ANOTHER_PRODUCT)
        new = await connection.fetchval(_LOAD, data_keys.current().names[0], clock.now())
        return LicencesImported(new, await connection.fetchval("SELECT count(*) FROM incoming") - new)


def read(path: Path) -> Iterator[LicenceLine]:
    """The lines of the file after its heading, if it has one; empty ones are nothing."""
    for number, cells in csv_lines(path, "utf-8-sig", HEADING, reading.half_width):
        if cells is None:
            yield LicenceLine(number, problem=f"is longer than {LONGEST_CSV:,} characters")
        else:
            yield _judged(number, cells)


def _judged(number: int, cells: list[str]) -> LicenceLine:
    if len(cells) != len(HEADING):
        return LicenceLine(number, problem="must be two columns, product,pin")
    product, pin = cells
    known = catalogue.licences()
    if product not in known:
        return LicenceLine(number, problem=f"product: must be one of {', '.join(known)}")
    if not _PIN.fullmatch(pin):
        return LicenceLine(number, problem="pin: must be 4 to 64 ASCII characters without spaces")
    return LicenceLine(number, product, pin)


# SQL: temporary tables, COPY, and what a whole file is compared with in one statement.
_PREPARE = f"""
SELECT pg_advisory_xact_lock({LOCK});
CREATE TEMPORARY TABLE incoming (line bigint, product text, pin bytea, fingerprint bytea, older bytea[]) ON COMMIT DROP;
{PROBLEM_TABLE}
"""


async def _stage(connection: Any, batch: list[LicenceLine]) -> None:
    keys = data_keys.current()
    problems = [(line.number, line.problem) for line in batch if line.problem]
    records = []
    for line in batch:
        if not line.problem:
            newest, *older = keys.fingerprints(line.pin)
            records.append((line.number, line.product, keys.encrypt(line.pin), newest, older))
    await connection.copy_records_to_table("problem", records=problems)
    await connection.copy_records_to_table("incoming", records=records)


_TWICE = """
INSERT INTO problem SELECT line, format('pin: stands on line %s already; keep one of the two', first)
FROM (SELECT line, first_value(line) OVER same AS first, row_number() OVER same AS nth FROM incoming
    WINDOW same AS (PARTITION BY fingerprint ORDER BY line)) AS numbered
WHERE nth > 1
"""
_OF_ANOTHER_PRODUCT = """
INSERT INTO problem SELECT line, format('pin: was loaded before, as one of %s', licence.product)
FROM incoming JOIN licence ON licence.fingerprint = ANY (incoming.older || incoming.fingerprint)
WHERE licence.product <> incoming.product
"""
_LOAD = """
WITH loaded AS (
    INSERT INTO licence (product, pin, data_key, fingerprint, loaded_at)
    SELECT product, pin, $1, fingerprint, $2 FROM incoming WHERE NOT EXISTS (
        SELECT FROM licence WHERE licence.fingerprint = ANY (incoming.older || incoming.fingerprint))
    ORDER BY line RETURNING 1
) SELECT count(*) FROM loaded
"""
