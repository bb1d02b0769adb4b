"""Asking for a security option, approving, refusing and taking back: rights, mails, the history, and all at once."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest

from app.domain import clock, tables
from app.domain.access.matrix import Forbidden, Missing
from app.domain.access.members import Member
from app.domain.changes import asking, history
from app.domain.changes.asking import Differs
from app.domain.changes.kinds import Change
from app.domain.changes.words import Refused
from app.domain.options import purchase_requests
from app.domain.options.approvals import A_DAY, ASKING, NOT_REACHED, REACHED, RequestPurchase, waits_for
from app.domain.options.security import BuySecurity, CancelSecurity
from app.postgres import database
from tests import households
from tests.options.asked import (
    CONTACT,
    MOTHERS,
    P360,
    SONS,
    People,
    approval,
    ask,
    charged,
    do,
    later,
    mailed,
    new_people,
    refusal,
    states,
    withdrawal,
)
from tests.options.test_licences import load
from tests.products import Shipped


@pytest.fixture
async def people(empty_database: str) -> People:
    return await new_people()


async def at_once(*pressed: tuple[Member, Change]) -> Counter[str]:
    """Press all the buttons at the same time; how often each outcome came, "" for done."""

    async def press(member: Member, identity: UUID) -> str:
        try:
            await asking.confirm(member, identity)
        except (Refused, Differs) as error:
            return type(error).__name__
        return ""

    asked = [(member, await asking.ask(member, change)) for member, change in pressed]
    return Counter(await asyncio.gather(*(press(*one) for one in asked)))


async def leads(member: Member) -> dict[str, str]:
    """The leads of the receipts in the member's history, by the name of the change."""
    return {asked.name: asked.receipt.lead for asked in await history.history(member) if asked.receipt}


# --- asking -----------------------------------------------------------------------------------------------------------


async def test_a_request_buys_nothing_and_tells_who_asked_the_contract_and_every_admin(
    people: People,
) -> None:
    request = await ask(people)
    assert await charged() == 0
    told = await mailed()
    assert [recipient for recipient, _ in told] == [SONS, CONTACT, MOTHERS]
    row = (await database.rows("SELECT body FROM outbox"))[1]
    assert f"https://mypage.example.jp/purchase-requests/{request}" in row["body"]
    assert "550円／月（税込）" in row["body"]


async def test_a_user_who_must_ask_cannot_buy(people: People) -> None:
    with pytest.raises(Refused, match="申請が必要です"):
        await do(people.son, BuySecurity(people.family.sons_login, P360))
    assert await charged() == 0


@pytest.mark.parametrize("who", ["customer", "mother"])
async def test_who_may_buy_has_nothing_to_ask_for(people: People, who: str) -> None:
    with pytest.raises(Refused, match="申請しなくても"):
        await do(getattr(people, who), RequestPurchase(people.family.sons_login, P360))


async def test_a_user_asks_for_the_own_account_id_alone(people: People) -> None:
    with pytest.raises(Missing):
        asking.judge(people.son, RequestPurchase(people.family.mothers_login, P360))
    with pytest.raises(Refused):
        await do(people.son, RequestPurchase(people.family.mothers_login, P360))
    assert await states() == []


async def test_without_a_mail_address_there_is_nothing_to_ask_for_and_without_a_card_there_is(
    people: People,
) -> None:
    await tables.Card.delete(force=True)
    await ask(people)
    await tables.Account.update({tables.Account.other_address: None}, force=True)
    with pytest.raises(Refused, match="メールアドレスの登録が必要"):
        await do(people.son, RequestPurchase(people.family.sons_login, Shipped.KIDS_FILTER))


async def test_a_day_has_five_requests_and_says_from_when_on_another_can_be_made(people: People) -> None:
    start = clock.now()
    for product in (P360, P360, Shipped.KIDS_FILTER, Shipped.SECURITY_ONLINE, P360):
        request = await ask(people, product)
        await do(people.son, withdrawal(people, request, product))
        later(minutes=1)
    mails = len(await mailed())
    again = clock.minute(start + timedelta(hours=24, minutes=1))
    with pytest.raises(Refused, match=f"24時間に5回までです。{again}から、もう一度"):
        await ask(people, Shipped.KIDS_FILTER)
    assert len(await mailed()) == mails
    clock.start_at(start + timedelta(hours=24, minutes=1))
    son = await households.log_in(people.family.contract, people.family.son)
    await do(son, RequestPurchase(people.family.sons_login, P360))


