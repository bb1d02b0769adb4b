"""`mypage serve`: what it refuses to start with, and how it ends."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from app import cli
from app.commands import servers
from app.commands.servers import DEMO_CONTRACTS
from app.postgres import server_log, wire
from tests import smtp_server
from tests.commands.programs import (
    PATIENCE,
    SERVING,
    Starter,
    answers,
    apart,
    free_port,
    mypage,
    processes_of,
    sending_to,
    two_mails,
    until,
    url_of,
)
from tests.conftest import SETTINGS


@pytest.mark.parametrize("command", [["demo"], ["serve"]])
def test_a_server_ends_with_its_postgresql_and_names_the_log(
    command: list[str], tmp_path: Path, start: Starter, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("after_a_demo" if command == ["demo"] else "migrated")
    port = free_port()
    server = start(*command, "--port", str(port), **({} if command == ["demo"] else SERVING))
    until(lambda: answers(port))
    os.kill(int((tmp_path / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    output, _ = server.communicate(timeout=PATIENCE)
    assert server.returncode == 1
    assert "PostgreSQL ended by itself" in output
    assert str(tmp_path / "postgres.log") in output
    until(lambda: not processes_of(tmp_path))


def test_serve_refuses_to_start_half_configured_and_names_each_setting(tmp_path: Path) -> None:
    refused = mypage(
        tmp_path, "serve", MYPAGE_SECRET_KEYS="short", MYPAGE_POOL_SIZE="many", MYPAGE_SMTP_SECURITY="ssl"
    )
    assert refused.returncode == 1
    by_catalogue = {"MYPAGE_INSTALLERS", "MYPAGE_REMOTE_SUPPORT_PHONE", "MYPAGE_REMOTE_SUPPORT_HOURS"}
    by_default = {"MYPAGE_HOSTS"}  # the name in MYPAGE_BASE_URL
    for name in (
        *(SERVING.keys() - by_catalogue - by_default),
        "MYPAGE_POOL_SIZE",
        "MYPAGE_SMTP_USER",
        "MYPAGE_SMTP_PASSWORD",
    ):
        assert name in refused.stderr
    assert "short" not in refused.stderr
    assert not (tmp_path / "data").exists()


def test_serve_wants_what_the_catalogue_needs_of_its_settings(migrated: Path, tmp_path: Path) -> None:
    for name, wanted in (
        ("MYPAGE_INSTALLERS", "MYPAGE_INSTALLERS lacks security-360, security-online, kids-filter"),
        (
            "MYPAGE_REMOTE_SUPPORT_PHONE",
            "MYPAGE_REMOTE_SUPPORT_PHONE or MYPAGE_REMOTE_SUPPORT_HOURS is not set",
        ),
    ):
        refused = mypage(tmp_path, "serve", "--port", str(free_port()), **{**SERVING, name: ""})
        assert (refused.returncode, wanted in refused.stderr) == (1, True), refused.stderr


@pytest.mark.parametrize("command", [("serve", f"--port={free_port()}"), ("mail", "list")])
def test_a_command_wants_the_schema_up_to_date(
    tmp_path: Path, server: dict[str, Any], command: tuple[str, ...]
) -> None:
    url = url_of(server, database="postgres")
    refused = mypage(tmp_path, *command, **{**SERVING, "DATABASE_URL": url})
    assert refused.returncode == 1
    assert "run `mypage migrate` first" in refused.stderr
    assert len(apart(refused.stderr).splitlines()) == 1


def test_serve_answers_with_its_workers_and_a_kill_leaves_nothing(
    migrated: Path, tmp_path: Path, start: Starter
) -> None:
    loaded = mypage(tmp_path, "import", "contracts", str(DEMO_CONTRACTS), **SERVING)
    assert loaded.stdout.startswith("4 contracts loaded")
    port = free_port()
    serve = start("serve", "--port", str(port), "--workers", "2", **SERVING)
    until(lambda: answers(port))
    page = httpx.get(f"http://127.0.0.1:{port}/login")
    assert "__Host-mypage-browser" in page.headers["set-cookie"]
    serve.kill()
    serve.wait()
    until(lambda: not processes_of(tmp_path) and not answers(port, "/healthz"))


def test_serve_ends_in_order_on_sigterm_and_its_log_is_a_line_for_each_record(
    migrated: Path, tmp_path: Path, start: Starter
) -> None:
    port = free_port()
    serve = start("serve", "--port", str(port), "--workers", "2", **SERVING)
    until(lambda: answers(port))
    httpx.get(f"http://127.0.0.1:{port}/login?next=/secret-place")
    serve.terminate()
    output, _ = serve.communicate(timeout=PATIENCE)
    assert serve.returncode == 0
    until(lambda: not processes_of(tmp_path))
    lines = apart(output).splitlines()
    assert lines
    for line in lines:
        assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d [A-Z]+ [\w.]+ ", line), line
    assert "secret-place" not in output


async def test_a_server_delivers_in_the_background(start: Starter, migrated: Path, tmp_path: Path) -> None:
    await two_mails(tmp_path)
    async with smtp_server.listening(tmp_path) as server:
        start("serve", "--port", str(free_port()), **{**SERVING, **sending_to(server.settings)})
        async with asyncio.timeout(PATIENCE):
            await server.took(2)
    assert sorted(message["To"] for message in server.messages) == ["a@example.jp", "b@example.jp"]


async def test_a_database_that_does_not_answer_does_not_keep_serve_from_starting(
    tmp_path: Path, server: dict[str, Any], empty_database: str, start: Starter
) -> None:
    port = free_port()
    blocker = await asyncpg.connect(**{**server, "database": empty_database})
    async with blocker.transaction():
        await blocker.execute("LOCK TABLE migration")
        url = url_of(server, database=empty_database)
        start("serve", "--port", str(port), "--workers", "1", **{**SERVING, "DATABASE_URL": url})
        await asyncio.to_thread(until, lambda: answers(port))
    await blocker.close()


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "８０００", "9" * 5000, ""])
@pytest.mark.parametrize("command", ["demo", "serve"])
def test_a_port_that_cannot_be_is_named(command: str, port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        cli.main([command, f"--port={port}"])
    assert refused.value.code == 2
    said = capsys.readouterr().err
    assert "--port" in said
    assert "a number from 1 to 65535" in said


async def test_what_an_operator_should_know_of_the_database_is_said_at_the_start(
    filled_database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def told() -> str:
        return "asked without TLS"

    async def nothing() -> str:
        return ""

    monkeypatch.setattr(wire, "warning", told)
    monkeypatch.setattr(server_log, "warning", nothing)
    await servers._ready_to_serve(SETTINGS)
    assert capsys.readouterr().err == "mypage: asked without TLS\n"
