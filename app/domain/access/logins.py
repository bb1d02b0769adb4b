"""Logins: a name and a password that belong together, and the session that they open (manual 3)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from piccolo.columns import Column

from app.domain import clock, tables
from app.domain.access import closed, members, passwords, second_factor
from app.domain.access.kept_passkeys import WrongPasskey
from app.domain.access.login_events import Device
from app.domain.access.members import LIFETIME, Member, SessionEnded, Stage
from app.domain.access.passkeys import UNKNOWN
from app.domain.access.proofs import Step, may_prove, of_customer
from app.domain.access.second_factor import UsedPasskey, Whose, rows_of
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


async def open_by_passkey(used: UsedPasskey, token_hash: bytes, device: Device) -> Owner:
    """Open a session for who has proved with a passkey to be the owner of the login (passkeys.py), which is both factors.

    Raises WrongPair for an account ID that was deleted meanwhile, WrongPasskey for a passkey that was removed.
    """
    owner = Owner(used.whose.contract, used.whose.account, "")
    async with database.engine().transaction():
        now_stored = await _lock(owner)
        if now_stored is None:
            raise WrongPair
        await _must_still_be(used)
        await _open(owner, (), token_hash, device)
    return replace(owner, password_hash=now_stored)


async def _open_once(owner: Owner, token_hash: bytes, device: Device) -> Owner:
    """The same by the one-time password, which is used by that; where a second factor is asked for, it is not used yet.

    Whoever has found the one-time password alone neither takes the own one away nor uses the other up.
    """
    now = clock.now()
    async with database.engine().transaction():
        now_stored = await _lock(owner)
        if now_stored is None or owner.one_time_hash is None:
            raise WrongPair  # deleted while the password was looked at
        stages = {Stage.NEW_PASSWORD, *await second_factor.stages(owner.whose)}
        in_order = tuple(stage for stage in Stage if stage in stages)
        if Stage.SECOND_FACTOR not in stages:
            owner = await _use_once(owner, now_stored)
        elif await _one_time(owner, now_stored) != owner.one_time_hash:
            raise WrongPair  # used up, replaced or answered by a new password in the meantime
        await _open(owner, in_order, token_hash, device, proved_at=now - LIFETIME)
    return owner


async def _one_time(owner: Owner, now_stored: str) -> str | None:
    """The hash of the one-time password that is good now, for the own one of now."""
    found = await database.rows(_GOOD_ONCE, owner.contract, owner.account, mark(now_stored), clock.now())
    return found[0]["hash"] if found else None


async def _use_once(owner: Owner, now_stored: str, kept: bytes = b"") -> Owner:
    """Use the owner's one-time password, under the contract's lock: from now on the own password opens nothing.

    Until a new one is set the one-time password works again for AFTER_USE, for whoever closed the browser; the session
    before ends with it, so that there is one at a time; `kept`: the token's hash of the one that goes on. The owner as
    stored from now on. Raises WrongPair.
    """
    now, nothing = clock.now(), passwords.of_nothing(now_stored)
    whose, once = (owner.contract, owner.account), owner.one_time_hash
    used = await database.rows(_USE_ONCE, *whose, once, mark(now_stored), mark(nothing), now, now + AFTER_USE)
    if once is None or not used:
        raise WrongPair  # used up, replaced or answered by a new password in the meantime
    await _store(owner, nothing)
    await tables.UsedPassword.remember(*whose, once)  # it may not become the own one
    await members.end_waiting(*whose, Stage.NEW_PASSWORD, kept)
    return replace(owner, password_hash=nothing)


async def pass_second_factor(member: Member, token_hash: bytes, used: UsedPasskey | None = None) -> None:
    """The second factor was given, by the passkey `used` or by a code: the session goes on under a new token.

    A one-time password that opened it is used now. Raises SessionEnded, also where that is good no more; WrongPasskey
    for a passkey that was removed meanwhile.
    """
    owner = Owner(member.contract.id, member.account_id, "")
    async with database.engine().transaction():
        now_stored = await _lock(owner)
        if now_stored is None:
            raise SessionEnded
        if used:
            await _must_still_be(used)
        await second_factor.passed(member, token_hash)
        if Stage.NEW_PASSWORD in member.stages:
            await _use_once_in_session(owner, now_stored, token_hash)


async def _use_once_in_session(owner: Owner, now_stored: str, token_hash: bytes) -> None:
    """The same for the session that it opened before the second factor was given. Another one-time password would have
    ended that session (people/one_time.py), so the one that there is opened it. Raises SessionEnded."""
    once = await _one_time(owner, now_stored)
    if once is None:
        raise SessionEnded
    await _use_once(replace(owner, one_time_hash=once), now_stored, token_hash)


async def _open(
    owner: Owner,
    stages: tuple[Stage, ...],
    token_hash: bytes,
    device: Device,
    *,
    proved_at: datetime | None = None,
) -> None:
    """Make the session and note the login, which has not succeeded while the second factor is missing.

    `proved_at`: when its password was typed, if that is not to count as a proof now. Raises closed.ContractOver.
    """
    found = await database.rows(_CLOSED_ON, owner.contract)
    closed.must_log_in(found[0]["closed_on"], account=owner.account is not None)
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


_CLOSED_ON = "SELECT closed_on FROM contract WHERE id = $1"
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
_GOOD_ONCE = """
SELECT hash FROM one_time_password
WHERE contract = $1 AND account IS NOT DISTINCT FROM $2 AND mark = $3 AND expires_at > $4
"""
_END_ALL = "DELETE FROM session WHERE contract = $1 AND account IS NOT DISTINCT FROM $2 RETURNING 1"


async def pass_step_by_passkey(member: Member, step: Step, used: UsedPasskey, token_hash: bytes) -> None:
    """The same by a passkey. Raises WrongPasskey for one that was removed meanwhile, SessionEnded."""
    async with database.engine().transaction():
        await tables.Contract.lock(used.whose.contract)
        await _must_still_be(used)
        await pass_step(member, step, token_hash)


async def _must_still_be(used: UsedPasskey) -> None:
    """Under the contract's lock, after which nobody can remove it. Raises WrongPasskey."""
    its_row = tables.Passkey.id == used.passkey
    if not await tables.Passkey.exists().where(its_row, *rows_of(tables.Passkey, used.whose)):
        raise WrongPasskey(UNKNOWN)


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
