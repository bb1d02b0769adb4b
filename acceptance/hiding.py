"""What no report may hold: passwords, keys, who the test customer is, and what a page showed instead of what it should."""

from __future__ import annotations

import re

HIDDEN = "[hidden]"
_hidden: dict[str, str] = {}
_AWAITED = re.compile(r"- waiting for (.+)")


def hide(text: str, by: str = HIDDEN) -> None:
    """From now on `by` stands where the text would."""
    if text:
        _hidden[text] = by


def clean(text: str) -> str:
    """The text without what is hidden, the longest first.

    A browser's error goes on with what the page shows and what was typed into it: only what it waited for is kept of that.
    Nor is an assertion's value, where a message says what is wrong.
    """
    parts = re.split(r"\n(?:Actual value:|Call log:|Aria snapshot:|assert )", text, maxsplit=1)
    awaited = _AWAITED.search(text) if len(parts) > 1 else None
    told = parts[0].strip() + (f" ({awaited[1]})" if awaited else "")
    for secret in sorted(_hidden, key=len, reverse=True):
        told = told.replace(secret, _hidden[secret])
    return told
