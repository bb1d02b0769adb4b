"""A server of these tests: started, stopped and started again, and ended with them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

HOST = "127.0.0.1"
PATIENCE = 15.0  # seconds that anything may take
POLL = 0.03
# Ends a server when these tests are killed. Postfix forgets its own death signal, so a shell keeps one for it.
KEEPER = ("setpriv", "--pdeathsig", "TERM", "sh", "-c", '"$@" & trap "kill $!" TERM; wait; wait', "sh")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])


def await_port(port: int, logs: Callable[[], str] = str) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, f"nothing listens on port {port}\n{logs()}"
            time.sleep(POLL)
        else:
            return


class Process:
    """What it writes is in `folder`/`name`.log."""

    def __init__(self, folder: Path, name: str, *command: str | Path) -> None:
        self._log = folder / f"{name}.log"
        self._command = command
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(
                [*KEEPER, *self._command], stdout=log, stderr=log, start_new_session=True
            )

    def stop(self, *, at_once: bool = False) -> None:
        """In order, or at once. Does nothing where it was never started, or has stopped."""
        if self._running:
            if at_once:
                os.killpg(self._running.pid, signal.SIGKILL)
            self._running.terminate()
            self._running.wait(PATIENCE)
            self._running = None

    def log(self) -> str:
        """Its last lines."""
        return (
            "\n".join(self._log.read_text(errors="replace").splitlines()[-25:]) if self._log.exists() else ""
        )
