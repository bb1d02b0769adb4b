"""`mypage check`."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TypeVar

from app.commands.running import migrated, reached, with_database
from app.mistake import Mistake

T = TypeVar("T")


def check(chosen: argparse.Namespace) -> None:
    """A line a finding. Raises Mistake where one of them is a failure."""
    from app.checks import Looked, run

    failures = 0
    for found in run(Looked(os.environ, chosen.resolver, _asked)):
        failures += found.outcome == "failure"
        print(f"{found.outcome:8} {found.check}: {found.text}", flush=True)
    if failures:
        raise Mistake(f"{failures} of these must be mended")


def _asked(question: Callable[[], Awaitable[T]]) -> T:
    """The answer of the database that every command works on, once its schema is up to date."""

    async def prepared() -> T:
        await migrated()
        return await question()

    with reached() as connection:
        return asyncio.run(with_database(connection, prepared))
