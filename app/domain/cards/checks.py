"""Cards whose holder's name is not the contractor's: staff approve or refuse them (`mypage payments`, spec 11)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from piccolo.columns.combination import Where

from app.domain import clock, holders, tables
from app.domain.cards import kept
from app.domain.cards.kept import KeptCard
from app.domain.letters import outbox, recipients
from app.postgres import database


@dataclass(frozen=True)
class Check:
    """A card that waits, beside whose it should be."""

    id: int
    contract: int
    customer_number: str
    contractor: str
    contractor_kana: str
    card: KeptCard
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


# --- of the contract --------------------------------------------------------------------------------------------------


async def wait(contract: int, card: KeptCard, holder: str, now: datetime) -> None:
    """Let the card wait for staff, in the transaction of the change that asks for it."""
    await tables.CardCheck(contract=contract, holder=holder, asked_at=now, **asdict(card)).save()


async def replace(contract: int, now: datetime) -> None:
    """Whatever card of the contract waits, another one takes its place."""
    await database.rows(_REPLACE, contract, now)


# SQL for `greatest`: the clock of whoever asked may be ahead.
_REPLACE = """
UPDATE card_check SET decided_at = greatest($2, asked_at), outcome = 'replaced' WHERE contract = $1 AND decided_at IS NULL
"""


# --- of staff ---------------------------------------------------------------------------------------------------------


async def waiting() -> list[Check]:
    """Oldest first."""
    return await _waiting()


async def approve(identity: int) -> Decided:
    """Make it the contract's card, and write to the customer. Raises CardNotWaiting, Expired."""
    async with database.engine().transaction():
        check = await _claim(identity, "approved")
        if kept.expired(check.card.expires):
            raise Expired
        await kept.keep(check.contract, check.card, check.holder)
        return await _tell(check, "payment-approved")


async def refuse(identity: int) -> Decided:
    """Drop it, so that the former card counts again, and write to the customer. Raises CardNotWaiting."""
    async with database.engine().transaction():
        return await _tell(await _claim(identity, "refused"), "payment-refused")


async def _claim(identity: int, outcome: str) -> Check:
    """The card, decided; in line with the contract's changes, whose lock comes first (changes/asking.py)."""
    whose = tables.CardCheck.select(tables.CardCheck.contract).where(tables.CardCheck.id == identity)
    if known := await whose.first():
        await tables.Contract.lock(known["contract"])
    found = await _waiting(tables.CardCheck.id == identity)
    if not found:
        raise CardNotWaiting
    (check,) = found
    decided_at = max(clock.now(), check.asked_at)  # the clock of whoever asked may be ahead
    await tables.CardCheck.update(
        {tables.CardCheck.decided_at: decided_at, tables.CardCheck.outcome: outcome}
    ).where(tables.CardCheck.id == identity)
    return check


async def _waiting(*which: Where) -> list[Check]:
    whose = tables.CardCheck.contract
    rows = await (
        tables.CardCheck.select(
            *tables.CardCheck.all_columns(),
            whose.customer_number,
            *(whose.holder_kind, whose.company, whose.company_kana),
            whose.family,
            whose.given,
            whose.family_kana,
            whose.given_kana,
        )
        .where(tables.CardCheck.decided_at.is_null(), *which)
        .order_by(tables.CardCheck.id)
    )
    return [_check(row) for row in rows]


_NAME = ("holder_kind", "company", "family", "given")
_KANA = ("holder_kind", "company_kana", "family_kana", "given_kana")


def _check(row: dict[str, Any]) -> Check:
    return Check(
        id=row["id"],
        contract=row["contract"],
        customer_number=row["contract.customer_number"],
        contractor=holders.name(*(row[f"contract.{name}"] for name in _NAME)),
        contractor_kana=holders.name(*(row[f"contract.{name}"] for name in _KANA)),
        card=KeptCard.of(row),
        holder=row["holder"],
        asked_at=row["asked_at"],
    )


async def _tell(check: Check, mail: str) -> Decided:
    told = await recipients.of_contract(check.contract)
    await outbox.post(check.contract, told, mail, **kept.facts(check.card))
    return Decided(check.customer_number, mailed=bool(told))
