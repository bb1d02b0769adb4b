"""Folders for a cluster of the test's own, and a server and an engine that no other test uses meanwhile."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.postgres import database
from app.postgres.engine import Engine
from tests.postgres.clusters import AN_ORDINARY_USER, ROOT
from tests.postgres.pools import SCHEMA, Server, pool, stranger


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not in a folder with the test's name: a path that is too long leads to another place at each start."""
    return tmp_path_factory.mktemp("pg") / "mypage"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that an ordinary user can reach and owns; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="mp-", dir="/tmp"))
    if ROOT:
        os.chown(folder, AN_ORDINARY_USER.pw_uid, AN_ORDINARY_USER.pw_gid)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("database"))
    with server.postgres:
        yield server


@pytest.fixture
def engine_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the rest of the suite works with is back after each test."""
    monkeypatch.setattr(database, "_current", None)


@pytest.fixture
async def engine(own_server: Server) -> AsyncIterator[Engine]:
    async with pool(own_server) as engine:
        await stranger(own_server, SCHEMA)
        yield engine
