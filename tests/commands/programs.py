"""The `mypage` commands, run as an operator runs them: programs of their own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from app import settings
from app.commands import running
from app.commands.servers import DEMO_CONTRACTS
from app.domain.letters import outbox
from app.postgres import database
from app.postgres.embedded import EmbeddedPostgres

SERVING = {
    "MYPAGE_SECRET_KEYS": "a secret key of the production test",
    "MYPAGE_PEPPERS": "1:a pepper of the production test that is long",
    "MYPAGE_DATA_KEYS": "a data key of the production test that is long",
    "MYPAGE_HOSTS": "127.0.0.1",
    "MYPAGE_BASE_URL": "https://127.0.0.1",
    "MYPAGE_OPERATOR": "試験通信株式会社",
    "MYPAGE_INVOICE_NUMBER": "T9000000000000",
    "MYPAGE_OPERATOR_ADDRESS": "東京都千代田区試験1-2-3",
    "MYPAGE_BILLED_ELSEWHERE": "回線と通話の料金は、別の請求書でご請求します。",
    "MYPAGE_CONTACT_PHONE": "0120-000-0000",
    "MYPAGE_CONTACT_HOURS": "9時～17時",
    "MYPAGE_REMOTE_SUPPORT_PHONE": "0120-000-1111",
    "MYPAGE_REMOTE_SUPPORT_HOURS": "9時～17時",
    "MYPAGE_INSTALLERS": "security-360=https://a.example.jp,security-online=https://b.example.jp/,kids-filter=https://c.example.jp/x",
    "MYPAGE_FAULT_PHONE": "0120-000-0001",
    "MYPAGE_FAULT_HOURS": "24時間",
    "MYPAGE_CINEMA_URL": "https://cinema.example.jp/",
    "MYPAGE_CLUB_URL": "https://club.example.jp/",
    "MYPAGE_MAIL_DOMAIN": "mail.example.jp",
    "MYPAGE_IMAP_HOST": "imap.example.jp",
    "MYPAGE_SUBMISSION_HOST": "smtp.example.jp",
    "MYPAGE_WEB_HOST": "home.example.jp",
    "MYPAGE_MAIL_FROM": "mypage@example.jp",
    "MYPAGE_SMTP_HOST": "127.0.0.1",
    "MYPAGE_SMTP_SECURITY": "none",
    "MYPAGE_TRUSTED_PROXIES": "none",
    "MYPAGE_STRIPE_SECRET_KEY": "rk_test_of_the_production_test",
}
NO_STRIPE = {"HTTPS_PROXY": "http://127.0.0.1:9"}
"""For `mypage check`, which asks Stripe: no test asks the real one."""
OTHER_KEY = "another pepper of the production test: as long"
PATIENCE = 60.0
Starter = Callable[..., subprocess.Popen[str]]
"""Starts a server command; the fixture `start`."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Nothing of the caller's settings, the embedded database in `folder`."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("MYPAGE_", "DATABASE_URL"))
    }
    return {**kept, "MYPAGE_DATA_DIR": str(folder), **more}


def mypage(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        env=environment(folder, **more), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def apart(stderr: str) -> str:
    """What a command said on stderr beside the line of the database that it is on."""
    first, _, rest = stderr.partition("\n")
    assert first.startswith("mypage: on the "), stderr
    return rest


def copied(source: Path, target: Path) -> Path:
    """With its owners: as root the server is somebody else."""
    subprocess.run(["cp", "-a", f"{source}/.", str(target)], check=True)
    return target


def answers(port: int, path: str = "/readyz") -> bool:
    """Asked many times while a server starts: without the certificates that httpx reads for each new client."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def until(true: Callable[[], bool]) -> None:
    """Wait for a condition, PATIENCE seconds at most."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def url_of(server: dict[str, Any], **other: str) -> str:
    """DATABASE_URL of the tests' own server."""
    if "dsn" in server:
        pytest.skip("the server of DATABASE_URL may let anybody in")
    user, password, name, host = (
        quote(other.get(part, str(server[part])), safe="")
        for part in ("user", "password", "database", "host")
    )
    return f"postgresql://{user}:{password}@/{name}?host={host}"


async def on_the_database(folder: Path, work: Callable[[], Awaitable[object]]) -> None:
    """Work on the data of the folder, which nobody else uses meanwhile."""
    with EmbeddedPostgres(folder) as postgres:
        await running.with_database(postgres.start(), work)


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


TELLS_ITS_END = """import atexit, pathlib, sys
atexit.register(lambda: pathlib.Path(__file__).with_name("taken-down").open("a").write(f"{sys.orig_argv}\\n"))
"""


def told_when_taken_down(folder: Path) -> dict[str, str]:
    """Settings with which each Python that takes itself down writes its command into `folder`/taken-down."""
    (folder / "sitecustomize.py").write_text(TELLS_ITS_END)
    return {"PYTHONPATH": str(folder)}


# --- mails to deliver -------------------------------------------------------------------------------------------------


async def two_mails(folder: Path) -> None:
    """Put contracts into a migrated folder, and mails to a@ and b@example.jp."""

    async def post() -> None:
        async with database.engine().transaction():
            told = ["a@example.jp", "b@example.jp"]
            await outbox.post(1, told, "account-password-changed", login="髙﨑①")

    assert mypage(folder, "import", "contracts", str(DEMO_CONTRACTS), **SERVING).returncode == 0
    await on_the_database(folder, post)


def sending_to(server: settings.Smtp) -> dict[str, str]:
    return {
        "MYPAGE_OPERATOR": "試験通信株式会社",
        "MYPAGE_MAIL_FROM": "mypage@example.jp",
        "MYPAGE_SMTP_HOST": server.host,
        "MYPAGE_SMTP_PORT": str(server.port),
        "MYPAGE_SMTP_USER": server.user,
        "MYPAGE_SMTP_PASSWORD": server.password,
        "MYPAGE_SMTP_SECURITY": server.security,
    }
