"""Purchase requests: what ユーザー権限 asked whoever pays to buy (spec 1), until it is decided, withdrawn or lapses.

A pending one belongs to the member's graph (access/graph.py). It ends in one transaction with whatever ends it: the
purchase, the refusal, another position of the switch, another role, the end of the account ID. Time ends it, too: from
`lapses_at` on nobody can approve it, whether housekeeping has noted that or not.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from asyncpg import UniqueViolationError

from app.domain import catalogue, clock, tables
from app.domain.access import matrix
from app.domain.access.graph import Account
from app.domain.access.matrix import Missing, Permission, Role
from app.domain.access.members import Member
from app.domain.catalogue import Product
from app.domain.changes.kept import CUSTOMER
from app.domain.changes.words import Mend, Refused
from app.domain.letters import outbox, recipients
from app.postgres import database

PATH = "/purchase-requests"
PAGE = 50
"""Requests on one page of the list."""
LAPSES = timedelta(days=14)
BATCH = 200
"""Requests that lapse in one transaction."""


class State(StrEnum):
    """What became of a request."""

    PENDING = "pending"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


STATES = {
    State.PENDING: "申請中",
    State.APPROVED: "承認",
    State.REFUSED: "却下",
    State.WITHDRAWN: "取り下げ",
    State.LAPSED: "期限切れ",
}


@dataclass(frozen=True)
class PurchaseRequest:
    """A request as it stands now, for whoever may see it."""

    id: uuid.UUID
    login: str
    name: str
    """Of who asked."""
    product: Product
    asked_at: datetime
    lapses_at: datetime
    state: State
    decided_at: datetime | None
    decided_by: str
    """In words; "" where nobody did."""
    reason: str

    @property
    def pending(self) -> bool:
        return self.state is State.PENDING

    @property
    def path(self) -> str:
        return path(self.id)


def path(request: uuid.UUID) -> str:
    """The page of a request."""
    return f"{PATH}/{request}"


# --- looking ----------------------------------------------------------------------------------------------------------


def pending(member: Member, request: uuid.UUID) -> PurchaseRequest | None:
    """A request that waits, from the member's graph; None for one that is over, missing or not the member's."""
    for account in member.accounts:
        for one in account.requests:
            if one.id == request:
                what = one.product, one.asked_at, one.lapses_at
                return PurchaseRequest(
                    one.id, account.login, account.name, *what, State.PENDING, None, "", ""
                )
    return None


async def find(member: Member, request: uuid.UUID) -> PurchaseRequest:
    """A request that the member may see: ユーザー権限 the own ones, customer and admins the contract's. Raises Missing."""
    found = await _find(member, request)
    if not found:
        raise Missing(request)
    return found[0]


async def one(member: Member, request: uuid.UUID) -> PurchaseRequest:
    """The same, without asking the database for one that waits."""
    return pending(member, request) or await find(member, request)


async def listed(member: Member, before: uuid.UUID | None = None) -> list[PurchaseRequest]:
    """The requests that the member may see, newest first, at most PAGE, of those older than the one given."""
    return await _find(member, None, before)


async def _find(
    member: Member, request: uuid.UUID | None, before: uuid.UUID | None = None
) -> list[PurchaseRequest]:
    own = member.account_id if member.role is Role.USER else None
    rows = await database.rows(_FIND, member.contract.id, own, request, clock.now(), PAGE, before)
    return [_read(row) for row in rows]


# SQL for what has lapsed without anybody noting it.
_FIND = """
SELECT q.id, a.login, a.family || ' ' || a.given AS name, q.product, q.asked_at, q.lapses_at,
    CASE WHEN q.state = 'pending' AND q.lapses_at <= $4 THEN 'lapsed' ELSE q.state END AS state,
    coalesce(q.decided_at, CASE WHEN q.lapses_at <= $4 THEN q.lapses_at END) AS decided_at,
    coalesce(q.decided_by, '') AS decided_by, q.reason
FROM purchase_request q JOIN account a ON a.id = q.account
WHERE q.contract = $1 AND ($2::bigint IS NULL OR q.account = $2) AND ($3::uuid IS NULL OR q.id = $3)
    AND ($6::uuid IS NULL OR (q.asked_at, q.id) < (
        SELECT b.asked_at, b.id FROM purchase_request b WHERE b.id = $6 AND b.contract = $1))
ORDER BY q.asked_at DESC, q.id DESC LIMIT $5
"""


def _read(row: Any) -> PurchaseRequest:
    by = row["decided_by"]
    read = {
        "product": Product(row["product"]),
        "state": State(row["state"]),
        "decided_by": matrix.CUSTOMER_NAME if by == CUSTOMER else by,
    }
    return PurchaseRequest(**{**row, **read})


# --- asking, and what ends it -----------------------------------------------------------------------------------------


def already_asked(product: Product) -> Refused:
    """Why the product cannot be asked for once more."""
    see = Mend("購入の申請の一覧を見る", PATH, Permission.PURCHASE_REQUESTS)
    return Refused(f"{catalogue.name(product)}の購入は、すでに申請しています。", see)


def over(request: uuid.UUID) -> Refused:
    """Why nobody can decide the request any more."""
    see = Mend("申請の内容を確認する", path(request), Permission.PURCHASE_REQUESTS)
    return Refused("この購入の申請は、すでに承認、却下、取り下げ、または期限切れになっています。", see)


