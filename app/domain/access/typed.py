"""What was typed into a form that could not be taken when it was sent: its session was over, or a step came first.

It is kept for half an hour, for the login that typed it and in the browser that sent it, until the form is filled with it
again. Its name is in the address of the way back and nowhere else; the row holds the name's hash, and what was typed sealed
with keys that come of the name and of the browser's cookie. No password, no one-time code and no card number is among it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.domain import clock, tables
from app.postgres import database

MOST = 5
"""Forms that one login keeps, each tab its own; a newer one takes the place of the oldest."""
VALID = timedelta(minutes=30)
LARGEST = 512 * 1024
"""Bytes of one form as it is kept; what is larger than the portal reads of a request is never kept."""
Login = tuple[int, int | None]
"""Keys of the contract and of the account ID (None: the customer number), as Member.key."""
Before = Literal["step", "login"]
"""What came first: a password that is asked for again, or a login."""


class Kept(msgspec.Struct, frozen=True):
    """A form as it was sent: the text by field, and what came first."""

    typed: dict[str, str]
    before: Before


@dataclass(frozen=True)
class Ticket:
    """What leads back to a kept form: its name, and the keys that it is sealed with, newest first."""

    name: str
    path: str
    seal_keys: tuple[bytes, ...] = field(repr=False)

    @property
    def name_hash(self) -> bytes:
        """What the database keeps of the name."""
        return hashlib.sha256(self.name.encode()).digest()

    @property
    def cipher(self) -> MultiFernet:
        return MultiFernet([Fernet(key) for key in self.seal_keys])


async def keep(login: Login, ticket: Ticket, kept: Kept) -> bool:
    """Keep a form for the login; False for one that is too large, or when there is no such login any more."""
    sealed = ticket.cipher.encrypt(msgspec.json.encode(kept))
    if len(sealed) > LARGEST:
        return False
    now = clock.now()
    row = ticket.name_hash, *login, ticket.path, sealed, now
    return bool(await database.rows(_KEEP, *row, now - VALID, MOST - 1))


def opened(sealed: bytes | None, ticket: Ticket) -> Kept | None:
    """The form that was found by the ticket (members.find()); None when there is none, or not for this browser."""
    if sealed is None:
        return None
    try:
        return msgspec.json.decode(ticket.cipher.decrypt(sealed), type=Kept)
    except InvalidToken:
        return None


async def forget(login: Login, path: str) -> None:
    """The login has carried out what that page asks for: its forms from there have served their purpose."""
    await database.rows(_FORGET, *login, path.partition("?")[0])


async def tidy(now: datetime) -> None:
    """Erase what is too old."""
    await tables.KeptForm.delete().where(tables.KeptForm.kept_at <= now - VALID)


# SQL, because every change waits for it.
_FORGET = "DELETE FROM kept_form WHERE contract = $1 AND account IS NOT DISTINCT FROM $2 AND path = $3"
# SQL for what is deleted and inserted in one statement, and for a login that was erased meanwhile.
_KEEP = """
WITH older AS (
    DELETE FROM kept_form WHERE contract = $2 AND account IS NOT DISTINCT FROM $3 AND (kept_at <= $7 OR name_hash IN (
        SELECT name_hash FROM kept_form WHERE contract = $2 AND account IS NOT DISTINCT FROM $3
        ORDER BY kept_at DESC OFFSET $8
    ))
)
INSERT INTO kept_form (name_hash, contract, account, path, sealed, kept_at)
SELECT $1, c.id, a.id, $4, $5, $6 FROM contract c LEFT JOIN account a ON a.contract = c.id AND a.id = $3
WHERE c.id = $2 AND a.id IS NOT DISTINCT FROM $3
RETURNING 1
"""
