"""Runs the portal on granian: one process for the demo, workers for production. Both log to stderr, a line a record."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import logging
import os
import resource
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.embed import Server

from app import settings
from app.log_lines import catch_all, logging_config
from app.main import portal
from app.mistake import Mistake
from app.postgres import database
from app.postgres.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from litestar.types import ASGIApp

PR_SET_PDEATHSIG = 1
CONNECTION = "MYPAGE_CONNECTION"
"""How a worker learns from its parent where the database is; set by `serve`, not by an operator."""
PARENT = "MYPAGE_PARENT"
"""The parent's process id, likewise."""

WORKER_PATIENCE = 15
"""Seconds that a worker has to end in order."""
IDLE = 30
"""Seconds until a connection on which no whole header came is closed: a new one, a slow one, or one that is kept alive.
A proxy keeps its connections for less (ops/nginx/mypage.conf), or it would send a request into one that just closed."""
LARGEST_HEADER = 32 * 1024
"""Bytes of a request's line and headers; a bigger one is answered with 431 by granian."""
CONNECTIONS = 10_000
"""Of one worker. The ones that are idle count as well, and beyond it nobody is let in until one of them ends."""
OWN_FILES = 200
"""Of a process: what it has open beside its callers' connections (database, code, log)."""

log = logging.getLogger("mypage")


def protected() -> dict[str, Any]:
    """How granian is told to bear callers who hold connections, or send without end, for the server and the demo.

    HTTP/1 alone: cleartext HTTP/2 is for nobody who comes here, and keeps 16 MB of headers for each caller.
    """
    return {
        "http": HTTPModes.http1,
        "http1_settings": HTTP1Settings(header_read_timeout=IDLE * 1000, max_buffer_size=LARGEST_HEADER),
        "backlog": 2048,
        "backpressure": min(CONNECTIONS, max(_open_files() - OWN_FILES, 100)),
        "websockets": False,
    }


def _open_files() -> int:
    """How many files and connections a process may have open, after the limit was raised as far as it goes."""
    wanted = CONNECTIONS + OWN_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    most = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most


class PortTaken(Exception):
    """Something else listens on the port."""


def claim(host: str, port: int) -> None:
    """Raise PortTaken if nobody can listen there."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTaken(
                f"cannot listen on {host} port {port}: {error.strerror}; choose another port"
            ) from error


def demo(chosen: settings.Settings, connection: dict[str, Any], port: int, ready: Callable[[], None]) -> None:
    """Serve from this process until Ctrl-C or SIGTERM: when it is killed, nothing is left behind.

    `ready` is called when the port answers.
    """
    asyncio.run(_serve_here(portal(chosen, Engine(connection)), port, ready))


async def _serve_here(app: ASGIApp, port: int, ready: Callable[[], None]) -> None:
    server = Server(
        app,
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGI,
        log_level=LogLevels.error,
        log_dictconfig=logging_config(),
        **protected(),
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    serving = loop.create_task(server.serve())
    while not serving.done() and not await _answers(port):  # noqa: ASYNC110 - granian tells nobody
        await asyncio.sleep(0.01)
    if not serving.done():
        ready()
    await serving


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def hand_over(connection: dict[str, Any]) -> None:
    """Tell the processes that this one starts where the database is, and whose they are."""
    os.environ[CONNECTION] = json.dumps(connection)
    os.environ[PARENT] = str(os.getpid())


def leave() -> NoReturn:
    """End this process with status 0, after it served here: everything is closed, and the log is written.

    granian's threads are still there then. An interpreter that takes itself down ends a thread in the middle of Rust as
    soon as it asks for Python, and the whole process aborts ("panic in a function that cannot unwind"), now and then.
    """
    sys.stdout.flush()
    logging.shutdown()
    os._exit(0)


def production(connection: dict[str, Any], host: str, port: int, workers: int) -> None:
    """Serve with worker processes until SIGTERM; the settings are read again in each worker."""
    hand_over(connection)
    Granian(
        "app.serving:worker",
        factory=True,
        address=host,
        port=port,
        workers=workers,
        interface=Interfaces.ASGI,
        respawn_failed_workers=True,
        workers_kill_timeout=WORKER_PATIENCE,
        log_dictconfig=logging_config(),
        **protected(),
    ).serve()


async def beside_workers(app: ASGIApp, host: str, port: int) -> None:
    """Serve what is not the members' from this process, one of those that `production` has beside it, until SIGTERM."""
    server = Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        log_level=LogLevels.error,
        log_dictconfig=logging_config(),
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.stop)
    await server.serve()


def end_with_parent() -> None:
    """On Linux a worker ends when its parent is killed; elsewhere it has to be stopped by hand.

    It is killed too: granian's handler of SIGTERM hangs for ever while the worker still starts. Where the parent ends
    in order, no worker is left by then.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(os.environ[PARENT]):  # it was killed before that
        os.kill(os.getpid(), signal.SIGKILL)


def worker() -> ASGIApp:
    """The application of one worker process; granian has set up the log."""
    # Until granian has its own handlers here, those of the parent, inherited, would swallow the request to end.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end_with_parent()
    with ending_in_words("a worker"):
        chosen = settings.production()
        return portal(chosen, Engine(json.loads(os.environ[CONNECTION])))


@contextlib.contextmanager
def ending_in_words(what: str) -> Iterator[None]:
    """End this process with status 1 and a line in the log where the block fails, instead of a traceback on stderr."""
    catch_all()
    try:
        yield
    except Mistake as error:  # settings that were changed since the server started
        log.critical("%s cannot start: %s", what, error)
        sys.exit(1)
    except Exception as error:
        log.critical("%s ended by an error", what, exc_info=database.without_detail(error))
        sys.exit(1)
