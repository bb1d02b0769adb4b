"""The shipped PgBouncer configuration between the portal and its PostgreSQL: in session mode all works as without it."""

from __future__ import annotations

import asyncio
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import asyncpg
import httpx
import pytest

from app.commands.servers import DEMO_CONTRACTS
from app.domain.letters import outbox
from app.postgres import database, pooler
from app.postgres.engine import PATIENCE as PATIENCE_OF_PAGES
from app.postgres.engine import POOL_SIZE, Engine
from tests.browser import Browser
from tests.commands.programs import PATIENCE, free_port, until
from tests.ops import nginx
from tests.ops.site import ROOT, Instance, Site, instances
from tests.people.customer_steps import changed

pytestmark = pytest.mark.slow
SHIPPED = (ROOT / "ops/pgbouncer/pgbouncer.ini").read_text()


@dataclass(frozen=True)
class Pooled:
    """A site that is reached by way of PgBouncer."""

    site: Site
    port: int
    log: Path

    def url(self, database: str = "mypage") -> str:
        user, password = (quote(self.site.connection[part], safe="") for part in ("user", "password"))
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"


@contextmanager
def running(site: Site, secret: str, configured: str) -> Iterator[Pooled]:
    """PgBouncer with that configuration, filled in for this machine; it runs as nobody, since it refuses to run as root."""
    folder, port = Path(tempfile.mkdtemp(prefix="pgbouncer-", dir="/tmp")), free_port()
    socket = Path(str(site.connection["host"])).resolve()
    for shipped, filled in {
        "host=127.0.0.1 port=5432 dbname=mypage": f"host={socket} port=5432 dbname={site.connection['database']}",
        "listen_port = 6432": f"listen_port = {port}",
        "/etc/pgbouncer/": f"{folder}/",
        "/var/log/postgresql/": f"{folder}/",
        "/var/run/postgresql/": f"{folder}/",
    }.items():
        assert shipped in configured, shipped
        configured = configured.replace(shipped, filled)
    (folder / "pgbouncer.ini").write_text(configured)
    (folder / "userlist.txt").write_text(f'"{site.connection["user"]}" "{secret}"\n')
    nobody = pwd.getpwnam("nobody")
    for path in (folder, *folder.iterdir()):
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    as_nobody = [
        f"--reuid={nobody.pw_uid}",
        f"--regid={nobody.pw_gid}",
        "--clear-groups",
        "--pdeathsig",
        "TERM",
    ]
    with subprocess.Popen(["setpriv", *as_nobody, "pgbouncer", "-q", f"{folder}/pgbouncer.ini"]) as process:
        try:
            until(lambda: nginx.listens(port) or process.poll() is not None)
            assert process.poll() is None
            yield Pooled(site, port, folder / "pgbouncer.log")
        finally:
            process.terminate()
            process.wait(PATIENCE)
            shutil.rmtree(folder)


@pytest.fixture(scope="module")
async def secret(site: Site) -> str:
    """What the comment of the configuration says to put into userlist.txt."""
    if shutil.which("pgbouncer") is None or os.geteuid() != 0:
        pytest.skip("Debian's pgbouncer is needed, and root (bin/proxy-packages)")
    (row,) = await site.rows("SELECT rolpassword FROM pg_authid WHERE rolname = $1", site.connection["user"])
    return str(row["rolpassword"])


@pytest.fixture(scope="module")
def pooled(site: Site, secret: str) -> Iterator[Pooled]:
    with running(site, secret, SHIPPED) as made:
        yield made


@pytest.fixture(scope="module")
def portal(pooled: Pooled) -> Iterator[Instance]:
    with instances(
        pooled.site,
        1,
        DATABASE_URL=pooled.url(),
        MYPAGE_HOSTS=nginx.HOST,
        MYPAGE_BASE_URL="https://127.0.0.1",
    ) as (one,):
        yield one


