"""The passkeys that are registered: what is kept of one, and how it is found, counted and removed (passkeys.py asks for them)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from asyncpg import UniqueViolationError

from app.domain import clock, tables
from app.domain.access.members import Member
from app.domain.access.second_factor import Whose, rows_of
from app.postgres import database

MOST = 5
"""Passkeys of a login; its slots (tables/second_factor.py)."""
KNOWN_ALREADY = "このパスキーは、すでに登録されています。"
FULL = f"パスキーは{MOST}個まで登録できます。登録するには、使っていないパスキーを削除してください。"


class WrongPasskey(Exception):
    """The answer proves nothing; the reason is for the member."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class NewPasskey:
    """What is kept of a passkey that was made."""

    credential_id: bytes
    public_key: bytes = field(repr=False)
    sign_count: int
    transports: list[str]


@dataclass(frozen=True)
class Registered:
    """A registered passkey, with what its answers are checked by."""

    id: int
    whose: Whose
    public_key: bytes = field(repr=False)
    sign_count: int
    session: int
    handle: bytes


async def descriptions(whose: Whose, in_session: Member | None = None) -> list[Any]:
    """Credential id and transports of the login's passkeys; `in_session`: without those that the session registered."""
    session = in_session.session if in_session else None
    return await database.rows(_DESCRIPTIONS, whose.contract, whose.account, session)


# SQL for one round trip, on the way of the page that asks for a password again.
_DESCRIPTIONS = """
SELECT credential_id, transports FROM passkey
WHERE contract = $1 AND account IS NOT DISTINCT FROM $2
    AND session IS DISTINCT FROM $3::bigint ORDER BY id
"""


async def handle(whose: Whose) -> bytes:
    """What authenticators know the login by, from now on."""
    user = tables.PasskeyUser
    made = user(contract=whose.contract, account=whose.account, handle=secrets.token_bytes(32))
    await user.insert(made).on_conflict(action="DO NOTHING")
    found = await user.select(user.handle).where(*rows_of(user, whose)).first()
    if found is None:
        raise LookupError(f"no handle of {whose}")
    return bytes(found["handle"])


async def find(credential_id: bytes) -> Registered | None:
    rows = await database.rows(_KNOWN, credential_id)
    return next(
        (Registered(row["id"], Whose(row["contract"], row["account"]), *row[3:]) for row in rows), None
    )


# SQL for a join on what may be NULL. A deleted account ID's passkeys open nothing.
_KNOWN = """
SELECT p.id, p.contract, p.account, p.public_key, p.sign_count, p.session, u.handle
FROM passkey p JOIN passkey_user u ON u.contract = p.contract AND u.account IS NOT DISTINCT FROM p.account
    LEFT JOIN account a ON a.id = p.account
WHERE p.credential_id = $1 AND a.deleted_at IS NULL
"""


async def count_use(found: Registered, sign_count: int) -> bool:
    """Note that it has signed; False where it was removed, or used by another request in between."""
    passkey = tables.Passkey
    counted = passkey.update({passkey.sign_count: sign_count, passkey.used_at: clock.now()}).where(
        passkey.id == found.id, passkey.sign_count == found.sign_count
    )
    return bool(await counted.returning(passkey.id))


async def keep(member: Member, passkey: NewPasskey, label: str, now: datetime) -> None:
    """Register it for the member's login, in the transaction of a change. Raises WrongPasskey."""
    slot = await _free_slot(Whose.own(member))
    row = tables.Passkey(
        contract=member.contract.id,
        account=member.account_id,
        slot=slot,
        name=label,
        credential_id=passkey.credential_id,
        public_key=passkey.public_key,
        sign_count=passkey.sign_count,
        transports=passkey.transports,
        registered_at=now,
        session=member.session,
    )
    try:
        await row.save()
    except UniqueViolationError as error:
        raise WrongPasskey(KNOWN_ALREADY) from error


async def _free_slot(whose: Whose) -> int:
    taken = await tables.Passkey.select(tables.Passkey.slot).where(*rows_of(tables.Passkey, whose))
    free = sorted(set(range(1, MOST + 1)) - {row["slot"] for row in taken})
    if not free:
        raise WrongPasskey(FULL)
    return free[0]


async def remove(whose: Whose, passkey: int) -> bool:
    """Whether the login had that one to remove."""
    its = tables.Passkey.delete().where(tables.Passkey.id == passkey, *rows_of(tables.Passkey, whose))
    return bool(await its.returning(tables.Passkey.id))
