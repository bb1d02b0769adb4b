"""Visits to the payment gateway's own page: who went, and that one visit brings one card (gateway/stripe_checkout.py)."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from app.domain import clock, tables
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
    await tables.CardVisit(
        id=identity,
        contract=member.contract.id,
        account=member.account_id,
        session=session,
        payer=payer,
        asked_at=clock.now(),
    ).save()


async def find(member: Member, session: str) -> CardVisit:
    """The visit that the same login began just now. Raises Missing for anybody else's."""
    whose, asked_at = tables.CardVisit.account, tables.CardVisit.asked_at
    found = await (
        tables.CardVisit.select(tables.CardVisit.id, tables.CardVisit.change)
        .where(
            tables.CardVisit.session == session,
            tables.CardVisit.contract == member.contract.id,
            whose == member.account_id if member.account_id else whose.is_null(),
            asked_at > clock.now() - VALID,
        )
        .first()
    )
    if not found:
        raise Missing(session)
    return CardVisit(**found)


async def come_back(member: Member, visit: CardVisit, change: RegisterCard) -> uuid.UUID:
    """The change to confirm: made by whoever comes back first, the same one for a reload or a second tab."""
    async with database.engine().transaction():
        its_row = tables.CardVisit.id == visit.id
        (locked,) = await tables.CardVisit.select(tables.CardVisit.change).where(its_row).lock_rows("UPDATE")
        made: uuid.UUID = locked["change"] or await asking.ask(member, change)
        await tables.CardVisit.update({tables.CardVisit.change: made}).where(its_row)
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
        await tables.CardVisit.delete().where(tables.CardVisit.id == row["id"])


# SQL for what is in neither of two other rows, with the tokens to keep as one array.
_OVER = """
SELECT v.id, v.payer, ARRAY(SELECT k.token FROM card k WHERE k.contract = v.contract) AS kept
FROM card_visit v WHERE v.asked_at < $1
    AND NOT EXISTS (SELECT 1 FROM card_visit w WHERE w.contract = v.contract AND w.asked_at >= $1)
    AND NOT EXISTS (SELECT 1 FROM card_check c WHERE c.contract = v.contract AND c.decided_at IS NULL)
ORDER BY v.asked_at LIMIT 1
"""
