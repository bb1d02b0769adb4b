"""Cards whose holder's name is not the contractor's: staff approve or refuse them (`mypage payments`, spec 11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app import database
from app.domain import clock
from app.domain.cards import register as payment
from app.domain.letters import outbox, recipients


@dataclass(frozen=True)
class Check:
    """A card that waits, beside whose it should be."""

    id: int
    contract: int
    customer_number: str
    contractor: str
    contractor_kana: str
    token: str
    payer: str
    brand: str
    last4: str
    expires: str
    holder: str
    asked_at: datetime


@dataclass(frozen=True)
class Decided:
    """Whose card was decided. `mailed`: a mail tells the customer; else no mail address of theirs is known."""

    customer_number: str
    mailed: bool


class CardNotWaiting(Exception):
    """No card waits under that number: there never was one, it was decided, or the customer registered another one."""


class Expired(Exception):
    """The card expired while it waited."""


async def waiting() -> list[Check]:
    """Oldest first."""
    return [Check(**row) for row in await database.rows(f"{_WAITING} ORDER BY k.id")]


async def approve(identity: int) -> Decided:
    """Make it the contract's card, and write to the customer. Raises CardNotWaiting, Expired."""
    async with database.engine().transaction():
        check = await _claim(identity, "approved")
        if payment.expired(check.expires):
            raise Expired
        await payment.keep(
            check.contract,
            *(check.token, check.payer, check.brand, check.last4, check.expires, check.holder),
        )
        return await _tell(check, "payment-approved")


async def refuse(identity: int) -> Decided:
    """Drop it, so that the former card counts again, and write to the customer. Raises CardNotWaiting."""
    async with database.engine().transaction():
        return await _tell(await _claim(identity, "refused"), "payment-refused")


async def _claim(identity: int, outcome: str) -> Check:
    """The card, decided; in line with the contract's changes, whose lock comes first (changes.py)."""
    await database.rows(_LOCK, identity)
    found = await database.rows(f"{_WAITING} AND k.id = $1", identity)
    if not found:
        raise CardNotWaiting
    await database.rows(
        "UPDATE card_check SET decided_at = greatest($2, asked_at), outcome = $3 WHERE id = $1",
        *(identity, clock.now(), outcome),
    )
    return Check(**found[0])


async def _tell(check: Check, mail: str) -> Decided:
    told = await recipients.of_contract(check.contract)
    await outbox.post(check.contract, told, mail, **payment.facts(check.brand, check.last4, check.expires))
    return Decided(check.customer_number, mailed=bool(told))


_LOCK = """
SELECT 1 FROM contract WHERE id = (SELECT contract FROM card_check WHERE id = $1) FOR NO KEY UPDATE
"""
_WAITING = """
SELECT k.id, k.contract, c.customer_number, c.family || ' ' || c.given AS contractor,
    c.family_kana || ' ' || c.given_kana AS contractor_kana,
    k.token, k.payer, k.brand, k.last4, k.expires, k.holder, k.asked_at
FROM card_check k JOIN contract c ON c.id = k.contract WHERE k.decided_at IS NULL
"""
