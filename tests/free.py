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

    What a month comes to, or a call, is no promise: only a month with something in its free month says a condition, which
    the tests of statements know (test_free.py, money/test_statements.py).
    """
    found = []
    for text in page.find_all(string=FREE):
        element = text.find_parent()
        if element and without_condition(element.get_text()) and not _is_bill(element):
            found.append(element.get_text())
    return found


def _is_bill(element: Tag) -> bool:
    label = element.find_previous_sibling("dt")
    if label is not None and label.get_text().startswith("通話料金"):
        return True
    if element.find_parent("article", class_="bill"):
        return True
    return element.find_parent("tr") is not None and "amount" in (element.get("class") or "")
