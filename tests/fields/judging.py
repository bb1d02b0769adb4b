"""What the tests of the fields share: texts that nearly follow a rule, and a rule's answer to one."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from app.domain.fields import Wrong

STRANGE = (
    "\0\t\n\r\x1f\x7f\x85\xa0\xad\u200b\u200d\u200e\u200f\u2028\u2029\u202e\u2066\ufeff\ufffe\U000e0041"
    "\ud800\udfff\ue000が\u3099\u309a゛゜\u0301\ufe0f\U000e0100👨👩🏽🇯🇵𠮷髙﨑塚ﷺ①㌀Å½ß"
    "ａＺ０９－＿＠　ｱﾊﾞﾟｰ･ーゝゞヽヾヿゟゐヱヴヷ・\u115f\u3164\uffa0\u2800\u034f\u061c"
)
CHARACTER = st.characters(exclude_categories=()) | st.sampled_from(STRANGE)
TEXT = st.text(CHARACTER, max_size=40)
thorough = settings(max_examples=300)


def near(alphabet: str, longest: int, sample: str) -> st.SearchStrategy[str]:
    """Texts that nearly follow a rule: of its alphabet around its lengths, or a right one with something put in."""
    inside = st.text(st.sampled_from(alphabet), max_size=longest + 2)
    put_in = st.text(CHARACTER | st.sampled_from(alphabet), max_size=2)
    places = st.integers(0, len(sample))
    return inside | st.builds(lambda at, put: sample[:at] + put + sample[at:], places, put_in) | TEXT


def judged(rule: Callable[[str], Any], text: str) -> Any:
    """The rule's value, or None with a reason that is a sentence."""
    try:
        value = rule(text)
    except Wrong as wrong:
        reason = wrong.reason
    else:
        assert value is not None
        return value
    assert reason.endswith("。")
    assert any("ぁ" <= character <= "ん" for character in reason)
    return None


def why(rule: Callable[[str], Any], text: str) -> str:
    """The reason that the rule gives."""
    try:
        value = rule(text)
    except Wrong as wrong:
        return wrong.reason
    raise AssertionError(f"{text!r} is taken as {value!r}")


# --- reading, written a second time from the Unicode tables, without what joins letters -------------------------------

FILLERS = "\u115f\u1160\u3164\uffa0\u2800"
HYPHENS = "-‐‑‒–—―⁃⁻₋−─━╌╍╴╶╸╺➖ーㅡ˗﹘﹣－ｰ⸺⸻֊᠆⎯⏤ᅳ"
SHOWN_FORMATS = {
    *range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD, *range(0xFFF9, 0xFFFC), *range(0x13430, 0x13440)
}  # fmt: skip
"""Characters of formats that Unicode does not call ignorable."""


def ignorable(sign: str) -> bool:
    """Shows as nothing by itself (Unicode's Default_Ignorable_Code_Point), the fillers apart, which are letters."""
    code = ord(sign)
    format_sign = unicodedata.category(sign) == "Cf" and code not in SHOWN_FORMATS
    others = code in (0x34F, 0x17B4, 0x17B5, 0x2065) or 0x180B <= code <= 0x180F or 0xFE00 <= code <= 0xFE0F
    return format_sign or others or 0xFFF0 <= code <= 0xFFF8 or 0xE0000 <= code <= 0xE0FFF


def half_width(text: str) -> str:
    """NFKC, with - for all that looks like it, and nothing that is not to be seen."""
    seen = "".join("-" if c in HYPHENS else " " if c in FILLERS else c for c in text if not ignorable(c))
    return "".join("-" if c in HYPHENS else c for c in unicodedata.normalize("NFKC", seen)).strip()


def printed(character: str) -> bool:
    """What a page shows as a glyph or a space within a line."""
    return character.isprintable() or unicodedata.category(character) == "Zs"
