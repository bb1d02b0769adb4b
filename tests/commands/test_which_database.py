"""Which database a command is on: said on stderr, and never an empty one that nobody asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.commands.running import reached
from app.mistake import Mistake
from tests.commands.programs import copied, mypage, url_of

ROOT = Path(__file__).parents[2]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with nothing set."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("MYPAGE_DATA_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(*, making: bool = False) -> str:
    with pytest.raises(Mistake) as said, reached(making=making):
        raise AssertionError("a database was reached")
    return str(said.value)


@pytest.mark.parametrize("making", [False, True])
def test_where_no_database_is_named_none_is_made_and_it_is_said_what_to_set(here: Path, making: bool) -> None:
    said = refused(making=making)
    assert "set DATABASE_URL to your PostgreSQL" in said
    assert "MYPAGE_DATA_DIR" in said
    assert not list(here.iterdir())


@pytest.mark.parametrize("making", [False, True])
def test_a_folder_of_the_usual_name_that_no_demo_made_is_shown_and_not_taken(
    here: Path, making: bool
) -> None:
    (here / ".mypage" / "data").mkdir(parents=True)
    assert f"MYPAGE_DATA_DIR=.mypage is the one in {here / '.mypage'}" in refused(making=making)


def test_a_mistyped_folder_is_named_and_not_made(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYPAGE_DATA_DIR", str(here / "mypaeg"))
    assert f"there is no database in {here / 'mypaeg'}" in refused()
    assert not list(here.iterdir())


@pytest.mark.slow
def test_a_demo_left_here_is_meant_and_said(demo_folder: Path, tmp_path: Path) -> None:
    (tmp_path / ".mypage").mkdir()
    copied(demo_folder, tmp_path / ".mypage")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MYPAGE_", "DATABASE_URL"))}
    done = subprocess.run(
        [sys.executable, "-m", "app", "requests", "list"],
        cwd=tmp_path, env={**kept, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == f"mypage: on the embedded database in {tmp_path / '.mypage'}\n"


def test_a_command_says_name_and_host_and_no_password(
    tmp_path: Path, server: dict[str, Any], empty_database: str
) -> None:
    url = url_of(server, database=empty_database)
    done = mypage(tmp_path, "requests", "list", DATABASE_URL=url)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(f"mypage: on the database {empty_database} at ")
    assert str(server["host"]) in done.stderr
    assert str(server["password"]) not in done.stderr


def test_only_migrating_may_make_a_database() -> None:
    """Whoever adds a command that reaches the database gets one that was made before."""
    making = [
        (path.name, line.strip())
        for path in sorted((ROOT / "app").rglob("*.py"))
        if "postgres" not in path.parts
        for line in path.read_text().splitlines()
        if "making=True" in line or "EmbeddedPostgres(" in line
    ]
    assert making == [
        ("running.py", "with EmbeddedPostgres(folder) as postgres:"),
        ("servers.py", "with EmbeddedPostgres(folder) as postgres:"),  # the demo
        ("staff.py", "with reached(making=True) as connection:"),
    ]
