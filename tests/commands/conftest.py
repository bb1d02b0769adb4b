"""Data folders as commands find them, and servers that end with their test."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.postgres.embedded import EmbeddedPostgres
from tests.commands.programs import PATIENCE, Starter, answers, copied, environment, free_port, mypage, until


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starter]:
    """Starts a server command in the test's data folder; whatever still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str, **more: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", *arguments],
            env=environment(tmp_path, **more), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate(timeout=PATIENCE)  # its output ends with the last of its workers


@pytest.fixture(scope="session")
def migrated_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder after `mypage migrate`."""
    folder = tmp_path_factory.mktemp("migrated")
    with EmbeddedPostgres(folder) as postgres:
        postgres.start({"fsync": "off"})
    with (folder / "data" / "postgresql.conf").open("a") as file:
        file.write("fsync = off\n")
    done = mypage(folder, "migrate")
    assert done.stdout.startswith("migrated: "), done.stderr
    return folder


@pytest.fixture(scope="session")
def demo_folder(migrated_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder after `mypage demo`."""
    folder, port = copied(migrated_folder, tmp_path_factory.mktemp("demo")), free_port()
    demo = subprocess.Popen(
        [sys.executable, "-m", "app", "demo", "--port", str(port)], env=environment(folder)
    )
    until(lambda: answers(port))
    demo.terminate()
    assert demo.wait(PATIENCE) == 0
    return folder


@pytest.fixture
def migrated(tmp_path: Path, migrated_folder: Path) -> Path:
    """The test's data folder, with the schema."""
    return copied(migrated_folder, tmp_path)


@pytest.fixture
def after_a_demo(tmp_path: Path, demo_folder: Path) -> Path:
    """The test's data folder, as a demo left it."""
    return copied(demo_folder, tmp_path)
