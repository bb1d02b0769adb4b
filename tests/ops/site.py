"""An installation as docs/running.md has it: one PostgreSQL, instances of the portal, and programs beside them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from app.commands.servers import DEMO_CONTRACTS
from app.postgres.embedded import EmbeddedPostgres
from tests.commands.programs import PATIENCE, SERVING, answers, copied, environment, free_port, until, url_of
from tests.conftest import FAST
from tests.ops import nginx

ROOT = Path(__file__).parents[2]
SETTINGS = {
    **SERVING,
    "MYPAGE_HOSTS": f"{nginx.NAME},{nginx.HOST}",
    "MYPAGE_TRUSTED_PROXIES": nginx.HOST,
    "MYPAGE_MAIL_HOLD": "1",
    **dict.fromkeys(("MYPAGE_CONTACT_HOURS", "MYPAGE_REMOTE_SUPPORT_HOURS"), "9時～17時（年中無休）"),
}


@dataclass(frozen=True)
class Site:
    """The database of an installation, and what its programs are told."""

    folder: Path
    connection: dict[str, Any]
    url: str

    def environment(self, **more: str) -> dict[str, str]:
        """Settings of a program; DATABASE_URL is the site's own unless it is given."""
        told = {key: value for key, value in environment(self.folder).items() if key != "MYPAGE_DATA_DIR"}
        return {**told, **SETTINGS, "DATABASE_URL": self.url, **more}

    def run(self, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
        """A program of the operator, to its end."""
        return subprocess.run(
            command,
            env=self.environment(**more),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def mypage(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-m", "app", *arguments, **more)

    async def rows(self, query: str, *args: object, database: str = "") -> list[Any]:
        """What is in the database, or in another one of the same server."""
        named = {**self.connection, "database": database} if database else self.connection
        connection = await asyncpg.connect(**named)
        try:
            if query.startswith("BEGIN"):
                return [await connection.execute(query)]
            found: list[Any] = await connection.fetch(query, *args)
            return found
        finally:
            await connection.close()


@contextmanager
def site(migrated: Path, folder: Path) -> Iterator[Site]:
    """An installation with the demo's contracts, until the block ends."""
    with EmbeddedPostgres(copied(migrated, folder)) as postgres:
        connection = postgres.start(FAST)
        made = Site(folder, connection, url_of(connection))
        loaded = made.mypage("import", "contracts", str(DEMO_CONTRACTS))
        assert loaded.returncode == 0, loaded.stderr
        yield made


@dataclass
class Instance:
    """One `mypage serve`, as a unit of systemd would start it."""

    site: Site
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    metrics: int = field(default_factory=free_port)
    _running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._running = subprocess.Popen(
            [sys.executable, "-m", "app", "serve", "--port", str(self.port), "--workers", "1"],
            env=self.site.environment(MYPAGE_METRICS_PORT=str(self.metrics), **self.settings),
            cwd=ROOT,
        )
        until(lambda: answers(self.port) or self._process.poll() is not None)
        assert self._process.poll() is None, "the instance did not start"

    def stop(self) -> None:
        """Stop it as systemd does, and wait for its end."""
        self._process.terminate()
        assert self._process.wait(PATIENCE) == 0

    def hang_up(self) -> None:
        """What `systemctl reload` sends."""
        os.kill(self._process.pid, 1)

    def workers(self) -> set[int]:
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        return {int(number) for number in children.split()}

    def end(self) -> None:
        """Whatever became of it, it is gone afterwards."""
        if self._running is not None and self._running.poll() is None:
            self._running.kill()
            self._running.wait(PATIENCE)

    @property
    def _process(self) -> subprocess.Popen[bytes]:
        assert self._running, "not started"
        return self._running


@contextmanager
def instances(of: Site, number: int, **settings: str) -> Iterator[list[Instance]]:
    """So many instances of the portal that run, until the block ends."""
    made = [Instance(of, settings) for _ in range(number)]
    try:
        for one in made:
            one.start()
        yield made
    finally:
        for one in made:
            one.end()
