"""The embedded PostgreSQL, started for real: it keeps its data, and says what it cannot do."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from app.postgres.embedded import EmbeddedPostgres, EmbeddedPostgresError
from tests.postgres.clusters import FAST, ask, connected, no_server_lives_in

if TYPE_CHECKING:
    from pathlib import Path


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


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        EmbeddedPostgres(tmp_path / "file" / "mypage") as postgres,
        pytest.raises(EmbeddedPostgresError, match=r"file/mypage cannot be used.*Not a directory"),
    ):
        postgres.start(FAST)


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
