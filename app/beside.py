"""A process of its own beside the members' workers: `mypage serve` starts it again when it dies, and ends it with itself."""

from __future__ import annotations

import contextlib
import logging
import subprocess
import threading
from collections.abc import Iterator

LOOK_EVERY = 0.1
"""Seconds until a process that died is seen."""
PAUSE = 1.0
"""Seconds before it is started again, so that one that cannot start does not keep the machine busy."""
PATIENCE = 15
"""Seconds that it has to end in order."""

Command = tuple[str, ...]

log = logging.getLogger("mypage")


@contextlib.contextmanager
def running(command: Command, name: str) -> Iterator[None]:
    """Keep it running as long as the block lasts; the log calls it `name`."""
    ending = threading.Event()
    keeper = threading.Thread(target=_keep, args=(command, name, ending), name=name)
    keeper.start()
    try:
        yield
    finally:
        ending.set()
        keeper.join()


def _keep(command: Command, name: str, ending: threading.Event) -> None:
    """Start the process, again whenever it ends by itself; end it in order.

    On Linux it is killed when this thread ends, so by a kill of the whole server, too.
    """
    while not ending.is_set():
        # close_fds=False makes it start without a fork of this process, whose other threads may hold locks.
        process = subprocess.Popen(command, close_fds=False)  # noqa: S603 - a constant
        while process.poll() is None and not ending.wait(LOOK_EVERY):
            pass
        if process.poll() is None:
            _end(process)
        else:
            log.error("%s ended with %s and is started again", name, process.returncode)
            ending.wait(PAUSE)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
