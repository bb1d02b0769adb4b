"""What came of the last look at every screen for accessibility: `make accessibility` writes it, the policy page says it."""

from __future__ import annotations

from pathlib import Path

import msgspec

RESULTS = Path(__file__).with_name("accessibility.json")
"""In the wheel, too: the results of the version that it holds."""
NONE = "この版の試験の結果は、まだ公開していません。"


class Results(msgspec.Struct, frozen=True):
    """The figures of one run of e2e/test_accessibility.py."""

    commit: str
    date: str
    """YYYY-MM-DD."""
    screens: int
    """Screens in their states, each in both colour schemes and two widths."""
    violations: int
    """Screens on which something was found."""


def results() -> Results | None:
    """None where nobody has looked yet."""
    return msgspec.json.decode(RESULTS.read_bytes(), type=Results) if RESULTS.exists() else None


def in_words() -> str:
    """For the policy page."""
    found = results()
    if found is None:
        return NONE
    wrong = (
        f"問題が見つかった画面は{found.violations}です" if found.violations else "問題は見つかりませんでした"
    )
    return (
        f"{found.date.replace('-', '/')}に、版 {found.commit} の{found.screens}の画面を、自動検査（axe-core）と、"
        f"拡大、フォーカスの検査で確かめました。{wrong}。"
    )
