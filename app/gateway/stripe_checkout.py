"""Stripe, through its Checkout in setup mode: the member types the card on Stripe's page and comes back.

No number and no script of Stripe's ever touches this portal; it works without JavaScript of ours. What was typed there
is fetched from Stripe by this server, never taken from the browser that comes back. Stripe's library blocks, so it
runs in a thread, with time limits.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from app.domain import clock
from app.domain.cards import numbers
from app.domain.cards.kept import KeptCard, ThreeDSecure
from app.domain.months import Month
from app.gateway.port import Declined, Unreachable

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable

    from stripe import StripeClient
    from stripe.checkout import Session

T = TypeVar("T")

API = "https://api.stripe.com"
CHECKOUT = "https://checkout.stripe.com"
PATIENCE = 10.0
"""Seconds for one request to Stripe."""
LONGEST = 25.0
"""Seconds for a call with the library's own second tries; then the member is told to try later."""
TRIES_MORE = 2
AT_ONCE = 8
"""Threads that may wait for Stripe."""
VALID = timedelta(hours=1)
"""How long a visit to Stripe's page may take; Stripe takes 30 minutes to 24 hours."""
BRANDS = {
    "visa": numbers.VISA,
    "mastercard": numbers.MASTERCARD,
    "jcb": numbers.JCB,
    "amex": numbers.AMEX,
    "diners": numbers.DINERS,
}
OUTCOMES = {
    "authenticated": ThreeDSecure.AUTHENTICATED,
    "attempt_acknowledged": ThreeDSecure.ATTEMPTED,
    "exempted": ThreeDSecure.EXEMPTED,
    "not_supported": ThreeDSecure.NOT_SUPPORTED,
    "failed": ThreeDSecure.FAILED,
}
"""Stripe's words for what came of 3-D Secure; any other one says nothing of the holder."""
NOT_FINISHED = "カード情報の入力が完了していません。もう一度お試しください。"

log = logging.getLogger("mypage")


@dataclass(frozen=True)
class StripeAccount:
    """The operator's account at Stripe. The addresses are others only in tests."""

    secret_key: str = field(repr=False)
    api: str = API
    checkout: str = CHECKOUT


@dataclass(frozen=True)
class CheckoutVisit:
    """A visit to Stripe's page that may begin: its name there, who pays, and where it is."""

    session: str
    payer: str = field(repr=False)
    url: str


@dataclass(frozen=True)
class Typed:
    """What came back from a visit."""

    card: KeptCard
    holder: str


class StripeCheckout:
    """The adapter."""

    def __init__(self, account: StripeAccount) -> None:
        self._account = account
        self._limiter = anyio.CapacityLimiter(AT_ONCE)

    @property
    def origin(self) -> str:
        """Where a form of the payment page may lead to (Content-Security-Policy)."""
        return self._account.checkout

    async def begin(self, identity: uuid.UUID, contract: int, payer: str, back: str) -> CheckoutVisit:
        """Open a visit for that contract; `back`: URL of the payment page. A payer that Stripe knows stays the same.

        Raises Unreachable.
        """
        visit: CheckoutVisit = await self._call(
            functools.partial(self._begin, identity, contract, payer, back)
        )
        return visit

    async def fetch(self, session: str, identity: uuid.UUID) -> Typed:
        """The card that was typed in that visit. Raises Declined, Unreachable."""
        return _typed(await self._call(functools.partial(self._fetch, session)), identity)

    async def forget_others(self, payer: str, kept: list[str]) -> None:
        """Drop whatever cards Stripe still keeps of that payer but these tokens. Raises Unreachable."""
        await self._call(functools.partial(self._forget_others, payer, kept))

    def _begin(self, identity: uuid.UUID, contract: int, payer: str, back: str) -> CheckoutVisit:
        payer = payer or self._new_payer(identity, contract)
        made = self._client.v1.checkout.sessions.create(
            {
                "mode": "setup",
                "allowed_payment_method_types": ["card"],
                "wallet_options": {"link": {"display": "never"}},
                # The issuer is asked for each card that is registered, not only where Stripe sees a risk.
                "payment_method_options": {"card": {"request_three_d_secure": "any"}},
                "customer": payer,
                "client_reference_id": str(identity),
                "locale": "ja",
                "success_url": f"{back}/return?session_id={{CHECKOUT_SESSION_ID}}",
                "cancel_url": back,
                "expires_at": int((clock.now() + VALID).timestamp()),
            },
            {"idempotency_key": f"visit-{identity}"},
        )
        if not made.url or not made.url.startswith(f"{self.origin}/"):
            raise Unreachable("Stripe's page has an unexpected address")
        return CheckoutVisit(made.id, payer, made.url)

    def _new_payer(self, identity: uuid.UUID, contract: int) -> str:
        """Stripe charges a card again only for a customer of its own; it learns a number for ours, and no name."""
        made = self._client.v1.customers.create(
            {"metadata": {"contract": str(contract)}}, {"idempotency_key": f"payer-{identity}"}
        )
        return made.id

    def _fetch(self, session: str) -> Session:
        """The visit with the card; a key that may not read the attempt does not cost the member the card."""
        from stripe import PermissionError as NoRight

        try:
            return self._retrieve(session, "setup_intent.payment_method", "setup_intent.latest_attempt")
        except NoRight as error:
            log.error("Stripe does not tell what came of 3-D Secure: %s", _told(error))
            return self._retrieve(session, "setup_intent.payment_method")

    def _retrieve(self, session: str, *parts: str) -> Session:
        return self._client.v1.checkout.sessions.retrieve(session, {"expand": list(parts)})

    def _forget_others(self, payer: str, kept: list[str]) -> None:
        listed = self._client.v1.customers.payment_methods.list(payer, {"limit": 100})
        for method in listed.data:
            if method.id not in kept:
                self._client.v1.payment_methods.detach(method.id)

    @functools.cached_property
    def _client(self) -> StripeClient:
        return client(self._account, patience=PATIENCE, tries_more=TRIES_MORE)

    async def _call(self, call: Callable[[], T]) -> T:
        """Raises Unreachable for whatever Stripe's library raises; the log gets its kind and code, nothing that was sent."""
        try:
            async with asyncio.timeout(LONGEST):
                return await anyio.to_thread.run_sync(call, limiter=self._limiter, abandon_on_cancel=True)
        except TimeoutError as error:
            raise Unreachable("Stripe did not answer in time") from error
        except Exception as error:
            if not type(error).__module__.startswith("stripe."):
                raise
            log.error("Stripe refuses or is away: %s", _told(error))
            raise Unreachable(_told(error)) from None


