"""Lines of a `contracts` file, good ones and changed ones."""

from __future__ import annotations

import copy
import json
from typing import Any

from app.commands import servers

HASH = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$" + "A" * 43

ONE: dict[str, Any] = json.loads(servers.DEMO_CONTRACTS.read_text(encoding="utf-8").splitlines()[0])
del ONE["password"], ONE["accounts"][0]["password"], ONE["accounts"][1]
ONE["password_hash"] = ONE["accounts"][0]["password_hash"] = HASH

ABSENT = object()
"""A change that takes the field away."""


def contract(number: int, /, **changes: object) -> dict[str, Any]:
    """A good contract; `changes` by field, with __ for a step down: holder__phone, accounts__0__login."""
    made = copy.deepcopy(ONE)
    made["customer_number"] = f"{number:014}"
    made["accounts"][0]["login"] = f"login-{number}"
    for name, value in changes.items():
        *steps, last = name.split("__")
        place: Any = made
        for step in steps:
            place = place[int(step) if step.isdigit() else step]
        if value is ABSENT:
            del place[last]
        else:
            place[int(last) if last.isdigit() else last] = value
    return made


def account(login: str, **changes: object) -> dict[str, Any]:
    """A good account ID of a contract."""
    return {**ONE["accounts"][0], "login": login, **changes}


def plain_account(login: str, password: str) -> dict[str, Any]:
    """The same with a plain password."""
    made = account(login, password=password)
    del made["password_hash"]
    return made


def lines(*given: dict[str, Any] | str | bytes, start: bytes = b"") -> bytes:
    """A file of these lines: contracts, or text or bytes as they are."""
    return start + b"".join(as_bytes(line) + b"\n" for line in given)


def as_bytes(line: dict[str, Any] | str | bytes) -> bytes:
    if isinstance(line, dict):
        line = json.dumps(line, ensure_ascii=False)
    return line if isinstance(line, bytes) else line.encode()
