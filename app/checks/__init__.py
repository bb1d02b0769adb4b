"""`mypage check`: what an installation lacks, found by named checks, each with what to do about it.

A check is a function that is given what it may look at and says what it found, one Finding or several; `CHECKS` lists
them. Whoever adds one writes the function into a module of this package and its name into the list. A check changes
nothing, sends nothing, and is done within running.LIMIT seconds.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.checks import (
    clocks,
    disk,
    fonts,
    mails,
    numbers,
    payment,
    postgres,
    proxy,
    retention,
    running,
    secret_keys,
    sender,
    smtp,
    texts,
)
from app.checks.finding import Finding, Looked, failure, ok
from app.checks.running import Check
from app.settings import SettingsError, production

__all__ = ["CHECKS", "Finding", "Looked", "run"]


def _settings(looked: Looked) -> Iterator[Finding]:
    """Whether `mypage serve` would start from the environment."""
    try:
        if looked.given is None:
            production(looked.environment)
    except SettingsError as error:
        lines = str(error).partition("\n")[2].strip() or str(error)
        yield failure(
            "settings",
            "a server would not start",
            "mail server, Stripe, proxy and secrets were not looked at either",
            f"mend these settings:\n  {lines}",
        )
        return
    yield ok("settings", "a server would start from them")


CHECKS: dict[str, Check] = {
    "settings": _settings,
    "secrets": secret_keys.keys,
    "database": postgres.reachable,
    "schema": postgres.schema,
    "database role": postgres.role,
    "encoding": postgres.encoding,
    "customer numbers": numbers.length,
    "durability": postgres.durability,
    "connections": postgres.connections,
    "database's wire": postgres.leaks,
    "disk": disk.room,
    "clock": clocks.of_database,
    "mail server": smtp.server,
    "sender": sender.records,
    "held mails": mails.held,
    "Stripe": payment.key,
    "proxy": proxy.front,
    "fonts": fonts.glyphs,
    "texts": texts.headings,
    "representative": texts.representative,
    "accessibility": texts.accessibility_results,
    "payment day": texts.payment_day,
    "phones": texts.ways_beside_phones,
    "closed contracts": texts.closed_months,
    "kept how long": retention.periods,
    "privacy text": retention.told,
    "erasures": retention.listed,
}
"""By the name that docs/operating.md lists."""


def run(looked: Looked) -> Iterator[Finding]:
    """What every check finds, in their order."""
    return running.run(CHECKS, looked)
