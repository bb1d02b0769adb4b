"""The security log: a line for whatever opens, proves, ends or refuses something (docs/security.md lists the events).

    … INFO mypage.security event=proof outcome=wrong network=192.0.2.* contract=12 account=7 request=8KQ2M5XW3Z

It names a contract and an account ID by the keys of their rows, a caller by the network, and nobody by name: no customer
number, no account ID, no whole address and nothing that was typed. The number of the request stands in it as in every
line (log_lines.OneLine).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping

log = logging.getLogger("mypage.security")

_PLAIN = re.compile(r"[\w.:/*+@{}-]+", re.ASCII)


Whom = tuple[int, int | None]
"""A contract and, of whoever is logged in with an account ID, that: the keys of their rows."""


Listener = Callable[[Mapping[str, str]], None]
_listeners: list[Listener] = []


def listen(listener: Listener) -> None:
    """Tell it the facts of each line from now on, as it counts them (app/metrics)."""
    _listeners.append(listener)


def note(event: str, whom: Whom | None = None, *, level: int = logging.INFO, **facts: str) -> None:
    """Write a line.

    Raises ValueError for a value with anything in it but letters, digits and `. : / * + @ { } -`: those come from outside.
    """
    given = {"event": event, **facts}
    if whom:
        contract, account = whom
        given |= {"contract": str(contract), **({"account": str(account)} if account else {})}
    for name, value in given.items():
        if not _PLAIN.fullmatch(value):
            raise ValueError(f"the security log takes no {name} like {value!r}")
    log.log(level, "%s", " ".join(f"{name}={value}" for name, value in given.items()))
    for listener in _listeners:
        listener(given)


def limit(event: str, whom: Whom | None = None, **facts: str) -> None:
    """Write the line of a limit that was reached, as a warning."""
    note(event, whom, level=logging.WARNING, **facts)
