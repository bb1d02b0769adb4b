"""「無料」 and 「0円」 stand nowhere without what makes them so (spec 11).

Every page that a test fetches is looked at (tests/browser.py), every panel, every mail of the walks through all changes
(tests/changes/), and the templates and rules themselves (tests/test_free.py).
"""

from __future__ import annotations

import re

from bs4 import BeautifulSoup, Tag

FREE = re.compile(r"無料|ただで|(?<![\d,])0円")
CONDITION = re.compile(r"(までに|うちに)(解約した|解約となった|1GBに戻した)場合は")


def without_condition(text: str) -> bool:
    """Whether the text promises that something costs nothing, and not until when."""
    return len(FREE.findall(text)) > len(CONDITION.findall(text))


def promises(page: BeautifulSoup) -> list[str]:
    """The texts of the page's elements that promise without a condition in the same element.

    What a month that is over, or a call, has cost is no promise. Of the months, this one is the first of its table.
    """
    found = []
    for text in page.find_all(string=FREE):
        element = text.find_parent()
        if element and without_condition(element.get_text()) and not _is_past(element):
            found.append(element.get_text())
    return found


def _is_past(element: Tag) -> bool:
    row, label = element.find_parent("tr"), element.find_previous_sibling("dt")
    if label is not None and label.get_text().startswith("通話料金"):
        return True
    if row is None or "amount" not in (element.get("class") or ""):
        return False
    return "見込み" not in row.get_text() or row.find_previous_sibling("tr") is not None
