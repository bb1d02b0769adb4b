"""A portal for browsers: the demo as `mypage demo` runs it, with an empty data folder and a free port of its own.

It runs in a child process, which ends when its standard input does: with the tests, however they end.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app import arguments, serving, settings
from app.commands import servers
from app.commands.running import keep_clock, with_database
from app.domain import clock
from app.postgres.embedded import EmbeddedPostgres
from app.web.cookies import Keys

ROOT = Path(__file__).parent.parent
QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Portal:
    """Where the portal answers, asyncpg's arguments for its database, and what signs its cookies."""

    url: str
    connection: dict[str, Any]
    keys: Keys


@contextlib.contextmanager
def running(folder: Path, now: str = "") -> Iterator[Portal]:
    """A portal with its data in `folder`, until the block is left; its clock starts at `now`, as `mypage demo --now`.

    Raises RuntimeError when it does not start.
    """
    port = _free_port()
    command = [sys.executable, "-m", "e2e.portal", str(folder), str(port), now]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as child:
        assert child.stdin
        assert child.stdout
        try:
            line = child.stdout.readline()
            if not line:
                raise RuntimeError(f"the portal did not start; see {folder / 'postgres.log'} and stderr")
            keys = Keys(settings.demo(folder).secret_keys, https=False)
            yield Portal(f"http://127.0.0.1:{port}", json.loads(line), keys)
        finally:
            child.stdin.close()  # and wait: the data may be wanted again at once


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _serve(folder: Path, port: int, now: str) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with EmbeddedPostgres(folder) as postgres:
        connection = postgres.start(QUICK)
        chosen = settings.demo(folder, port)
        moment = arguments.moment(now) if now else None
        clock.start_at(moment)
        asyncio.run(with_database(connection, lambda: servers.prepare_demo(chosen)))
        keep_clock(folder, moment)
        serving.demo(chosen, connection, port, ready=lambda: print(json.dumps(connection), flush=True))


def _end_with_parent() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
