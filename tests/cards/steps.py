"""What members do on the page of お支払い方法, and the card that is kept after it."""

from __future__ import annotations

from typing import Any

from app.domain import clock
from app.domain.cards import checks
from app.domain.cards.kept import KeptCard
from app.postgres import database
from tests.browser import Browser
from tests.stripe_server import CHECKOUT

VISA = "4111 1111 1111 1111"


TYPED = {
    "month": "01",
    "year": "2040",
    "given": "AN",
    "family": "ARUTERI",
    "card_number": VISA,
    "agree": "yes",
}


async def type_in(browser: Browser, **changed: str) -> None:
    await browser.open("/payment")
    await browser.submit(**{**TYPED, **changed})


async def register(browser: Browser, **changed: str) -> None:
    await type_in(browser, **changed)
    assert browser.heading == "お支払い方法登録／変更確認", browser.reasons
    await browser.submit()


async def card_of(customer_number: str = "90000000000000") -> tuple[str, ...]:
    found = await database.rows(
        "SELECT k.brand, k.last4, k.expires, k.holder FROM card k JOIN contract c ON c.id = k.contract"
        " WHERE c.customer_number = $1",
        customer_number,
    )
    return tuple(found[0]) if found else ()


async def go(browser: Browser) -> str:
    """Press the button of our page; the name of the visit at Stripe."""
    await browser.open("/payment")
    form = browser.form("/payment/visit")
    token = form.select_one("input[name=csrf_token]")
    assert token
    answer = await browser.post(
        "/payment/visit",
        data={"csrf_token": str(token["value"]), "agree": "yes"},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{CHECKOUT}/c/pay/")
    return answer.headers["location"].rpartition("/")[2]


async def let_wait(contract: int, expires: str = "2040-01") -> None:
    """A card of the contract's that waits for staff."""
    async with database.engine().transaction():
        await checks.wait(contract, kept_card(expires=expires), "KICHI ARUTERI", clock.now())


def kept_card(**parts: Any) -> KeptCard:
    """As a gateway gives it."""
    return KeptCard(
        **{"token": "pm_1", "payer": "cus_1", "brand": "VISA", "last4": "1111", "expires": "2040-01", **parts}
    )
