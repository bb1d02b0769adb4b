"""A purchase takes a PIN for ever: three of one product by one account ID in a month, and no more."""

from __future__ import annotations

import asyncio

import pytest

from app.domain import clock
from app.domain.changes import asking
from app.domain.changes.words import Refused
from app.domain.options.security import PURCHASES_A_MONTH, BuySecurity, CancelSecurity
from app.postgres import database
from tests import households
from tests.browser import Browser
from tests.households import sign_in
from tests.options.steps import FULL, PAGE, SON, WIFE, buy, cancel, give_address, pins, token, tokyo
from tests.products import Shipped

SAID = "セキュリティ360°の購入は、1つのアカウントIDにつき、1か月に3回までです。2026/02/01から、もう一度購入できます。"


@pytest.fixture
async def after_three(visitor: Browser) -> Browser:
    """有光 杏, who bought and cancelled one product for her wife's account ID three times in January."""
    clock.start_at(tokyo("2026-01-10T09:00"))
    await sign_in(visitor, "customer", "90000000000000")
    for _ in range(PURCHASES_A_MONTH):
        await buy(visitor)
        await cancel(visitor)
    return visitor


@pytest.mark.slow
async def test_a_fourth_purchase_is_refused_in_words_with_the_day_from_which_it_is_possible(
    after_three: Browser,
) -> None:
    await after_three.open(PAGE)
    section = after_three.page.select_one("#security-360")
    assert section
    assert SAID in section.get_text()
    assert not section.select("form")
    await after_three.press(PAGE + FULL, {"csrf_token": await token(after_three), "agree": "yes"})
    assert after_three.answer.status_code == 422
    assert after_three.reasons == [SAID]
    assert len(await pins()) == 3


@pytest.mark.slow
async def test_the_accordion_says_so_instead_of_its_button(after_three: Browser) -> None:
    row = await after_three.htmx(f"/accounts/{WIFE}")
    cell = row.select_one(f"#security-360-{WIFE}")
    assert cell
    assert SAID in cell.get_text()
    assert not cell.select("a")
    assert row.select(f"#security-online-{WIFE} a[data-hx-post]")


@pytest.mark.slow
async def test_a_purchase_of_the_third_time_that_still_runs_can_be_cancelled(visitor: Browser) -> None:
    clock.start_at(tokyo("2026-01-10T09:00"))
    await sign_in(visitor, "customer", "90000000000000")
    for _ in range(PURCHASES_A_MONTH - 1):
        await buy(visitor)
        await cancel(visitor)
    await buy(visitor)
    await visitor.open(PAGE)
    assert SAID not in visitor.text
    await cancel(visitor)
    await visitor.open(PAGE)
    assert SAID in visitor.text


@pytest.mark.slow
async def test_other_products_other_account_ids_and_the_next_month_of_tokyo_are_free_of_it(
    after_three: Browser,
) -> None:
    await buy(after_three, product="security-online")
    await give_address(SON)
    await buy(after_three, SON)
    clock.start_at(tokyo("2026-01-31T23:59:00"))
    await after_three.log_in("customer", "90000000000000", "demo01")
    await after_three.open(PAGE)
    assert SAID in after_three.text
    clock.start_at(tokyo("2026-02-01T00:00:00"))
    await after_three.open(PAGE)
    assert SAID not in after_three.text
    await buy(after_three)


@pytest.mark.slow
async def test_a_purchase_of_last_month_that_ended_in_this_one_does_not_count(visitor: Browser) -> None:
    clock.start_at(tokyo("2025-12-31T23:50:00"))
    await sign_in(visitor, "customer", "90000000000000")
    await buy(visitor)
    clock.start_at(tokyo("2026-01-01T00:05:00"))
    await cancel(visitor)
    for _ in range(PURCHASES_A_MONTH):
        await buy(visitor)
        await cancel(visitor)
    assert len(await pins()) == 4
    await visitor.open(PAGE)
    assert SAID in visitor.text


@pytest.mark.slow
async def test_a_confirm_page_that_was_open_before_the_limit_is_refused(visitor: Browser) -> None:
    clock.start_at(tokyo("2026-01-10T09:00"))
    await sign_in(visitor, "customer", "90000000000000")
    await visitor.open(PAGE)
    await visitor.submit(PAGE + FULL, agree="yes")
    pending = visitor.path
    for _ in range(PURCHASES_A_MONTH):
        await buy(visitor)
        await cancel(visitor)
    await visitor.open(pending)
    assert visitor.answer.status_code == 422
    assert SAID in visitor.text


@pytest.mark.slow
async def test_the_limit_holds_however_many_buy_and_cancel_at_once(visitor: Browser) -> None:
    (contract,) = await database.rows("SELECT id FROM contract WHERE customer_number = '90000000000000'")
    members = [await households.log_in(contract["id"]) for _ in range(4)]

    async def buy_and_cancel(number: int) -> None:
        member = members[number]
        for change in (BuySecurity, CancelSecurity) * 4:
            asked = await asking.ask(member, change(WIFE, Shipped.SECURITY_360))
            try:
                await asking.confirm(member, asked)
            except Refused:
                await asyncio.sleep(0)

    await asyncio.gather(*(buy_and_cancel(number) for number in range(len(members))))
    assert len(await pins()) == PURCHASES_A_MONTH
