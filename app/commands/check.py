"""`mypage check`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg
import msgspec

from app import settings
from app.commands.running import reached, with_database
from app.mistake import Mistake
from app.postgres import database

if TYPE_CHECKING:
    from app.checks import Finding

T = TypeVar("T")
PATIENCE = 3.0
"""Seconds that the database has for an answer."""
NAME_SERVERS = "timeout:2 attempts:1"
"""How long glibc asks for a name: a thread that waits for one cannot be left behind when the command ends."""


def check(chosen: argparse.Namespace) -> None:
    """A line a finding, or all of them as JSON. Raises Mistake where one of them is a failure."""
    from app.checks import Looked, run

    os.environ.setdefault("RES_OPTIONS", NAME_SERVERS)
    with database_of_commands() as (asked, unreached, embedded):
        looked = Looked(
            os.environ, chosen.resolver, asked, unreached, workers=chosen.workers, embedded=embedded
        )
        failures = _print_json(run(looked)) if chosen.json else _print(run(looked))
    if failures:
        raise Mistake(f"{failures} of these must be mended")


def _print(found: Iterable[Finding]) -> int:
    failures = 0
    for one in found:
        failures += one.outcome == "failure"
        print(f"{one.outcome:8} {one.check}: {one.text}", flush=True)
    return failures


def _print_json(found: Iterable[Finding]) -> int:
    listed = [*found]
    failures, warnings = (sum(one.outcome == what for one in listed) for what in ("failure", "warning"))
    told = {"failures": failures, "warnings": warnings, "findings": listed}
    print(msgspec.json.format(msgspec.json.encode(told)).decode())
    return failures


@contextlib.contextmanager
def database_of_commands() -> Iterator[
    tuple[Callable[[Callable[[], Awaitable[Any]]], Any] | None, str, Path | None]
]:
    """What asks the database that every command works on, or why it cannot be asked; the folder of an embedded one.

    It is reached here, since an embedded one starts on the main thread alone; the checks ask in their threads, one at a time.
    """
    with contextlib.ExitStack() as held:
        try:
            folder = settings.data_dir() if settings.database_url() is None else None
            connection = held.enter_context(reached())
            asyncio.run(with_database(connection, lambda: database.rows("SELECT 1"), patience=PATIENCE))
        except (Mistake, asyncpg.PostgresError, OSError, TimeoutError) as error:
            why = str(database.without_detail(error)) or f"it did not answer within {PATIENCE:.0f} seconds"
            yield None, why, None
            return
        yield one_at_a_time(connection), "", folder


def one_at_a_time(connection: dict[str, Any]) -> Callable[[Callable[[], Awaitable[T]]], T]:
    turn = threading.Lock()

    def asked(question: Callable[[], Awaitable[T]]) -> T:
        with turn:
            return asyncio.run(with_database(connection, question, patience=PATIENCE))

    return asked
