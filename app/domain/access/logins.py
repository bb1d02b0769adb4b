"""Logins: a name and a password that belong together, and the session that they open (manual 3)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from piccolo.columns import Column

from app.domain import clock, tables
from app.domain.access import passwords
from app.domain.access.login_events import Device
from app.domain.access.members import Member, SessionEnded
from app.domain.access.proofs import Step, may_prove, of_customer
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

    @property
    def mark(self) -> str:
        """Of the password: another one has another mark, which tells nothing of it."""
        return hashlib.sha256(self.password_hash.encode()).hexdigest()[:16]


async def open_session(owner: Owner | None, password: str, token_hash: bytes, device: Device) -> Owner:
    """Open a session for the owner of the password (find()), and note the login in the same statement.

    The owner as stored from now on. Raises WrongPair, after the same time for nobody.
    """
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
    return replace(owner, password_hash=renewed or owner.password_hash)


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
    own = step is Step.RECENT or member.own is None
    async with database.engine().transaction():
        if await _lock(owner) != owner.password_hash:
            raise WrongPair  # changed while the password was looked at
        if not await _note_proof(member, token_hash, own=own, customer=customer):
            raise SessionEnded


async def end_session(token_hash: bytes) -> None:
    """From now on the session's cookie opens nothing, whoever has a copy."""
    await tables.Session.delete().where(tables.Session.token_hash == token_hash)


async def find(by: By, name: str) -> Owner | None:
    """Whose password belongs to the name; None: nobody's."""
    if by == "customer":
        columns = tables.Contract.select(tables.Contract.id, tables.Contract.password_hash)
        row = await columns.where(tables.Contract.customer_number == name).first()
        return Owner(row["id"], None, row["password_hash"]) if row else None
    columns = tables.Account.select(tables.Account.id, tables.Account.contract, tables.Account.password_hash)
    row = await columns.where(tables.Account.login == name, tables.Account.deleted_at.is_null()).first()
    return Owner(row["contract"], row["id"], row["password_hash"]) if row else None


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
    if owner.account is None:
        await tables.Contract.update({tables.Contract.password_hash: made}).where(
            tables.Contract.id == owner.contract
        )
    else:
        await tables.Account.update({tables.Account.password_hash: made}).where(
            tables.Account.id == owner.account
        )
    await tables.UsedPassword.remember(owner.contract, owner.account, made)


# SQL for both rows in one round trip, on the way of every login: Piccolo takes a millisecond longer for the two.
_OPEN = """
WITH noted AS (
    INSERT INTO login_event (contract, account, at, result, browser, network) VALUES ($2, $3, $4, 'ok', $5, $6)
)
INSERT INTO session (token_hash, contract, account, opened_at, seen_at, browser, network)
VALUES ($1, $2, $3, $4, $4, $5, $6)
"""


async def _note_proof(member: Member, token_hash: bytes, *, own: bool, customer: bool) -> bool:
    """Give the session its new token and what was proved; False if it has ended."""
    noted: dict[Column | str, Any] = {tables.Session.token_hash: token_hash}
    if own:
        noted[tables.Session.proved_at] = clock.now()
    if customer:
        noted[tables.Session.customer_proved_at] = clock.now()
    its_row = tables.Session.token_hash == member.token_hash
    return bool(await tables.Session.update(noted).where(its_row).returning(tables.Session.id))
