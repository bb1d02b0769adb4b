"""The internal listener of `mypage serve`: a process of its own that is started again, and ends with the server."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import httpx

from tests.commands.programs import (
    PATIENCE,
    SERVING,
    Starter,
    answers,
    free_port,
    mypage,
    processes_of,
    told_when_taken_down,
    until,
)

SECRET = "a-secret-of-the-production-test-x"
ASKED = {"login": "nobody", "remote": "192.0.2.1", "protocol": "imap", "hint": "000", "mailbox": "nobody"}


def settings_with(port: int, **more: str) -> dict[str, str]:
    return {**SERVING, "MYPAGE_INTERNAL_PORT": str(port), "MYPAGE_INTERNAL_SECRET": SECRET, **more}


def said(port: int, path: str = "/mail-login?command=allow", secret: str = SECRET) -> int:
    """What a question is answered with; 0 where nobody answers."""
    try:
        return httpx.post(
            f"http://127.0.0.1:{port}{path}", json=ASKED, headers={"X-API-Key": secret}
        ).status_code
    except httpx.TransportError:
        return 0


def listener_of(folder: Path) -> list[int]:
    """The process ids of internal listeners that serve the data of the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            environment = (process / "environ").read_bytes()
        except OSError:
            continue
        if b"app.internal_serving" in command and str(folder).encode() in environment:
            found.append(int(process.name))
    return found


def test_it_listens_beside_the_portal_and_neither_knows_the_others_paths(
    migrated: Path, tmp_path: Path, start: Starter
) -> None:
    port, internal = free_port(), free_port()
    told = told_when_taken_down(tmp_path)
    serve = start("serve", "--port", str(port), "--workers", "1", **settings_with(internal), **told)
    until(lambda: answers(port) and said(internal) == 200)
    assert said(internal, secret="another-secret-of-the-same-length") == 401
    assert said(port) in (403, 404)
    for path in ("/login", "/healthz", "/"):
        shown = httpx.get(f"http://127.0.0.1:{internal}{path}", headers={"X-API-Key": SECRET})
        assert shown.status_code == 404, path
        assert httpx.get(f"http://127.0.0.1:{internal}{path}").status_code == 401
    serve.terminate()
    serve.communicate(timeout=PATIENCE)
    assert serve.returncode == 0
    until(lambda: not processes_of(tmp_path) and said(internal) == 0)
    [taken_down] = (tmp_path / "taken-down").read_text().splitlines()
    assert "'serve'" in taken_down, "of what serves, nothing is: see serving.leave"


def test_it_outlives_the_workers_is_started_again_and_ends_with_a_killed_server(
    migrated: Path, tmp_path: Path, start: Starter
) -> None:
    port, internal = free_port(), free_port()
    serve = start("serve", "--port", str(port), "--workers", "1", **settings_with(internal))
    until(lambda: answers(port) and said(internal) == 200)
    [former] = listener_of(tmp_path)
    os.kill(former, signal.SIGKILL)
    until(lambda: said(internal) == 200 and listener_of(tmp_path) not in ([], [former]))
    assert answers(port, "/healthz")
    serve.kill()
    serve.wait()
    until(lambda: not listener_of(tmp_path) and said(internal) == 0)


def test_ctrl_c_ends_all_of_it_in_order(migrated: Path, tmp_path: Path, start: Starter) -> None:
    port, internal = free_port(), free_port()
    serve = start("serve", "--port", str(port), "--workers", "1", **settings_with(internal))
    until(lambda: answers(port) and said(internal) == 200)
    for process in (serve.pid, *listener_of(tmp_path)):
        os.kill(process, signal.SIGINT)
    output, _ = serve.communicate(timeout=PATIENCE)
    assert serve.returncode == 0
    assert "started again" not in output
    until(lambda: not listener_of(tmp_path))


def test_without_its_port_there_is_none(migrated: Path, tmp_path: Path, start: Starter) -> None:
    port = free_port()
    start("serve", "--port", str(port), "--workers", "1", **SERVING)
    until(lambda: answers(port))
    assert listener_of(tmp_path) == []


def test_a_port_that_is_taken_and_the_portals_own_are_refused_in_words(tmp_path: Path) -> None:
    port = free_port()
    refused = mypage(tmp_path, "serve", f"--port={port}", **settings_with(port))
    assert (refused.returncode, refused.stderr.count("MYPAGE_INTERNAL_PORT")) == (1, 1)
