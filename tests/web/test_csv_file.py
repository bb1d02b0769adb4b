"""The CSV file: what a spreadsheet makes of it."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.csv_file import FORMULA, csv_file

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
