"""How everything is changed: input → confirm → complete, once for all.

A change is a small frozen dataclass that can `review` itself (the confirm page) and `apply` itself (what happens).
`ask` keeps it for the member who asked, `find` shows it again, `confirm` carries it out: once, whoever presses how
often, in one transaction with everything that belongs to it.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol, TypeVar

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app import database
from app.domain import clock, tables
from app.domain.access import members, proofs
from app.domain.access.members import Member, Missing, Permission, Role
from app.domain.access.proofs import Step
from app.domain.money import billing

VALID = timedelta(minutes=30)
"""A confirm page expires so long after its input page was sent."""
PAGE = 50
"""Changes on one page of the history."""
NOTHING = "変更された項目がありません。"
"""What a form of registered values that is sent unchanged is answered with."""
CUSTOMER = "お客様番号"
"""How the asker is kept who is no account ID."""
STARS = "*****"
"""What stands for the rest of a password, whatever its length."""


class Refused(Exception):
    """A rule forbids the change; the text says why, to the member. Nothing of the change is kept.

    `mend`: the page where the member can do something about it.
    """

    def __init__(self, reason: str, mend: Link | None = None) -> None:
        super().__init__(reason)
        self.mend = mend


class Differs(Exception):
    """The change would not do what its confirm page said: something that it hangs on has changed since."""


class Gone(Refused):
    """What the change is about is no longer there, nor its input page."""

    def __init__(self) -> None:
        super().__init__("お手続きの対象が、すでに削除されています。")


@dataclass(frozen=True)
class Row:
    """One line of a confirm or complete page. `secret`: a password, shown as its first characters and stars."""

    label: str
    value: str
    secret: bool = False
    before: str | None = None
    """What an edit replaces, shown beside the new value; None: nothing else stood there."""


def edited(label: str, before: str, value: str) -> Row:
    """The row of an edit, with the former value where it is another one."""
    return Row(label, value, before=None if before == value else before)


def parts(family: str, given: str, kana: str = "") -> str:
    """A name as the manual's confirm and complete pages show it."""
    return f"（姓{kana}）{family} （名{kana}）{given}"


@dataclass(frozen=True)
class Link:
    """Where the complete page leads on to."""

    text: str
    path: str


@dataclass(frozen=True)
class Onward:
    """A sentence of a complete page that leads on: its link is called こちら, and its `text` for who hears it alone."""

    before: str
    link: Link
    after: str


@dataclass(frozen=True)
class Review:
    """The confirm page of a change."""

    title: str
    rows: list[Row]
    button: str
    costs: tuple[Row, ...] = ()
    notices: tuple[str, ...] = ()
    terms: str = ""
    """Name of a file in partials/terms/: the conditions of the product, again."""
    danger: bool = False
    inline: Link | None = None
    """How it is called inside another page, and the path of the small piece there whose place it takes."""


@dataclass(frozen=True)
class Receipt:
    """The complete page of a change, kept for the history."""

    title: str
    lead: str
    rows: list[Row]
    notices: tuple[str, ...] = ()
    guide: tuple[Row, ...] = ()
    """What to type into a mail program, say."""
    onward: tuple[Onward, ...] = ()
    """What the manual says comes next, in sentences."""
    next: tuple[Link, ...] = ()
    decided: bool = True
    """False: it was received, and somebody decides it later."""
    inline: str = ""
    """Path of the small piece of another page that shows the new state, if the change was asked for there."""


@dataclass(frozen=True)
class Decision:
    """What somebody decided later of a change that was only received."""

    outcome: str
    decided_at: datetime


class Change(Protocol):
    """What a member asks for. The fields are kept as JSON: no secret goes into them but a password's hash."""

    kind: ClassVar[str]
    name: ClassVar[str]
    """As the history calls it."""
    permission: ClassVar[Permission]

    @property
    def subject(self) -> str | None:
        """The account ID that it is about, if any."""

    @property
    def back(self) -> str:
        """Path of the input page."""

    def review(self, member: Member, now: datetime) -> Review:
        """The confirm page, from the contract as it is now. Raises Refused, Missing."""

    async def apply(self, member: Member, now: datetime) -> Receipt:
        """Carry it out, with the contract locked, in the caller's transaction. Raises Refused, Missing."""


@dataclass(frozen=True)
class Asked:
    """A change as it is kept: pending, applied, or expired."""

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
    receipt_number: str
    peek: str
    """The first characters of the password it sets, while this session may still see them."""

    @property
    def name(self) -> str:
        return KINDS[self.kind].name

    @property
    def back(self) -> str:
        """The input page, which finds there what was typed."""
        back = self.change.back if self.change else "/"
        return f"{back}{'&' if '?' in back else '?'}change={self.id}"

    @property
    def way_back(self) -> str:
        return way_back(self.change) if self.change else ""

    @property
    def expires_at(self) -> datetime:
        return self.asked_at + VALID

    @property
    def expired(self) -> bool:
        return self.applied_at is None and clock.now() > self.expires_at


