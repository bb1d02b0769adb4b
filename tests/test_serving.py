"""What runs around the portal: its start, its log, and the clock that a start must leave alone."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app import settings
from app.domain import clock, installation
from app.domain.tables import TABLES
from app.log_lines import OneLine
from app.main import portal
from app.postgres import database
from app.postgres.engine import Engine
from tests.conftest import SETTINGS

BROKEN = """
import asyncio, socket, sys
from app import serving

async def app(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "broken"})
    raise RuntimeError("broken")

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
asyncio.run(serving._serve_here(app, port, ready=lambda: print("ready")))
"""


@pytest.mark.slow
def test_a_server_that_did_not_start_is_not_called_ready() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BROKEN], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert "broken" in done.stderr


def record(text: str, *arguments: object, error: BaseException | None = None) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("mypage", logging.ERROR, __file__, 1, text, arguments, info)


def test_a_record_is_one_line_with_time_level_and_logger() -> None:
    line = OneLine().format(record("away: %s %s", "GET", "/お手続き"))
    moment, level, name, text = line.split(" ", 3)
    assert datetime.now(UTC) - datetime.fromisoformat(moment) < timedelta(minutes=1)
    assert (level, name, text) == ("ERROR", "mypage", "away: GET /お手続き")


@pytest.mark.parametrize("sign", ["\n", "\r", "\x0b", "\x1b", "\x85", "\u2028", "\u202e"])
def test_nobody_writes_a_second_line_into_the_log(sign: str) -> None:
    line = OneLine().format(record("%s", f"/a{sign}2026 INFO mypage forged", error=ValueError(f"x{sign}y")))
    assert line.isprintable()
    assert "ValueError" in line


@contextlib.asynccontextmanager
async def started(arguments: dict[str, Any]) -> AsyncIterator[None]:
    """The portal, started as a server starts it and ended in order."""
    before = database.engine()
    asked: asyncio.Queue[Any] = asyncio.Queue()
    told: asyncio.Queue[Any] = asyncio.Queue()
    app: Any = portal(SETTINGS, Engine(arguments))
    running = asyncio.create_task(app({"type": "lifespan", "app": None}, asked.get, told.put))
    try:
        await asked.put({"type": "lifespan.startup"})
        assert (await told.get())["type"] == "lifespan.startup.complete"
        yield
        await asked.put({"type": "lifespan.shutdown"})
        await running
    finally:
        database.use(before, TABLES)


@pytest.mark.slow
async def test_starting_the_portal_leaves_the_clock_where_it_is(
    server: dict[str, Any], empty_database: str
) -> None:
    clock.start_at(datetime(2031, 5, 6, tzinfo=UTC))
    async with started({**server, "database": empty_database}):
        assert clock.now().year == 2031


@pytest.mark.slow
async def test_starting_the_portal_hands_over_its_settings(
    server: dict[str, Any], empty_database: str, before_start: None
) -> None:
    async with started({**server, "database": empty_database}):
        assert installation._current == settings.installation_of(SETTINGS)
