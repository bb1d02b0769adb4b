"""The field rules of the mail chapter (spec 6 and 8), with both edges."""

from __future__ import annotations

import contextlib
import re
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain import fields
from app.domain.fields import Wrong

LOCAL_PART = re.compile(r"(?=.{3,15}\Z)[a-z0-9]+([._-][a-z0-9]+)*")
"""Written from the specification: no symbol first, last or twice in a row."""


def refused(text: str) -> str:
    with pytest.raises(Wrong) as caught:
        fields.local_part(text)
    return caught.value.reason


words = st.text(alphabet="abcxyz0189", min_size=1, max_size=5)


@given(st.lists(words, min_size=1, max_size=3), st.sampled_from("._-"))
def test_every_local_part_of_the_specification_is_taken_as_it_is(parts: list[str], symbol: str) -> None:
    text = symbol.join(parts)
    assume(LOCAL_PART.fullmatch(text))
    assert fields.local_part(text) == text


@given(st.text(alphabet="ab0._-A あ。@", max_size=17))
def test_no_other_local_part_is_taken(text: str) -> None:
    if LOCAL_PART.fullmatch(fields.half_width(text)):
        assert LOCAL_PART.fullmatch(fields.local_part(text))
    else:
        assert refused(text).endswith("。")


@pytest.mark.parametrize("text", ["abc", "a-c", "a" * 15, "a.b_c-d", "000", " abc ", "ａｂｃ"])
def test_both_edges_of_a_local_part(text: str) -> None:
    assert len(fields.local_part(text)) in (3, 7, 15)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "入力してください"),
        ("ab", "3文字以上"),
        ("a" * 16, "15文字以内"),
        ("abc。d", "半角のピリオド"),
        ("Abc", "英小文字"),
        ("a b", "英小文字"),
        ("-ab", "先頭と末尾"),
        ("ab.", "先頭と末尾"),
        ("a._b", "続けて"),
    ],
)
def test_a_refused_local_part_says_why(text: str, reason: str) -> None:
    assert reason in refused(text)


@given(st.text(max_size=110))
def test_a_subject_is_one_visible_line_of_at_most_100(text: str) -> None:
    with contextlib.suppress(Wrong):
        value = fields.reply_subject(text)
        assert 1 <= len(value) <= 100
        assert value.splitlines() == [value]


@pytest.mark.parametrize(("length", "right"), [(1, True), (1000, True), (1001, False)])
def test_a_body_may_have_1000_characters_a_lines_end_counted_as_one(length: int, right: bool) -> None:
    text = "あ" * (length - 2) + "\r\nい" if length > 2 else "あ"
    if right:
        assert len(fields.reply_body(text)) == length
    else:
        with pytest.raises(Wrong):
            fields.reply_body(text)


@given(st.dates(date(1900, 1, 1), date(2999, 12, 31)))
def test_a_day_is_read_as_a_browser_sends_it_and_as_people_write_it(day: date) -> None:
    assert fields.optional_day(day.isoformat()) == day
    assert fields.optional_day(f"{day:%Y/%m/%d}") == day


def test_no_day_is_no_day_and_a_wrong_one_is_told() -> None:
    assert fields.optional_day("  ") is None
    for wrong in ("2026-02-30", "tomorrow", "2026-1-1"):
        with pytest.raises(Wrong):
            fields.optional_day(wrong)


@pytest.mark.parametrize(("text", "value"), [("on", True), ("off", False)])
def test_on_and_off(text: str, value: bool) -> None:
    assert fields.on_or_off(text) is value
    with pytest.raises(Wrong):
        fields.on_or_off(text.upper())
