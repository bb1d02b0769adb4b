"""`mypage check`: what an installation lacks, found by named checks, each with what to do about it.

A check is a function that is given what it may look at and says what it found, one Finding or several; `CHECKS` lists
them. Whoever adds one writes the function into a module of this package and its name into the list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from app.checks import mails, sender, texts
from app.checks.finding import Finding, Looked, failure, ok
from app.settings import SettingsError, production

__all__ = ["CHECKS", "Finding", "Looked", "run"]


def _settings(looked: Looked) -> Iterator[Finding]:
    """Whether `mypage serve` would start from the environment."""
    try:
        production(looked.environment)
    except SettingsError as error:
        yield failure("settings", str(error).replace("not started; mend", "a server would not start; mend"))
        return
    yield ok("settings", "a server would start from them")


CHECKS: tuple[Callable[[Looked], Iterable[Finding]], ...] = (
    _settings,
    texts.headings,
    texts.representative,
    texts.accessibility_results,
    texts.payment_day,
    texts.ways_beside_phones,
    texts.closed_months,
    sender.records,
    mails.held,
)


def run(looked: Looked) -> Iterator[Finding]:
    """What every check finds, in their order."""
    for check in CHECKS:
        yield from check(looked)
