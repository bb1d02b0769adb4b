"""Servers that another process starts, and what is asked of them and their folders."""

from __future__ import annotations

import fcntl
import os
import pwd
import stat
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

PROJECT = Path(__file__).parents[2]
FAST = {"fsync": "off", "shared_buffers": "16MB"}
ROOT = os.geteuid() == 0
AN_ORDINARY_USER = pwd.getpwnam("daemon")  # one that exists: initdb asks for its name

# Starts a server in argv[1], keeps a row, says so, and waits to be killed.
SERVER = """
import asyncio, asyncpg, pathlib, signal, sys
from app.postgres.embedded import EmbeddedPostgres
async def keep(arguments):
    connection = await asyncpg.connect(**arguments)
    await connection.execute("CREATE TABLE IF NOT EXISTS kept (line text)")
    await connection.execute("INSERT INTO kept VALUES ('kept')")
    await connection.close()
with EmbeddedPostgres(pathlib.Path(sys.argv[1])) as postgres:
    arguments = postgres.start({"shared_buffers": "16MB"})
    asyncio.run(keep(arguments))
    print(arguments["host"], flush=True)
    if sys.argv[2:] != ["once"]:
        signal.pause()
"""

COMMAND = """
import pathlib, sys
from app.postgres.embedded import EmbeddedPostgres
with EmbeddedPostgres(pathlib.Path(sys.argv[1])) as postgres:
    print("asking", flush=True)
    postgres.connect_or_start({"fsync": "off"})
    print(pathlib.Path(sys.argv[1], "owner.lock").read_text(), flush=True)
"""


@asynccontextmanager
async def connected(arguments: dict[str, object]) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(**arguments, timeout=5)
    try:
        yield connection
    finally:
        await connection.close()


async def ask(arguments: dict[str, object], sql: str) -> Any:
    async with connected(arguments) as connection:
        return await connection.fetchval(sql)


def run(script: str, *arguments: str, python: str = sys.executable, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [python, "-B", "-c", script, *arguments],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def until(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def no_server_lives_in(folder: Path) -> bool:
    with (folder / "server.lock").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def rights(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def postmaster(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
