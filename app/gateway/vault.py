"""The local vault, for the demo and the tests: a payment gateway that charges nobody.

It keeps of a card what a gateway shows of it, and a keyed fingerprint, by which the same card gets the same token. The
number goes no further than this module.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from app import database
from app.domain import clock
from app.domain.cards.numbers import Number
from app.gateway.port import KeptCard


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
        found = await database.rows(
            _KEEP, token, fingerprint, number.brand, number.last4, expires, clock.now()
        )
        return KeptCard(found[0]["token"], "", number.brand, number.last4, expires)


_KEEP = """
INSERT INTO vault_card (token, fingerprint, brand, last4, expires, kept_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (fingerprint, expires) DO UPDATE SET kept_at = excluded.kept_at RETURNING token
"""
