"""`mypage import charges`: loads a CSV of the operator's other charges, all or nothing; the same file twice changes nothing.

`ref,customer_number,month,label,yen,tax_rate,period`, in UTF-8 or cp932. A ref is for ever: with other contents it is a
further version of the charge, which other_charges.py makes lines of. A ref that moves to another contract leaves a version
of 0 yen at the one before. Memory does not grow with the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from app.domain import catalogue, clock, fields
from app.domain.fields import Wrong
from app.domain.imports import (
    LONGEST_CSV,
    PROBLEM_TABLE,
    csv_lines,
    examined,
    refuse_problems,
    resaved,
    resaved_month,
    resaved_name,
    wrong_customer_number,
)
from app.domain.money import ledger
from app.domain.money.bill_rows import MONTHS
from app.domain.months import Month
from app.postgres import database

BATCH = 2_000
"""Lines that are copied at a time."""
LOCK = 7_302_026
"""Key of the advisory lock that makes imports of charges wait for each other."""
HEADING = ["ref", "customer_number", "month", "label", "yen", "tax_rate", "period"]
EXAMPLE = (
    ",".join(HEADING),
    "line-2026-02-0001,90000000000000,2026-02,光回線 月額料金,5500,10,2026/02/01-2026/02/28",
    "calls-2026-02-0001,90000000000000,2026-02,電話 通話料,1234,10,2026-01",
    "less-2026-02-0001,90000000000000,2026-02,割引,-550,10,",
)
MOST_YEN = 10_000_000
AHEAD = 12
"""Months that a charge may be loaded before its own."""
LABEL_LENGTH = 60

_REF = re.compile(r"[!-~]{1,64}")
_YEN = re.compile(r"-?[0-9]{1,9}")
_RATE = re.compile(r"([0-9]{1,2})%?")
_MONTH = re.compile(r"([1-9][0-9]{3})[-/](0?[1-9]|1[0-2])")
_DAY = r"([1-9][0-9]{3})[-/](0?[1-9]|1[0-2])[-/](0?[1-9]|[12][0-9]|3[01])"
_DAYS = re.compile(rf"{_DAY}(?:\s*(?:[-/~〜]|\.\.)\s*{_DAY})?")


class ChargeLine(NamedTuple):
    """One line: what it holds (ref, customer number, month, label, yen, percent, first and last day), or what is wrong."""

    number: int
    charge: tuple[str, str, date, str, int, int, date | None, date | None] | None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChargesImported:
    """Charges that were new, that have other contents now, and that were there with the same; `corrections`: of the
    first two, those for a closed month, which the bill that is made next holds."""

    new: int
    changed: int
    same: int
    corrections: int


async def import_charges(path: Path, progress: Callable[[int], None]) -> ChargesImported:
    """Load the charges of the file in a transaction of its own.

    `progress` is called with the number of the line that was reached. The database role needs the right to make
    temporary tables. Raises ImportRefused, OSError when the file cannot be read, and what the database raises; then
    nothing was loaded.
    """
    encoding, _ = examined(path)
    async with database.engine().transaction() as transaction:
        connection = transaction.connection
        await connection.execute(_PREPARE)
        months = await _months()
        lines = read(path, encoding, months)
        while batch := list(islice(lines, BATCH)):
            await _stage(connection, batch)
            progress(batch[-1].number)
        await connection.execute("ANALYZE incoming_charge")
        await refuse_problems(connection, _OF_NOBODY, _TWICE)
        await connection.execute(_LEAVE, clock.now())
        return ChargesImported(**await connection.fetchrow(_LOAD, clock.now()))


async def _months() -> tuple[Month, Month]:
    """The first and the last month that a charge may be for: of the ledger, and of bills that can be looked at."""
    this = Month.this()
    return max(await ledger.first_month(), this.back(MONTHS - 1)), this.back(-AHEAD)


# --- reading ----------------------------------------------------------------------------------------------------------


def read(path: Path, encoding: str, months: tuple[Month, Month]) -> Iterator[ChargeLine]:
    """The lines of the file after its heading, if it has one; empty ones are nothing. `months`: the first and last."""
    for number, cells in csv_lines(path, encoding, HEADING, str.strip):
        if cells is None:
            yield ChargeLine(number, None, (f"is longer than {LONGEST_CSV:,} characters",))
        elif number == 1 and [fields.half_width(cell) for cell in cells] == HEADING:
            continue
        elif len(cells) != len(HEADING):
            yield ChargeLine(number, None, (f"must be {len(HEADING)} columns, {','.join(HEADING)}",))
        else:
            yield _judged(number, cells, months)


def _judged(number: int, cells: list[str], months: tuple[Month, Month]) -> ChargeLine:
    ref, customer, month, _, yen, rate, period = map(fields.half_width, cells)
    found, percent, days, (label, unseen) = _month(month), _percent(rate), _days(period), _label(cells[3])
    first, last = months
    rules = (
        (_REF.fullmatch(ref) and not resaved_name(ref),
            f"ref: must be 1 to 64 letters, digits and signs of ASCII, without blanks{resaved_name(ref)}"),
        (not wrong_customer_number(customer), wrong_customer_number(customer)),
        (found is not None and first <= found <= last,
            f"month: must be a month as 2026-01, from {first.iso} to {last.iso}{resaved_month(month)}"),
        (not unseen, unseen),
        (_whole(yen),
            f"yen: must be whole yen with tax from -{MOST_YEN:,} to {MOST_YEN:,}, without commas{resaved(yen)}"),
        (percent is not None, f"tax_rate: must be one of {', '.join(map(str, sorted(_rates())))}, in percent"),
        (days is not None, "period: must be empty, a month, a day as 2026/01/10, or two days as "
            f"2026/01/01-2026/01/31{resaved(period)}"),
    )  # fmt: skip
    problems = tuple(reason for holds, reason in rules if not holds)
    if problems or found is None or percent is None or days is None:
        return ChargeLine(number, None, problems)
    return ChargeLine(number, (ref, customer, found.first_day, label, int(yen), percent, *days))


def _month(text: str) -> Month | None:
    found = _MONTH.fullmatch(text)
    return Month(int(found[1]), int(found[2])) if found else None


def _label(text: str) -> tuple[str, str]:
    """What the bill calls it, as every form reads a name; and why it is none."""
    try:
        return fields.one_line(text, most=LABEL_LENGTH), ""
    except Wrong as wrong:
        sign = f" ({wrong.sign})" if wrong.sign else ""
        return "", f"label: must be 1 to {LABEL_LENGTH} visible characters{sign}"


def _whole(text: str) -> bool:
    return bool(_YEN.fullmatch(text)) and abs(int(text)) <= MOST_YEN


def _rates() -> set[int]:
    """Percents of consumption tax that there were, and 0 for what is not taxed."""
    return {0, *(rate.percent for rate in catalogue.current().tax_rates)}


def _percent(text: str) -> int | None:
    found = _RATE.fullmatch(text)
    return int(found[1]) if found and int(found[1]) in _rates() else None


def _days(text: str) -> tuple[date | None, date | None] | None:
    """The first and last day of a period, two times None for an empty one; None for what is none."""
    if not text:
        return None, None
    month = _month(text)
    if month:
        return month.first_day, month.last_day
    found = _DAYS.fullmatch(text)
    if not found:
        return None
    try:
        first = date(int(found[1]), int(found[2]), int(found[3]))
        last = date(int(found[4]), int(found[5]), int(found[6])) if found[4] else first
    except ValueError:
        return None
    return (first, last) if first <= last else None


# --- loading ----------------------------------------------------------------------------------------------------------

# SQL: temporary tables, COPY, and what a whole file is compared with in one statement.
_PREPARE = f"""
SELECT pg_advisory_xact_lock({LOCK});
CREATE TEMPORARY TABLE incoming_charge (line bigint, ref text, customer_number text, month date, label text, yen integer,
    tax_rate smallint, started_on date, ended_on date) ON COMMIT DROP;
{PROBLEM_TABLE}
"""


async def _stage(connection: Any, batch: list[ChargeLine]) -> None:
    problems = [(line.number, reason) for line in batch for reason in line.problems]
    await connection.copy_records_to_table("problem", records=problems)
    records = [(line.number, *line.charge) for line in batch if line.charge]
    await connection.copy_records_to_table("incoming_charge", records=records)


_OF_NOBODY = """
INSERT INTO problem SELECT line, 'customer_number: there is no such contract' FROM incoming_charge i
WHERE NOT EXISTS (SELECT FROM contract WHERE contract.customer_number = i.customer_number)
"""
_TWICE = """
INSERT INTO problem SELECT line, format('ref: stands on line %s already; keep one of the two', first)
FROM (SELECT line, first_value(line) OVER same AS first, row_number() OVER same AS nth FROM incoming_charge
    WINDOW same AS (PARTITION BY ref ORDER BY line)) AS numbered
