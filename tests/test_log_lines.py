"""The log as JSON: one object a line whatever is written, of servers and commands; the text is in test_serving.py."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from app import cli, log_lines, request_id, settings
from app.log_lines import OneObject
from app.mistake import Mistake
from app.postgres import database
from tests.commands.programs import environment, mypage
from tests.test_serving import record
from tests.test_settings import COMPLETE, named


@pytest.fixture
def in_japan(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's own time is Japan's."""
    with monkeypatch.context() as there:
        there.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("in_japan")
def test_a_record_is_an_object_with_its_moment_in_utc_its_request_and_its_error() -> None:
    request = copy_context()  # which no other test is answered in
    number = request.run(request_id.begin, None)
    line = request.run(OneObject().format, record("away: %s %s", "GET", "/お手続き", error=ValueError("x")))
    said = json.loads(line)
    assert list(said) == ["time", "level", "logger", "message", "request_id", "exception"]
    assert said["time"].endswith("Z")
    assert datetime.now(UTC) - datetime.fromisoformat(said["time"]) < timedelta(minutes=1)
    assert (said["level"], said["logger"], said["message"]) == ("ERROR", "mypage", "away: GET /お手続き")
    assert (said["request_id"], said["exception"]) == (number, "ValueError: x")


@pytest.mark.parametrize(
    "sign", ["\n", "\r", "\x0b", "\x1b", "\x85", "\u2028", "\u202e", "\0", '"', "\\", "\udcff"]
)
def test_nobody_writes_a_second_object_into_the_log(sign: str) -> None:
    line = OneObject().format(record("%s", f'/a{sign}{{"level":"INFO"}}', error=ValueError(f"x{sign}y")))
    assert line.isascii()
    assert line.isprintable()
    assert f'/a{sign}{{"level":"INFO"}}' == json.loads(line)["message"]


def test_a_word_that_is_no_form_of_the_log_is_refused(tmp_path: Path) -> None:
    for value in ("yaml", "JSON", "json,text"):
        with pytest.raises(Mistake, match=f"MYPAGE_LOG is '{value}': text or json is wanted"):
            log_lines.form({"MYPAGE_LOG": value})
        assert named({**COMPLETE, "MYPAGE_LOG": value}) == ["MYPAGE_LOG"]
    assert [log_lines.form({"MYPAGE_LOG": value}) for value in ("", " ", "text", "json")] == ["text"] * 3 + [
        "json"
    ]
    assert settings.production({**COMPLETE, "MYPAGE_LOG": "json"})


@pytest.mark.slow
def test_a_command_refuses_it_too(tmp_path: Path) -> None:
    done = mypage(tmp_path, "bill", "close", "2026-01", MYPAGE_LOG="yaml")
    assert (done.returncode, done.stderr) == (1, "mypage: MYPAGE_LOG is 'yaml': text or json is wanted\n")


LAST_WORDS = """
import logging, threading, warnings
from app.log_lines import begin
begin()
logging.getLogger("asyncio").error("two\\nlines")
warnings.warn("one more\\nwarning")
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
class Finalized:
    def __del__(self):
        raise ValueError("late")
Finalized()
raise RuntimeError("broken\\nin two")
"""


@pytest.mark.slow
def test_whatever_a_program_says_on_stderr_is_such_a_line(tmp_path: Path) -> None:
    asked = (["serve", "--port", "many"], ["serve"], ["mail", "list"], ["import", "calls", "a\nb"])
    programs = [[sys.executable, "-m", "app", *arguments] for arguments in asked]
    for program, status in zip([*programs, [sys.executable, "-c", LAST_WORDS]], (2, 1, 1, 1, 1), strict=True):
        done = subprocess.run(
            program,
            env=environment(tmp_path, MYPAGE_LOG="json"),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        said = [json.loads(line) for line in done.stderr.splitlines()]
        assert said, program
        assert all({"time", "level", "logger", "message"} <= one.keys() for one in said)
        assert (done.returncode, done.stdout) == (status, "")
    assert [one["level"] for one in said] == ["ERROR", "WARNING", *["CRITICAL"] * 3]
    assert said[-1]["exception"].endswith("RuntimeError: broken\nin two")


async def test_no_row_that_postgresql_repeats_comes_into_it(empty_database: str) -> None:
    try:
        await database.rows("INSERT INTO pepper (version) VALUES (NULL)")
    except Exception as error:
        line = OneObject().format(record("failed", error=database.without_detail(error)))
        assert "NotNull" in line
        assert "Failing row" not in line
    else:
        raise AssertionError("it was written")


def test_nor_into_what_a_program_says_last(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: object) -> None:
        error = asyncpg.CheckViolationError("new row violates")
        error.detail = "Failing row contains (1, 90000000000003, $argon2id$)."
        raise error

    monkeypatch.setattr(cli, "_function", lambda _: broken)
    with pytest.raises(asyncpg.CheckViolationError) as raised:
        cli.main(["mail", "list"])
    assert str(raised.value) == "new row violates"
    raised.value.detail = "Failing row contains (1, 90000000000003, $argon2id$)."
    log_lines._last_words(raised.type, raised.value, raised.tb)
    assert "new row violates" in caplog.text
    assert "Failing row" not in caplog.text


def test_the_form_is_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for value, formatter in (("json", OneObject), ("text", log_lines.OneLine)):
        monkeypatch.setenv("MYPAGE_LOG", value)
        made = logging.config.DictConfigurator(log_lines.logging_config())
        [described] = made.config["formatters"].values()
        assert isinstance(made.configure_formatter(described), formatter)