async def test_what_one_user_asks_for_holds_up_nobody_else(people: People) -> None:
    family = people.family
    await database.rows("UPDATE account SET role = 'user' WHERE id = $1", family.mother)
    sister = await households.log_in(family.contract, family.mother)
    for _ in range(A_DAY):
        await do(people.son, withdrawal(people, await ask(people)))
    await do(sister, RequestPurchase(sister.own.login if sister.own else "", P360))
    with pytest.raises(Refused, match="24時間に"):
        await ask(people)


async def test_who_asks_is_told_what_the_payer_could_not_buy_now(people: People) -> None:
    change, now = RequestPurchase(people.family.sons_login, P360), clock.now()
    assert not any("承認されません" in notice for notice in asking.review(people.son, change).notices)
    await database.rows("DELETE FROM licence")
    son = await households.log_in(people.family.contract, people.family.son)
    assert "準備中" in asking.review(son, change).notices[0]
    customer = await households.log_in(people.family.contract)
    assert waits_for(customer, customer.account(people.family.sons_login), P360, now) == ""


async def test_three_pins_of_this_month_are_said_to_who_asks_for_a_fourth(people: People) -> None:
    for _ in range(3):
        await do(people.customer, BuySecurity(people.family.sons_login, P360))
        customer = await households.log_in(people.family.contract)
        await do(customer, CancelSecurity(people.family.sons_login, P360))
    son = await households.log_in(people.family.contract, people.family.son)
    said = asking.review(son, RequestPurchase(people.family.sons_login, P360)).notices[0]
    assert "1か月に3回まで" in said
    assert said.endswith("購入できるようになるまで承認されません。")


@pytest.mark.parametrize(
    ("contact", "mothers", "reached"),
    [(CONTACT, None, True), ("", "mother@example.com", True), ("", None, False)],
)
async def test_the_confirm_page_and_the_receipt_say_whether_anybody_gets_a_mail(
    people: People, contact: str, mothers: str | None, reached: bool
) -> None:
    family = people.family
    await database.rows("UPDATE contract SET email = $2 WHERE id = $1", family.contract, contact)
    await database.rows("UPDATE account SET other_address = $2 WHERE id = $1", family.mother, mothers)
    son = await households.log_in(family.contract, family.son)
    said = REACHED if reached else NOT_REACHED
    change = RequestPurchase(family.sons_login, P360)
    assert said in asking.review(son, change).notices
    receipt = (await asking.find(son, await do(son, change))).receipt
    assert receipt
    assert receipt.notices == (said, *ASKING)
    assert ({recipient for recipient, _ in await mailed()} > {SONS}) is reached


# --- deciding ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["customer", "mother"])
async def test_an_approval_is_a_purchase_of_whoever_approves_told_once_and_read_by_both(
    people: People, who: str
) -> None:
    request, payer = await ask(people), getattr(people, who)
    before = len(await mailed())
    identity = await do(payer, approval(people, request))
    assert (await states(), await charged()) == (["approved"], 1)
    assert (await mailed())[before:] == [
        (SONS, "申込み完了メール（セキュリティ360°の購入）"),
        (CONTACT, "申込み完了メール（セキュリティ360°の購入）"),
    ]
    (body,) = {
        row["body"].partition("様\n")[2]
        for row in await database.rows("SELECT body FROM outbox ORDER BY id DESC LIMIT 2")
    }
    assert "申請のあったセキュリティ360°の購入が、承認されました。" in body
    assert re.search(r"\n料金：今月 0円（.+までに解約した場合は550円）\n", body)
    assert "【マイページ】" not in body
    asker = "ご契約者様（お客様番号）" if who == "customer" else people.family.mothers_login
    for member in (people.son, people.customer, people.mother):
        found = await asking.find(member, identity)
        assert (found.asker, found.name) == (asker, "セキュリティオプション購入の申請の承認")
        assert found.id in [one.id for one in await history.history(member)]
    lead = (await leads(people.son))["セキュリティオプション購入の申請"]
    assert lead.endswith("に承認され、購入されました。")
    one = await purchase_requests.find(people.son, request)
    assert (one.pending, one.decided_by) == (False, asker)


