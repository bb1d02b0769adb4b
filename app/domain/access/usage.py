"""What one login may make the portal do in a while: work that everybody else would have to wait for.

The limits are far above what a household needs. What is refused is told with its wait, and counts nothing more.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from app.domain.access import attempts
from app.domain.access.members import Member


@dataclass(frozen=True)
class Use:
    """A thing to be used sparingly: its name, and how often in attempts.WINDOW."""

    name: str
    most: int


HASHING = Use("hashing", 20)
"""New passwords that were typed. Each is hashed, and compared with all that were used before."""
PDF = Use("pdf", 20)
"""Statements as a PDF, each a process of its own."""


class TooOften(Exception):
    """The login has used it up; `wait`: until the next one."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(wait)
        self.wait = wait


async def count(member: Member, use: Use) -> None:
    """Count one more use of the member's login: what others of the contract do holds nobody up. Raises TooOften."""
    # No secret is needed for this key: it names a login by its rows, which nobody outside knows.
    key = hashlib.sha256(f"use {use.name} {member.contract.id} {member.account_id}".encode()).digest()
    try:
        await attempts.count_one(key, use.most)
    except attempts.TooMany as refused:
        raise TooOften(refused.wait) from refused


def in_words(wait: timedelta) -> str:
    """The wait, rounded up to whole minutes."""
    return f"約{max(1, -(-int(wait.total_seconds()) // 60))}分"
