"""What is kept how long: periods by the calendar, settings, minimums in words, and documents that say the same."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from app.domain import clock, keeping
from app.domain.keeping import KEPT, Duration
from app.settings import parts

OPERATING = (Path(__file__).parent.parent / "docs" / "operating.md").read_text()


@pytest.mark.parametrize(
    ("text", "days", "written", "words", "english"),
    [
        ("90d", 90, "90d", "90日", "90 days"),
        ("25m", 2 * 365 + 28, "25m", "25か月", "25 months"),
        (" 7Y ", 2555, "7y", "7年", "7 years"),
        ("12m", 365, "1y", "1年", "1 year"),
    ],
)
def test_a_period_is_days_months_or_years(
    text: str, days: int, written: str, words: str, english: str
) -> None:
    period = Duration.parse(text)
    assert period
    assert (period.at_least, period.written) == (days, written)
    assert (period.in_words, period.in_english) == (words, english)


@pytest.mark.parametrize("text", ["", "0d", "-1d", "7", "y", "1.5y", "101y", "9999m", "7 y", "７y"])
def test_anything_else_is_none(text: str) -> None:
    assert Duration.parse(text) is None


def test_periods_go_by_the_calendar_of_tokyo() -> None:
    moment = datetime(2028, 3, 31, 0, 30, tzinfo=clock.TOKYO)
    assert Duration(months=1).before(moment) == datetime(2028, 2, 29, 0, 30, tzinfo=clock.TOKYO)
    assert Duration(days=90).before(moment) == moment - timedelta(days=90)
    assert Duration(months=84).after(date(2026, 2, 28)) == date(2033, 2, 28)


def test_what_is_set_shorter_than_the_law_or_the_portal_needs_is_refused_in_words() -> None:
    for one in KEPT:
        shorter = Duration(days=one.least.at_least - 1)
        wrong: list[str] = []
        parts.keep({one.variable: shorter.written}, 1, wrong)
        assert any(one.variable in line and one.why in line for line in wrong), one.name
        assert parts.keep({one.variable: one.least.written}, 1, [])[one.name] == one.least
    wrong = []
    parts.keep({"MYPAGE_KEEP_BILLS": "6y"}, 3, wrong)
    assert wrong == [
        "MYPAGE_KEEP_BILLS is 6y: 7y or more is wanted, since copies of qualified invoices are kept 7 years by law "
        "(消費税法施行令 70条の13)"
    ]


def test_a_setting_is_taken_and_nothing_is_set_by_accident() -> None:
    wrong: list[str] = []
    kept = parts.keep({"MYPAGE_KEEP_CALLS": "3y", "MYPAGE_KEEP_PAPERS": "two years"}, 3, wrong)
    assert kept["calls"] == Duration(months=36)
    assert wrong == ["MYPAGE_KEEP_PAPERS is 'two years': days, months or years are wanted, as 90d, 25m or 7y"]
    wrong.clear()
    parts.keep({"MYPAGE_KEEP_CALL": "3y"}, 3, wrong)
    assert [line.split(":")[0] for line in wrong] == ["MYPAGE_KEEP_CALL is set, and there is no such setting"]
    wrong.clear()
    parts.keep({"MYPAGE_KEEP_CONTRACTS": "2m"}, 3, wrong)
    assert len(wrong) == 1
    assert "MYPAGE_CLOSED_MONTHS" in wrong[0]


def test_the_defaults_are_those_of_the_specification() -> None:
    assert {one.name: one.default.written for one in KEPT} == {
        "calls": "25m",
        "bills": "7y",
        "changes": "7y",
        "logins": "1y",
        "sent_mails": "30d",
        "refused_mails": "90d",
        "papers": "2y",
        "events": "90d",
        "feeds": "90d",
        "contracts": "7y",
    }


def test_the_table_of_the_document_is_the_list() -> None:
    rows = re.findall(
        r"^\| (.+?) \| `(MYPAGE_KEEP_\w+)` \| `(\w+)` \| `(\w+)`: (.+?) \| (.+?) \|$", OPERATING, re.M
    )
    assert rows == [
        (one.what, one.variable, one.default.written, one.least.written, one.why, one.since) for one in KEPT
    ]
    assert Duration(months=14) == keeping.LAW_BEGINS
