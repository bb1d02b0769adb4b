"""Stripe: whether the key is one, of which kind, and whether it may do what the portal does. Nothing is made there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from app.checks import clocks
from app.checks.finding import Finding, Looked, failure, ok, warning
from app.gateway.stripe_key import examined

CHECK = "Stripe"
WHY = "no member can register a card, and without one nothing is bought"


def key(looked: Looked) -> Iterator[Finding]:
    if looked.settings is None or looked.settings.stripe is None:
        return
    account = looked.settings.stripe
    found = examined(account)
    if found.refused:
        yield failure(
            CHECK,
            f"it refuses the key: {found.refused}",
            WHY,
            "take a key that is in force from its dashboard",
        )
        return
    if found.away:
        remedy = (
            "let this machine reach api.stripe.com, port 443; https://status.stripe.com says how they are"
        )
        yield failure(CHECK, f"{account.api} cannot be asked: {found.away}", WHY, remedy)
        return
    yield from clocks.of_http("Stripe's clock", found.date, datetime.now(UTC))
    if found.lacks:
        remedy = "give the restricted key these rights in Stripe's dashboard"
        yield failure(CHECK, f"the key lacks {', '.join(found.lacks)}", WHY, remedy)
    yield from _kind(account.secret_key, complete=not found.lacks)


def _kind(secret: str, *, complete: bool) -> Iterator[Finding]:
    if "_test_" in secret[:8]:
        yield warning(
            CHECK,
            "the key is one for tests",
            "cards that members register cannot be charged",
            "set a live key before members come",
        )
    if secret.startswith("sk_"):
        yield warning(
            CHECK,
            "the key may do everything",
            "whoever gets it has the whole account",
            "make a restricted one (docs/operating.md, MYPAGE_STRIPE_SECRET_KEY)",
        )
    elif complete and "_live_" in secret[:8]:
        yield ok(CHECK, "a live key with the rights that the portal needs")
