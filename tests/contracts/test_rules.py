"""The rules of each field are tried with lines (test_file.py); here, what is remembered of them."""

from __future__ import annotations

from app.domain import clock, fields
from app.domain.contracts import rules


def test_a_holder_has_the_same_fields_whether_a_person_or_a_company() -> None:
    assert list(rules.PERSON) == list(rules.COMPANY)


def test_a_day_that_may_not_be_in_the_future_is_judged_by_todays_clock() -> None:
    assert rules.PAST.check(clock.today().isoformat()) == clock.today()
    assert not hasattr(rules.PAST.check, "cache_info")
    assert rules.ONE_LINE.check("B001") == fields.one_line("B001")
