"""What every import stands on: lines with their numbers, and the refusal that lists what is wrong with them."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.domain import imports
from app.domain.contracts.importing import import_contracts
from app.domain.imports import LISTED, PROBLEM_TABLE, REASON_LENGTH, ImportRefused, Problem
from app.postgres import database
from tests.contracts.lines import contract, lines

MOST = 12
"""Of the bytes and characters of a line, in these tests."""
HEADING = ["product", "pin"]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file whose lines may be MOST long."""
    monkeypatch.setattr(imports, "LONGEST_JSON", MOST)
    monkeypatch.setattr(imports, "LONGEST_CSV", MOST)
    return tmp_path / "file"


one_file = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

# --- lines of JSON ----------------------------------------------------------------------------------------------------


@one_file
@given(st.lists(st.binary(max_size=3 * MOST).map(lambda line: re.sub(rb"[\n\0\xfe\xff]", b" ", line))))
@example([b"x" * (MOST - 1), b"x" * MOST, b" " * MOST, b"", b"{}"])
@example([b"x" * MOST])
@example([b"x" * (MOST + 1)])
@example([b"x" * 5 * MOST, b"{}"])
def test_each_json_line_that_is_not_blank_has_its_number_and_one_that_is_too_long_no_text(
    file: Path, given: list[bytes]
) -> None:
    file.write_bytes(b"\n".join(given))
    ended = [*(line + b"\n" for line in given[:-1]), *given[-1:]]
    assert list(imports.json_lines(file)) == [
        (number, line if len(line) <= MOST else None)
        for number, line in enumerate(ended, 1)
        if line.strip() or len(line) > MOST
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_json_line_and_stays_in_others(file: Path) -> None:
    mark = b"\xef\xbb\xbf"
    file.write_bytes(mark + b"{}\n" + mark + b"{}")
    assert list(imports.json_lines(file)) == [(1, b"{}\n"), (2, mark + b"{}")]


WIDE = ["utf-16", "utf-16-le", "utf-16-be", "utf-32"]


@pytest.mark.parametrize("encoding", WIDE)
@pytest.mark.parametrize("text", ['{"kind":"outage","title":"障害"}\n', "security-360,ABCD-1234\n"])
def test_wide_characters_are_named_by_every_reader_of_lines(file: Path, encoding: str, text: str) -> None:
    file.write_bytes(text.encode(encoding))
    for read in (imports.json_lines(file), imports.csv_lines(file, "utf-8-sig", [], str.strip)):
        with pytest.raises(
            ImportRefused, match=f"^line 1: the file is {encoding[:6].upper()}: save it as UTF-8"
        ):
            list(read)


def test_a_stray_zero_byte_does_not_make_a_file_wide(file: Path) -> None:
    file.write_bytes(b"{}\n" * 9 + b"\0")
    assert len(list(imports.json_lines(file))) == 10


# --- what is wrong with a line of JSON --------------------------------------------------------------------------------


class Inner(msgspec.Struct):
    number: int


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    inner: Inner
    several: list[int] = []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"inner": {"number": "4111"}}', "inner.number: Expected `int`, got `str`"),
        ('{"inner": {"number": 1}, "several": [1, "4111"]}', "several[1]: Expected `int`, got `str`"),
        ('{"inner": {}}', "inner: Object missing required field `number`"),
        ("[4111]", "Expected `object`, got `array`"),
        ('{"inner": {"number": 4111}', "broken JSON: Input data was truncated"),
        ('{"inner": {"number": 4111}} 5', "broken JSON: trailing characters (byte 29)"),
    ],
)
def test_a_reason_names_the_field_and_repeats_no_value(line: str, reason: str) -> None:
    with pytest.raises(msgspec.DecodeError) as error:
        msgspec.json.decode(line, type=Outer)
    assert imports.undecoded(error.value) == reason


def test_a_reason_has_the_place_in_front_that_the_line_was_decoded_from() -> None:
    with pytest.raises(msgspec.ValidationError) as error:
        msgspec.json.decode('{"number": ""}', type=Inner)
    assert imports.undecoded(error.value, "accounts[1]") == "accounts[1].number: Expected `int`, got `str`"
    with pytest.raises(msgspec.ValidationError) as error:
        msgspec.json.decode("[]", type=Inner)
    assert imports.undecoded(error.value, "accounts[1]") == "accounts[1]: Expected `object`, got `array`"


