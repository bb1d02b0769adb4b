"""Serves the internal listener (app/internal.py) from a process of its own beside the members' workers.

A guess at the mail server waits for no member's page, and a worker that dies takes nothing of it along. `mypage serve`
starts it again when it dies, and ends it with itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from app import internal, serving, settings
from app.log_lines import logging_config
from app.postgres.engine import Engine
from app.settings import Internal

if TYPE_CHECKING:
    from litestar.types import ASGIApp

COMMAND = (sys.executable, "-m", "app.internal_serving")
LOOK_EVERY = 0.1
"""Seconds until a process that died is seen."""
PAUSE = 1.0
"""Seconds before it is started again, so that one that cannot start does not keep the machine busy."""

log = logging.getLogger("mypage")


@contextlib.contextmanager
def beside() -> Iterator[None]:
    """Keep the process running as long as the block lasts. Where the database is must stand in the environment."""
    ending = threading.Event()
    keeper = threading.Thread(target=_keep, args=(ending,), name="internal-listener")
    keeper.start()
    try:
        yield
    finally:
        ending.set()
        keeper.join()


def _keep(ending: threading.Event) -> None:
    """Start the process, again whenever it ends by itself; end it in order.

    On Linux it is killed when this thread ends, so by a kill of the whole server, too.
    """
    while not ending.is_set():
        # close_fds=False makes it start without a fork of this process, whose other threads may hold locks.
        process = subprocess.Popen(COMMAND, close_fds=False)  # noqa: S603 - a constant
        while process.poll() is None and not ending.wait(LOOK_EVERY):
            pass
        if process.poll() is None:
            _end(process)
        else:
            log.error("the internal listener ended with %s and is started again", process.returncode)
            ending.wait(PAUSE)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(serving.WORKER_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main() -> None:
    """The process: serve until SIGTERM."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all of the server; its parent ends this one
    serving.end_with_parent()
    chosen = settings.production()
    if chosen.internal is None:
        raise SystemExit("no internal listener is set")
    app = internal.listener(chosen, Engine(json.loads(os.environ[serving.CONNECTION])))
    asyncio.run(_serve(app, chosen.internal))
    serving.leave()


async def _serve(app: ASGIApp, chosen: Internal) -> None:
    server = Server(
        app,
        address=chosen.host,
        port=chosen.port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        log_level=LogLevels.error,
        log_dictconfig=logging_config(),
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.stop)
    await server.serve()


if __name__ == "__main__":
    main()
