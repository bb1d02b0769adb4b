"""Who may start the embedded PostgreSQL, who shares it, and that it does not stay behind."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from app.postgres.embedded import DataDirInUse, EmbeddedPostgres, claim, server
from tests.postgres.clusters import (
    COMMAND,
    FAST,
    ROOT,
    SERVER,
    ask,
    first_line,
    no_server_lives_in,
    postmaster,
    run,
    until,
)

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_killed_application_leaves_no_server_and_loses_nothing(folder: Path) -> None:
    with run(SERVER, str(folder)) as application:
        first_line(application)
        application.kill()
    until(lambda: no_server_lives_in(folder))
    with EmbeddedPostgres(folder) as postgres:
        assert await ask(postgres.start(FAST), "SELECT line FROM kept") == "kept"


async def test_a_second_server_is_told_who_has_the_folder(folder: Path) -> None:
    with EmbeddedPostgres(folder) as postgres:
        arguments = postgres.start(FAST)
        with EmbeddedPostgres(folder) as second, pytest.raises(DataDirInUse) as refusal:
            second.start(FAST)
        assert str(folder) in str(refusal.value)
        assert f"server, process {os.getpid()}" in str(refusal.value)
        assert await ask(arguments, "SELECT 1") == 1


async def test_a_command_works_beside_a_running_server_and_leaves_it_running(folder: Path) -> None:
    with EmbeddedPostgres(folder) as postgres:
        arguments = postgres.start(FAST)
        with EmbeddedPostgres(folder) as command:
            assert command.connect_or_start() == arguments
        assert await ask(arguments, "SELECT 1") == 1


async def test_a_command_alone_starts_the_server_and_the_next_command_waits_for_its_end(folder: Path) -> None:
    with EmbeddedPostgres(folder) as postgres:
        arguments = postgres.connect_or_start(FAST)
        with run(COMMAND, str(folder)) as second:
            assert first_line(second) == "asking"
            assert await ask(arguments, "SELECT 1") == 1
            postgres.stop()
            assert first_line(second) == f"command, process {second.pid}"  # it had to start its own
    assert second.returncode == 0
    assert no_server_lives_in(folder)


def test_a_command_gives_up_on_a_folder_whose_server_does_not_answer(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmbeddedPostgres(folder) as first, EmbeddedPostgres(folder) as second:
        first.connect_or_start(FAST)
        monkeypatch.setattr(server, "START_PATIENCE", 0.2)
        with pytest.raises(DataDirInUse, match="Try again"):
            second.connect_or_start(FAST)


def sleeper() -> subprocess.Popen[bytes]:
    """A process of the server's account: one of another account PostgreSQL itself does not take for a server."""
    return subprocess.Popen(["sleep", "60"], start_new_session=True, user="nobody" if ROOT else None)


async def test_a_stale_pid_file_harms_neither_the_start_nor_the_process_it_names(folder: Path) -> None:
    with EmbeddedPostgres(folder) as postgres:
        postgres.start(FAST)
    with sleeper() as stranger:
        (folder / "data" / "postmaster.pid").write_text(f"{stranger.pid}\n")
        with EmbeddedPostgres(folder) as postgres:
            assert await ask(postgres.start(FAST), "SELECT 1") == 1
        assert stranger.poll() is None
        stranger.kill()


async def test_an_orphan_that_the_kernel_did_not_stop_is_told_to_stop(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = (
        "from app.postgres.embedded import binaries as b; b.LAUNCHER = b.LAUNCHER.replace('linux', 'no')"
    )
    with run(elsewhere + SERVER, str(folder)) as application:
        first_line(application)
        application.kill()
    assert not no_server_lives_in(folder)
    monkeypatch.setattr(claim, "ORPHAN_PATIENCE", 30.0)  # it writes a checkpoint, maybe to a busy disk
    with EmbeddedPostgres(folder) as postgres:
        assert await ask(postgres.start(FAST), "SELECT line FROM kept") == "kept"


async def test_an_orphan_is_waited_for_and_then_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with run(SERVER, str(folder)) as application:
        first_line(application)
        os.kill(postmaster(folder), signal.SIGSTOP)  # cannot obey the kernel's signal for now
        application.kill()
    with EmbeddedPostgres(folder) as postgres:
        monkeypatch.setattr(claim, "ORPHAN_PATIENCE", 0.2)
        with pytest.raises(DataDirInUse, match=r"postmaster\.pid"):
            postgres.start(FAST)
        os.kill(postmaster(folder), signal.SIGCONT)
        monkeypatch.setattr(claim, "ORPHAN_PATIENCE", 5.0)
        assert await ask(postgres.start(FAST), "SELECT line FROM kept") == "kept"
