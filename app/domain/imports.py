"""What every import of operator data stands on: the lines of a file, what a spreadsheet did to their cells, and the refusal
that lists the bad ones.

Reasons are for the operator: they name the field and what it must be, and never repeat a value, which may be a
password or a key.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from app.domain import installation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LISTED = 1_000
"""Problems that a refusal lists; it counts the others."""
LONGEST_JSON = 64 * 1024
"""Bytes of a line. A contract of five account IDs takes some 2 KB; a longer line is another kind of file."""
LONGEST_CSV = 1_000
"""Characters of a line."""
REASON_LENGTH = 200
SAVE_AS_UTF_8 = "save it as UTF-8 (of a spreadsheet: as CSV UTF-8, not as Unicode text)"
_LOOKED_AT = 4096
"""Bytes that tell a file of wide characters: one in UTF-16 has a zero byte beside each ASCII letter."""

_CHUNK = 64 * 1024
RESAVED = (
    ": a spreadsheet that opened the file and saved it again is the likely cause; take the file as it was exported, "
    "or have its columns read as text"
)

_DECODING = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<where>.*)`)?", re.DOTALL)


class Problem(NamedTuple):
    """One thing that is wrong with a line: what the operator has to mend."""

    line: int
    reason: str


class ImportRefused(Exception):
    """The file has bad lines: nothing was loaded. `problems` are the first LISTED by line, `more` counts the rest."""

    def __init__(self, problems: list[Problem], more: int = 0) -> None:
        super().__init__(problems, more)
        self.problems = problems
        self.more = more

    def __str__(self) -> str:
        listed = [f"line {line}: {reason}" for line, reason in self.problems]
        return "\n".join([*listed, f"and {self.more:,} more"] if self.more else listed)


def must_be_text(path: Path) -> None:
    """Raises ImportRefused for a file of wide characters, which no reader of lines here can read, and OSError."""
    with path.open("rb") as file:
        start = file.read(_LOOKED_AT)
    if start.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise ImportRefused([Problem(1, f"the file is UTF-32: {SAVE_AS_UTF_8}")])
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or start.count(0) * 5 > len(start):
        raise ImportRefused([Problem(1, f"the file is UTF-16: {SAVE_AS_UTF_8}")])


def examined(path: Path) -> tuple[str, bytes]:
    """Encoding and SHA-256 of a CSV of the operator's: UTF-8 where it can be read so, else cp932. Raises ImportRefused."""
    must_be_text(path)
    digest = hashlib.sha256()
    possible = {name: codecs.getincrementaldecoder(name)() for name in ("utf-8-sig", "cp932")}
    with path.open("rb") as file:
        end = False
        while not end:
            chunk = file.read(_CHUNK)
            end = not chunk
            digest.update(chunk)
            for name, decoder in list(possible.items()):
                try:
                    decoder.decode(chunk, end)
                except UnicodeDecodeError:
                    del possible[name]
    if not possible:
        raise ImportRefused([Problem(1, "the file is neither UTF-8 nor cp932 (Shift_JIS)")])
    return next(iter(possible)), digest.digest()


# --- what a spreadsheet makes of cells when it saves a file again: each answers RESAVED, or nothing -------------------

_NUMBER = r"-?[0-9]+(?:[.][0-9]+)?E[+-]?[0-9]+"
_MONTH_NAME = r"(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)[a-z]*"
_NAMED = rf"[0-9]{{1,2}}-{_MONTH_NAME}(?:-[0-9]{{2,4}})?|{_MONTH_NAME}-[0-9]{{2,4}}"
_TIME = r" +[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?: ?[AP]M)?"
_YEAR_FIRST = r"[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}"
_YEAR_LAST = r"[0-9]{1,2}[-/][0-9]{1,2}[-/][0-9]{2,4}"
_SERIAL = r"[34][0-9]{4}(?:[.][0-9]+)?"
"""Days since 1900, of 1982 to 2036."""
_REWRITTEN = re.compile(
    rf"{_NUMBER}|{_YEAR_FIRST}{_TIME}|(?:{_YEAR_LAST}|{_NAMED})(?:{_TIME})?|[0-9]{{1,2}}月[0-9]{{1,2}}日|{_SERIAL}",
    re.IGNORECASE,
)
_REWRITTEN_NAME = re.compile(rf"-?[0-9](?:[.][0-9]+)?E[+][0-9]+|{_NAMED}")
_DAY_ALONE = re.compile(_YEAR_FIRST)
_WITHOUT_ZEROS = re.compile(r"[1-9][0-9]*")
MOST_ZEROS = 6
"""That a spreadsheet is thought to have taken away."""


