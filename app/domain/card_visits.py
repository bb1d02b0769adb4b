"""Visits to the payment gateway's own page: who went, and that one visit brings one card (gateway/stripe_checkout.py)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

from app import database
from app.domain import changes, clock
from app.domain.members import Member, Missing
from app.domain.payment import RegisterCard

VALID = timedelta(hours=1)
"""Whoever comes back later starts anew."""


@dataclass(frozen=True)
class CardVisit:
    """A visit of this member; `change`: what it led to, once it came back."""

    id: uuid.UUID
    change: uuid.UUID | None


async def start(member: Member, identity: uuid.UUID, session: str) -> None:
    """Note that the member goes to the gateway's page; `session`: its name there."""
    await database.rows(_START, identity, member.contract.id, member.account_id, session, clock.now())


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
        made: uuid.UUID = locked[0]["change"] or await changes.ask(member, change)
        await database.rows("UPDATE card_visit SET change = $2 WHERE id = $1", visit.id, made)
        return made


_START = "INSERT INTO card_visit (id, contract, account, session, asked_at) VALUES ($1, $2, $3, $4, $5)"
_FIND = """
SELECT id, change FROM card_visit
WHERE session = $1 AND contract = $2 AND account IS NOT DISTINCT FROM $3 AND asked_at > $4
"""