KINDS: dict[str, type[Change]] = {}
"""Every kind of change, filled by `kind`."""

C = TypeVar("C", bound=type[Change])
D = TypeVar("D", bound=Change)


def kind(change: C) -> C:
    """Class decorator: make the kind known, so that what is kept can be read back."""
    KINDS[change.kind] = change
    return change


def step_of(change: Change) -> Step | None:
    """The step that comes before the change's confirm page; most changes have none."""
    return getattr(change, "step", None)


def way_back(change: Change) -> str:
    """What the confirm page calls the way back to the input page, as the manual has it."""
    return getattr(change, "way_back", "入力画面へ戻る")


FORMER_PAGE = "前画面へ戻る"
"""What the manual calls it where products are bought and cancelled, and for お客様番号パスワード."""


async def ask(member: Member, change: Change, peek: str = "") -> uuid.UUID:
    """Keep the change until the member confirms it; `peek`: the first characters of the password it sets."""
    kept = tables.Change(
        contract=member.contract.id,
        account=member.account_id,
        asker=member.own.login if member.own else CUSTOMER,
        kind=change.kind,
        subject=change.subject,
        asked_at=clock.now(),
        data=msgspec.json.encode(change).decode(),
        sealed=_cipher(member).encrypt(peek.encode()) if peek else None,
    )
    await kept.save()
    return kept.id


_DECISION = """
CASE kind WHEN 'card' THEN (
    SELECT json_build_object('outcome', k.outcome, 'decided_at', k.decided_at) FROM card_check k
    WHERE k.contract = change.contract AND k.asked_at = change.applied_at AND k.decided_at IS NOT NULL LIMIT 1
) END AS decision
"""
"""What waits for staff was asked at the moment that its change was applied."""
_COLUMNS = (
    f"id, kind, asker, subject, asked_at, applied_at, data, sealed, receipt, receipt_number, {_DECISION}"
)
_VISIBLE = """
contract = $1 AND (account IS NOT DISTINCT FROM $2 OR applied_at IS NOT NULL AND ($3 OR subject = $5))
    AND kind = ANY($4) AND ($3 OR subject IS NULL OR subject = $5)
"""
"""A pending change is its asker's alone; an applied one the customer and the admins may read too, and a user role that
of others about the own account ID.

Of features that the role may use, and for a user role about the own account ID: an admin may have become one.
"""


async def find(member: Member, identity: uuid.UUID) -> Asked:
    """A change that this member may see. Raises Missing.

    What one did to the own account ID is there even if one gave up the right to do it with that.
    """
    found = await database.rows(
        f"SELECT {_COLUMNS} FROM change WHERE id = $6 AND contract = $1"  # noqa: S608 - constants
        f" AND ({_VISIBLE} OR applied_at IS NOT NULL AND account = $2 AND subject = $5)",
        *_seen_by(member),
        identity,
    )
    if not found:
        raise Missing(identity)
    return _asked(member, found[0])


async def draft(member: Member, identity: uuid.UUID, *wanted: type[D]) -> tuple[D, str] | None:
    """The member's own pending change of one of the kinds with its peek, to fill the input page with again."""
    try:
        asked = await find(member, identity)
    except Missing:
        return None
    return (asked.change, asked.peek) if isinstance(asked.change, wanted) and not asked.expired else None


@dataclass(frozen=True)
class Wanted:
    """What the history is narrowed down to: a name of changes, an account ID that they are about."""

    name: str | None = None
    account_id: str | None = None


async def history(
    member: Member, before: int | None = None, wanted: Wanted = Wanted(), most: int = PAGE
) -> list[Asked]:
    """The applied changes that this member may see, newest first, at most `most`, below the receipt number given."""
    contract, account, everybodys, kinds, login = _seen_by(member)
    found = await database.rows(
        f"SELECT {_COLUMNS} FROM change WHERE {_VISIBLE} AND applied_at IS NOT NULL"  # noqa: S608 - constants
        " AND receipt_number < $6 AND ($7::text IS NULL OR subject = $7) ORDER BY receipt_number DESC LIMIT $8",
        *(contract, account, everybodys),
        [kind for kind in kinds if wanted.name in (None, KINDS[kind].name)],
        *(login, before or 2**62, wanted.account_id, most),
    )
    return [_asked(member, row) for row in found]


def names(member: Member) -> list[str]:
    """The names of the changes that the member's role may ask for, in the order of the manual's feature table."""
    matrix = list(Permission)
    found = {
        (matrix.index(change.permission), change.name)
        for change in KINDS.values()
        if member.may(change.permission)
    }
    return [name for _, name in sorted(found)]


