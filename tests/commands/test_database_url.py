"""DATABASE_URL: another server than the embedded one, and what is said when it cannot be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.commands import running
from tests.commands.programs import SERVING, apart, free_port, mypage, url_of


def test_an_unreachable_database_is_said_in_a_line(tmp_path: Path) -> None:
    away = f"postgresql://nobody:secret-word@127.0.0.1:{free_port()}/mypage"
    refused = mypage(tmp_path, "migrate", DATABASE_URL=away)
    assert refused.returncode == 1
    assert "not reachable" in refused.stderr
    assert "secret-word" not in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_malformed_database_url_is_named(tmp_path: Path) -> None:
    refused = mypage(tmp_path, "migrate", DATABASE_URL="mysql://x:secret-word@h/db")
    assert refused.returncode == 1
    assert "DATABASE_URL" in refused.stderr
    assert "secret-word" not in refused.stderr


@pytest.mark.parametrize(
    ("command", "rest"), [("migrate", "secret/word@h/db"), ("serve", "word@h:secret/db")]
)
def test_a_database_url_that_cannot_be_read_is_one_line_that_repeats_nothing_of_it(
    tmp_path: Path, command: str, rest: str
) -> None:
    refused = mypage(tmp_path, command, **{**SERVING, "DATABASE_URL": f"postgresql://x:{rest}"})
    assert refused.returncode == 1
    assert apart(refused.stderr).startswith("mypage: DATABASE_URL cannot be used")
    assert len(refused.stderr.splitlines()) == 2
    assert "secret" not in refused.stderr


def test_a_mistake_of_the_command_itself_is_not_taken_for_a_wrong_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://x@h/db")
    with pytest.raises(ValueError, match="of the command"), running.reached():
        raise ValueError("of the command")


@pytest.mark.parametrize(
    ("command", "other", "reason"),
    [
        ("migrate", {"password": "secret-word"}, "password authentication failed"),
        ("serve", {"password": "secret-word"}, "password authentication failed"),
        ("serve", {"database": "nowhere"}, 'database "nowhere" does not exist'),
    ],
)
def test_a_database_that_lets_nobody_in_says_why_in_a_line(
    tmp_path: Path, server: dict[str, Any], command: str, other: dict[str, str], reason: str
) -> None:
    refused = mypage(tmp_path, command, **{**SERVING, "DATABASE_URL": url_of(server, **other)})
    assert refused.returncode == 1
    assert reason in refused.stderr
    assert "secret-word" not in refused.stderr
    assert len(apart(refused.stderr).splitlines()) == 1
