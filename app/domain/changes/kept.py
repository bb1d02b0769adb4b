"""A change as it is kept: pending, applied or expired; whose it is, who may see it, and how its row is read."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
from cryptography.fernet import InvalidToken

from app.domain import clock
from app.domain.access import matrix
from app.domain.access.matrix import Role
from app.domain.access.members import Member
from app.domain.changes.kinds import KINDS, Change
from app.domain.changes.words import Decision, Milestone, Progress, Receipt

VALID = timedelta(minutes=30)
"""A confirm page expires so long after its input page was sent."""
SECRETS = frozenset({"password_hash"})
"""Fields of changes that are emptied when the confirm page expires; the rest fills the input page again."""
NOT_TYPED = frozenset({"codes", "credential_id", "secret"})
"""A change with one of these fields is not kept at all then: it was made by us or by a device, not typed."""
CUSTOMER = "お客様番号"
"""How the asker is kept who is no account ID."""
COVERED = "（ご本人だけに表示します）"
"""What others read in the place of what is the owner's alone."""


@dataclass(frozen=True)
class Asked:
    """A change that was asked for."""

    id: uuid.UUID
    kind: str
    asker: str
    subject: str | None
    asked_at: datetime
    applied_at: datetime | None
    change: Change | None
    receipt: Receipt | None
    """As it reads now."""
    decision: Decision | None
    milestones: tuple[Milestone, ...]
    """What has gone on since, and what will."""
    receipt_number: str
    peek: str
    """The first characters of the password it sets, while this session may still see them."""

    @property
    def name(self) -> str:
        return KINDS[self.kind].in_words()

    @property
    def back(self) -> str:
        """The input page, which finds there what was typed."""
        back = self.change.back if self.change else "/"
        return f"{back}{'&' if '?' in back else '?'}change={self.id}"

    @property
    def way_back(self) -> str:
        return KINDS[self.kind].way_back

    @property
    def expires_at(self) -> datetime:
        return self.asked_at + VALID

    @property
    def expired(self) -> bool:
        return self.applied_at is None and clock.now() > self.expires_at


_DECISION = """
CASE kind WHEN 'card' THEN (
    SELECT json_build_object('outcome', k.outcome, 'decided_at', k.decided_at) FROM card_check k
    WHERE k.contract = change.contract AND k.asked_at = change.applied_at AND k.decided_at IS NOT NULL LIMIT 1
) WHEN 'purchase-request' THEN (
    SELECT json_build_object('outcome', CASE q.state WHEN 'pending' THEN 'lapsed' ELSE q.state END,
        'decided_at', coalesce(q.decided_at, q.lapses_at), 'reason', q.reason) FROM purchase_request q
    WHERE q.contract = change.contract AND q.account = change.account AND q.asked_at = change.applied_at LIMIT 1
) END AS decision
"""
"""What waits for somebody was asked at the moment that its change was applied; a purchase request that nobody decides lapses
by itself."""
_PROGRESS = """
CASE WHEN kind IN ('paper-request', 'guide-request', 'line-cancellation') THEN (
    SELECT json_build_object('what', p.paper,
        'moments', json_build_array(p.asked_at, p.done_at, p.received_at, p.entered_at)) FROM paper_request p
    WHERE p.contract = change.contract AND p.asked_at = change.applied_at LIMIT 1
) END AS progress
"""
"""A paper was asked for at the moment that its change was applied, likewise."""
COLUMNS = (
    "id, kind, asker, subject, asked_at, applied_at, data, sealed, receipt, receipt_number,"
    f" {_DECISION}, {_PROGRESS}"
)
"""What `asked` reads."""
VISIBLE = """
contract = $1 AND (account IS NOT DISTINCT FROM $2 OR applied_at IS NOT NULL AND ($3 OR subject = $5))
    AND kind = ANY($4) AND ($3 OR subject IS NULL OR subject = $5)
"""
"""A pending change is its asker's alone; an applied one the customer and the admins may read too, and a user role that
of others about the own account ID.

Of features that the role may use, and for a user role about the own account ID: an admin may have become one.
"""


