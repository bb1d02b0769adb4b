"""What a check is given, and how it says what it found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from app.settings import Settings, SettingsError, production

Outcome = Literal["ok", "warning", "failure"]


@dataclass(frozen=True)
class Finding:
    """What a check found; where it is not in order, why that matters and what to do about it."""

    check: str
    outcome: Outcome
    what: str
    why: str = ""
    remedy: str = ""

    @property
    def text(self) -> str:
        """All of it in a line."""
        said = f"{self.what} ({self.why})" if self.why else self.what
        return f"{said}: {self.remedy}" if self.remedy else said


@dataclass(frozen=True)
class Looked:
    """What the checks look at: the environment, the name server that DNS is asked at (None: the system's), and the database."""

    environment: Mapping[str, str]
    resolver: tuple[str, int] | None = None
    asked: Callable[[Callable[[], Awaitable[Any]]], Any] | None = None
    """Runs a question to the database and returns its answer; raises as a command does where it cannot. None: there is no
    database to look at."""
    unreached: str = ""
    """Why the database cannot be asked."""
    given: Settings | None = None
    """The settings, where they are not to be read from the environment."""
    workers: int = 2
    """How many workers a server has (`mypage serve --workers`)."""
    embedded: Path | None = None
    """Folder of the embedded PostgreSQL, where that is the database."""

    @cached_property
    def settings(self) -> Settings | None:
        """What a server would start from; None: it would not."""
        if self.given:
            return self.given
        try:
            return production(self.environment)
        except SettingsError:
            return None


def ok(check: str, what: str) -> Finding:
    return Finding(check, "ok", what)


def warning(check: str, what: str, why: str, remedy: str) -> Finding:
    return Finding(check, "warning", what, why, remedy)


def failure(check: str, what: str, why: str, remedy: str) -> Finding:
    return Finding(check, "failure", what, why, remedy)
