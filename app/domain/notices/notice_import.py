"""`mypage import notices`: loads a `notices` file (spec 17), all or nothing; the same file twice changes nothing.

A notice is known again by its `id`, so that a file with it can correct everything else, or else by its kind, title and
start. One that is there with other contents (the end of an outage has become known, say) is changed to what the file
says, and its closed banners open again. What the file does not name stays; one that is withdrawn, or past, is kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from app.domain import clock, fields
from app.domain.fields import Wrong
from app.domain.imports import LISTED, LONGEST_JSON, ImportRefused, Problem, json_lines, undecoded
from app.domain.notices.notices import KINDS, SEVERITIES, STATES
from app.postgres import database

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
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
    unknown_buildings: tuple[str, ...] = ()
    """Buildings that the file names and no contract is in: nobody there is told."""


class _Notice(msgspec.Struct, forbid_unknown_fields=True):
    kind: str
    severity: str
    title: str
    text: str
    starts_at: str
    ends_at: str | None = None
    buildings: list[str] | None = None
    id: str | None = None
    services: list[str] | None = None
    state: str | None = None
    emergency_calls: str | None = None
    updated_at: str | None = None
    next_update_at: str | None = None
    withdrawn: bool = False


_decoder = msgspec.json.Decoder(_Notice)


async def import_notices(path: Path, progress: Callable[[int], None]) -> NoticesImported:
    """Load the notices of the file, in a transaction of its own; `progress` is called with the line that was reached.

    Raises ImportRefused, OSError when the file cannot be read, and what the database raises; then nothing was loaded.
    """
    judged = _judged(path, progress)
    file = msgspec.json.encode(judged).decode()
    async with database.engine().transaction():
        await database.rows(_LOCK)
        await _must_not_clash(file)
        corrected = await database.rows(_CORRECT, file, clock.now())
        found = [*corrected, *await database.rows(_LOAD, file, clock.now())]
        changed = [row["id"] for row in found if not row["new"]]
        await database.rows(_OPEN_AGAIN, changed)
        unknown = tuple(row["building"] for row in await database.rows(_UNKNOWN, file))
    return NoticesImported(len(found) - len(changed), len(changed), len(judged) - len(found), unknown)


async def _must_not_clash(file: str) -> None:
    """Raises ImportRefused where a notice would become what another one is."""
    problems = [
        Problem(
            row["line"],
            f"id: the notice {row['taken'] or 'without an id'} has this kind, title and starts_at; change one of them",
        )
        for row in await database.rows(_CLASHES, file)
    ]
    if problems:
        raise ImportRefused(problems[:LISTED], max(len(problems) - LISTED, 0))


def _judged(path: Path, progress: Callable[[int], None]) -> list[dict[str, Any]]:
    """The notices of a file without bad lines. Raises ImportRefused."""
    problems: list[Problem] = []
    seen: dict[tuple[object, ...], int] = {}
    good = []
    for number, raw in json_lines(path):
        notice, wrong = _judge(raw)
        if notice:
            wrong = list(_again(notice, number, seen))
            good.append({**notice, "line": number})
        problems += [Problem(number, reason) for reason in wrong]
        if number > MOST:
            problems.append(Problem(number, f"more than {MOST:,} notices: split the file"))
            break
        progress(number)
    if problems:
        raise ImportRefused(problems[:LISTED], max(len(problems) - LISTED, 0))
    return good


def _again(notice: dict[str, Any], number: int, seen: dict[tuple[object, ...], int]) -> Iterator[str]:
    """What stands on an earlier line of the file already."""
    keys: dict[str, tuple[object, ...]] = {
        "kind, title and starts_at": (notice["kind"], notice["title"], notice["starts_at"])
    }
    if notice["identity"]:
        keys["id"] = (notice["identity"],)
    for name, key in keys.items():
        if (first := seen.setdefault(key, number)) != number:
            yield f"the same {name} stand{'' if ',' in name else 's'} on line {first} already; keep one"


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
    if given.state == "復旧" and given.ends_at is None:
        wrong.append("state: 復旧 needs ends_at, the moment since when it works again")
    _one_of("kind", given.kind, KINDS, wrong)
    _one_of("severity", given.severity, SEVERITIES, wrong)
    notice = {
        "kind": given.kind,
        "severity": given.severity,
        "title": _line("title", given.title, wrong),
        "body": _text(given.text, wrong),
        "starts_at": starts_at,
        "ends_at": ends_at,
        "buildings": _listed("buildings", given.buildings, wrong),
        **_told(given, wrong),
    }
    return (None if wrong else notice), wrong


def _told(given: _Notice, wrong: list[str]) -> dict[str, Any]:
    """How far it is, whom it touches and when more is known; each may be missing."""
    if given.id is not None and not _ID.fullmatch(given.id):
        wrong.append("id: must be 1 to 64 signs of ASCII without blanks")
    if given.state is not None:
        _one_of("state", given.state, STATES, wrong)
    moments = {
        name: _moment(name, value, wrong) if (value := getattr(given, name)) is not None else None
        for name in ("updated_at", "next_update_at")
    }
    calls = given.emergency_calls
    return {
        "identity": given.id,
        "state": given.state,
        "services": _listed("services", given.services, wrong),
        "emergency_calls": None if calls is None else _line("emergency_calls", calls, wrong),
        "withdrawn": given.withdrawn,
        **moments,
    }


_ID = re.compile("[!-~]{1,64}")


def _one_of(name: str, value: str, known: Collection[str], wrong: list[str]) -> None:
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


def _listed(name: str, given: list[str] | None, wrong: list[str]) -> list[str] | None:
    """The entries, each once; None where there is none, which stands for every building, or for services not said."""
    if not given:
        return None
    lines = dict.fromkeys(_line(name, one, wrong) for one in given)
    return sorted(lines) if name == "buildings" else list(lines)


_FILE = """jsonb_to_recordset($1::jsonb) AS file (
    kind text, severity text, title text, body text, starts_at timestamptz, ends_at timestamptz, buildings text[],
    line integer, identity text,
    state text, services text[], emergency_calls text, updated_at timestamptz, next_update_at timestamptz, withdrawn boolean
)"""
# Two imports at once would each find no notice of an id and load it.
_LOCK = "LOCK TABLE notice IN SHARE ROW EXCLUSIVE MODE"
# SQL for joins with a whole file as one JSON value. A notice that has an id becomes what another one is that has another id,
# or has none while its own is there.
_CLASHES = f"""
SELECT file.line, n.identity AS taken FROM {_FILE} JOIN notice n USING (kind, title, starts_at)
WHERE file.identity IS NOT NULL AND n.identity IS DISTINCT FROM file.identity
    AND (n.identity IS NOT NULL OR EXISTS (SELECT FROM notice own WHERE own.identity = file.identity))
