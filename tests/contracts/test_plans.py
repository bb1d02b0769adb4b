"""The plan of a feed, as a person reads it."""

from __future__ import annotations

from dataclasses import replace

from app.domain.contracts.differences import Difference, Fate
from app.domain.contracts.plans import LISTED, ContractPlan, Plan

MOVED = Difference("address", "東京都", "大阪府", Fate.APPLIED)
CARD = Difference("card", None, "VISA|4242|2031-05|AN ARUTERI|pm_0123456789|cus_0123456789", Fate.APPLIED)
PLAN = Plan(b"content", False, 20, ["7"], [ContractPlan(1, "1", [MOVED, CARD])], mails=1)


def test_a_plan_says_each_change_its_numbers_and_its_digest_and_no_name_of_the_gateways() -> None:
    other = Difference("building", "B1", "B3", Fate.CASE, "third")
    plan = replace(PLAN, known=[*PLAN.known, ContractPlan(2, "2", [other])])
    assert list(plan.lines()) == [
        "7: new",
        "1: address (設置先住所): 東京都 -> 大阪府",
        "1: card (お支払い方法): 未登録 -> VISA（下4桁 4242、2031-05まで）",
        "2: building (建物): B1 -> B3 (stays as it is, for somebody to decide: the portal holds another value)",
        "by field: address 1, card 1",
        "1 new, 1 changed, 0 closed, 0 reopened, 0 held, 1 for somebody to decide (照合), 1 mails; of 20 contracts",
        f"digest: {plan.digest}",
    ]
    assert "pm_" not in "".join(plan.lines())


def test_a_long_plan_lists_the_first_and_counts_the_others() -> None:
    known = [ContractPlan(number, str(number), [MOVED]) for number in range(LISTED + 5)]
    said = list(replace(PLAN, new=[], known=known).lines())
    assert said[LISTED] == "and 5 more contracts"


def test_another_plan_has_another_digest_and_the_order_of_the_file_counts_for_nothing() -> None:
    two = [*PLAN.known, ContractPlan(2, "2", [MOVED])]
    plan = replace(PLAN, known=two)
    assert replace(plan, known=two[::-1]).digest == plan.digest
    others = [
        PLAN,
        replace(plan, content=b"other"),
        replace(plan, contact=True),
        replace(plan, new=["8"]),
        replace(plan, known=[two[0], ContractPlan(2, "2", [replace(MOVED, was="神奈川県")])]),
        replace(plan, known=[two[0], ContractPlan(2, "2", [replace(MOVED, fate=Fate.HELD)])]),
    ]
    assert plan.digest not in {other.digest for other in others}
