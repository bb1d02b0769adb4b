"""Logins: a name and a password that belong together, and the session that they open (manual 3)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from piccolo.columns import Column

from app.domain import clock, tables
from app.domain.access import passwords, second_factor
from app.domain.access.login_events import Device
from app.domain.access.members import LIFETIME, Member, SessionEnded, Stage
from app.domain.access.proofs import Step, may_prove, of_customer
from app.domain.access.second_factor import Whose
from app.postgres import database

AFTER_USE = timedelta(minutes=30)
"""A one-time password that was used works again so long, as long as no own one is set."""
By = Literal["customer", "account"]
"""What one logs in by: a customer number or an account ID."""
BYS: tuple[By, ...] = get_args(By)


class WrongPair(Exception):
    """Name and password do not belong together; which half was wrong is not told."""


@dataclass(frozen=True)
class Owner:
    """Whose password is asked for: a contract, or one of its account IDs."""

    contract: int
    account: int | None
    password_hash: str = field(repr=False)
    one_time_hash: str | None = field(default=None, repr=False)
    """Of a one-time password that stands in for it now (people/one_time.py)."""

    @property
    def whose(self) -> Whose:
        """The login that it is the owner of."""
        return Whose(self.contract, self.account)

    @property
    def mark(self) -> str:
        """Of the password: another one has another mark, which tells nothing of it."""
        return mark(self.password_hash)


def mark(password_hash: str) -> str:
    """What knows a password's hash again, and tells nothing of it."""
    return hashlib.sha256(password_hash.encode()).hexdigest()[:16]


async def open_session(owner: Owner | None, password: str, token_hash: bytes, device: Device) -> Owner:
    """Open a session for the owner of the password (find()), and note the login in the same statement.

    One that a one-time password opens has to set an own one first. The owner as stored from now on. Raises WrongPair,
    after the same time for nobody.
    """
    if owner is None:
        await passwords.pretend(password)
        raise WrongPair
    hashes = [owner.password_hash, *([owner.one_time_hash] if owner.one_time_hash else [])]
    right = await passwords.which(hashes, password)
    if right is None:
        raise WrongPair
    if right != owner.password_hash:
        return await _open_once(owner, token_hash, device)
    renewed = await passwords.renewed(owner.password_hash, password, peppered=owner.account is None)
    async with database.engine().transaction():
        now_stored = await _lock(owner)
        if now_stored not in (owner.password_hash, renewed):
            raise WrongPair  # changed or deleted while the password was looked at
        if renewed and renewed != now_stored:
            await _renew(owner, renewed)
        stages = await second_factor.stages(owner.whose)
        await _open(owner, stages, token_hash, device)
    return replace(owner, password_hash=renewed or owner.password_hash)


async def open_by_passkey(whose: Whose, token_hash: bytes, device: Device) -> Owner:
    """Open a session for who has proved with a passkey to be the owner of the login (passkeys.py), which is both factors.

    Raises WrongPair for an account ID that was deleted meanwhile.
    """
    owner = Owner(whose.contract, whose.account, "")
    async with database.engine().transaction():
        now_stored = await _lock(owner)
        if now_stored is None:
            raise WrongPair
        await _open(owner, (), token_hash, device)
    return replace(owner, password_hash=now_stored)


async def _open_once(owner: Owner, token_hash: bytes, device: Device) -> Owner:
    """The same by the one-time password. From now on the own password opens nothing.

    Until a new one is set the one-time password works again for AFTER_USE, for whoever closed the browser; the session
    before ends with it, so that there is one at a time.
    """
    now = clock.now()
    async with database.engine().transaction():
        now_stored = await _lock(owner)
        if now_stored is None or owner.one_time_hash is None:
            raise WrongPair  # deleted while the password was looked at
        nothing = passwords.of_nothing(now_stored)
        whose = owner.contract, owner.account
        used = await database.rows(
            _USE_ONCE, *whose, owner.one_time_hash, mark(now_stored), mark(nothing), now, now + AFTER_USE
        )
        if not used:
            raise WrongPair  # used up, replaced or answered by a new password in the meantime
        await _store(owner, nothing)
        await tables.UsedPassword.remember(*whose, owner.one_time_hash)  # it may not become the own one
        await database.rows(_END_WAITING, *whose, Stage.NEW_PASSWORD)
        stages = {Stage.NEW_PASSWORD, *await second_factor.stages(owner.whose)}
        in_order = tuple(stage for stage in Stage if stage in stages)
        await _open(owner, in_order, token_hash, device, proved_at=now - LIFETIME)
    return replace(owner, password_hash=nothing)


async def _open(
    owner: Owner,
    stages: tuple[Stage, ...],
    token_hash: bytes,
    device: Device,
    *,
    proved_at: datetime | None = None,
) -> None:
    """Make the session and note the login, which has not succeeded while the second factor is missing.

    `proved_at`: when its password was typed, if that is not to count as a proof now.
    """
    result = "unfinished" if Stage.SECOND_FACTOR in stages else "ok"
    of_whom = owner.contract, owner.account, clock.now(), device.browser, device.network
    await database.rows(_OPEN, token_hash, *of_whom, result, [stage.value for stage in stages], proved_at)


async def end_sessions(owner: Owner) -> int:
    """End every session of the login, whoever has its cookie; how many there were.

    Whoever was let in by the customer's step counts as customer no more, either.
    """
    if owner.account is None:
        await tables.Session.update({tables.Session.customer_proved_at: None}).where(
            tables.Session.contract == owner.contract
        )
    return len(await database.rows(_END_ALL, owner.contract, owner.account))


