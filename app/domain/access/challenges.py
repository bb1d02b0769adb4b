"""Challenges of passkeys: random bytes that an authenticator signs, good for five minutes and one answer.

A challenge proves by itself who made it, for what, for whom and when, so making one stores nothing, however often a
stranger opens the login page. Whoever answers one uses it up, whether the answer is right or not.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from app.domain import clock, tables

VALID = timedelta(minutes=5)
RANDOM, TIME, PROOF = 16, 8, 32
"""Bytes of its parts."""

Purpose = Literal["register", "login", "second-factor", "step"]


class WrongChallenge(Exception):
    """Not ours, for another visit or purpose, too old, or answered before; the reason is for the member."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


TOO_OLD = "時間が経ちすぎたため、パスキーを確認できませんでした。もう一度お試しください。"
USED = "このパスキーの応答は、すでに使われています。もう一度お試しください。"
FOREIGN = "この画面では使えないパスキーの応答です。画面を開き直して、もう一度お試しください。"


@dataclass(frozen=True)
class Challenges:
    """Those of one visit and purpose. `keys`: secret, newest first; `binding`: what names the visit."""

    keys: tuple[bytes, ...] = field(repr=False)
    purpose: Purpose
    binding: str = field(repr=False)

    def new(self) -> bytes:
        content = secrets.token_bytes(RANDOM) + int(clock.now().timestamp()).to_bytes(TIME, "big")
        return content + self._proof(self.keys[0], content)

    async def take(self, challenge: bytes) -> None:
        """Use it up. Raises WrongChallenge."""
        content, proof = challenge[: RANDOM + TIME], challenge[RANDOM + TIME :]
        if not any(hmac.compare_digest(self._proof(key, content), proof) for key in self.keys):
            raise WrongChallenge(FOREIGN)
        now = clock.now()
        made = datetime.fromtimestamp(int.from_bytes(content[RANDOM:], "big"), now.tzinfo)
        if made <= now - VALID:
            raise WrongChallenge(TOO_OLD)
        used = tables.UsedChallenge(challenge=hashlib.sha256(challenge).digest(), used_at=now)
        first = await tables.UsedChallenge.insert(used).on_conflict(
            tables.UsedChallenge.challenge, "DO NOTHING"
        )
        if not first:
            raise WrongChallenge(USED)

    def _proof(self, key: bytes, content: bytes) -> bytes:
        text = f"passkey challenge {self.purpose} {self.binding} ".encode()
        return hmac.digest(key, text + content, hashlib.sha256)


async def forget(before: datetime) -> None:
    """Drop what is too old to be answered again."""
    await tables.UsedChallenge.delete().where(tables.UsedChallenge.used_at < before - VALID)
