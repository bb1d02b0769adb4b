"""What the desk changes against the feed, and what the two disagree about (照合): held, settled, remembered.

A field that the desk changed is held: what the feed said before does not put it back. The feed ends the hold by saying the
same; with another value, or after 14 days, it is a case that somebody settles (spec 19).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.domain import tables
from app.domain.changes.by_operator import DESK
from app.domain.contracts import applying
from app.domain.contracts.differences import CARD, CLOSED_ON, OF_FEED, OVERDUE, Difference, Fate
from app.domain.contracts.loading import CONTACT
from app.postgres import database


class NoCase(Exception):
    """No such case is open."""


async def change_at_desk(contract: int, values: Mapping[str, str | None], now: datetime) -> None:
    """Change fields as somebody at the desk has it, and hold those that the feed owns.

    Raises KeyError for a field that is none of the contract's, LookupError where there is no such contract.
    """
    async with database.engine().transaction():
        await tables.Contract.lock(contract)
        ours = await current(contract)
        found = [
            Difference(field, ours[field], value, Fate.APPLIED)
            for field, value in values.items()
            if ours[field] != value
        ]
        if found:
            await applying.carry_out(contract, found, DESK, now)
        for one in found:
            if one.field not in CONTACT:
                await _hold(contract, one, now)


async def current(contract: int) -> dict[str, str | None]:
    """The contract's fields as texts, as the feed is compared with them, its card apart. Raises LookupError."""
    found = await database.rows(_CURRENT, contract)
    if not found:
        raise LookupError("there is no such contract")
    return dict(found[0])


async def _hold(contract: int, one: Difference, now: datetime) -> None:
    """What the feed said stays what it was when the desk changes a field again; set back to it, nothing is held."""
    held = await database.rows(_HOLD, contract, one.field, one.was, DESK, now)
    if held[0]["former"] == one.becomes:
        await release(contract, one.field)


async def release(contract: int, field: str) -> None:
    """Hold the field no longer."""
    await tables.FieldHold.delete().where(
        tables.FieldHold.contract == contract, tables.FieldHold.field == field
    )


async def open_case(contract: int, one: Difference, now: datetime) -> None:
    """Let somebody decide; one that is open already is about the feed's last word."""
    await database.rows(_OPEN, contract, one.field, one.becomes, one.reason, now)


async def agreed(contract: int, field: str, now: datetime) -> None:
    """Feed and portal say the same: what was held is free, and a case about it is over."""
    await release(contract, field)
    await database.rows(_SETTLE, contract, field, now, "agreed")


async def settle(case: int, *, for_feed: bool, now: datetime) -> None:
    """Decide a case: the feed's value is carried out, or ours stays and is held against what the feed says now.

    Raises NoCase.
    """
    async with database.engine().transaction():
        rows = tables.FeedCase.select().where(
            tables.FeedCase.id == case, tables.FeedCase.settled_at.is_null()
        )
        found = await rows.first()
        if found is None:
            raise NoCase(case)
        contract, field = found["contract"], found["field"]
        await tables.Contract.lock(contract)
        ours = await current(contract)
        outcome = "feed" if for_feed else "ours"
        if not await database.rows(_SETTLE, contract, field, now, outcome):
            raise NoCase(case)
        if for_feed:
            was = ours.get(field)
            await release(contract, field)
            if was != found["offered"] or field == CARD:
                change = Difference(field, was, found["offered"], Fate.APPLIED)
                await applying.carry_out(contract, [change], DESK, now)
        elif field not in (*CONTACT, CARD):
            await database.rows(_HOLD_AGAINST, contract, field, found["offered"], DESK, now)


@dataclass(frozen=True)
class Case:
    """An open one: what is held here, what the feed says, and why it is no plain difference."""

    id: int
    opened_at: datetime
    customer_number: str
    field: str
    ours: str | None
    offered: str | None
    reason: str


async def cases() -> list[Case]:
    """Those that are open, oldest first."""
    return [Case(**row) for row in await database.rows(_CASES)]


async def overdue(now: datetime) -> list[tuple[int, str, str, str | None]]:
    """Contract, its customer number, field and the feed's former value of holds that have lasted too long and are no case yet."""
    found = await database.rows(_OVERDUE, now - OVERDUE)
    return [(row["contract"], row["customer_number"], row["field"], row["former"]) for row in found]


_FIELDS = ", ".join(f"{name}::text AS {name}" for name in (*OF_FEED, *CONTACT, CLOSED_ON))
# SQL for texts of all types, for ON CONFLICT that keeps a part, and for what is returned of a change.
_CURRENT = f"SELECT {_FIELDS} FROM contract WHERE id = $1"  # noqa: S608 - names of columns
_HOLD = """
INSERT INTO field_hold AS held (contract, field, former, held_by, held_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (contract, field) DO UPDATE SET held_by = $4, held_at = $5 RETURNING former
"""
_HOLD_AGAINST = """
INSERT INTO field_hold (contract, field, former, held_by, held_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (contract, field) DO UPDATE SET former = $3, held_by = $4, held_at = $5
"""
_OPEN = """
INSERT INTO feed_case (contract, field, offered, reason, opened_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (contract, field) WHERE settled_at IS NULL DO UPDATE SET offered = $3, reason = $4
"""
_SETTLE = """
UPDATE feed_case SET settled_at = greatest($3, opened_at), outcome = $4
WHERE contract = $1 AND field = $2 AND settled_at IS NULL RETURNING 1
"""
_CASES = f"""
SELECT f.id, f.opened_at, c.customer_number, f.field, f.offered, f.reason, CASE f.field
    WHEN '{CARD}' THEN (SELECT concat_ws('|', k.brand, k.last4, k.expires) FROM card k WHERE k.contract = c.id)
    ELSE to_jsonb(c) ->> f.field END AS ours
FROM feed_case f JOIN contract c ON c.id = f.contract WHERE f.settled_at IS NULL ORDER BY f.opened_at, f.id
"""  # noqa: S608 - a constant
_OVERDUE = """
SELECT contract, customer_number, field, former FROM field_hold h JOIN contract ON contract.id = h.contract
WHERE held_at <= $1 AND NOT EXISTS (
    SELECT FROM feed_case c WHERE c.contract = h.contract AND c.field = h.field AND c.settled_at IS NULL)
ORDER BY contract, field
"""
