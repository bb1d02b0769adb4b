"""What a key of Stripe's may do, found out without doing anything: each question is about an object that nobody has.

Stripe looks at the key's rights first: who lacks one is told so, who has it is told that there is no such object.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.gateway.stripe_checkout import StripeAccount, client, lacking

if TYPE_CHECKING:
    from stripe import StripeClient, StripeError

PATIENCE = 4.0
"""Seconds for a question; all are asked at once."""
NOBODYS = "mypagecheck0000000000000"
"""Of an object that is not there."""


@dataclass(frozen=True)
class StripeKey:
    """What came of asking with a key."""

    refused: str = ""
    """Why Stripe takes the key for nobody's."""
    away: str = ""
    """Why Stripe could not be asked."""
    lacks: tuple[str, ...] = ()
    """Rights that the portal needs and the key has not, as Stripe names them."""
    date: str = ""
    """The time at Stripe, as an HTTP Date."""


def examined(account: StripeAccount) -> StripeKey:
    """Ask Stripe about each right that the portal needs."""
    made = client(account, patience=PATIENCE, tries_more=0)
    with ThreadPoolExecutor(len(_QUESTIONS)) as threads:
        answers = [*threads.map(lambda question: _answer(functools.partial(question, made)), _QUESTIONS)]
    return StripeKey(
        refused=next((one.refused for one in answers if one.refused), ""),
        away=next((one.away for one in answers if one.away), ""),
        lacks=tuple(sorted({right for one in answers for right in one.lacks})),
        date=next((one.date for one in answers if one.date), ""),
    )


_QUESTIONS: tuple[Callable[[StripeClient], object], ...] = (
    lambda stripe: stripe.v1.customers.update(f"cus_{NOBODYS}", {"metadata": {}}),
    lambda stripe: stripe.v1.payment_methods.detach(f"pm_{NOBODYS}"),
    lambda stripe: stripe.v1.checkout.sessions.expire(f"cs_{NOBODYS}"),
    lambda stripe: stripe.v1.setup_intents.retrieve(f"seti_{NOBODYS}"),
)
"""What `stripe_checkout` does: customers, their cards, visits to the page, what was typed there."""


def _answer(question: Callable[[], object]) -> StripeKey:
    import stripe

    try:
        question()
    except stripe.AuthenticationError as error:
        return StripeKey(refused=str(error.code or "it knows no such key"), date=_date(error))
    except stripe.PermissionError as error:
        return StripeKey(lacks=tuple(lacking(error) or ["a right that it does not name"]), date=_date(error))
    except stripe.InvalidRequestError as error:
        return StripeKey(date=_date(error))
    except stripe.StripeError as error:
        return StripeKey(away=f"{type(error).__name__} {error.http_status or ''}".strip())
    return StripeKey()


def _date(error: StripeError) -> str:
    headers = error.headers or {}
    return str(next((value for name, value in headers.items() if name.lower() == "date"), ""))
