"""Who is calling: a session leads to its member, with the graph of the contract, in one statement.

Everything that a page looks up is looked up through the member, so somebody else's thing and a missing thing are the
same: `Missing`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from cryptography.fernet import Fernet, MultiFernet

from app.domain import clock, tables
from app.domain.access import closed, graph, typed
from app.domain.access.graph import Account, Contract
from app.domain.access.matrix import (
    CLOSED_MAY,
    CUSTOMER_NAME,
    ROLE_NAMES,
    Forbidden,
    Missing,
    Permission,
    Role,
    allowed,
)
from app.domain.catalogue import kept as kept_catalogue
from app.domain.months import Month
from app.postgres import database

if TYPE_CHECKING:
    import asyncpg

    from app.domain.access.typed import Ticket

IDLE = timedelta(minutes=30)
"""A session ends when nothing came from it for so long; a deleted person may read on for as long (spec 5)."""
LIFETIME = timedelta(hours=12)
"""A session ends so long after its login, whatever comes."""

Ended = Literal["idle", "long", "elsewhere"]
"""How a session ended: nothing came from it, it was as old as one may be, or something else ended it."""
BEFORE_OPEN = timedelta(minutes=15)
"""A session that has not come as far as to open anything ends so long after its login."""


class Stage(StrEnum):
    """What a session has to do before it opens anything else; each has a page of its own (web/pages.py).

    In the order in which they are done. OPEN is never among the stages of a row: it is when none is left.
    """

    OPEN = "open"
    """Nothing: it is a login like any other."""
    SECOND_FACTOR = "second-factor"
    """The password was right; the second factor is still asked for."""
    NEW_PASSWORD = "new-password"  # noqa: S105 - the name of a stage
    """Logged in with a one-time password of the desk: an own one is set first."""
    SET_UP = "set-up"
    """This installation wants a second factor of this login, which has none yet."""


class SessionEnded(Exception):
    """Nobody is logged in, or no longer."""


@dataclass(frozen=True)
class Member:
    """The person who is calling, for one request."""

    role: Role
    contract: Contract
    own: Account | None
    proved_at: datetime
    """When the own password was typed last, at login or since (proofs.py)."""
    customer_proved_at: datetime | None
    """When お客様番号 and its password were typed again in this session."""
    session: int
    """Number of the session, which stays when its token changes."""
    token_hash: bytes = field(repr=False)
    seal_keys: tuple[bytes, ...] = field(repr=False, default=())
    """Keys that only this session's cookie leads to, newest first (changes/kept.py seals with them)."""
    kept: bytes | None = field(repr=False, default=None)
    """The form that this login typed before, sealed; only where it was asked for (typed.py)."""
    stages: tuple[Stage, ...] = ()
    """What has to be done, in this order, before the session opens anything else."""
    own_set_here: bool = False
    """The password of who is logged in was set in this session, so that it proves nothing here."""
    customer_set_here: bool = False
    """Likewise that of the customer number."""

    @property
    def cipher(self) -> MultiFernet:
        """Seals what only this session may read again, whoever reads the table."""
        return MultiFernet([Fernet(key) for key in self.seal_keys])

    @property
    def stage(self) -> Stage:
        """What comes next."""
        return self.stages[0] if self.stages else Stage.OPEN

    @property
    def customer_number(self) -> str:
        return self.contract.customer_number

    @property
    def contract_type(self) -> str:
        return self.contract.contract_type

    @property
    def account_id(self) -> int | None:
        """Key of the account ID that is logged in; None for the customer number."""
        return self.own.id if self.own else None

    @property
    def key(self) -> tuple[int, int | None]:
        """How the security log names the member."""
        return self.contract.id, self.account_id

    @property
    def label(self) -> str:
        """Who is logged in, in words."""
        return f"{self.own.login}（{ROLE_NAMES[self.own.role]}）" if self.own else CUSTOMER_NAME

    @property
    def deleted(self) -> bool:
        """The own account ID was deleted while logged in: may read, not write."""
        return self.own is not None and self.own.deleted_at is not None

    @property
    def closed(self) -> bool:
        """The contract is over: the customer number reads what is left, and changes nothing."""
        return closed.is_over(self.contract.closed_on)

    @property
    def accounts(self) -> list[Account]:
        """The living account IDs that this member may see, in order of registration."""
        return [account for account in self.contract.accounts if account.deleted_at is None]

    def may(self, permission: Permission) -> bool:
        before_open = self.stage is not Stage.OPEN  # its pages alone are open then (guard.py)
        return allowed(permission, self.role) and (not self.closed or before_open or permission in CLOSED_MAY)

    def may_change(self, permission: Permission) -> bool:
        """Whether a page offers a change of it: a deleted person may read, not write."""
        return self.may(permission) and not self.deleted

    def require(self, permission: Permission, *, writing: bool) -> None:
        """Raise Forbidden unless the role may use the feature; a deleted person may read, not write."""
        if not self.may(permission):
            raise Forbidden
        if writing and self.deleted:
            raise Forbidden(deleted=True)

    def account(self, login: str) -> Account:
        """An account ID of this contract that the member may see; a deleted one only for the person it was.

        Raises Missing.
        """
        for account in self.contract.accounts:
            if account.login == login:
                return account
        raise Missing(login)