async def prove(member: Member, step: Step, number: str, password: str, token_hash: bytes) -> None:
    """Note in the member's session that the step was passed, and give it a new token. `number`: the customer's step only.

    Raises SetHere; WrongPair, after the same time for another contract's number; SessionEnded if it ended meanwhile.
    """
    may_prove(member, step)
    customer = of_customer(member, step)
    owner = await find("customer", member.customer_number) if customer else await _own(member)
    if owner is None or (step is Step.CUSTOMER and number != member.customer_number):
        await passwords.pretend(password)
        raise WrongPair
    if not await passwords.verify(owner.password_hash, password):
        raise WrongPair
    async with database.engine().transaction():
        if await _lock(owner) != owner.password_hash:
            raise WrongPair  # changed while the password was looked at
        await pass_step(member, step, token_hash)


async def end_session(token_hash: bytes) -> None:
    """From now on the session's cookie opens nothing, whoever has a copy."""
    await tables.Session.delete().where(tables.Session.token_hash == token_hash)


async def find(by: By, name: str) -> Owner | None:
    """Whose password belongs to the name; None: nobody's."""
    found = await database.rows(_FIND_CUSTOMER if by == "customer" else _FIND_ACCOUNT, name)
    return Owner(**found[0]) if found else None


# SQL for the left join: the same statement, and so the same time, whether a one-time password waits or not. Whether that
# is good now, and for the password of now, is looked at under the lock (_USE_ONCE).
_FIND_CUSTOMER = """
SELECT c.id AS contract, NULL::bigint AS account, c.password_hash, o.hash AS one_time_hash FROM contract c
LEFT JOIN one_time_password o ON o.contract = c.id AND o.account IS NULL
WHERE c.customer_number = $1
"""
_FIND_ACCOUNT = """
SELECT a.contract, a.id AS account, a.password_hash, o.hash AS one_time_hash FROM account a
LEFT JOIN one_time_password o ON o.contract = a.contract AND o.account = a.id
WHERE a.login = $1 AND a.deleted_at IS NULL
"""


async def _own(member: Member) -> Owner | None:
    return await find("account", member.own.login) if member.own else None


async def _lock(owner: Owner) -> str | None:
    """Stand in line with the contract's changes; the hash as it is then, None of a deleted account ID."""
    await tables.Contract.lock(owner.contract)
    if owner.account is None:
        hashes = tables.Contract.select(tables.Contract.password_hash)
        found = await hashes.where(tables.Contract.id == owner.contract).first()
    else:
        hashes = tables.Account.select(tables.Account.password_hash)
        found = await hashes.where(
            tables.Account.id == owner.account, tables.Account.deleted_at.is_null()
        ).first()
    return found["password_hash"] if found else None


async def _renew(owner: Owner, made: str) -> None:
    """Keep the same password's hash of today's cost and pepper. That is no change of password: sessions stay."""
    await _store(owner, made)
    await tables.UsedPassword.remember(owner.contract, owner.account, made)


async def _store(owner: Owner, made: str) -> None:
    if owner.account is None:
        await tables.Contract.update({tables.Contract.password_hash: made}).where(
            tables.Contract.id == owner.contract
        )
    else:
        await tables.Account.update({tables.Account.password_hash: made}).where(
            tables.Account.id == owner.account
        )


# SQL for both rows in one round trip, on the way of every login: Piccolo takes a millisecond longer for the two.
_OPEN = """
WITH noted AS (
    INSERT INTO login_event (contract, account, at, result, browser, network) VALUES ($2, $3, $4, $7::text, $5, $6)
    RETURNING id
)
INSERT INTO session
    (token_hash, contract, account, opened_at, seen_at, browser, network, stages, proved_at, noted_as)
SELECT $1, $2, $3, $4, $4, $5, $6, $8::text[], $9, CASE WHEN $7::text <> 'ok' THEN id END FROM noted
"""
# SQL for what is read and moved on in one statement. The first use shortens the time that is left.
_USE_ONCE = """
UPDATE one_time_password SET used_at = coalesce(used_at, $6), mark = $5,
    expires_at = CASE WHEN used_at IS NULL THEN least(expires_at, $7) ELSE expires_at END
WHERE contract = $1 AND account IS NOT DISTINCT FROM $2 AND hash = $3 AND mark = $4 AND expires_at > $6
RETURNING 1
"""
_END_WAITING = """
DELETE FROM session WHERE contract = $1 AND account IS NOT DISTINCT FROM $2 AND $3::text = ANY (stages)
"""
_END_ALL = "DELETE FROM session WHERE contract = $1 AND account IS NOT DISTINCT FROM $2 RETURNING 1"


async def pass_step(member: Member, step: Step, token_hash: bytes) -> None:
    """Note in the member's session that the step was passed, and give it a new token. Raises SessionEnded."""
    noted: dict[Column | str, Any] = {tables.Session.token_hash: token_hash}
    if step is Step.RECENT or member.own is None:
        noted[tables.Session.proved_at] = clock.now()
    if of_customer(member, step):
        noted[tables.Session.customer_proved_at] = clock.now()
    its_row = tables.Session.token_hash == member.token_hash
    if not await tables.Session.update(noted).where(its_row).returning(tables.Session.id):
        raise SessionEnded
