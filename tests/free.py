"""「無料」 and 「0円」 stand nowhere without what makes them so (spec 11).

Every page that a test fetches is looked at (tests/browser.py), every panel, every mail of the walks through all changes
(tests/changes/), and the templates and rules themselves (tests/test_free.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import lxml.html
from lxml.html import HtmlElement

FREE = re.compile(r"無料|ただで|(?<![\d,])0円")
CONDITION = re.compile(r"(までに|うちに)(解約した|解約となった|1GBに戻した)場合は")


def without_condition(text: str) -> bool:
    """Whether the text promises that something costs nothing, and not until when."""
    return len(FREE.findall(text)) > len(CONDITION.findall(text))


def promises(html: str) -> list[str]:
    """`promises_of` what stands in a page, or in a piece of one."""
    return promises_of(lxml.html.fragment_fromstring(html, create_parent="main")) if FREE.search(html) else []


def promises_of(page: HtmlElement) -> list[str]:
    """The texts of the page's elements that promise without a condition in the same element.

    What a month comes to, or a call, is no promise: only a month with something in its free month says a condition, which
    the tests of statements know (test_free.py, money/test_statements.py).
    """
    return [
        element.text_content()
        for text, element in strings(page)
        if FREE.search(text) and without_condition(element.text_content()) and not _is_bill(element)
    ]


def strings(page: HtmlElement) -> Iterator[tuple[str, HtmlElement]]:
    """Each text of the page, with the element that it stands in."""
    for element in page.iter(lxml.html.etree.Element):
        if element.text:
            yield element.text, element
        if element.tail and element is not page:
            yield element.tail, element.getparent()


def _is_bill(element: HtmlElement) -> bool:
    label = next(element.itersiblings("dt", preceding=True), None)
    if label is not None and label.text_content().startswith("通話料金"):
        return True
    if any("bill" in article.get("class", "").split() for article in element.iterancestors("article")):
        return True
    in_a_row = next(element.iterancestors("tr"), None) is not None
    return in_a_row and "amount" in element.get("class", "").split()
