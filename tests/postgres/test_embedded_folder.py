"""The embedded PostgreSQL's data folder: private, whoever starts it and wherever it lies."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from app.postgres.embedded import EmbeddedPostgres, EmbeddedPostgresError, binaries
from tests.postgres.clusters import (
    AN_ORDINARY_USER,
    FAST,
    PROJECT,
    ROOT,
    SERVER,
    ask,
    first_line,
    no_server_lives_in,
    rights,
    run,
    until,
)


async def test_the_cluster_is_private_checked_and_sorts_alike_everywhere(folder: Path) -> None:
    with EmbeddedPostgres(folder) as postgres:
        arguments = postgres.start(FAST)
        assert await ask(arguments, "SHOW listen_addresses") == ""
        assert await ask(arguments, "SHOW data_checksums") == "on"
        assert await ask(arguments, "SHOW fsync") == "off"  # that is, settings arrive
        assert (
            await ask(arguments, "SELECT datlocale FROM pg_database WHERE datname = current_database()")
            == "C.UTF-8"
        )
        assert await ask(
            arguments, "SELECT rolpassword LIKE 'SCRAM%' FROM pg_authid WHERE rolname = 'mypage'"
        )
        with pytest.raises(asyncpg.InvalidPasswordError):
            await ask({**arguments, "password": "guessed"}, "SELECT 1")
        for private in (folder, folder / "password", folder / "data", Path(str(arguments["host"]))):
            assert rights(private) & 0o077 == 0
        assert "password.tmp" not in os.listdir(folder)


def python_for_everyone() -> str:
    """An interpreter of this version which the other user can run: ours may lie below a closed home."""
    system = f"/usr/bin/python3.{sys.version_info.minor}"
    for python in (sys.executable, system):
        resolved = Path(python).resolve()
        if resolved.exists() and binaries._open_to_all(resolved.parent) and binaries._open_to_all(PROJECT):
            return python
    pytest.skip("the project or its Python lies where another user cannot enter")


@pytest.mark.parametrize(
    ("name", "beside_its_data"),
    [("mypage", True), ('a "b", c', True), ("マイページ/" * 5, False)],
    ids=["plain", "quotes", "long"],
)
def test_an_ordinary_user_needs_no_rights_and_no_short_path(
    open_folder: Path, name: str, beside_its_data: bool
) -> None:
    folder = open_folder / name
    options: dict[str, Any] = {}
    if ROOT:
        options = {
            "user": AN_ORDINARY_USER.pw_uid,
            "group": AN_ORDINARY_USER.pw_gid,
            "extra_groups": [],
            "python": python_for_everyone(),
            "env": {"PYTHONPATH": os.pathsep.join(sys.path)},
        }
    with run(SERVER, str(folder), "once", **options) as application:
        host = Path(first_line(application))
    assert application.returncode == 0
    assert (host == folder / "run") is beside_its_data
    assert not host.exists()
    assert no_server_lives_in(folder)


@pytest.mark.skipif(not ROOT, reason="only root can give files away")
def test_data_of_another_user_is_refused_with_advice(folder: Path) -> None:
    (folder / "data").mkdir(parents=True)
    os.chown(folder / "data", 12345, 12345)
    with (
        EmbeddedPostgres(folder) as postgres,
        pytest.raises(EmbeddedPostgresError, match="belongs to user 12345"),
    ):
        postgres.start(FAST)


def test_a_failed_start_leaves_nothing_in_the_temporary_folder(
    folder: Path, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_folder.chmod(0o711)
    monkeypatch.setattr("app.postgres.embedded.folder.TEMPORARY", open_folder)
    monkeypatch.setattr("app.postgres.embedded.folder.SOCKET_FOLDER_LIMIT", 1)
    with EmbeddedPostgres(folder) as postgres:
        with pytest.raises(EmbeddedPostgresError, match="none"):
            postgres.start({**FAST, "port": "none"})
        assert os.listdir(open_folder) == []


def test_a_cluster_that_takes_too_long_to_make_is_given_up_whole(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmbeddedPostgres(folder) as postgres:
        with monkeypatch.context() as hurried:
            hurried.setattr("app.postgres.embedded.folder.CREATE_PATIENCE", 0.05)
            with pytest.raises(EmbeddedPostgresError, match="not set up in time"):
                postgres.start(FAST)
        until(lambda: no_server_lives_in(folder))  # nor initdb and its children, which hold the same lock
        assert not (folder / "data").exists()
        postgres.start(FAST)
