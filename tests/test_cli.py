"""The `mypage` commands, run as an operator runs them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from app.cli import DEMO_CONTRACTS
from tests.browser import Browser

SERVING = {
    "MYPAGE_SECRET_KEYS": "a secret key of the production test",
    "MYPAGE_PEPPERS": "1:a pepper of the production test that is long",
    "MYPAGE_HOSTS": "127.0.0.1",
    "MYPAGE_OPERATOR": "試験通信株式会社",
    "MYPAGE_CONTACT_PHONE": "0120-000-0000",
    "MYPAGE_CONTACT_HOURS": "9時～17時",
    "MYPAGE_MAIL_DOMAIN": "mail.example.jp",
    "MYPAGE_IMAP_HOST": "imap.example.jp",
    "MYPAGE_SUBMISSION_HOST": "smtp.example.jp",
    "MYPAGE_WEB_HOST": "home.example.jp",
    "MYPAGE_MAIL_FROM": "mypage@example.jp",
    "MYPAGE_SMTP_HOST": "127.0.0.1",
    "MYPAGE_SMTP_SECURITY": "none",
}
PATIENCE = 30.0


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Nothing of the caller's settings, the embedded database in `folder`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MYPAGE_", "DATABASE_URL"))}
    return {**kept, "MYPAGE_DATA_DIR": str(folder), **more}


def mypage(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        env=environment(folder, **more), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


Starter = Callable[..., subprocess.Popen[str]]


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
        process.communicate()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int, path: str = "/readyz") -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def until(true: Callable[[], bool]) -> None:
    """Wait for a condition, PATIENCE seconds at most."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def processes_of(folder: Path) -> list[str]:
    """Command lines and folders of the processes that work in the data folder."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                place = os.readlink(process / "cwd")
            except OSError:
                continue
            if str(folder) in line + place:
                found.append(line)
    return found


def test_the_demo_prints_url_and_logins_and_ctrl_c_stops_all_of_it(tmp_path: Path, start: Starter) -> None:
    port = free_port()
    demo = start("demo", "--port", str(port))
    until(lambda: answers(port))
    demo.send_signal(signal.SIGINT)
    output, _ = demo.communicate(timeout=PATIENCE)
    assert f"http://127.0.0.1:{port}/" in output
    assert "90000000000000" in output
    assert demo.returncode == 0
    assert not answers(port, "/healthz")
    until(lambda: not processes_of(tmp_path))


def test_a_killed_demo_leaves_nothing_and_its_data_are_there_at_the_next_start(tmp_path: Path, start: Starter) -> None:
    port = free_port()
    demo = start("demo", "--port", str(port))
    until(lambda: answers(port))
    demo.kill()
    demo.wait()
    until(lambda: not processes_of(tmp_path))
    start("demo", "--port", str(port))
    until(lambda: answers(port))
    again = mypage(tmp_path, "import", "contracts", str(DEMO_CONTRACTS))
    assert again.stdout == "0 contracts loaded, 4 were there already and were left as they are\n"


def test_a_second_demo_on_the_same_data_or_port_says_so(tmp_path: Path, start: Starter) -> None:
    port = free_port()
    start("demo", "--port", str(port))
    until(lambda: answers(port))
    same_data = mypage(tmp_path, "demo", "--port", str(free_port()))
    assert same_data.returncode == 1
    assert str(tmp_path) in same_data.stderr
    assert "in use by another process" in same_data.stderr
    same_port = mypage(tmp_path / "other", "demo", "--port", str(port))
    assert same_port.returncode == 1
    assert f"port {port}" in same_port.stderr


async def test_the_demo_clock_starts_where_it_is_told(start: Starter) -> None:
    port = free_port()
    start("demo", "--port", str(port), "--now", "2031-05-06T07:08")
    until(lambda: answers(port))
    async with Browser(None, f"http://127.0.0.1:{port}") as browser:
        await browser.log_in("account", "arteri-an-001", "abc12345")
        await browser.open("/accounts/arteri-an-001/password")
        await browser.submit(password="neu-12345", password_again="neu-12345")
        assert "この確認画面は、2031/05/06 07:" in browser.text


def test_serve_refuses_to_start_half_configured_and_names_each_setting(tmp_path: Path) -> None:
    refused = mypage(tmp_path, "serve", MYPAGE_SECRET_KEYS="short", MYPAGE_POOL_SIZE="many", MYPAGE_SMTP_SECURITY="ssl")
    assert refused.returncode == 1
    for name in (*SERVING, "MYPAGE_POOL_SIZE", "MYPAGE_SMTP_USER", "MYPAGE_SMTP_PASSWORD"):
        assert name in refused.stderr
    assert "short" not in refused.stderr
    assert not (tmp_path / "data").exists()


def test_serve_wants_the_schema_up_to_date(tmp_path: Path) -> None:
    refused = mypage(tmp_path, "serve", "--port", str(free_port()), **SERVING)
    assert refused.returncode == 1
    assert "run `mypage migrate` first" in refused.stderr


def test_serve_answers_with_its_workers_and_a_kill_leaves_nothing(tmp_path: Path, start: Starter) -> None:
    assert mypage(tmp_path, "migrate").returncode == 0
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


def test_serve_ends_in_order_on_sigterm(tmp_path: Path, start: Starter) -> None:
    assert mypage(tmp_path, "migrate").returncode == 0
    port = free_port()
    serve = start("serve", "--port", str(port), "--workers", "2", **SERVING)
    until(lambda: answers(port))
    serve.terminate()
    serve.communicate(timeout=PATIENCE)
    assert serve.returncode == 0
    until(lambda: not processes_of(tmp_path))


def test_a_broken_import_file_lists_its_lines_and_loads_nothing(tmp_path: Path) -> None:
    folder, broken = tmp_path / "data dir", tmp_path / "broken.jsonl"
    good = DEMO_CONTRACTS.read_text().splitlines()
    broken.write_text("\n".join([good[0], "{", good[1].replace('"mail_pack"', '"mail_bag"')]))
    assert mypage(folder, "migrate").returncode == 0
    refused = mypage(folder, "import", "contracts", str(broken))
    assert refused.returncode == 1
    assert "nothing was loaded" in refused.stderr
    assert "2:" in refused.stderr or "line 2" in refused.stderr
    assert "mail_product" in refused.stderr
    loaded = mypage(folder, "import", "contracts", str(DEMO_CONTRACTS))
    assert loaded.stdout.startswith("4 contracts loaded")


@pytest.mark.parametrize("name", ["missing.jsonl", ""])
def test_an_import_file_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    refused = mypage(tmp_path, "import", "contracts", str(tmp_path / name))
    assert refused.returncode == 1
    assert "no such file" in refused.stderr


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
