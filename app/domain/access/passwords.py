"""Passwords: argon2id hashes, in a thread; at most two are checked at once, and one is made.

A stored hash is the argon2 string, with `p<version>` before it when the password was first keyed with the pepper of
that version. Hashes of account IDs carry no pepper: the mail server checks them too and knows none (docs/decisions.md).

All hashes of one login share its salt, so "used before" is one computation and equality, which a unique constraint
in the database can hold.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import anyio
from argon2.low_level import Type, hash_secret

from app.domain import installation

MEMORY = 19 * 1024
"""KiB; with two passes and one lane: 40-80 ms."""
PASSES = 2
LANES = 1
LENGTH = 32

_ARGON2 = re.compile(
    r"(?:p(?P<pepper>[0-9]+))?\$argon2id\$v=19\$m=(?P<memory>[1-9][0-9]{0,6}),t=(?P<passes>[1-9][0-9]?),p=(?P<lanes>[1-9][0-9]?)"
    r"\$(?P<salt>[A-Za-z0-9+/]{11,86})\$(?P<hash>[A-Za-z0-9+/]{43})"
)
_logins = anyio.CapacityLimiter(2)
_new_ones = anyio.CapacityLimiter(1)
"""Hashing a new password is no login: it waits in a line of its own, so that nobody's login waits for it."""


@dataclass(frozen=True)
class NewPassword:
    """A password that a member chose: its hash, made the moment it was typed, and its first three characters.

    `peek` is never stored beside the hash (changes/kept.py seals it for the session that typed it).
    """

    hash: str
    peek: str = ""


def is_hash(text: str) -> bool:
    """Whether the text is an argon2id hash as an import file may hold it: no pepper, bounded cost, as argon2 writes it.

    Anything else (a base64 that decodes to nothing, a leading zero) could never be verified.
    """
    found = _ARGON2.fullmatch(text)
    return (
        found is not None
        and found["pepper"] is None
        and _canonical(found["salt"])
        and _canonical(found["hash"])
        and int(found["lanes"]) <= 4
        and 8 * int(found["lanes"]) <= int(found["memory"]) <= 64 * 1024
        and int(found["passes"]) <= 4
    )


async def verify(stored: str, password: str) -> bool:
    """Whether the password belongs to the stored hash."""
    return hmac.compare_digest((await _like(stored, password)).encode(), stored.encode())


async def which(stored: Sequence[str], password: str) -> str | None:
    """The one of the hashes that the password belongs to: one computation, in the form of the first.

    One of another form (pepper, cost, salt) belongs to no password here.
    """
    made = (await _like(stored[0], password)).encode()
    found = [one for one in stored if hmac.compare_digest(made, one.encode())]
    return found[0] if found else None


async def like(stored: str, password: str) -> str:
    """The hash of another password in the form of a stored one, to be compared with it in one computation (`which`)."""
    return await _like(stored, password)


def of_nothing(stored: str) -> str:
    """A hash of that form that belongs to no password."""
    return _form(stored) + _base64(secrets.token_bytes(LENGTH))


async def pretend(password: str) -> None:
    """Take as long as `verify` does, for a name that does not exist."""
    await verify(_NOBODY, password)


async def renewed(stored: str, password: str, *, peppered: bool) -> str | None:
    """The hash that the same password would get today, with the same salt; None if the stored one is like that.

    Another one was imported or has an old pepper. It takes another time to check than an unknown name does.
    """
    form = _new_form(stored, installation.peppers().newest if peppered else None)
    return None if form == _form(stored) else await _in_thread(password, form, _logins)


async def for_account(password: str, used: list[str]) -> NewPassword | None:
    """The new password of an account ID whose hashes so far are `used`, newest first; None if it was used before."""
    return await _new(password, used, None)


async def for_customer(password: str, used: list[str]) -> NewPassword | None:
    """The new password of a customer number, with pepper; None if it was used before."""
    return await _new(password, used, installation.peppers().newest)


def hash_now(password: str, *, peppered: bool) -> str:
    """A hash with a fresh salt, in this thread (an import does its own threading)."""
    return _hash(password, _new_form(None, installation.peppers().newest if peppered else None))


async def _new(password: str, used: list[str], pepper: int | None) -> NewPassword | None:
    new = await _in_thread(password, _new_form(used[0] if used else None, pepper), _new_ones)
    for form in {_form(stored) for stored in used}:
        if form + (await _in_thread(password, form, _new_ones)).removeprefix(form) in used:
            return None
    return NewPassword(new, password[:3])


def _new_form(salted_like: str | None, pepper: int | None) -> str:
    salt = _parts(salted_like)["salt"] if salted_like else _base64(secrets.token_bytes(16))
    return f"{'' if pepper is None else f'p{pepper}'}$argon2id$v=19$m={MEMORY},t={PASSES},p={LANES}${salt}$"


def _parts(stored: str) -> re.Match[str]:
    found = _ARGON2.fullmatch(stored)
    if found is None:
        raise ValueError("not an argon2id hash as this program stores it")
    return found


def _form(stored: str) -> str:
    """Everything of a hash but the hash itself: pepper, cost and salt."""
    return stored[: _parts(stored).start("hash")]


async def _like(stored: str, password: str) -> str:
    return await _in_thread(password, _form(stored), _logins)


async def _in_thread(password: str, form: str, line: anyio.CapacityLimiter) -> str:
    return await anyio.to_thread.run_sync(_hash, password, form, limiter=line)


def _hash(password: str, form: str) -> str:
    """The whole stored string for a password in the given form."""
    parts = _parts(form + "A" * 43)
    secret = password.encode()
    pepper, argon2 = parts["pepper"], form[form.index("$") :]
    if pepper is not None:
        key = installation.peppers().by_version[int(pepper)]
        secret = base64.b64encode(hmac.digest(key, secret, hashlib.sha256))
    made = hash_secret(
        secret,
        _from_base64(parts["salt"]),
        time_cost=int(parts["passes"]),
        memory_cost=int(parts["memory"]),
        parallelism=int(parts["lanes"]),
        hash_len=LENGTH,
        type=Type.ID,
    ).decode()
    return form + made.removeprefix(argon2)


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode().rstrip("=")


def _from_base64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4))


def _canonical(text: str) -> bool:
    """Whether the unpadded base64 is how its bytes are written."""
    return len(text) % 4 != 1 and _base64(_from_base64(text)) == text


_NOBODY = f"$argon2id$v=19$m={MEMORY},t={PASSES},p={LANES}${_base64(bytes(16))}${_base64(bytes(LENGTH))}"