class AsBehindTls(httpx.AsyncHTTPTransport):
    """Asks over plain http what a browser asks over https, so that its cookies, which are Secure, are sent."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        plain = request.url.copy_with(scheme="http")
        return await super().handle_async_request(
            httpx.Request(request.method, plain, headers=request.headers, stream=request.stream)
        )


async def test_a_member_changes_something_and_its_event_gets_a_position(
    portal: Instance, pooled: Pooled
) -> None:
    async with Browser(None, f"https://127.0.0.1:{portal.port}") as browser, AsBehindTls() as transport:
        browser._transport = transport
        browser._mounts.clear()
        await browser.log_in("customer", "90000000000000", "demo01")
        await changed(browser, household="7")
    (kept,) = await pooled.site.rows(
        "SELECT household FROM contract WHERE customer_number = '90000000000000'"
    )
    assert kept["household"] == 7
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while await pooled.site.rows("SELECT FROM event WHERE position IS NULL"):
        assert asyncio.get_running_loop().time() < deadline, "no position was given"
        await asyncio.sleep(0.1)


async def test_who_listens_hears_of_each_mail_at_once(portal: Instance, pooled: Pooled) -> None:
    listening = await pooled.site.rows(
        "SELECT query FROM pg_stat_activity WHERE query ~ 'pg_advisory_unlock|LISTEN'"
    )
    assert listening, "the portal's deliverer"
    heard = asyncio.Event()
    connection = await asyncpg.connect(pooled.url())
    try:
        await connection.add_listener(outbox.CHANNEL, lambda *_: heard.set())
        await pooled.site.rows(f"NOTIFY {outbox.CHANNEL}")
        await asyncio.wait_for(heard.wait(), 5)
    finally:
        await connection.close()


async def test_a_connection_is_handed_on_without_its_locks_and_with_its_settings(pooled: Pooled) -> None:
    wanted = {
        "statement_timeout": "2s",
        "jit": "off",
        "plan_cache_mode": "force_generic_plan",
        "default_transaction_isolation": "read committed",
    }
    former = await _visit(pooled, wanted)
    assert await _visit(pooled, wanted) == former


async def _visit(pooled: Pooled, wanted: dict[str, str]) -> int:
    """Look at what holds, and leave a lock behind; which of PostgreSQL's processes it was."""
    connection = await asyncpg.connect(pooled.url())
    try:
        found = {name: await connection.fetchval("SELECT current_setting($1)", name) for name in wanted}
        assert found == wanted
        held = await pooled.site.rows("SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711")
        assert not held
        await connection.execute("SELECT pg_advisory_lock(4711)")
        return int(await connection.fetchval("SELECT pg_backend_pid()"))
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "arguments", [("migrate",), ("import", "contracts", str(DEMO_CONTRACTS), "--dry-run")]
)
def test_commands_run_without_a_limit_of_time(pooled: Pooled, arguments: tuple[str, ...]) -> None:
    done = pooled.site.mypage(*arguments, DATABASE_URL=pooled.url("mypage_commands"))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("entry", "told"), [("mypage", False), ("mypage_commands", True)])
async def test_a_server_is_told_where_a_pooler_drops_what_it_asks_for(
    pooled: Pooled, monkeypatch: pytest.MonkeyPatch, entry: str, told: bool
) -> None:
    monkeypatch.setattr(database, "_current", Engine({"dsn": pooled.url(entry)}))
    assert ("ops/pgbouncer" in await pooler.warning()) is told


def test_there_is_room_for_what_the_configuration_says_that_instances_take() -> None:
    size, clients, waits = (
        int(re.findall(rf"^{name} = (\d+)$", SHIPPED, re.MULTILINE)[0])
        for name in ("default_pool_size", "max_client_conn", "query_wait_timeout")
    )
    (told,) = re.findall(r"two instances of two workers: (\d+)", SHIPPED)
    instance = 2 * (POOL_SIZE + 1) + 4 + 1
    assert int(told) == 2 * instance < size < clients
    assert waits < PATIENCE_OF_PAGES
