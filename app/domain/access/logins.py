"""Logins: a name and a password that belong together, and the session that they open (manual 3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from app.domain import clock, tables
from app.domain.access import passwords
from app.domain.access.login_events import Device
from app.domain.access.members import Member, SessionEnded
from app.domain.access.proofs import Step
from app.postgres import database

By = Literal["customer", "account"]
"""What one logs in by: a customer number or an account ID."""


class WrongPair(Exception):
    """Name and password do not belong together; which half was wrong is not told."""


@dataclass(frozen=True)
class Owner:
    """Whose password is asked for: a contract, or one of its account IDs."""

    contract: int
    account: int | None
    password_hash: str = field(repr=False)


async def open_session(by: By, name: str, password: str, token_hash: bytes, device: Device) -> None:
    """Open a session for whom the pair belongs to, and note the login in the same statement.

    Raises WrongPair, after the same time for an unknown name.
    """
    owner = await _owner(by, name)
    if owner is None:
        await passwords.pretend(password)
        raise WrongPair
    if not await passwords.verify(owner.password_hash, password):
        raise WrongPair
    renewed = await passwords.renewed(owner.password_hash, password, peppered=owner.account is None)
    async with database.engine().transaction():
        now_stored = await _lock(owner)
        if now_stored not in (owner.password_hash, renewed):
            raise WrongPair  # changed or deleted while the password was looked at
        if renewed and renewed != now_stored:
            await _renew(owner, renewed)
        of_whom = owner.contract, owner.account, clock.now()
        await database.rows(_OPEN, token_hash, *of_whom, device.browser, device.network)


async def prove(member: Member, step: Step, number: str, password: str, token_hash: bytes) -> None:
    """Note in the member's session that the step was passed, and give it a new token. `number`: the customer's step only.

    Raises WrongPair, after the same time for another contract's number; SessionEnded if it ended meanwhile.
    """
    customer = step is Step.CUSTOMER or member.own is None
    owner = await _owner("customer", member.customer_number) if customer else await _own(member)
    if owner is None or (step is Step.CUSTOMER and number != member.customer_number):
        await passwords.pretend(password)
        raise WrongPair
    if not await passwords.verify(owner.password_hash, password):
        raise WrongPair
    own = step is Step.RECENT or member.own is None
    async with database.engine().transaction():
        if await _lock(owner) != owner.password_hash:
            raise WrongPair  # changed while the password was looked at
        if not await database.rows(_PROVED, member.token_hash, token_hash, own, customer, clock.now()):
            raise SessionEnded


async def end_session(token_hash: bytes) -> None:
    """From now on the session's cookie opens nothing, whoever has a copy."""
    await tables.Session.delete().where(tables.Session.token_hash == token_hash)


async def _owner(by: By, name: str) -> Owner | None:
    if by == "customer":
        columns = tables.Contract.select(tables.Contract.id, tables.Contract.password_hash)
        row = await columns.where(tables.Contract.customer_number == name).first()
        return Owner(row["id"], None, row["password_hash"]) if row else None
    columns = tables.Account.select(tables.Account.id, tables.Account.contract, tables.Account.password_hash)
    row = await columns.where(tables.Account.login == name, tables.Account.deleted_at.is_null()).first()
    return Owner(row["contract"], row["id"], row["password_hash"]) if row else None


async def _own(member: Member) -> Owner | None:
    return await _owner("account", member.own.login) if member.own else None


async def _lock(owner: Owner) -> str | None:
    """Stand in line with the contract's changes (changes.py); the hash as it is then, None of a deleted account ID.

    Two statements, because the second must begin after the lock was waited for to see what was changed meanwhile.
    """
    found = await database.rows(
        "SELECT password_hash FROM contract WHERE id = $1 FOR NO KEY UPDATE", owner.contract
    )
    if owner.account is not None:
        found = await database.rows(
            "SELECT password_hash FROM account WHERE id = $1 AND deleted_at IS NULL", owner.account
        )
    return found[0]["password_hash"] if found else None


async def _renew(owner: Owner, made: str) -> None:
    """Keep the same password's hash of today's cost and pepper. That is no change of password: sessions stay."""
    if owner.account is None:
        await tables.Contract.update({tables.Contract.password_hash: made}).where(
            tables.Contract.id == owner.contract
        )
    else:
        await tables.Account.update({tables.Account.password_hash: made}).where(
            tables.Account.id == owner.account
        )
    await database.rows(_REMEMBER, owner.contract, owner.account, made)


_PROVED = """
UPDATE session SET token_hash = $2, proved_at = CASE WHEN $3 THEN $5 ELSE proved_at END,
    customer_proved_at = CASE WHEN $4 THEN $5 ELSE customer_proved_at END
WHERE token_hash = $1 RETURNING 1
"""
_OPEN = """
WITH noted AS (
    INSERT INTO login_event (contract, account, at, result, browser, network) VALUES ($2, $3, $4, 'ok', $5, $6)
)
INSERT INTO session (token_hash, contract, account, opened_at, seen_at, browser, network)
VALUES ($1, $2, $3, $4, $4, $5, $6)
"""
_REMEMBER = "INSERT INTO used_password (contract, account, hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
