"""Visits to the payment gateway's own page: who went, and that one visit brings one card (gateway/stripe_checkout.py)."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from app.domain import clock
from app.domain.access.matrix import Missing
from app.domain.access.members import Member
from app.domain.cards.register import RegisterCard
from app.domain.changes import asking
from app.postgres import database

VALID = timedelta(hours=1)
"""Whoever comes back later starts anew."""
KEPT = timedelta(days=1)
"""Longer than a visit and its confirm page take: nothing of it can be registered any more."""

ForgetOthers = Callable[[str, list[str]], Awaitable[None]]
"""Has the gateway drop all cards of a payer but those tokens (gateway/stripe_checkout.py)."""


@dataclass(frozen=True)
class CardVisit:
    """A visit of this member; `change`: what it led to, once it came back."""

    id: uuid.UUID
    change: uuid.UUID | None


async def start(member: Member, identity: uuid.UUID, session: str, payer: str) -> None:
    """Note that the member goes to the gateway's page; `session` and `payer`: their names there."""
    await database.rows(_START, identity, member.contract.id, member.account_id, session, payer, clock.now())


async def find(member: Member, session: str) -> CardVisit:
    """The visit that the same login began just now. Raises Missing for anybody else's."""
    found = await database.rows(_FIND, session, member.contract.id, member.account_id, clock.now() - VALID)
    if not found:
        raise Missing(session)
    return CardVisit(**found[0])


async def come_back(member: Member, visit: CardVisit, change: RegisterCard) -> uuid.UUID:
    """The change to confirm: made by whoever comes back first, the same one for a reload or a second tab."""
    async with database.engine().transaction():
        locked = await database.rows("SELECT change FROM card_visit WHERE id = $1 FOR UPDATE", visit.id)
        made: uuid.UUID = locked[0]["change"] or await asking.ask(member, change)
        await database.rows("UPDATE card_visit SET change = $2 WHERE id = $1", visit.id, made)
        return made


async def tidy(forget_others: ForgetOthers) -> None:
    """Have the gateway drop the cards of visits that are over: never confirmed, refused, or replaced since.

    A contract with a newer visit, or a card that waits for staff, is left for a later time. What `forget_others`
    raises ends it; the visit stays, so that it is tried again. Each is looked up by itself, just before: a gateway may be
    slow, and a card that is registered while others are dropped must not be among them.
    """
    while found := await database.rows(_OVER, clock.now() - KEPT):
        row = found[0]
        await forget_others(row["payer"], row["kept"])
        await database.rows("DELETE FROM card_visit WHERE id = $1", row["id"])


_START = """
INSERT INTO card_visit (id, contract, account, session, payer, asked_at) VALUES ($1, $2, $3, $4, $5, $6)
"""
_OVER = """
SELECT v.id, v.payer, ARRAY(SELECT k.token FROM card k WHERE k.contract = v.contract) AS kept
FROM card_visit v WHERE v.asked_at < $1
    AND NOT EXISTS (SELECT 1 FROM card_visit w WHERE w.contract = v.contract AND w.asked_at >= $1)
    AND NOT EXISTS (SELECT 1 FROM card_check c WHERE c.contract = v.contract AND c.decided_at IS NULL)
ORDER BY v.asked_at LIMIT 1
"""
_FIND = """
SELECT id, change FROM card_visit
WHERE session = $1 AND contract = $2 AND account IS NOT DISTINCT FROM $3 AND asked_at > $4
"""
