"""`mypage import notices`: loads a `notices` file (spec 17), all or nothing; the same file twice changes nothing.

A notice is known again by its kind, title and start. One that is there with other contents (the end of an outage has
become known, say) is changed to what the file says, and its closed banners open again. What the file does not name
stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from app.domain import clock, fields
from app.domain.fields import Wrong
from app.domain.imports import LISTED, LONGEST_JSON, ImportRefused, Problem, json_lines, undecoded
from app.domain.notices.notices import KINDS, SEVERITIES
from app.postgres import database

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MOST = 10_000
"""Notices of one file; more is another kind of file."""
BODY_LENGTH = 4_000


@dataclass(frozen=True)
class NoticesImported:
    """Notices that were loaded, changed, and left as they are because they were there already."""

    new: int
    changed: int
    already_there: int


class _Notice(msgspec.Struct, forbid_unknown_fields=True):
    kind: str
    severity: str
    title: str
    text: str
    starts_at: str
    ends_at: str | None = None
    buildings: list[str] | None = None


_decoder = msgspec.json.Decoder(_Notice)


async def import_notices(path: Path, progress: Callable[[int], None]) -> NoticesImported:
    """Load the notices of the file, in a transaction of its own; `progress` is called with the line that was reached.

    Raises ImportRefused, OSError when the file cannot be read, and what the database raises; then nothing was loaded.
    """
    judged = _judged(path, progress)
    async with database.engine().transaction():
        found = await database.rows(_LOAD, msgspec.json.encode(judged).decode())
        changed = [row["id"] for row in found if not row["new"]]
        await database.rows(_OPEN_AGAIN, changed)
    return NoticesImported(len(found) - len(changed), len(changed), len(judged) - len(found))


def _judged(path: Path, progress: Callable[[int], None]) -> list[dict[str, Any]]:
    """The notices of a file without bad lines. Raises ImportRefused."""
    problems: list[Problem] = []
    first: dict[tuple[str, str, datetime], int] = {}
    good = []
    for number, raw in json_lines(path):
        notice, wrong = _judge(raw)
        if notice:
            again = first.setdefault((notice["kind"], notice["title"], notice["starts_at"]), number)
            if again != number:
                wrong = [f"the same kind, title and starts_at stand on line {again} already; keep one"]
        problems += [Problem(number, reason) for reason in wrong]
        good.append(notice)
        if len(good) > MOST:
            problems.append(Problem(number, f"more than {MOST:,} notices: split the file"))
            break
        progress(number)
    if problems:
        raise ImportRefused(problems[:LISTED], max(len(problems) - LISTED, 0))
    return [notice for notice in good if notice]


def _judge(raw: bytes | None) -> tuple[dict[str, Any] | None, list[str]]:
    """The notice as its row, or what is wrong with the line."""
    if raw is None:
        return None, [f"longer than {LONGEST_JSON} bytes: write one notice a line"]
    try:
        given = _decoder.decode(raw.decode())
    except UnicodeDecodeError as error:
        return None, [f"not UTF-8 at byte {error.start + 1}: save the file as UTF-8"]
    except (msgspec.DecodeError, RecursionError) as error:
        return None, [undecoded(error)]
    wrong: list[str] = []
    starts_at, ends_at = _moment("starts_at", given.starts_at, wrong), None
    if given.ends_at is not None:
        ends_at = _moment("ends_at", given.ends_at, wrong)
        if starts_at and ends_at and ends_at <= starts_at:
            wrong.append("ends_at: must be after starts_at, or null while the end is not known")
    _one_of("kind", given.kind, KINDS, wrong)
    _one_of("severity", given.severity, SEVERITIES, wrong)
    notice = {
        "kind": given.kind,
        "severity": given.severity,
        "title": _line("title", given.title, wrong),
        "body": _text(given.text, wrong),
        "starts_at": starts_at,
        "ends_at": ends_at,
        "buildings": _buildings(given.buildings, wrong),
    }
    return (None if wrong else notice), wrong


def _one_of(name: str, value: str, known: dict[str, str], wrong: list[str]) -> None:
    if value not in known:
        wrong.append(f"{name}: must be one of {', '.join(known)}")


def _moment(name: str, value: str, wrong: list[str]) -> datetime | None:
    """ISO 8601; without an offset it is Asia/Tokyo."""
    try:
        moment = datetime.fromisoformat(value)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=clock.TOKYO)
        if 2000 <= aware.year < 2200:
            return aware
    except ValueError:
        pass
    wrong.append(f"{name}: must be a moment as 2026-01-10T09:00, in Asia/Tokyo unless it has an offset")
    return None


def _line(name: str, value: str, wrong: list[str]) -> str:
    try:
        return fields.one_line(value)
    except Wrong as bad:
        sign = f" ({bad.sign})" if bad.sign else ""
        wrong.append(f"{name}: must be 1 to {fields.LINE_LENGTH} visible characters{sign}")
        return ""


def _text(value: str, wrong: list[str]) -> str:
    try:
        text = fields.text_of_lines(value, "text", BODY_LENGTH)
    except Wrong as bad:
        must = f"text: must be 1 to {BODY_LENGTH:,} characters, with line breaks where wanted"
        wrong.append(must + (f" ({bad.sign})" if bad.sign else ""))
        return ""
    return "\n".join(line.rstrip() for line in text.split("\n"))


def _buildings(given: list[str] | None, wrong: list[str]) -> list[str] | None:
    """The codes, each once; None is every building, and so is an empty list."""
    if not given:
        return None
    return sorted({_line("buildings", building, wrong) for building in given})


# SQL for a whole file as one JSON value, and for ON CONFLICT … WHERE it differs.
_LOAD = """
INSERT INTO notice AS n (kind, severity, title, body, starts_at, ends_at, buildings)
SELECT kind, severity, title, body, starts_at, ends_at, buildings FROM jsonb_to_recordset($1::jsonb)
    AS file (kind text, severity text, title text, body text, starts_at timestamptz, ends_at timestamptz, buildings text[])
ON CONFLICT (kind, title, starts_at) DO UPDATE
    SET severity = excluded.severity, body = excluded.body, ends_at = excluded.ends_at, buildings = excluded.buildings
    WHERE (n.severity, n.body, n.ends_at, n.buildings)
        IS DISTINCT FROM (excluded.severity, excluded.body, excluded.ends_at, excluded.buildings)
RETURNING n.id, n.xmax = 0 AS new
"""
# SQL for arrays that numbers are taken out of.
_OPEN_AGAIN = """
UPDATE session SET dismissed = ARRAY (SELECT closed FROM unnest(dismissed) AS closed WHERE closed <> ALL ($1::bigint[]))
WHERE dismissed && $1::bigint[]
"""