def seen_by(member: Member) -> tuple[int, int | None, bool, list[str], str | None]:
    """The arguments $1 to $5 of VISIBLE."""
    kinds = [name for name, change in KINDS.items() if change.readable(member)]
    everybodys, login = member.role is not Role.USER, member.own.login if member.own else None
    return member.contract.id, member.account_id, everybodys, kinds, login


def asked(member: Member, row: Any) -> Asked:
    """A row of COLUMNS, as this member may see it."""
    applied_at, number = row["applied_at"], row["receipt_number"]
    over = applied_at is None and clock.now() > row["asked_at"] + VALID
    decision = _decision(row)
    return Asked(
        id=row["id"],
        kind=row["kind"],
        asker=matrix.CUSTOMER_NAME if row["asker"] == CUSTOMER else row["asker"],
        subject=row["subject"],
        asked_at=row["asked_at"],
        applied_at=applied_at,
        change=_without_secrets(row) if over else _change(row),
        receipt=_receipt(member, row, decision),
        decision=decision,
        milestones=_milestones(row),
        receipt_number=f"{number:010d}" if number else "",
        peek="" if over else _open(member, row["sealed"]),
    )


def _decision(row: Any) -> Decision | None:
    """What was decided by now: the end of what nobody has decided is known before it comes."""
    decision = msgspec.json.decode(row["decision"], type=Decision) if row["decision"] else None
    coming = decision and decision.outcome == "lapsed" and decision.decided_at > clock.now()
    return None if coming else decision


def _milestones(row: Any) -> tuple[Milestone, ...]:
    if row["progress"] is None:
        return ()
    return KINDS[row["kind"]].milestones(msgspec.json.decode(row["progress"], type=Progress))


def _change(row: Any) -> Change | None:
    return read(row) if row["data"] else None


def _without_secrets(row: Any) -> Change | None:
    """What fills the input page again when the confirm page has expired; None where nothing of it was typed."""
    change = _change(row)
    names: set[str] = {field.name for field in fields(change)} if is_dataclass(change) else set()
    if change is None or names & NOT_TYPED:
        return None
    return replace(change, **dict.fromkeys(names & SECRETS, "")) if names & SECRETS else change  # type: ignore[type-var]


def read(row: Any) -> Change:
    """The change of a row with its `kind` and `data`."""
    change: Change = msgspec.json.decode(row["data"], type=KINDS[row["kind"]])
    return change


def _receipt(member: Member, row: Any, decision: Decision | None) -> Receipt | None:
    """The receipt as this member may see it, in the words of its kind of change since somebody decided what it had only
    received."""
    if row["receipt"] is None:
        return None
    receipt = msgspec.json.decode(row["receipt"], type=Receipt)
    if _name(member) not in (row["subject"], row["asker"]):
        receipt = covered(row["kind"], receipt)
    return KINDS[row["kind"]].once_decided(receipt, decision) if decision else receipt


def _name(member: Member) -> str:
    """How the member is kept as the asker of a change."""
    return member.own.login if member.own else CUSTOMER


def covered(kind: str, receipt: Receipt) -> Receipt:
    """The receipt without what is for the owner of the account ID alone."""
    private = KINDS[kind].private
    rows = [
        replace(row, value=COVERED, before=None if row.before is None else COVERED)
        if row.label in private
        else row
        for row in receipt.rows
    ]
    return replace(receipt, rows=rows)


def seal(member: Member, peek: str) -> bytes | None:
    """The first characters of a password, for this session alone."""
    return member.cipher.encrypt(peek.encode()) if peek else None


def _open(member: Member, sealed: bytes | None) -> str:
    """What was sealed by this session; nothing for another one."""
    if sealed is None:
        return ""
    try:
        return member.cipher.decrypt(sealed).decode()
    except InvalidToken:
        return ""