async def ask(member: Member, account: Account, product: Product, now: datetime) -> uuid.UUID:
    """Let the request wait, in the caller's transaction. Raises Refused where one waits."""
    await lapse(now, member.contract.id)
    identity = uuid.uuid4()
    row = tables.PurchaseRequest(
        id=identity,
        contract=member.contract.id,
        account=account.id,
        product=product,
        asked_at=now,
        lapses_at=now + LAPSES,
    )
    try:
        await row.save()
    except UniqueViolationError as error:
        raise already_asked(product) from error
    return identity


async def hold(request: uuid.UUID, now: datetime) -> None:
    """Keep others from ending the request, to the end of the transaction. Raises Refused when it is over."""
    if not await database.rows(_HOLD, request, now):
        raise over(request)


async def bought(member: Member, account: Account, product: Product, period: int, now: datetime) -> None:
    """Whoever pays bought what was asked for: that is an approval, on whichever page it was done."""
    await _close(member, State.APPROVED, now, account=account.id, product=product, period=period)


async def refuse(member: Member, request: uuid.UUID, reason: str, now: datetime) -> None:
    """Refuse it. Raises Refused when it is over."""
    if not await _close(member, State.REFUSED, now, reason, request=request):
        raise over(request)


async def withdraw(member: Member, request: uuid.UUID, now: datetime) -> None:
    """Take it back. Raises Refused when it is over."""
    if not await _close(member, State.WITHDRAWN, now, request=request):
        raise over(request)


async def end_of_account(member: Member, account: Account, reason: str, now: datetime) -> None:
    """The account ID ends, and what waits of it; its owner is told of that with it."""
    await _close(member, State.WITHDRAWN, now, reason, account=account.id)


async def close_all(
    member: Member, state: State, reason: str, now: datetime, account: Account | None = None
) -> None:
    """End all that waits, of the contract or of one account ID, for another reason, and tell who asked."""
    closed = await _close(member, state, now, reason, account=account.id if account else None)
    by_id = {other.id: other for other in member.accounts}
    for row in closed:
        asker = by_id[row["account"]]
        facts = {
            "login": asker.login,
            "product": catalogue.name(Product(row["product"])),
            "state": STATES[state],
        }
        told, by = [asker.mail_address or ""], outbox.done_by(member)
        await outbox.post(member.contract.id, told, "purchase-request-closed", **facts, reason=reason, by=by)


async def _close(
    member: Member,
    state: State,
    now: datetime,
    reason: str = "",
    *,
    request: uuid.UUID | None = None,
    account: int | None = None,
    product: Product | None = None,
    period: int | None = None,
) -> list[Any]:
    """End what waits of the contract, as far as it is meant; what has ended."""
    by = member.own.login if member.own else CUSTOMER
    meant = request, account, product
    return await database.rows(_CLOSE, member.contract.id, state.value, now, by, reason, period, *meant)


# SQL for `greatest`, since the clock of whoever asked may be ahead, and for a lock on one row.
_HOLD = "SELECT 1 FROM purchase_request WHERE id = $1 AND state = 'pending' AND lapses_at > $2 FOR UPDATE"
_CLOSE = """
UPDATE purchase_request
SET state = $2, decided_at = greatest($3, asked_at), decided_by = $4, reason = $5, period = $6
WHERE contract = $1 AND state = 'pending' AND lapses_at > $3 AND ($7::uuid IS NULL OR id = $7)
    AND ($8::bigint IS NULL OR account = $8) AND ($9::text IS NULL OR product = $9)
RETURNING account, product
"""


# --- lapsing ----------------------------------------------------------------------------------------------------------


async def lapse_due() -> int:
    """Note what has lapsed, and tell who asked: each once, however many workers look; how many."""
    lapsed = 0
    while True:
        async with database.engine().transaction():
            number = await lapse(clock.now())
        lapsed += number
        if number < BATCH:
            return lapsed


async def lapse(now: datetime, contract: int | None = None) -> int:
    """Note what has lapsed, of all contracts or of one, at most BATCH, in the caller's transaction."""
    lapsed = await database.rows(_LAPSE, now, contract, BATCH)
    for row in lapsed:
        told = await recipients.of_login(row["contract"], row["account"])
        facts = {"login": row["login"], "product": catalogue.name(Product(row["product"]))}
        asked, due = clock.minute(row["asked_at"]), row["lapses_at"]
        await outbox.post_due(row["contract"], told, "purchase-request-lapsed", due, **facts, asked=asked)
    return len(lapsed)


# SQL for FOR UPDATE SKIP LOCKED in an UPDATE: what somebody is deciding right now is left alone.
_LAPSE = """
UPDATE purchase_request q SET state = 'lapsed', decided_at = q.lapses_at FROM (
    SELECT id FROM purchase_request
    WHERE state = 'pending' AND lapses_at <= $1 AND ($2::bigint IS NULL OR contract = $2)
    ORDER BY lapses_at LIMIT $3 FOR UPDATE SKIP LOCKED
) AS due, account a WHERE q.id = due.id AND a.id = q.account
RETURNING q.contract, q.account, q.product, q.asked_at, q.lapses_at, a.login
"""
