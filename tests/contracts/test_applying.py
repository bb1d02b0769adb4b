"""A change by the operator, as it is shown; what it writes: tests/contracts/test_feeding.py and test_closing.py."""

from __future__ import annotations

import pytest

from app.domain.contracts import applying
from app.domain.contracts.differences import Difference, Fate


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("holder_kind", "company", "法人"),
        ("birth_date", "1985-06-12", "1985/06/12"),
        ("closed_on", None, "未登録"),
        ("mail_product", "mail_pack", "メールパック"),
        ("household", "3", "3人"),
        ("card", "VISA|4242|2031-05|AN|pm_1|cus_1", "VISA（下4桁 4242、2031-05まで）"),
        ("fax", "", "未登録"),
    ],
)
def test_a_value_is_shown_in_words(field: str, value: str | None, shown: str) -> None:
    assert applying.shown(field, value) == shown


@pytest.mark.parametrize(
    ("fields", "mails"),
    [
        (["building"], 0),
        (["card", "phone"], 0),
        (["address", "family"], 1),
        (["closed_on"], 1),
        (["closed_on", "company"], 2),
    ],
)
def test_name_address_and_closing_are_mailed(fields: list[str], mails: int) -> None:
    assert applying.mailed([Difference(field, "a", "b", Fate.APPLIED) for field in fields]) == mails
