"""Recovery codes: ten of a login, shown once, each of which stands in once for a second factor that was lost.

They are random, so a quick hash is enough; it is keyed with a pepper, so that a copy of the table is not enough to try
them. A code that was made with an older pepper holds as long as that pepper is among the settings.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime

from app.domain import installation, tables
from app.domain.access.second_factor import Whose, rows_of
from app.domain.fields import reading
from app.postgres import database

NUMBER = 10
LENGTH = 10
LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
"""None that looks like another."""


def new() -> list[str]:
    """Codes as they are shown: two halves with a hyphen between, together 49 random bits."""
    made = ["".join(secrets.choice(LETTERS) for _ in range(LENGTH)) for _ in range(NUMBER)]
    return [f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}" for code in made]


def hashes(whose: Whose, codes: list[str]) -> list[bytes]:
    """What is kept of them."""
    newest = installation.peppers().newest
    return [_hash(installation.peppers().by_version[newest], whose, code) for code in codes]


async def replace(whose: Whose, made: list[bytes], now: datetime) -> bool:
    """Let these take the place of those that the login had, in the caller's transaction; whether it had any."""
    code = tables.RecoveryCode
    before = await code.delete().where(*rows_of(code, whose)).returning(code.id)
    rows = [code(contract=whose.contract, account=whose.account, hash=one, made_at=now) for one in made]
    await code.insert(*rows)
    return bool(before)


async def remove(whose: Whose) -> None:
    await tables.RecoveryCode.delete().where(*rows_of(tables.RecoveryCode, whose))


async def use(whose: Whose, typed: str, now: datetime) -> bool:
    """Use a code up; False: the login has no such code, or it is used. Of many at once one gets True."""
    meant = [_hash(pepper, whose, typed) for pepper in installation.peppers().by_version.values()]
    return bool(await database.rows(_USE, whose.contract, whose.account, meant, now))


# SQL for one statement that finds the code unused and uses it: whoever waits for its row finds it used.
_USE = """
UPDATE recovery_code SET used_at = $4
WHERE contract = $1 AND account IS NOT DISTINCT FROM $2 AND hash = ANY ($3::bytea[]) AND used_at IS NULL RETURNING id
"""


def _hash(pepper: bytes, whose: Whose, typed: str) -> bytes:
    """Of the letters alone, in whatever case; another login's same code has another hash."""
    letters = "".join(letter for letter in reading.digits(typed).upper() if letter.isalnum())
    text = f"recovery code {whose.contract} {whose.account or ''} {letters}"
    return hmac.digest(pepper, text.encode(), hashlib.sha256)
