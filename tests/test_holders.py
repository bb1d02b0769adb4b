"""How a contractor is named; what letters and bills say of a company: tests/contracts/test_loading.py."""

from __future__ import annotations

from app.domain import holders


def test_a_company_is_named_alone_and_a_person_by_both_names() -> None:
    assert holders.name("company", "株式会社例示", "有光", "杏") == "株式会社例示"
    assert holders.name("person", "", "有光", "杏") == "有光 杏"
