"""The number of the request that is being answered: in every line of the log, in the answer, on error pages.

A member reads it to the desk from an error page, and the desk finds the lines that belong to it.
"""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar

_current: ContextVar[str] = ContextVar("request_id", default="")
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without signs that look, or sound over the telephone, like others."""
_SIGN_OF_BYTE = (_ALPHABET * 8).encode()
"""Each of the 32 signs for eight of the 256 bytes."""
LONGEST_TO_READ = 12
"""Signs; our own have fewer."""
_GIVEN = re.compile(rb"[A-Za-z0-9._-]{6,64}")


def current() -> str:
    """The number; "" where no request is being answered."""
    return _current.get()


def to_read_out() -> str:
    """The number as a member reads it to the desk: of a long one, which a proxy gave, its end, which finds it in the log."""
    return current()[-LONGEST_TO_READ:]


def begin(given: bytes | None) -> str:
    """Begin a request; `given`: what a trusted proxy has called it already, if that can be one."""
    number = given.decode() if given and _GIVEN.fullmatch(given) else new()
    _current.set(number)
    return number


def new() -> str:
    return secrets.token_bytes(10).translate(_SIGN_OF_BYTE).decode()
