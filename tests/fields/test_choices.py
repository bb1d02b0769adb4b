"""What is chosen, counted or dated."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import clock, fields
from tests.fields.judging import half_width, judged, near, thorough


@pytest.mark.slow
@thorough
@given(near("012９０", 2, "20"))
def test_a_household_is_0_to_20(text: str) -> None:
    counts = {form: number for number in range(21) for form in (str(number), f"{number:02}")}
    assert judged(fields.household, text) == counts.get(half_width(text))


def test_only_the_offered_choices_are_taken() -> None:
    choices: list[tuple[Callable[[str], str], tuple[str, ...]]] = [
        (fields.occupation, ("会社員", "自営業", "学生", "主婦", "その他")),
        (fields.sex, ("男性", "女性")),
    ]
    for rule, offered in choices:
        assert [rule(choice) for choice in offered] == list(offered)
        assert {judged(rule, other) for other in ("", "user", offered[0] + "\n")} == {None}


@pytest.mark.parametrize(
    "typed",
    [
        "2026-01-10",
        "2026/01/10",
        "2026/1/10",
        " ２０２６−１－１０\u200b",
        "2026.1.10",
        "2026年1月10日",
        "2026 / 01 / 10",
    ],
)
def test_a_day_is_read_however_people_write_it(typed: str) -> None:
    assert fields.day(typed) == date(2026, 1, 10)
    assert fields.optional_day(typed) == date(2026, 1, 10)


@given(st.dates(date(1900, 1, 1), date(2999, 12, 31)))
def test_a_day_is_read_as_a_browser_sends_it(day: date) -> None:
    assert fields.day(day.isoformat()) == day


def test_a_day_is_written_out_and_not_before_1900() -> None:
    assert fields.day("1900-01-01") == date(1900, 1, 1)
    assert fields.day("2024-02-29") == date(2024, 2, 29)
    wrong = (
        "1899-12-31",
        "2023-02-29",
        "20240101",
        "24-01-01",
        "",
        "2024-W01-1",
        "2024-13-01",
        "01/10/2026",
        "明日",
    )
    assert [judged(fields.day, text) for text in wrong] == [None] * len(wrong)
    assert fields.optional_day(" \u3164") is None


def test_a_past_date_ends_with_today_in_tokyo() -> None:
    clock.start_at(datetime(2026, 1, 9, 15, 0, tzinfo=UTC))  # 10 January 00:00 in Tokyo
    assert fields.past_date("2026-01-10") == date(2026, 1, 10)
    assert judged(fields.past_date, "2026-01-11") is None
    clock.start_at(datetime(2026, 1, 9, 14, 59, tzinfo=UTC))
    assert judged(fields.past_date, "2026-01-10") is None


@pytest.mark.parametrize(("text", "value"), [("on", True), ("off", False)])
def test_on_and_off(text: str, value: bool) -> None:
    assert fields.on_or_off(text) is value
    assert judged(fields.on_or_off, text.upper()) is None


def test_an_agreement_is_ticked() -> None:
    assert fields.agreement("yes") is True
    assert judged(fields.agreement, "") is None
