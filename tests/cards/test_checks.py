"""Cards that wait for a name check: staff decide each once, the customer is told, and the former card counts meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from app.domain import clock, tables
from app.domain.cards import checks
from app.postgres import database
from tests import households
from tests.browser import Browser
from tests.cards.steps import card_of, kept_card, let_wait, register
from tests.mail.steps import mails
from tests.waiting import somebody_waits


@pytest.mark.slow
async def test_an_approved_card_counts_and_a_refused_one_leaves_the_former(contractor: Browser) -> None:
    for decide, last4 in ((checks.refuse, "0000"), (checks.approve, "1111")):
        await register(contractor, given="KICHI")
        (check,) = await checks.waiting()
        assert (check.holder, check.contractor_kana) == ("KICHI ARUTERI", "アルテリ アン")
        await decide(check.id)
        assert (await card_of())[1] == last4
        assert await checks.waiting() == []
        with pytest.raises(checks.CardNotWaiting):
            await decide(check.id)
        await contractor.open("/mail-service")
        assert contractor.page.select("form[action='/mail-service']")
    subjects = [mail["subject"] for mail in await mails()]
    assert subjects[1::2] == [
        "【マイページ】お支払い方法を登録できませんでした",
        "【マイページ】お支払い方法登録完了のお知らせ",
    ]


async def test_what_staff_approve_is_kept_as_the_gateway_gave_it(contractor: Browser) -> None:
    await register(contractor, given="KICHI")
    await database.rows("UPDATE card_check SET token = 'pm_kichi', payer = 'cus_aruteri'")
    (check,) = await checks.waiting()
    await checks.approve(check.id)
    kept = await database.rows(
        "SELECT token, payer, brand, last4, expires, holder FROM card WHERE contract = $1", check.contract
    )
    assert [tuple(row) for row in kept] == [
        ("pm_kichi", "cus_aruteri", "VISA", "1111", "2040-01", "KICHI ARUTERI")
    ]


@pytest.mark.slow
async def test_another_card_takes_the_place_of_one_that_waits(contractor: Browser) -> None:
    await register(contractor, given="KICHI")
    await register(contractor, given="YOSHI", card_number="5555555555554444")
    (check,) = await checks.waiting()
    assert check.card.last4 == "4444"
    await register(contractor)
    assert await checks.waiting() == []
    assert (await card_of())[1] == "1111"
    outcomes = await database.rows("SELECT outcome FROM card_check ORDER BY id")
    assert [row["outcome"] for row in outcomes] == ["replaced", "replaced"]


@pytest.mark.slow
async def test_who_decides_a_card_learns_whether_a_mail_tells_the_customer(contractor: Browser) -> None:
    for statement, mailed in (
        ("UPDATE contract SET email = ''", True),
        ("UPDATE account SET role = 'user'", False),
    ):
        await database.rows(statement)
        for decide in (checks.refuse, checks.approve):
            await register(contractor, given="KICHI")
            (check,) = await checks.waiting()
            assert await decide(check.id) == checks.Decided("90000000000000", mailed)


async def test_a_card_that_expired_while_it_waited_is_not_approved(contractor: Browser) -> None:
    await register(contractor, given="KICHI")
    await database.rows("UPDATE card_check SET expires = '2020-01'")
    (check,) = await checks.waiting()
    with pytest.raises(checks.Expired):
        await checks.approve(check.id)
    assert len(await checks.waiting()) == 1


async def test_a_clock_of_staff_that_is_behind_decides_all_the_same(contractor: Browser) -> None:
    await register(contractor, given="KICHI")
    await database.rows("UPDATE card_check SET asked_at = asked_at + interval '1 minute'")
    await register(contractor, given="YOSHI")
    await database.rows(
        "UPDATE card_check SET asked_at = asked_at + interval '1 minute' WHERE decided_at IS NULL"
    )
    (check,) = await checks.waiting()
    await checks.approve(check.id)
    assert (await card_of())[3] == "YOSHI ARUTERI"


async def test_staff_see_what_waits_oldest_first_beside_whose_it_should_be(empty_database: str) -> None:
    for number, family, kana in (("70000000000002", "田", "タ"), ("70000000000001", "有光", "アリミツ")):
        holder = {"family": family, "given": "杏", "family_kana": kana, "given_kana": "アン"}
        await let_wait(await households.new_contract(customer_number=number, **holder))
    waiting = await checks.waiting()
    assert [(check.customer_number, check.contractor, check.contractor_kana) for check in waiting] == [
        ("70000000000002", "田 杏", "タ アン"),
        ("70000000000001", "有光 杏", "アリミツ アン"),
    ]
    assert {(check.card, check.holder) for check in waiting} == {(kept_card(), "KICHI ARUTERI")}


async def test_what_one_contract_does_leaves_the_waiting_card_of_another_alone(empty_database: str) -> None:
    contracts = [await households.new_contract() for _ in range(3)]
    for contract in contracts:
        await let_wait(contract)
    await checks.replace(contracts[0], clock.now())
    first, second = await checks.waiting()
    assert await checks.approve(first.id) == checks.Decided(first.customer_number, mailed=False)
    assert await checks.waiting() == [second]
    assert await tables.Card.select(tables.Card.contract).output(as_list=True) == [contracts[1]]


async def test_a_card_that_several_of_staff_decide_at_once_is_decided_once_and_told_once(
    empty_database: str,
) -> None:
    await let_wait(await households.new_contract(email="an@example.jp"))
    (check,) = await checks.waiting()
    several = [decide(check.id) for decide in (checks.approve, checks.refuse) * 5]
    done = await asyncio.gather(*several, return_exceptions=True)
    assert sum(isinstance(one, checks.Decided) for one in done) == 1
    assert sum(isinstance(one, checks.CardNotWaiting) for one in done) == 9
    assert len(await mails()) == 1
    (row,) = await tables.CardCheck.select()
    assert len(await tables.Card.select()) == (row["outcome"] == "approved")


async def test_a_decision_waits_for_a_change_of_the_contract_that_is_being_made(empty_database: str) -> None:
    contract = await households.new_contract()
    await let_wait(contract)
    (check,) = await checks.waiting()
    locked = asyncio.Event()

    async def another_card() -> None:
        async with database.engine().transaction():
            await tables.Contract.lock(contract)
            locked.set()
            await somebody_waits()
            await checks.replace(contract, clock.now())

    async def decide() -> checks.Decided:
        await locked.wait()
        return await checks.approve(check.id)

    _, decided = await asyncio.gather(another_card(), decide(), return_exceptions=True)
    assert isinstance(decided, checks.CardNotWaiting)
    assert await tables.Card.select() == []


async def test_a_number_that_no_card_ever_had_decides_nothing(empty_database: str) -> None:
    for decide in (checks.approve, checks.refuse):
        with pytest.raises(checks.CardNotWaiting):
            await decide(7)