def review(member: Member, change: Change) -> Review:
    """The confirm page, from the contract as it is now. Raises Refused, ProofNeeded."""
    proofs.require(member, step_of(change))
    try:
        return change.review(member, clock.now())
    except Missing as missing:
        raise Gone from missing


def fingerprint(review: Review) -> str:
    """Tells whether two confirm pages say the same: rows, costs, notices."""
    return hashlib.sha256(msgspec.json.encode(review)).hexdigest()


async def confirm(member: Member, identity: uuid.UUID, seen: str = "") -> None:
    """Carry out a pending change; one that is applied or expired stays as it is.

    `seen`: the fingerprint of the confirm page that the member saw. Raises Refused, Forbidden, ProofNeeded, Differs.

    The contract's row is locked first: its changes stand in one line, so limits hold, and the right and the rule are
    judged again on what is true then.
    """
    async with database.engine().transaction():
        await database.rows("SELECT 1 FROM contract WHERE id = $1 FOR NO KEY UPDATE", member.contract.id)
        now = clock.now()
        claimed = await database.rows(
            _CLAIM, identity, member.contract.id, member.account_id, now, now - VALID
        )
        if not claimed:
            return
        change = _change(claimed[0])
        fresh = await members.find(member.token_hash, member.seal_keys)
        if fresh is None:
            raise members.SessionEnded
        fresh.require(change.permission, writing=True)
        proofs.require(fresh, step_of(change))
        try:
            if seen and seen != fingerprint(change.review(fresh, now)):
                raise Differs
            receipt = await change.apply(fresh, now)
        except Missing as missing:
            raise Gone from missing
        await tables.Change.update({tables.Change.receipt: msgspec.json.encode(receipt).decode()}).where(
            tables.Change.id == identity
        )


_CLAIM = """
WITH asked AS (
    SELECT id, kind, data FROM change
    WHERE id = $1 AND contract = $2 AND account IS NOT DISTINCT FROM $3 AND applied_at IS NULL AND asked_at >= $5
    FOR UPDATE
)
UPDATE change SET applied_at = $4, data = NULL, receipt_number = nextval('receipt_number')
FROM asked WHERE change.id = asked.id RETURNING asked.kind, asked.data
"""


async def shown(asked: Asked) -> None:
    """The first complete page was made: from now on the password is stars."""
    await tables.Change.update({tables.Change.sealed: None}).where(tables.Change.id == asked.id)


def with_peek(rows: list[Row], peek: str) -> list[Row]:
    """The rows with the first characters of the password before its stars."""
    return [replace(row, value=peek + row.value) if row.secret else row for row in rows]


def cost_rows(costs: list[billing.Cost]) -> tuple[Row, ...]:
    """Costs as a confirm page shows them."""
    return tuple(Row(cost.label, cost.text) for cost in costs)


def _seen_by(member: Member) -> tuple[int, int | None, bool, list[str], str | None]:
    kinds = [name for name, change in KINDS.items() if member.may(change.permission)]
    everybodys, login = member.role is not Role.USER, member.own.login if member.own else None
    return member.contract.id, member.account_id, everybodys, kinds, login


def _change(row: Any) -> Change:
    change: Change = msgspec.json.decode(row["data"], type=KINDS[row["kind"]])
    return change


def _receipt(row: Any, decision: Decision | None) -> Receipt | None:
    """The receipt, in the words of its kind of change since somebody decided what it had only received."""
    if row["receipt"] is None:
        return None
    receipt = msgspec.json.decode(row["receipt"], type=Receipt)
    decided: Callable[[Receipt, Decision], Receipt] | None = getattr(KINDS[row["kind"]], "once_decided", None)
    return decided(receipt, decision) if decided and decision else receipt


def _asked(member: Member, row: Any) -> Asked:
    applied_at, number = row["applied_at"], row["receipt_number"]
    decision = msgspec.json.decode(row["decision"], type=Decision) if row["decision"] else None
    return Asked(
        id=row["id"],
        kind=row["kind"],
        asker=members.CUSTOMER_NAME if row["asker"] == CUSTOMER else row["asker"],
        subject=row["subject"],
        asked_at=row["asked_at"],
        applied_at=applied_at,
        change=_change(row) if row["data"] else None,
        receipt=_receipt(row, decision),
        decision=decision,
        receipt_number=f"{number:010d}" if number else "",
        peek=_open(member, row["sealed"]),
    )


def _cipher(member: Member) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in member.seal_keys])


def _open(member: Member, sealed: bytes | None) -> str:
    """What was sealed by this session; nothing for another one."""
    if sealed is None:
        return ""
    try:
        return _cipher(member).decrypt(sealed).decode()
    except InvalidToken:
        return ""