_FIND = """
WITH touched AS (
    UPDATE session SET seen_at = $2 WHERE token_hash = $1 AND seen_at < $5 AND seen_at > $3 AND opened_at > $4
){erased}
SELECT s.account, me.role, coalesce(s.proved_at, s.opened_at) AS proved_at, s.customer_proved_at, {graph} AS graph,
    s.id AS session, s.stages, s.own_set_here, s.customer_set_here, {kept} AS kept,
    {catalogue} AS catalogue
FROM session s JOIN contract c ON c.id = s.contract LEFT JOIN account me ON me.id = s.account
WHERE s.token_hash = $1 AND s.seen_at > $3 AND s.opened_at > $4 AND (cardinality(s.stages) = 0 OR s.opened_at > $7)
    AND (me.deleted_at IS NULL OR me.deleted_at > $3)
"""
"""SQL because every page waits for it: all of it takes less than Piccolo takes to build a query of that many tables."""
_ERASED = ", erased AS (DELETE FROM kept_form WHERE name_hash = $8 AND kept_at <= $10)"
_KEPT = """(
    SELECT k.sealed FROM kept_form k WHERE k.name_hash = $8 AND k.path = $9 AND k.kept_at > $10
        AND k.contract = s.contract AND k.account IS NOT DISTINCT FROM s.account
)"""
_FIND_ALONE = _FIND.format(graph=graph.GRAPH, erased="", kept="NULL::bytea", catalogue=kept_catalogue.VERSION)
_FIND_WITH_FORM = _FIND.format(
    graph=graph.GRAPH, erased=_ERASED, kept=_KEPT, catalogue=kept_catalogue.VERSION
)


async def find(
    token_hash: bytes, seal_keys: tuple[bytes, ...] = (), ticket: Ticket | None = None
) -> Member | None:
    """The member whose live session this is, with the contract's graph: one round trip.

    `ticket`: with the form that this login typed before, which few pages ask for; one that is too old is erased.

    Also notes that the session is in use, at most once a minute, so that reading pages does not write.
    """
    now = clock.now()
    found = await database.rows(
        _FIND_WITH_FORM if ticket else _FIND_ALONE,
        token_hash,
        *(now, now - IDLE, now - LIFETIME, now - timedelta(minutes=1), Month.of(now).began),
        now - BEFORE_OPEN,
        *((ticket.name_hash, ticket.path, now - typed.VALID) if ticket else ()),
    )
    if not found:
        return None
    await kept_catalogue.follow(found[0]["catalogue"])
    member = _member(found[0], token_hash, seal_keys)
    return member if _may_go_on(member) else None


def _may_go_on(member: Member) -> bool:
    """Whether the contract's end leaves the session alive: its customer number's as long as it may read."""
    try:
        closed.must_log_in(member.contract.closed_on, account=member.own is not None)
    except closed.ContractOver:
        return False
    return True


async def how_it_ended(token_hash: bytes) -> Ended:
    """Why no live session has that token any more, for whoever comes back with it. What was too old is told for a day
    (housekeeping.py); a session that was ended from elsewhere, by a changed password too, is gone at once."""
    session = tables.Session
    found = await session.select(session.seen_at, session.opened_at).where(session.token_hash == token_hash)
    now = clock.now()
    if found and found[0]["seen_at"] <= now - IDLE:
        return "idle"
    return "long" if found and found[0]["opened_at"] <= now - LIFETIME else "elsewhere"


async def pass_stage(member: Member, stage: Stage) -> None:
    """Note in the member's session that the stage is done."""
    await database.rows(_STAGE_DONE, member.token_hash, stage.value)


async def end_waiting(contract: int, account: int | None, stage: Stage, kept: bytes = b"") -> None:
    """End the login's sessions that still have the stage before them; `kept`: the token's hash of one that goes on."""
    await database.rows(_END_WAITING, contract, account, stage.value, kept)


# SQL for IS NOT DISTINCT FROM, and for the array.
_END_WAITING = """
DELETE FROM session WHERE contract = $1 AND account IS NOT DISTINCT FROM $2 AND $3::text = ANY (stages)
    AND token_hash <> $4
"""
# SQL for an array that loses one of its values.
_STAGE_DONE = "UPDATE session SET stages = array_remove(stages, $2) WHERE token_hash = $1"


async def renew_token(member: Member, token_hash: bytes) -> None:
    """The session goes on under a new token. Raises SessionEnded."""
    its_row = tables.Session.token_hash == member.token_hash
    renewed = tables.Session.update({tables.Session.token_hash: token_hash}).where(its_row)
    if not await renewed.returning(tables.Session.id):
        raise SessionEnded


def _member(row: asyncpg.Record, token_hash: bytes, seal_keys: tuple[bytes, ...]) -> Member:
    contract = graph.decode(row["graph"])
    own = None
    if row["account"] is not None:
        (own,) = (account for account in contract.accounts if account.id == row["account"])
    role = Role(row["role"]) if own else Role.CUSTOMER
    proofs = row["proved_at"], row["customer_proved_at"]
    return Member(
        *(role, contract, own, *proofs, row["session"], token_hash, seal_keys),
        kept=row["kept"],
        stages=tuple(map(Stage, row["stages"])),
        own_set_here=row["own_set_here"],
        customer_set_here=row["customer_set_here"],
    )
