"""The CSV file: what a spreadsheet makes of it."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.csv_file import FORMULA, Identifier, csv_file

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_it_is_utf_8_with_a_mark_so_that_a_spreadsheet_reads_japanese() -> None:
    answer = csv_file("changes.csv", ["氏名", "金額"], [["有光 杏", -300], ["", None]])
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.content.decode("utf-8-sig") == "氏名,金額\r\n有光 杏,-300\r\n,\r\n"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="changes.csv"'


@pytest.mark.parametrize("start", FORMULA)
def test_a_text_that_a_spreadsheet_would_calculate_stays_text(start: str) -> None:
    ((cell,),) = read(csv_file("a.csv", ["x"], [[f"{start}1+1"]]).content)[1:]
    assert cell == f"'{start}1+1"


@given(TEXT)
def test_whatever_is_written_is_read_again(text: str) -> None:
    ((first, second),) = read(csv_file("a.csv", ["x", "y"], [["a", text]]).content)[1:]
    assert (first, second.removeprefix("'") if text.startswith(FORMULA) else second) == ("a", text)


# --- identifiers -------------------------------------------------------------------------------------------------------


def cell(value: str | int | None) -> str:
    """As a spreadsheet gets it."""
    content = csv_file("x.csv", ["a"], [[value]]).content
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))[1][0]


@pytest.mark.parametrize(
    "identifier",
    [
        *("90000000000000", "0312345678", "03-1234-5678", "+81312345678", "(03)1234-5678", "1e5", "0"),
        *("jan-10", "mar03", "december-1", "May.5"),
    ],
)
def test_what_excel_would_make_a_number_or_a_day_of_is_opened_as_a_text(identifier: str) -> None:
    assert cell(Identifier(identifier)) == f'="{identifier}"'


@pytest.mark.parametrize(
    "identifier", ["arteri-an-001", "janus", "T9000000000000", "*123", "#9110", "e5", "may"]
)
def test_what_it_would_not_convert_stays_as_it_is(identifier: str) -> None:
    assert cell(Identifier(identifier)) == identifier


@pytest.mark.parametrize("sign", FORMULA)
@pytest.mark.parametrize("kind", [str, Identifier])
def test_no_text_is_calculated(kind: type[str], sign: str) -> None:
    for text in (f'{sign}1+1"&A1', f"{sign}cmd|' /C calc'!A0"):
        assert cell(kind(text)) == f"'{text}"


def test_an_identifier_cannot_end_its_text_and_go_on_as_a_formula() -> None:
    for text in ('1"&A1&"', '1",2', "1\n2", "1;2", "1 2", "1" * 65):
        assert cell(Identifier(text)) == text


def test_amounts_stay_numbers_and_days_stay_days() -> None:
    assert (cell(-330), cell("2026/01/10"), cell(None)) == ("-330", "2026/01/10", "")
