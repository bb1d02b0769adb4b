"""「無料」 has its condition in the same element: in every template, mail, terms text and rule; and the looking itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser import Browser
from tests.free import FREE, promises, without_condition
from tests.options.steps import buy

APP = Path(__file__).parents[1] / "app"
KINDS = {".html", ".txt", ".py", ".md", ".jsonl", ".csv", ".js"}
COMPUTED = {"app/domain/money/billing.py": 1}
"""Lines whose condition is put in by the program; what they make is looked at on every page."""


@pytest.mark.slow
def test_no_line_of_a_template_a_mail_a_terms_text_or_a_rule_promises_without_a_condition() -> None:
    found: dict[str, int] = {}
    for path in (path for path in APP.rglob("*") if path.suffix in KINDS):
        wrong = [line for line in path.read_text().splitlines() if without_condition(line)]
        if wrong:
            found[str(path.relative_to(APP.parent))] = len(wrong)
    assert found == COMPUTED


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("<dd>今月 0円</dd>", ["今月 0円"]),
        ("<dd>今月 0円（2026/01/31までに解約した場合は550円）</dd>", []),
        ("<dd>今月 0円</dd><dd>2026/01/31までに解約した場合は550円</dd>", ["今月 0円"]),
        (
            "<p>無料、また無料（その月のうちに解約した場合は別）</p>",
            ["無料、また無料（その月のうちに解約した場合は別）"],
        ),
        ("<p>年中無休、3,300円、10円</p>", []),
        ("<table><tr><td>確定</td><td class=amount>0円</td></tr></table>", []),
        ("<table><tr><td>見込み</td><td class=amount>0円</td></tr></table>", []),
        ("<table><tr><td>今月</td><td>0円</td></tr></table>", ["0円"]),
    ],
)
def test_a_promise_without_its_condition_in_the_same_element_is_found(page: str, found: list[str]) -> None:
    assert promises(page) == found


@pytest.mark.slow
async def test_a_month_that_may_still_cost_something_is_no_0_yen(contractor: Browser) -> None:
    await buy(contractor)
    await contractor.open("/statements")
    await contractor.prove("demo01", "90000000000000")
    (first, *_) = contractor.page.select("main tbody tr")
    assert "見込み" in first.get_text()
    assert FREE.search(first.get_text())
    assert not without_condition(first.get_text())
    link = first.select_one("a")
    assert link
    await contractor.open(str(link["href"]))
    assert "今月のうちに解約した場合は、料金がかかります" in contractor.text
