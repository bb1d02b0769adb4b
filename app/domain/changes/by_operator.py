"""What the operator changes of a contract, by its feed or its desk: in the same お手続き履歴 as what members ask for.

Nobody asks for it on a page, so there is nothing to confirm: it is written down with its receipt as it is done, in the
transaction that does it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from app.domain.access.matrix import Permission
from app.domain.access.members import Member
from app.domain.changes.kinds import OfContract
from app.domain.changes.words import Receipt, Refused, Review
from app.domain.letters import outbox, recipients
from app.domain.letters.recipients import Told
from app.postgres import database

OPERATOR = "運営会社"
"""Who it was, as the history and mails name it: the feed of the operator's own systems."""
DESK = "受付窓口"
"""The same of somebody at the desk."""


@dataclass(frozen=True)
class ChangeByOperator(
    OfContract,
    kind="by-operator",
    name="運営会社による変更",
    permission=Permission.CONTRACT,
    page="/customer",
    tells=Told.CONTRACT,
):
    """The kind of such a change. No member can ask for it."""

    def judge(self, member: Member, now: datetime) -> Refused | None:
        return Refused("このお手続きは、運営会社だけが行えます。")

    def review(self, member: Member, now: datetime) -> Review:
        raise Refused("このお手続きは、運営会社だけが行えます。")

    async def apply(self, member: Member, now: datetime) -> Receipt:
        raise Refused("このお手続きは、運営会社だけが行えます。")


async def record(contract: int, by: str, receipt: Receipt, now: datetime, mails: list[Letter]) -> None:
    """Write it into the history, and post its mails, in the caller's transaction."""
    for mail in mails:
        await outbox.post(contract, mail.told, mail.name, by=by, **mail.facts)
    told = [address for mail in mails for address in mail.told]
    named = await recipients.in_words(contract) if told else ""
    written = replace(receipt, mailed=(named,) if named else ())
    await database.rows(
        _RECORD, uuid.uuid4(), contract, by, ChangeByOperator.kind, now, msgspec.json.encode(written).decode()
    )


@dataclass(frozen=True)
class Letter:
    """What is written to whom."""

    name: str
    told: list[str]
    facts: dict[str, object]


# SQL for the number that comes from a sequence.
_RECORD = """
INSERT INTO change (id, contract, asker, kind, asked_at, applied_at, receipt_number, receipt)
VALUES ($1, $2, $3, $4, $5, $5, nextval('receipt_number'), $6)
"""
