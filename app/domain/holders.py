"""ご契約者, a person or a company: how the one who holds a contract is named and addressed, everywhere the same.

A company's name stands alone, with 御中; the person that may be registered beside it is whom its letters do not name.
The SQL is of the contract `c`.
"""

from __future__ import annotations

PERSON = "person"
COMPANY = "company"
KINDS = (PERSON, COMPANY)
NAME = f"CASE c.holder_kind WHEN '{COMPANY}' THEN c.company ELSE concat_ws(' ', c.family, c.given) END"
"""As a bill and a letter name the contractor."""
HONORIFIC = f"CASE c.holder_kind WHEN '{COMPANY}' THEN '御中' ELSE '様' END"
ADDRESSED = f"{NAME} || ' ' || {HONORIFIC}"
"""As a letter begins."""


def name(kind: str, company: str, family: str, given: str) -> str:
    """The same of values: of a name in kana likewise."""
    return company if kind == COMPANY else f"{family} {given}"
