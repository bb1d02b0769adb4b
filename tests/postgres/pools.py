"""An engine on a server that a test may freeze, stop and start again, with one table of notes."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import asyncpg
import pytest
from piccolo.columns import Integer, Varchar
from piccolo.table import Table

from app.postgres import database
from app.postgres.database import rows
from app.postgres.embedded import EmbeddedPostgres
from app.postgres.engine import PATIENCE, Engine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from pathlib import Path

A_PAGE_MAY_WAIT = 3.0  # seconds
FAST = {"fsync": "off", "shared_buffers": "16MB", "max_connections": "12"}

SCHEMA = """
CREATE TABLE IF NOT EXISTS note (id serial PRIMARY KEY, text text NOT NULL, follows int UNIQUE
    REFERENCES note DEFERRABLE INITIALLY DEFERRED);
TRUNCATE note;
"""


class Note(Table, tablename="note"):
    text = Varchar()
    follows = Integer(null=True, default=None)


class Server:
    """The embedded server and the processes behind it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.postgres = EmbeddedPostgres(folder)
        self.arguments = self.postgres.start(FAST)

    def restart(self) -> None:
        self.postgres.start(FAST)

    @contextmanager
    def frozen(self, *backends: int) -> Iterator[None]:
        """Nothing answers: neither the server to newcomers nor these processes to their clients."""
        pid_file = self.folder / "data" / "postmaster.pid"
        processes = [int(pid_file.read_text().splitlines()[0]), *backends]
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                os.kill(process, signal.SIGCONT)


@asynccontextmanager
async def pool(server: Server, size: int = 1, patience: float | None = PATIENCE) -> AsyncIterator[Engine]:
    """An engine in use; with one connection only, a leaked one shows at the next statement."""
    engine = Engine(dict(server.arguments), patience=patience)
    await engine.start_connection_pool(max_size=size)
    database.use(engine, [Note])
    try:
        yield engine
    finally:
        await engine.close_connection_pool()


async def stranger(server: Server, sql: str) -> None:
    """Run SQL as somebody else, on a connection outside the pool."""
    connection = await asyncpg.connect(**server.arguments)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


async def kill(server: Server, pid: int) -> None:
    await stranger(server, f"SELECT pg_terminate_backend({pid}, 5000)")


async def texts() -> list[str]:
    return [row["text"] for row in await rows("SELECT text FROM note ORDER BY id")]


async def backend() -> int:
    return int((await rows("SELECT pg_backend_pid() AS pid"))[0]["pid"])


async def add(text: str, follows: int | None = None) -> None:
    await Note.insert(Note(text=text, follows=follows))


async def assert_nothing_leaked(engine: Engine) -> None:
    assert not engine.transaction_exists()
    async with asyncio.timeout(1):  # the only connection is free, or another takes its place
        assert len(await rows("SELECT 1")) == 1


async def failure(work: Callable[[], Awaitable[object]]) -> tuple[BaseException, float]:
    """What `work` raises, and after how many seconds."""
    started = time.monotonic()
    with pytest.raises(Exception) as caught:  # noqa: PT011 -- the caller looks at it
        await work()
    return caught.value, time.monotonic() - started
