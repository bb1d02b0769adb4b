"""What a check is given, and how it says what it found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Outcome = Literal["ok", "warning", "failure"]


@dataclass(frozen=True)
class Finding:
    """What a check found; `text` says what to do where it is not in order."""

    check: str
    outcome: Outcome
    text: str


@dataclass(frozen=True)
class Looked:
    """What the checks look at: the environment, the name server that DNS is asked at (None: the system's), and the database."""

    environment: Mapping[str, str]
    resolver: tuple[str, int] | None = None
    asked: Callable[[Callable[[], Awaitable[Any]]], Any] | None = None
    """Runs a question to the database and returns its answer; raises as a command does where it cannot. None: there is no
    database to look at."""


def ok(check: str, text: str) -> Finding:
    return Finding(check, "ok", text)


def warning(check: str, text: str) -> Finding:
    return Finding(check, "warning", text)


def failure(check: str, text: str) -> Finding:
    return Finding(check, "failure", text)