def client(account: StripeAccount, *, patience: float, tries_more: int) -> StripeClient:
    """Stripe's library for that account; `patience`: seconds for one request."""
    import requests
    import stripe  # takes a while: not before somebody needs it

    logging.getLogger("stripe").setLevel(logging.WARNING)  # it would log the names of visits
    stripe.enable_telemetry = False
    session = requests.Session()
    session.max_redirects = 0  # what is said to Stripe is said to nobody else
    return stripe.StripeClient(
        account.secret_key,
        base_addresses={"api": account.api},
        http_client=stripe.RequestsClient(timeout=patience, session=session),
        max_network_retries=tries_more,
    )


def lacking(error: Exception) -> list[str]:
    """The rights that Stripe names in its error, of those that a restricted key can have."""
    return sorted(set(_RIGHT.findall(str(error))))


def _told(error: Exception) -> str:
    """Kind, status and code of what Stripe's library raises, and the rights that the key lacks: nothing that was sent."""
    told = f"{type(error).__name__} {getattr(error, 'http_status', None)} {getattr(error, 'code', None)}"
    lacks = lacking(error)
    return f"{told}, the key lacks {', '.join(lacks)}" if lacks else told


_RIGHT = re.compile(r"\brak_[a-z_]+\b")
"""How Stripe names a right of a restricted key; where several would do, it names them all."""


def _typed(session: Session, identity: uuid.UUID) -> Typed:
    """The card of a finished visit. Raises Declined."""
    intent: Any = session.setup_intent
    method: Any = getattr(intent, "payment_method", None)
    card: Any = getattr(method, "card", None)
    if session.client_reference_id != str(identity) or session.status != "complete" or not card:
        raise Declined(NOT_FINISHED)
    if card.brand not in BRANDS:
        raise Declined(numbers.NOT_TAKEN)
    kept = KeptCard(
        token=method.id,
        payer=str(session.customer or ""),
        brand=BRANDS[card.brand],
        last4=card.last4,
        expires=Month(card.exp_year, card.exp_month).iso,
        three_d_secure=_three_d_secure(intent),
    )
    return Typed(kept, str(method.billing_details.name or ""))


def _three_d_secure(intent: Any) -> ThreeDSecure:
    """What came of it at the attempt that the card was kept by, as far as Stripe tells."""
    found = getattr(intent, "latest_attempt", None)
    for part in ("payment_method_details", "card", "three_d_secure", "result"):
        found = getattr(found, part, None)
    return OUTCOMES.get(str(found), ThreeDSecure.UNKNOWN)
