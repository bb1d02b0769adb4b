"""How a request looked when it came through the proxies, told to `mypage check` and to nobody else.

What a proxy makes of a caller's X-Forwarded-For shows in no page. So the check sends a ticket that the secret keys sign, good
for two minutes, and the front door tells in a header of its answer what it has seen.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import msgspec
from litestar.types import Scope

from app.web.cookies import Keys

TICKET = "X-Mypage-Check"
"""Header of the request."""
TOLD = "X-Mypage-Seen"
"""Header of the answer, JSON in ASCII."""
GOOD_FOR = timedelta(minutes=2)


class Seen(msgspec.Struct):
    """A request as the portal got it."""

    peer: str
    """Address that it came from: the last proxy's."""
    trusted: bool
    """Whether MYPAGE_TRUSTED_PROXIES names that."""
    forwarded: str
    """X-Forwarded-For as it came."""
    caller: str
    """The address that the portal takes it to be from."""


def ticket(keys: Keys, moment: datetime) -> str:
    """What the check shows; `moment`: as clocks outside show it."""
    return keys.sign("check", [str(int(moment.timestamp()))])


def shows_ticket(scope: Scope, keys: Keys, moment: datetime) -> bool:
    """Whether the request is the check's."""
    shown = next((value for name, value in scope["headers"] if name == b"x-mypage-check"), None)
    made = keys.read("check", shown.decode("latin-1")) if shown else None
    return made is not None and abs(moment.timestamp() - int(made[0])) < GOOD_FOR.total_seconds()


def told(seen: Seen) -> str:
    """What stands in the header of the answer."""
    return json.dumps(msgspec.to_builtins(seen))


def read(text: str) -> Seen:
    """What an answer tells. Raises msgspec.DecodeError."""
    return msgspec.json.decode(text, type=Seen)
