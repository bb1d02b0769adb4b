"""Nothing in style and scripts that the oldest engines do not know, unless they can do without (docs/accessibility.md).

The oldest is Safari 16.0 of September 2022. What came later is listed here with the version of Safari that brought it;
`make browsers` shows in its engine what a list cannot.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[2] / "static"
STYLE = re.sub(r"/\*.*?\*/", "", (STATIC / "mypage.css").read_text(), flags=re.S)
SCRIPTS = "\n".join(
    re.sub(r"//.*", "", (STATIC / name).read_text())
    for name in ("mypage.js", "passkey.js", "passwords.js", "kana.js")
)

TOO_NEW_IN_STYLE = {
    "light-dark() 17.5": r"light-dark\(",
    "color-mix() 16.2": r"color-mix\(",
    "relative colours 16.4": r"(rgb|hsl|oklch|lch)\(from ",
    "range media queries 16.4": r"@(media|container)[^{]*[<>]",
    "nesting 16.5": r"&",
    "@property 16.4": r"@property",
    "@scope 17.4": r"@scope",
    "@starting-style 17.5": r"@starting-style",
    "lh 16.4": r"\d(r?lh|r?cap)\b",
    "field-sizing 26.2": r"field-sizing",
    "masonry 26.4": r"masonry|grid-lanes",
    ":dir() 16.4": r":dir\(",
    ":user-invalid 16.5": r":user-(in)?valid",
    ":has-slotted": r":has-slotted",
    "content-visibility 18": r"[^-]content-visibility: (auto|hidden)",
    "interpolate-size, never": r"interpolate-size",
    "anchor positioning 26": r"anchor\(|position-anchor|anchor-name",
    "if() and functions, never": r"[:\s]if\(|@function",
    "sibling-index() 26.2": r"sibling-(index|count)\(",
    "mathematics 15.4, but mod, rem, round, abs and sign later": r"\b(mod|rem|round|abs|sign)\(",
    "unprefixed hyphens 17": r"[^-]hyphens:",
    "unprefixed backdrop-filter 18": r"[^-]backdrop-filter:",
    "unprefixed user-select, never": r"[^-]user-select:",
}
"""Without these a page would be wrong; what may be missing (text-wrap, auto-phrase) is not among them."""

TOO_NEW_IN_SCRIPTS = {
    "popovers 17, without a question mark": r"(show|hide|toggle)Popover\(",
    "Object.groupBy 17.4": r"groupBy\(",
    "Promise.withResolvers 17.4": r"withResolvers",
    "Array.fromAsync 16.4": r"fromAsync",
    "URL.canParse 17": r"canParse",
    "AbortSignal.any 17.4": r"AbortSignal\.any",
    "Set methods 17": r"\.(isSubsetOf|isSupersetOf|symmetricDifference|isDisjointFrom)\(",
    "checkVisibility 17.4": r"checkVisibility",
    "lookbehind 16.4": r"\(\?<[=!]",
    "static blocks 16.4": r"static \{",
    "requestIdleCallback, never": r"requestIdleCallback",
    "view transitions 18, without a question mark": r"startViewTransition\(",
    "setHTMLUnsafe 17.4": r"setHTML",
    "moveBefore, never": r"moveBefore\(",
    "navigation 26.2": r"\bnavigation\.",
    "toJSON of credentials 18.4": r"credential\w*\.toJSON|parse(Creation|Request)OptionsFromJSON",
}


@pytest.mark.parametrize("feature", TOO_NEW_IN_STYLE)
def test_the_style_has_nothing_that_safari_16_does_not_know(feature: str) -> None:
    assert re.findall(TOO_NEW_IN_STYLE[feature], STYLE) == []


@pytest.mark.parametrize("feature", TOO_NEW_IN_SCRIPTS)
def test_the_scripts_have_nothing_that_safari_16_does_not_know(feature: str) -> None:
    assert re.findall(TOO_NEW_IN_SCRIPTS[feature], SCRIPTS) == []


def test_signs_with_a_silent_name_are_there_without_it_too() -> None:
    """Safari 17.4 brought `content: "+" / ""`; before, the whole declaration is nothing."""
    alone = re.findall(r'content: ([^;/]+); content: ([^;/]+) / "";', STYLE)
    assert len(alone) == STYLE.count('/ "";') > 3
    assert all(plain == named for plain, named in alone)


def test_what_only_newer_engines_know_spoils_no_other_rule() -> None:
    """A selector that is not known takes the whole list with it, and everything in its braces."""
    rules = re.findall(r"([^{};]*(?::popover-open|::details-content|::backdrop)[^{};]*)\{", STYLE)
    rules = [rule for rule in rules if "@supports" not in rule]
    assert len(rules) >= 2
    assert [rule for rule in rules if "," in rule] == []


def test_where_there_is_no_popover_the_menu_is_closed_and_links_open_it() -> None:
    (block,) = re.findall(r"@supports not selector\(:popover-open\) \{(.*?)\n    \}", STYLE, flags=re.S)
    assert ".menu[popover]:not(:target) { display: none; }" in block
    assert ".menu[popover]:target { display: block;" in block


def test_a_phone_on_its_side_makes_no_text_larger() -> None:
    """No engine for desks knows the property, so none can show it: an iPhone wants it with its prefix."""
    assert re.search(r"html \{[^}]*-webkit-text-size-adjust: 100%;\s+text-size-adjust: 100%;", STYLE)