async def test_what_the_approver_sees_is_the_purchase_with_its_price_and_who_asked(people: People) -> None:
    request = await ask(people)
    customer = await households.log_in(people.family.contract)
    plain = asking.review(customer, BuySecurity(people.family.sons_login, P360))
    review = asking.review(customer, approval(people, request))
    assert review.rows[0].label == "承認する申請"
    assert review.rows[0].value.startswith("family-son（有光 family-son）、20")
    assert review.rows[1:] == plain.rows
    assert (review.offer, review.costs) == (plain.offer, plain.costs)
    assert review.offer
    assert (review.terms, review.notices, review.lead) == (plain.terms, (plain.in_panel,), plain.lead)
    assert review.inline is None


async def test_a_refusal_says_why_to_who_asked_by_mail_and_in_the_history(people: People) -> None:
    request = await ask(people)
    before = len(await mailed())
    identity = await do(people.mother, refusal(people, request))
    assert (await states(), await charged()) == (["refused"], 0)
    assert [recipient for recipient, _ in (await mailed())[before:]] == [SONS, CONTACT]
    (mail,) = await database.rows("SELECT body FROM outbox ORDER BY id DESC LIMIT 1")
    assert "却下の理由：\nいまは必要ないと思います。\n" in mail["body"]
    receipt = (await asking.find(people.son, identity)).receipt
    assert receipt
    assert "いまは必要ないと思います。" in [row.value for row in receipt.rows]
    (own,) = [one for one in await history.history(people.son) if one.kind == "purchase-request"]
    assert own.receipt
    assert own.receipt.notices == ("理由：いまは必要ないと思います。",)
    assert "に却下されました" in own.receipt.lead
    await ask(people)


async def test_the_request_in_the_history_says_that_it_waits_and_then_that_it_has_lapsed(
    people: People,
) -> None:
    await ask(people)
    name = "セキュリティオプション購入の申請"
    assert "まだ購入されていません" in (await leads(people.son))[name]
    later(days=14)
    son = await households.log_in(people.family.contract, people.family.son)
    assert "期限切れになりました" in (await leads(son))[name]


async def test_who_asked_takes_it_back_and_whoever_may_decide_is_told(people: People) -> None:
    request = await ask(people)
    before = len(await mailed())
    await do(people.son, withdrawal(people, request))
    assert await states() == ["withdrawn"]
    assert [recipient for recipient, _ in (await mailed())[before:]] == [SONS, CONTACT, MOTHERS]
    assert "取り下げられました" in (await leads(people.son))["セキュリティオプション購入の申請"]


# --- who may ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("decision", [approval, refusal])
async def test_a_user_decides_nothing_not_even_the_own_request(people: People, decision: type) -> None:
    request = await ask(people)
    identity = await asking.ask(people.son, decision(people, request))
    with pytest.raises(Forbidden):
        await asking.confirm(people.son, identity)
    assert (await states(), await charged()) == (["pending"], 0)


@pytest.mark.parametrize("who", ["customer", "mother"])
async def test_nobody_takes_back_what_another_asked_for(people: People, who: str) -> None:
    request = await ask(people)
    with pytest.raises(Missing):
        asking.judge(getattr(people, who), withdrawal(people, request))
    with pytest.raises(Refused):
        await do(getattr(people, who), withdrawal(people, request))
    assert await states() == ["pending"]


@pytest.mark.parametrize("decision", [approval, refusal])
async def test_a_request_of_another_contract_or_of_another_product_is_decided_by_nobody(
    people: People, decision: type
) -> None:
    others = await new_people("others")
    request = await ask(people)
    with pytest.raises(Refused):
        await do(others.customer, decision(others, request))
    with pytest.raises(Refused):
        await do(others.customer, decision(people, request))
    assert (await states(), await charged()) == (["pending"], 0)


async def test_a_decision_about_one_product_is_none_about_another(people: People) -> None:
    await load(5, Shipped.KIDS_FILTER)
    request = await ask(people)
    with pytest.raises(Refused, match="すでに承認、却下"):
        await do(people.customer, approval(people, request, Shipped.KIDS_FILTER))
    await ask(people, Shipped.KIDS_FILTER)
    await do(people.customer, refusal(people, request))
    for late in (approval(people, request), refusal(people, request)):
        with pytest.raises(Refused, match="すでに承認、却下"):
            await do(people.customer, late)
    assert (await states(), await charged()) == (["refused", "pending"], 0)


