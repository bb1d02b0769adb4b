"""The local vault, for the demo and the tests: a payment gateway that charges nobody.

It keeps of a card what a gateway shows of it, and a keyed fingerprint, by which the same card gets the same token. The
number goes no further than this module.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import replace

from app.domain import clock, tables
from app.domain.cards.kept import KeptCard, ThreeDSecure
from app.domain.cards.numbers import Number


class Vault:
    """The adapter; `key` makes the fingerprints."""

    origin = None
    """It has no page of its own."""

    def __init__(self, key: bytes) -> None:
        self._key = hmac.digest(key, b"vault", hashlib.sha256)

    async def keep(self, number: Number, expires: str) -> KeptCard:
        """Keep the card, once however often it comes."""
        fingerprint = hmac.digest(self._key, number.digits.encode(), hashlib.sha256)
        token = f"vault_{secrets.token_urlsafe(24)}"
        card = KeptCard(
            token=token,
            payer="",
            brand=number.brand,
            last4=number.last4,
            expires=expires,
            three_d_secure=ThreeDSecure.NOT_SUPPORTED,  # no bank stands behind it that could be asked
        )
        row = tables.VaultCard(
            token=card.token,
            fingerprint=fingerprint,
            brand=card.brand,
            last4=card.last4,
            expires=card.expires,
            kept_at=clock.now(),
        )
        same = tables.VaultCard.fingerprint, tables.VaultCard.expires
        kept = tables.VaultCard.insert(row).on_conflict(same, "DO UPDATE", [tables.VaultCard.kept_at])
        (found,) = await kept.returning(tables.VaultCard.token)
        return replace(card, token=found["token"])
