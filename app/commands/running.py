"""What every command stands on: a database, a clock, a progress display, and mistakes that the operator can mend."""

from __future__ import annotations

import contextlib
import logging.config
import os
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, TypeVar

from app import settings
from app.domain import clock
from app.domain.tables import TABLES
from app.log_lines import logging_config, say
from app.mistake import Mistake
from app.postgres import address, database
from app.postgres.embedded import EmbeddedPostgres
from app.postgres.engine import Engine

T = TypeVar("T")


# --- the database -----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def reached(*, serving: bool = False, making: bool = False) -> Iterator[dict[str, Any]]:
    """The operator's database, or the embedded one, beside a running server if there is one. Says on stderr which.

    Raises Mistake where none is named, and where the named folder has none, unless the command is `making` one.
    """
    url = settings.database_url()
    if url is not None:
        connection = database.arguments(url)
        say_database(address.in_words(url))
        yield connection
        return
    folder = _embedded_folder(making=making)
    say_database(embedded_in_words(folder))
    with EmbeddedPostgres(folder) as postgres:
        if not serving:
            _follow_demo()
            yield postgres.connect_or_start()
            return
        connection = postgres.start()
        with ending_with(postgres):
            yield connection


def say_database(which: str) -> None:
    """Whoever runs a command on the wrong database shall see it: on stderr, apart from what the command prints."""
    say(f"on {which}")


def embedded_in_words(folder: Path) -> str:
    return f"the embedded database in {folder.resolve()}"


def _embedded_folder(*, making: bool) -> Path:
    """The folder of the embedded PostgreSQL that was meant: MYPAGE_DATA_DIR's, or the one that a demo left here.

    Without that a command that lacks its DATABASE_URL would make an empty database, work on it, and seem to succeed.
    Raises Mistake.
    """
    folder, named = settings.data_dir(), bool(os.environ.get("MYPAGE_DATA_DIR"))
    there = (folder / "data").exists()
    if named and (there or making):
        return folder
    if named:
        raise Mistake(
            f"there is no database in {folder.resolve()}, which MYPAGE_DATA_DIR names: mend it if it is mistyped, "
            "make one there with `mypage migrate`, or set DATABASE_URL to your PostgreSQL"
        )
    if there and settings.made_by_demo():
        return folder
    hint = f"; MYPAGE_DATA_DIR={folder} is the one in {folder.resolve()}" if there else ""
    raise Mistake(
        "no database is named: set DATABASE_URL to your PostgreSQL, as "
        "postgresql://user:password@host:5432/database, or MYPAGE_DATA_DIR to the folder of an embedded one"
        f"{hint}"
    )


@contextlib.contextmanager
def ending_with(postgres: EmbeddedPostgres) -> Iterator[None]:
    """A server inside ends, with status 1, when its PostgreSQL does: whatever watches it starts both again."""
    ended = False

    def tell(what: str) -> None:
        nonlocal ended
        ended = True
        say(what, logging.ERROR)
        os.kill(os.getpid(), signal.SIGTERM)

    postgres.when_it_ends(tell)
    yield
    if ended:
        sys.exit(1)


async def with_database(
    connection: dict[str, Any], work: Callable[[], Awaitable[T]], *, patience: float | None = None
) -> T:
    """Run `work` with an engine whose statements may take as long as they take, or so many seconds."""
    engine = Engine(connection, patience=patience)
    database.use(engine, TABLES)
    await engine.start_connection_pool()
    try:
        return await work()
    finally:
        await engine.close_connection_pool()


async def fit(found: dict[int, bytes]) -> None:
    """Raises Mistake or WrongPeppers when the database is not for this program with these peppers."""
    from app.domain.access import peppers

    await migrated()
    await peppers.recognise(found)


async def migrated() -> None:
    """Use the database's catalogue. Raises Mistake when the schema is not up to date, or there is no catalogue."""
    from app.domain.catalogue import kept

    await schema_there()
    await kept.load()


async def owned() -> None:
    """As `migrated`, for a command that takes the role that owns the tables. Raises Mistake for another role, too."""
    from app.postgres import rights

    await migrated()
    await rights.must_own()


async def schema_there() -> None:
    """Raises Mistake when the schema is not up to date."""
    from app.postgres.migrate import pending

    missing = await pending()
    if missing:
        raise Mistake(f"the schema lacks {', '.join(missing)}: run `mypage migrate` first")


async def fit_for_licences() -> None:
    """Raises Mistake or WrongDataKeys when the database's PINs or secrets of authenticator apps
    cannot be read, or its schema is not up to date."""
    from app.domain.access import totp
    from app.domain.options import licences

    await migrated()
    await licences.recognise()
    await totp.recognise()


def log_to_stderr() -> None:
    """What the command does goes into the log as what a server does; stdout is for whoever runs it."""
    logging.config.dictConfig(logging_config())


# --- files ------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def written_whole(path: Path | None) -> Iterator[IO[str]]:
    """The file, which takes the place of one that is there once it is whole, readable by its owner alone; None: stdout."""
    if path is None:
        with open(sys.stdout.fileno(), "w", encoding="utf-8", newline="", closefd=False) as file:
            yield file
        return
    made, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(made, "w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


# --- the demo's clock -------------------------------------------------------------------------------------------------

CLOCK = "clock"
"""File in a demo's data folder: by how many seconds its clock is shifted."""


def keep_clock(folder: Path, started_at: datetime | None) -> None:
    shift = started_at - datetime.now(UTC) if started_at else timedelta()
    (folder / CLOCK).write_text(str(shift.total_seconds()))


def _follow_demo() -> None:
    """On a demo's data a command goes by the demo's clock, so that it can close the months that are over there."""
    kept = settings.data_dir() / CLOCK
    if settings.made_by_demo() and kept.exists():
        clock.start_at(datetime.now(UTC) + timedelta(seconds=float(kept.read_text())))


# --- on a terminal ----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def progress(what: str, unit: str) -> Iterator[Callable[..., None]]:
    """Shows on a terminal how many are done, and of how many if that is known; elsewhere nothing."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    with Progress(
        SpinnerColumn(),
        TextColumn(f"{what}: {{task.completed:,.0f}} {unit}"),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    ) as shown:
        task = shown.add_task(unit, total=None)
        yield lambda done, of=None: shown.update(task, completed=done, total=of)