WHERE nth > 1
"""
_LAST = "LATERAL (SELECT o.* FROM other_charge o WHERE o.ref = i.ref ORDER BY o.id DESC LIMIT 1) AS last"
_COLUMNS = "ref, contract, month, label, yen, tax_rate, started_on, ended_on, loaded_at"
_LEAVE = f"""
INSERT INTO other_charge ({_COLUMNS})
SELECT last.ref, last.contract, last.month, last.label, 0, last.tax_rate, last.started_on, last.ended_on, $1
FROM incoming_charge i JOIN contract c USING (customer_number), {_LAST} WHERE last.contract <> c.id ORDER BY line
"""  # noqa: S608 - constants
_LOAD = f"""
WITH compared AS (
    SELECT i.*, c.id AS contract, last.id IS NULL AS new, last.month AS before,
        last.id IS NOT NULL AND (last.contract, last.month, last.label, last.yen, last.tax_rate, last.started_on, last.ended_on)
            IS NOT DISTINCT FROM (c.id, i.month, i.label, i.yen, i.tax_rate, i.started_on, i.ended_on) AS same
    FROM incoming_charge i JOIN contract c USING (customer_number) LEFT JOIN {_LAST} ON true
), loaded AS (
    INSERT INTO other_charge ({_COLUMNS})
    SELECT ref, contract, month, label, yen, tax_rate, started_on, ended_on, $1 FROM compared WHERE NOT same ORDER BY line
)
SELECT count(*) FILTER (WHERE new) AS new, count(*) FILTER (WHERE NOT new AND NOT same) AS changed,
    count(*) FILTER (WHERE same) AS same, count(*) FILTER (WHERE NOT same AND EXISTS (
        SELECT FROM bill_close b WHERE b.closed_at IS NOT NULL AND b.month IN (compared.month, before))) AS corrections
FROM compared
"""  # noqa: S608 - constants