async def test_a_decision_about_an_earlier_request_is_none_about_one_that_waits(people: People) -> None:
    earlier = await ask(people)
    await do(people.customer, refusal(people, earlier))
    await ask(people)
    customer = await households.log_in(people.family.contract)
    for late in (approval(people, earlier), refusal(people, earlier)):
        assert str(asking.judge(customer, late)).startswith("この購入の申請は、すでに")
        with pytest.raises(Refused, match="すでに承認、却下"):
            await do(customer, late)
    assert (await states(), await charged()) == (["refused", "pending"], 0)


async def test_an_approval_needs_a_card_and_a_licence_key_and_leaves_the_request_waiting(
    people: People,
) -> None:
    request = await ask(people)
    await tables.Card.update({tables.Card.expires: "2020-01"}, force=True)
    with pytest.raises(Refused, match="有効期限が切れている"):
        await do(people.customer, approval(people, request))
    await tables.Card.update({tables.Card.expires: "2100-01"}, force=True)
    await tables.Licence.delete(force=True)
    with pytest.raises(Refused, match="ライセンスの準備中"):
        await do(people.customer, approval(people, request))
    assert (await states(), await charged()) == (["pending"], 0)


# --- all at once ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_two_who_approve_at_once_buy_it_once_and_tell_it_once(people: People) -> None:
    request = await ask(people)
    before = len(await mailed())
    outcomes = await at_once(
        *[(member, approval(people, request)) for member in (people.customer, people.mother)] * 3
    )
    assert outcomes == {"": 1, "Refused": 5}
    assert (await states(), await charged()) == (["approved"], 1)
    assert len(await mailed()) - before == 2


@pytest.mark.slow
@pytest.mark.parametrize("round_", range(5))
async def test_whoever_comes_first_of_those_who_approve_refuse_and_take_back(
    people: People, round_: int
) -> None:
    request = await ask(people)
    before = len(await mailed())
    outcomes = await at_once(
        (people.customer, approval(people, request)),
        (people.mother, refusal(people, request)),
        (people.son, withdrawal(people, request)),
        (people.mother, BuySecurity(people.family.sons_login, P360)),
    )
    (state,) = await states()
    assert await charged() == 1
    assert outcomes[""] == (1 if state == "approved" else 2), (
        "the mother buys it whatever became of the request"
    )
    told = Counter(subject for _, subject in (await mailed())[before:])
    of_purchase = told.pop("申込み完了メール（セキュリティ360°の購入）")
    assert of_purchase == 2
    assert (
        dict(told)
        == {
            "approved": {},
            "refused": {"セキュリティ360°の購入の申請の却下のお知らせ": 2},
            "withdrawn": {"セキュリティ360°の購入の申請の取り下げのお知らせ": 3},
        }[state]
    )


async def test_one_request_sent_from_many_tabs_waits_once(people: People) -> None:
    change = RequestPurchase(people.family.sons_login, P360)
    assert await at_once(*[(people.son, change)] * 8) == {"": 1, "Refused": 7}
    assert await states() == ["pending"]
    assert len(await mailed()) == 3


@pytest.mark.slow
async def test_approving_while_it_lapses_comes_to_one_end(people: People) -> None:
    for _ in range(5):
        request = await ask(people)
        customer = await households.log_in(people.family.contract)
        identity = await asking.ask(customer, approval(people, request))
        await database.rows("UPDATE purchase_request SET lapses_at = $1 WHERE id = $2", clock.now(), request)
        before, bought = len(await mailed()), await charged()
        lapsed, _ = await asyncio.gather(
            purchase_requests.lapse_due(), asking.confirm(customer, identity), return_exceptions=True
        )
        assert (lapsed, await charged() - bought) == (1, 0)
        assert len(await mailed()) - before == 2
    assert await states() == ["lapsed"] * 5


async def test_an_approval_that_housekeeping_overtakes_buys_nothing(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = await ask(people)
    hold = purchase_requests.hold

    async def overtaken(one: UUID, now: object) -> None:
        await database.rows(
            "UPDATE purchase_request SET state = 'lapsed', decided_at = lapses_at WHERE id = $1", one
        )
        await hold(one, now)  # type: ignore[arg-type]

    monkeypatch.setattr(purchase_requests, "hold", overtaken)
    with pytest.raises(Refused, match="期限切れ"):
        await do(people.customer, approval(people, request))
    assert await charged() == 0
