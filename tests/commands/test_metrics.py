"""The metrics of `mypage serve`: right over all its processes, on a port of their own, whatever dies; and its log in JSON."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app import settings
from app.commands import servers
from app.metrics import folder, serving
from app.mistake import Mistake
from tests.commands.programs import PATIENCE, SERVING, answers, copied, environment, free_port, until
from tests.conftest import SETTINGS

pytestmark = pytest.mark.slow
NUMBER, LOGIN, TOKEN = "90000000000017", "canary-login-0001", "canaryToken99"
SECRET = "a-secret-of-the-production-test-x"
COUNT = "mypage_http_request_seconds_count"


@dataclass
class Server:
    """A server with two workers."""

    process: subprocess.Popen[str]
    port: int
    metrics: int
    internal: int
    temporary: Path

    def scrape(self) -> str:
        """ "" where nobody answers."""
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.metrics}/metrics", timeout=10)
        except httpx.TransportError:
            return ""
        assert answer.status_code == 200, answer.text
        return answer.text

    def sample(self, name: str, **labels: str) -> float:
        """The sum of the samples with these labels; of none 0."""
        return sum(
            sample.value
            for family in text_string_to_metric_families(self.scrape())
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def processes(self) -> list[int]:
        """Of the server: those that count."""
        return sorted(
            {int(path.stem.rpartition("_")[2]) for path in self.temporary.glob("*/histogram_*.db")} - {0}
        )


@pytest.fixture(scope="module")
def server(migrated_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = copied(migrated_folder, tmp_path_factory.mktemp("metrics"))
    temporary = tmp_path_factory.mktemp("temporary")
    port, metrics, internal = free_port(), free_port(), free_port()
    told = {
        "MYPAGE_METRICS_PORT": str(metrics),
        "MYPAGE_INTERNAL_PORT": str(internal),
        "MYPAGE_INTERNAL_SECRET": SECRET,
        "MYPAGE_LOG": "json",
        "TMPDIR": str(temporary),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "serve", "--port", str(port), "--workers", "2"],
        env=environment(data, **SERVING, **told), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    found = Server(process, port, metrics, internal, temporary)
    until(lambda: answers(port) and found.sample("mypage_workers") == 2)
    yield found
    process.kill()
    process.communicate(timeout=PATIENCE)


def test_requests_are_right_over_all_workers(server: Server) -> None:
    before = server.sample(COUNT, route="/healthz")
    until(lambda: answers(server.port, "/healthz") and len(server.processes()) == 2)
    seen = server.sample(COUNT, route="/healthz")
    for _ in range(40):
        assert answers(server.port, "/healthz")  # a connection each, so both workers get some
    assert server.sample(COUNT, route="/healthz") == seen + 40
    assert seen > before
    assert server.sample("mypage_database_up") == server.sample("mypage_figures_up") == 1
    assert server.sample("mypage_pool_size") == 20
    until(lambda: server.sample("mypage_housekeeping_last_run_timestamp_seconds") > 1e9)


def test_neither_port_knows_the_others_paths(server: Server) -> None:
    assert not answers(server.port, "/metrics")
    with httpx.Client(base_url=f"http://127.0.0.1:{server.metrics}") as client:
        for path in ("/login", "/healthz", "/", "/schema"):
            assert client.get(path).status_code == 404, path
        assert client.post("/metrics").status_code == 405
        accepted = {"Accept": "application/openmetrics-text; version=1.0.0"}
        assert client.get("/metrics", headers=accepted).text.endswith("# EOF\n")


def test_nobody_is_named_in_them(server: Server) -> None:
    base = f"http://127.0.0.1:{server.port}"
    with httpx.Client(
        base_url=base, headers={"X-Request-Id": TOKEN, "X-Forwarded-For": "203.0.113.99"}
    ) as client:
        client.get("/login")
        for path in (f"/accounts/{LOGIN}", f"/forgotten/new?token={TOKEN}", f"/{NUMBER}", f"/static/{LOGIN}"):
            client.get(path)
        client.post("/login", data={"login": NUMBER, "password": TOKEN}, headers={"Origin": base})
        client.request(LOGIN, "/login")
    text = server.scrape()
    assert 'route="/accounts/{login}"' in text
    for word in (NUMBER, LOGIN, TOKEN, "203.0.113", "127.0.0.1"):
        assert word not in text


def test_what_the_mail_server_is_refused_is_counted_too(server: Server) -> None:
    asked = {"login": LOGIN, "remote": "192.0.2.1", "protocol": "imap", "hint": "000", "mailbox": LOGIN}
    with httpx.Client(
        base_url=f"http://127.0.0.1:{server.internal}", headers={"X-API-Key": SECRET}
    ) as dovecot:
        for number in range(11):
            for command in ("allow", "report"):
                question = {**asked, "hint": f"{number:03x}", "success": False}
                assert dovecot.post(f"/mail-login?command={command}", json=question).status_code == 200
    assert server.sample("mypage_logins_total", at="mail", outcome="limited") >= 1


def test_what_a_killed_worker_counted_stays_and_what_it_was_at_does_not(server: Server) -> None:
    seen, workers = server.sample(COUNT), server.processes()
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    until(lambda: server.sample("mypage_workers") == 2 and not set(workers) & set(server.processes()))
    assert server.sample(COUNT) >= seen > 0
    assert server.sample("mypage_pool_size") == 20


def test_the_process_that_tells_them_is_started_again_and_forgets_nothing(server: Server) -> None:
    seen = server.sample(COUNT)
    [teller] = [
        int(process.name)
        for process in Path("/proc").glob("[0-9]*")
        if _command(process).endswith("app.metrics.serving") and _parent(process) == server.process.pid
    ]
    os.kill(teller, signal.SIGKILL)
    until(lambda: server.scrape() == "")
    until(lambda: server.sample(COUNT) >= seen)
    assert answers(server.port, "/healthz")


def test_it_ends_with_the_server_leaves_nothing_and_every_line_was_an_object(server: Server) -> None:
    httpx.get(f"http://127.0.0.1:{server.port}/a%0A%7B%22level%22:%22INFO%22%7D%E2%80%A8/{LOGIN}")
    server.process.terminate()
    output, _ = server.process.communicate(timeout=PATIENCE)
    assert server.process.returncode == 0
    assert not list(server.temporary.iterdir())
    until(lambda: server.scrape() == "")
    lines = [json.loads(line) for line in output.splitlines()]
    assert {"mypage.command", "_granian", "_granian.serve", "mypage", "mypage.security"} <= {
        line["logger"] for line in lines
    }
    assert all(line["time"].endswith("Z") and line["level"] and line["message"] for line in lines)
    [refused] = [line for line in lines if "why=missing" in line["message"] and "/{path}" in line["message"]][
        -1:
    ]
    assert len(refused["request_id"]) == 10
    for secret in ("a secret key", "a pepper", "a data key", "rk_test", SECRET, TOKEN):
        assert secret not in output


def _command(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().strip(b"\0").replace(b"\0", b" ").decode()
    except OSError:
        return ""


def _parent(process: Path) -> int:
    return int((process / "stat").read_text().rpartition(")")[2].split()[1])


@pytest.mark.parametrize(("internal", "metrics", "other"), [(8, 7, "--port"), (8, 8, "MYPAGE_INTERNAL_PORT")])
def test_a_port_that_is_to_be_had_twice_is_refused_in_words(internal: int, metrics: int, other: str) -> None:
    found = replace(
        SETTINGS,
        internal=settings.Internal("127.0.0.1", internal, "x"),
        metrics=settings.Metrics("127.0.0.1", metrics),
    )
    with pytest.raises(Mistake, match=f"MYPAGE_METRICS_PORT is {metrics}, which is {other} too"):
        servers._claim(argparse.Namespace(host="127.0.0.1", port=7), found)


def test_a_folder_that_cannot_be_made_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(Mistake, match="MYPAGE_METRICS_PORT is set, and no folder"), serving.beside():
        pass
    assert folder.in_use() is None
