"""Names of erased contracts: customer numbers, account IDs, mail addresses, web spaces. Nobody gets one of them again.

They are known again by an HMAC-SHA256 whose key comes of a pepper, so that whoever has the database alone cannot find out
whose they were by trying. Peppers are never removed (access/peppers.py), so no rotation loses a name; a name is looked for by
each of them.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from typing import Literal

from app.domain import installation, tables

Kind = Literal["number", "login", "address", "web_space"]
LENGTH = hashlib.sha256().digest_size
"""Bytes of a hash."""


def hashed(kind: Kind, name: str, version: int | None = None) -> bytes:
    """By which the name is known again; `version` of the pepper, the newest by default."""
    peppers = installation.peppers()
    pepper = peppers.by_version[peppers.newest if version is None else version]
    key = hmac.digest(pepper, b"erased names", hashlib.sha256)
    return hmac.digest(key, f"{kind} {name}".encode(), hashlib.sha256)


def hashes(kind: Kind, name: str) -> list[bytes]:
    """By each pepper: it may have been erased before the newest one was there."""
    return [hashed(kind, name, version) for version in installation.peppers().by_version]


async def is_erased(kind: Kind, name: str) -> bool:
    """Whether the name was an erased contract's. Asked after an insert, it sees what an erasing has committed before that."""
    there = tables.ErasedName.hash.is_in(hashes(kind, name))
    return bool(await tables.ErasedName.exists().where(there))


class ErasedNames:
    """All of them at once, for files with many names."""

    def __init__(self, known: Iterable[bytes]) -> None:
        self._known = frozenset(known)

    @classmethod
    async def load(cls) -> ErasedNames:
        found = await tables.ErasedName.select(tables.ErasedName.hash).output(as_list=True)
        return cls(found)

    def holds(self, kind: Kind, name: str) -> bool:
        return bool(self._known) and not self._known.isdisjoint(hashes(kind, name))
