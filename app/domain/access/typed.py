"""What was typed into a form whose page lies behind a step that does not hold any more (proofs.py).

It is kept in the session's row, sealed with the session's own keys, so that the form can be filled with it once the
step is passed. It goes with the session, or when a change is carried out (changes/asking.py). Nobody else can read it,
and no password and no card number is among it.
"""

from __future__ import annotations

import secrets

import msgspec
from cryptography.fernet import InvalidToken

from app.domain.access.members import Member
from app.postgres import database

MOST = 5
"""Forms that one session keeps, each tab its own; a newer one takes the place of the oldest."""


class Kept(msgspec.Struct, frozen=True):
    """A form that was sent from a page: the name that leads back to it, and the text by field."""

    name: str
    path: str
    typed: dict[str, str]


async def keep(member: Member, path: str, typed: dict[str, str]) -> str:
    """Keep what was typed on the page of that path; the name to find it by, "" when the session has just ended."""
    kept = Kept(secrets.token_urlsafe(9), path, typed)
    sealed = member.cipher.encrypt(msgspec.json.encode(kept))
    return kept.name if await database.rows(_KEEP, member.token_hash, sealed, MOST) else ""


def find(member: Member, name: str, path: str) -> dict[str, str] | None:
    """What this session typed on the page of that path; None when there is nothing of that name, or no more."""
    for sealed in member.typed:
        try:
            kept = msgspec.json.decode(member.cipher.decrypt(sealed), type=Kept)
        except InvalidToken:
            continue  # sealed with a key that was retired
        if (kept.name, kept.path) == (name, path):
            return kept.typed
    return None


_KEEP = "UPDATE session SET typed = (ARRAY[$2::bytea] || typed)[:$3::int] WHERE token_hash = $1 RETURNING 1"
"""SQL because the array is read and written in one statement: two tabs do not lose one another's."""