"""  # noqa: S608 - a constant
_COLUMNS = (
    "severity",
    "body",
    "ends_at",
    "buildings",
    "state",
    "services",
    "emergency_calls",
    "next_update_at",
)
_CONTENTS = ", ".join(_COLUMNS)


def _of(table: str) -> str:
    """The contents of a notice as a row."""
    return f"({', '.join(f'{table}.{column}' for column in _COLUMNS)})"


def _same(table: str, withdrawn: str, updated: str) -> str:
    """Whether the notice that is there has these contents; when it was updated counts where the file says it."""
    return f"""{_of("n")} IS NOT DISTINCT FROM {_of(table)} AND (n.withdrawn_at IS NOT NULL) = ({withdrawn})
        AND ({updated} IS NULL OR n.updated_at = {updated})"""


_CORRECT = f"""
UPDATE notice n SET (kind, title, starts_at) = ROW (file.kind, file.title, file.starts_at),
    ({_CONTENTS}) = ROW {_of("file")}, updated_at = coalesce(file.updated_at, $2),
    withdrawn_at = CASE WHEN file.withdrawn THEN coalesce(n.withdrawn_at, $2) END
FROM {_FILE} WHERE n.identity = file.identity AND NOT (
    (n.kind, n.title, n.starts_at) = (file.kind, file.title, file.starts_at)
        AND {_same("file", "file.withdrawn", "file.updated_at")}
) RETURNING n.id, false AS new
"""  # noqa: S608 - constants
# … and for ON CONFLICT … WHERE it differs. Of those with an id only what is not there under it; one that was there without
# an id gets it.
_LOAD = f"""
INSERT INTO notice AS n (kind, title, starts_at, {_CONTENTS}, identity, updated_at, withdrawn_at)
SELECT kind, title, starts_at, {_CONTENTS}, identity, coalesce(updated_at, $2), CASE WHEN withdrawn THEN $2 END FROM {_FILE}
WHERE NOT EXISTS (SELECT FROM notice own WHERE own.identity = file.identity) ORDER BY file.line
ON CONFLICT (kind, title, starts_at) DO UPDATE
    SET ({_CONTENTS}) = ROW {_of("excluded")},
        identity = coalesce(excluded.identity, n.identity), updated_at = excluded.updated_at,
        withdrawn_at = CASE WHEN excluded.withdrawn_at IS NOT NULL THEN coalesce(n.withdrawn_at, $2) END
    WHERE (excluded.identity IS NOT NULL AND n.identity IS NULL)
        OR NOT ({_same("excluded", "excluded.withdrawn_at IS NOT NULL", "nullif(excluded.updated_at, $2)")})
RETURNING n.id, n.xmax = 0 AS new
"""  # noqa: S608 - constants
# SQL for the buildings of a whole file.
_UNKNOWN = f"""
SELECT DISTINCT named.building FROM {_FILE}, unnest(file.buildings) AS named (building)
WHERE NOT EXISTS (SELECT FROM contract c WHERE c.building = named.building) ORDER BY 1
"""  # noqa: S608 - a constant
# SQL for arrays that numbers are taken out of.
_OPEN_AGAIN = """
UPDATE session SET dismissed = ARRAY (SELECT closed FROM unnest(dismissed) AS closed WHERE closed <> ALL ($1::bigint[]))
WHERE dismissed && $1::bigint[]
"""