@given(st.text())
def test_whatever_a_field_is_called_a_reason_is_one_short_line_that_a_terminal_shows(name: str) -> None:
    with pytest.raises(msgspec.ValidationError) as error:
        msgspec.json.decode(msgspec.json.encode({name: 1, "inner": {"number": 1}}), type=Outer)
    reason = imports.undecoded(error.value)
    assert reason.isprintable()
    assert len(reason) <= REASON_LENGTH
    assert reason.startswith("Object contains unknown field `") or name == "inner"


# --- lines of CSV -----------------------------------------------------------------------------------------------------

cells = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=4)
rows = st.lists(st.tuples(cells, cells), max_size=6)


def write(file: Path, given: list[tuple[str, ...]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as written:
        csv.writer(written, quoting=csv.QUOTE_ALL).writerows(given)


@pytest.mark.parametrize("heading", [True, False])
@one_file
@given(given=rows)
def test_cells_come_cleaned_with_their_lines_number_as_a_spreadsheet_wrote_them(
    file: Path, given: list[tuple[str, ...]], heading: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(imports, "LONGEST_CSV", 99)
        write(file, [*([("PRODUCT", "Pin")] if heading else []), *given])
        found = list(imports.csv_lines(file, "utf-8", HEADING, str.lower))
    first = 2 if heading else 1
    assert found == [(number, [cell.lower() for cell in row]) for number, row in enumerate(given, first)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("pin,product\na,b\n", [(1, ["pin", "product"]), (2, ["a", "b"])]),
        ("\nproduct,pin\n", [(2, ["product", "pin"])]),
        ("a,b\n\r\n \t\nc,d", [(1, ["a", "b"]), (4, ["c", "d"])]),
        ('a,"b\nc,d\n', [(1, []), (2, ["c", "d"])]),
        (f"{'x' * (MOST - 1)}\n{'x' * MOST}\na\n", [(1, ["x" * (MOST - 1)]), (2, None), (3, ["a"])]),
        (f"{'x' * 5 * MOST}\na", [(1, None), (2, ["a"])]),
        ("x" * MOST, [(1, ["x" * MOST])]),
        ("", []),
    ],
)
def test_a_csv_line_is_numbered_as_it_stands_whether_blank_broken_or_too_long(
    file: Path, text: str, found: list[tuple[int, list[str] | None]]
) -> None:
    file.write_text(text, newline="")
    assert list(imports.csv_lines(file, "utf-8", HEADING, str)) == found


def test_what_is_not_in_the_encoding_is_a_sign_that_no_value_has(file: Path) -> None:
    file.write_bytes(b"a,\xff\n")
    assert list(imports.csv_lines(file, "utf-8", HEADING, str)) == [(1, ["a", "\ufffd"])]


# --- the refusal ------------------------------------------------------------------------------------------------------


async def refused(*problems: tuple[int, str], statements: tuple[str, ...] = ()) -> ImportRefused | None:
    """What becomes of a file with these problems, in this order, and with those that the statements find."""
    async with database.engine().transaction() as transaction:
        connection: Any = transaction.connection
        await connection.execute(PROBLEM_TABLE)
        await connection.copy_records_to_table("problem", records=problems)
        try:
            await imports.refuse_problems(connection, *statements)
        except ImportRefused as refusal:
            return refusal
    return None


async def test_a_file_is_refused_for_what_its_lines_or_all_of_them_together_have_wrong(
    empty_database: str,
) -> None:
    assert await refused() is None
    assert await refused(statements=("SELECT 1 WHERE false",)) is None
    found = await refused(
        (3, "one"), (1, "two"), statements=("INSERT INTO problem VALUES (2, 'three')", "SELECT 1")
    )
    assert found
    assert (found.problems, found.more) == ([Problem(1, "two"), Problem(2, "three"), Problem(3, "one")], 0)
    assert str(found) == "line 1: two\nline 2: three\nline 3: one"


async def test_the_problems_of_one_line_stay_in_the_order_that_they_were_found_in(
    empty_database: str,
) -> None:
    found = await refused((2, "z"), (1, "b"), (1, "c"), (1, "a"))
    assert found
    assert [reason for _, reason in found.problems] == ["b", "c", "a", "z"]


async def test_a_refusal_lists_the_first_problems_and_counts_the_others(
    empty_database: str, tmp_path: Path
) -> None:
    path = tmp_path / "contracts.jsonl"
    path.write_bytes(lines(contract(1), *["{"] * (LISTED + 200)))
    with pytest.raises(ImportRefused) as error:
        await import_contracts(path, lambda _: None)
    refused = error.value
    assert [line for line, _ in refused.problems] == list(range(2, LISTED + 2))
    assert refused.more == 200
    assert str(refused).endswith("\nand 200 more")