def resaved(text: str) -> str:
    """Of a number, a day or a moment that is none as it stands: 9E+13, 2026/3/1 0:00, 3/1/2026, Feb-26, 46054."""
    return RESAVED if _REWRITTEN.fullmatch(text) else ""


def resaved_month(text: str) -> str:
    """Of a month that is none, of which a spreadsheet makes a day, too: 2026/2/1."""
    return RESAVED if _DAY_ALONE.fullmatch(text) else resaved(text)


def resaved_name(text: str) -> str:
    """Of a name that may hold anything, and has become another one: 1.2E+11, Feb-26. One as `12e3` or `feb-26` is as it was."""
    return RESAVED if _REWRITTEN_NAME.fullmatch(text) else ""


def wrong_customer_number(text: str) -> str:
    """Why it is none; "" for one. A spreadsheet takes its zeros away and writes its last digits as zeros."""
    digits = installation.customer_number_digits()
    if text.isascii() and text.isdecimal() and len(text) == digits:
        return ""
    shorter = _WITHOUT_ZEROS.fullmatch(text) and digits - MOST_ZEROS <= len(text) < digits
    cause = RESAVED if shorter else resaved(text)
    return f"customer_number: must be {digits} digits{cause}"


# --- lines, of which one at a time is in memory; one that is too long comes as None -----------------------------------


def json_lines(path: Path) -> Iterator[tuple[int, bytes | None]]:
    """The lines that are not blank, numbered from 1. Raises OSError when the file cannot be read."""
    must_be_text(path)
    with path.open("rb") as file:
        number = 0
        while raw := file.readline(LONGEST_JSON + 1):
            number += 1
            if number == 1:
                raw = raw.removeprefix(codecs.BOM_UTF8)
            if len(raw) > LONGEST_JSON:
                while raw and not raw.endswith(b"\n"):
                    raw = file.readline(LONGEST_JSON)
                yield number, None
            elif raw.strip():
                yield number, raw


def undecoded(error: Exception, prefix: str = "") -> str:
    """What msgspec says, with the field in front. It repeats names, which may hold anything, but no values."""
    found = _DECODING.fullmatch(str(error))
    what, where = (found["what"], found["where"] or "") if found else (str(error), "")
    if not isinstance(error, msgspec.ValidationError):
        what = f"broken JSON: {what.removeprefix('JSON is malformed: ')}"
    place = ".".join(part for part in (prefix, where) if part)
    reason = f"{place}: {what}" if place else what
    return "".join(character if character.isprintable() else "?" for character in reason[:REASON_LENGTH])


def csv_lines(
    path: Path, encoding: str, heading: list[str], clean: Callable[[str], str]
) -> Iterator[tuple[int, list[str] | None]]:
    """The cleaned cells of each line after the heading, if there is one; blank lines are nothing, broken ones empty."""
    must_be_text(path)
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        number = 0
        while text := file.readline(LONGEST_CSV + 1):
            number += 1
            if len(text) > LONGEST_CSV:
                while text and not text.endswith("\n"):
                    text = file.readline(LONGEST_CSV)
                yield number, None
            elif text.strip():
                cells = [clean(cell) for cell in _cells(text)]
                if number > 1 or cells != heading:
                    yield number, cells


def _cells(line: str) -> list[str]:
    try:
        return next(csv.reader([line.strip("\r\n")], strict=True), [])
    except csv.Error:
        return []


# --- problems, which wait in a temporary table until all are found ----------------------------------------------------

PROBLEM_TABLE = "CREATE TEMPORARY TABLE problem (line bigint, reason text) ON COMMIT DROP;"


async def refuse_problems(connection: Any, *statements: str) -> None:
    """Raise ImportRefused when there are problems, those included that the statements find and insert."""
    for statement in statements:
        await connection.execute(statement)
    found = await connection.fetchval("SELECT count(*) FROM problem")
    if found:
        listed = await connection.fetch(
            "SELECT line, reason FROM problem ORDER BY line, ctid LIMIT $1", LISTED
        )
        raise ImportRefused([Problem(*record) for record in listed], found - len(listed))
