"""仮パスワード: a one-time password that staff give out, for whoever gets no mail (spec 18).

It opens a session that sets an own password before anything else, and nothing but that: no step and no mailbox. It is
kept as a hash beside the login's own password (access/logins.py), which goes on to work until the one-time one is used.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from app import security_log
from app.branding import BRAND
from app.domain import clock, tables
from app.domain.access import logins, members, passwords
from app.domain.access.logins import Owner
from app.domain.access.members import Stage
from app.domain.access.names import Name
from app.domain.letters import outbox, recipients
from app.mistake import Mistake
from app.postgres import database

LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
"""Without those that look or sound alike on paper: 0 and o, 1, i and l. Small alone: a phone needs no shift key."""
LENGTH = 12
"""Of 31 letters: 59 bits."""


class NobodysLogin(Mistake):
    """No customer number and no living account ID is called so."""


@dataclass(frozen=True)
class Issued:
    """What staff give out: the password, shown once, until when it works, and how many addresses were told of it."""

    password: str
    until: datetime
    told: int


async def owner_of(name: Name) -> Owner:
    """Whose login it is. Raises NobodysLogin."""
    owner = await logins.find(name.by, name.name)
    if owner is None:
        what = "customer number" if name.by == "customer" else "account ID"
        raise NobodysLogin(f"there is no {what} {name.name}")
    return owner


async def issue(name: Name, days: int) -> Issued:
    """Make a one-time password; one that was given out before opens nothing any more. Raises NobodysLogin."""
    password = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
    async with database.engine().transaction():
        owner = await owner_of(name)
        await tables.Contract.lock(owner.contract)
        owner = await owner_of(name)  # as whoever stood in line before left it
        whose = owner.contract, owner.account
        until = clock.now() + timedelta(days=days)
        made = await passwords.like(owner.password_hash, password)
        await database.rows(_KEEP, *whose, made, owner.mark, until)
        await members.end_waiting(*whose, Stage.NEW_PASSWORD)
        told = await recipients.of_login(*whose) + await recipients.former(*whose)
        by = BRAND.center
        await outbox.post(owner.contract, told, "one-time-issued", login=name.in_words, until=until, by=by)
    security_log.note("one-time-issued", whose)
    return Issued(password, until, len(set(told)))


# SQL for an upsert on a key with NULL in it.
_KEEP = """
INSERT INTO one_time_password (contract, account, hash, mark, expires_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (contract, account) DO UPDATE SET hash = $3, mark = $4, expires_at = $5, used_at = NULL
"""
