"""Visits to Stripe's page: whose each is and for how long, that it brings one card, and which cards are dropped later."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta

import pytest
from litestar.types import ASGIApp

from app.domain import clock, tables
from app.domain.access.matrix import Missing
from app.domain.access.members import Member
from app.domain.cards import checks, kept, visits
from app.domain.cards.register import RegisterCard
from app.domain.changes import asking
from app.gateway.port import Unreachable
from app.gateway.stripe_checkout import StripeCheckout
from app.postgres import database
from tests import households
from tests.browser import Browser
from tests.cards.steps import go, kept_card
from tests.conftest import HOST
from tests.stripe_server import FakeStripe

A_MOMENT = timedelta(seconds=20)


@pytest.fixture
def application(with_stripe: ASGIApp) -> ASGIApp:
    """Whoever is logged in is so at a portal with Stripe."""
    return with_stripe


@pytest.mark.slow
async def test_a_visit_is_for_whoever_began_it_and_for_an_hour(
    contractor: Browser, with_stripe: ASGIApp, stripe: FakeStripe
) -> None:
    visit = await go(contractor)
    stripe.type_in(visit)
    before = len(stripe.requests)
    async with Browser(with_stripe, HOST) as other:
        for login in (("account", "arteri-an-002", "abc12345"), ("customer", "80000000000000", "tanin-1")):
            other.cookies.clear()
            await other.log_in(*login)
            await other.open(f"/payment/return?session_id={visit}")
            assert other.answer.status_code == 404
    await database.rows("UPDATE card_visit SET asked_at = asked_at - interval '1 hour'")
    for unknown in (visit, "cs_test_nobodys", ""):
        await contractor.open(f"/payment/return?session_id={unknown}")
        assert contractor.answer.status_code == 404
    assert len(stripe.requests) == before


@pytest.mark.slow
async def test_cards_that_were_not_confirmed_or_were_replaced_are_dropped_at_stripe_a_day_later(
    contractor: Browser, stripe: FakeStripe
) -> None:
    gateway = StripeCheckout(stripe.account)
    for confirmed in (True, False, True):
        visit = await go(contractor)
        stripe.type_in(visit)
        await contractor.open(f"/payment/return?session_id={visit}")
        if confirmed:
            await contractor.submit()
    customer = stripe.sessions[visit]["customer"]
    await visits.tidy(gateway.forget_others)
    assert len(stripe.methods[customer]) == 3
    await database.rows("UPDATE card_visit SET asked_at = asked_at - interval '1 day'")
    stripe.failures += [503] * 3
    with pytest.raises(Unreachable):
        await visits.tidy(gateway.forget_others)
    await visits.tidy(gateway.forget_others)
    assert stripe.methods[customer] == [f"pm_{visit}"]
    assert await database.rows("SELECT 1 FROM card_visit") == []


@pytest.mark.slow
async def test_a_card_that_waits_for_staff_is_kept_at_stripe_until_they_refused_it(
    contractor: Browser, stripe: FakeStripe
) -> None:
    gateway = StripeCheckout(stripe.account)
    visit = await go(contractor)
    stripe.type_in(visit, name="KICHI ARUTERI")
    await contractor.open(f"/payment/return?session_id={visit}")
    await contractor.submit()
    await database.rows("UPDATE card_visit SET asked_at = asked_at - interval '1 day'")
    customer = stripe.sessions[visit]["customer"]
    await visits.tidy(gateway.forget_others)
    assert stripe.methods[customer] == [f"pm_{visit}"]
    (check,) = await checks.waiting()
    await checks.refuse(check.id)
    await visits.tidy(gateway.forget_others)
    assert stripe.methods[customer] == []


async def test_who_goes_to_stripe_again_while_cards_are_dropped_keeps_what_is_typed(
    filled_database: str,
) -> None:
    contracts = await database.rows("SELECT id FROM contract ORDER BY id LIMIT 2")
    visit = (
        "INSERT INTO card_visit (id, contract, session, payer, asked_at)"
        " VALUES (gen_random_uuid(), $1, gen_random_uuid()::text, $2, $3)"
    )
    long_ago = clock.now() - visits.KEPT
    for place, row in enumerate(contracts):
        await database.rows(visit, row["id"], f"cus_{place}", long_ago - timedelta(hours=2 - place))
    dropped: list[str] = []

    async def slowly(payer: str, kept: list[str]) -> None:
        dropped.append(payer)
        await database.rows(visit, contracts[1]["id"], "cus_1", clock.now())

    await visits.tidy(slowly)
    assert dropped == ["cus_0"]


async def test_two_who_come_back_from_one_visit_are_led_to_one_confirm_page(empty_database: str) -> None:
    family = await households.new_household()
    customer = await households.log_in(family.contract)
    await visits.start(customer, uuid.uuid4(), "cs_1", "cus_1")
    visit = await visits.find(customer, "cs_1")
    assert visit.change is None
    typed = RegisterCard(kept_card(), "AN ARUTERI", "", name_differs=True)
    led = await asyncio.gather(*(visits.come_back(customer, visit, typed) for _ in range(5)))
    assert len(set(led)) == 1
    assert (await visits.find(customer, "cs_1")).change == led[0]
    assert (await asking.find(customer, led[0])).change == typed
    assert await tables.Change.count() == 1


async def test_a_visit_is_found_for_an_hour_by_the_login_that_began_it_alone(empty_database: str) -> None:
    family, others = await households.new_household(), await households.new_household("others")
    logins = [(family.contract, None), (family.contract, family.mother), (others.contract, None)]
    members = [await households.log_in(*login) for login in logins]
    start = clock.now()
    for number, member in enumerate(members):
        await visits.start(member, uuid.uuid4(), f"cs_{number}", "cus_1")
    for passed, found in ((timedelta(hours=1) - A_MOMENT, True), (timedelta(hours=1) + A_MOMENT, False)):
        clock.start_at(start + passed)
        for number, member in enumerate(members):
            assert [await finds(member, f"cs_{other}") for other in range(3)] == [
                found and other == number for other in range(3)
            ]


async def finds(member: Member, session: str) -> bool:
    try:
        return bool(await visits.find(member, session))
    except Missing:
        return False


async def test_a_visit_is_over_after_a_day_and_the_cards_of_its_contract_are_kept(
    empty_database: str,
) -> None:
    contracts = [await households.new_contract() for _ in range(2)]
    start = clock.now()
    for number, contract in enumerate(contracts):
        clock.start_at(start - timedelta(minutes=number))
        await visits.start(await households.log_in(contract), uuid.uuid4(), f"cs_{number}", f"cus_{number}")
        await kept.keep(contract, kept_card(token=f"pm_{number}"), "AN ARUTERI")
    dropped: list[tuple[str, list[str]]] = []

    async def forget_others(payer: str, tokens: list[str]) -> None:
        dropped.append((payer, tokens))

    clock.start_at(start + timedelta(days=1) - timedelta(minutes=1) - A_MOMENT)
    await visits.tidy(forget_others)
    assert dropped == []
    clock.start_at(start + timedelta(days=1) + A_MOMENT)
    await visits.tidy(forget_others)
    assert dropped == [("cus_1", ["pm_1"]), ("cus_0", ["pm_0"])], "the oldest first"
    await visits.tidy(forget_others)
    assert len(dropped) == 2
