"""Who works on a data folder: one process at a time, told by two lock files and PostgreSQL's `postmaster.pid`.

`owner.lock` is held by the process that started the server. `server.lock` is held by the server itself, which
inherits the descriptor: while it is taken, some process of the cluster lives, whatever became of its owner.
A taken `server.lock` behind a free `owner.lock` is therefore an orphan, and only then is it told to stop.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import time
from typing import TYPE_CHECKING

from app.postgres.embedded.binaries import EmbeddedPostgresError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ORPHAN_PATIENCE = 5.0  # seconds for the server of a killed process to go
POLL = 0.02


class DataDirInUse(EmbeddedPostgresError):
    """Another process works on this data folder."""


class Claim:
    """This process's claim on the data folder `root`, with the cluster in `data`."""

    def __init__(self, root: Path, data: Path) -> None:
        self.root = root
        self._data = data
        self._owner_file = root / "owner.lock"
        self._owner_lock: int | None = None

    def take(self, role: str) -> bool:
        """Take the folder for this process; False when a live process has it."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = _open_lock(self._owner_file)
        if not _taken(lock):
            os.close(lock)
            return False
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{role}, process {os.getpid()}".encode(), 0)
        self._owner_lock = lock
        return True

    def give_back(self) -> None:
        """Leave the folder to others, if this process has it."""
        if self._owner_lock is not None:
            os.close(self._owner_lock)
            self._owner_lock = None

    def owner(self) -> str:
        """Role and number of the process that has the folder."""
        # The text of a killed owner may still be read, but only until the next one writes its own,
        # which is long before the next server answers.
        return self._owner_file.read_text()

    @contextlib.contextmanager
    def inheritable_lock(self) -> Iterator[int]:
        """Hold `server.lock` for what is launched inside to inherit; afterwards the server alone holds it."""
        lock = _open_lock(self.root / "server.lock")
        try:
            self._take_from_orphan(lock)
            yield lock
        finally:
            os.close(lock)

    def _take_from_orphan(self, lock: int) -> None:
        """Stop a server whose owner was killed, if the kernel has not done so already."""
        deadline = time.monotonic() + ORPHAN_PATIENCE
        while not _taken(lock):
            if time.monotonic() > deadline:
                raise DataDirInUse(
                    f"The PostgreSQL of an earlier run still works on {self._data} and does not stop. "
                    f"Stop the process named in {self._data / 'postmaster.pid'}, then start again."
                )
            self._interrupt_orphan()
            time.sleep(POLL)
        # Nobody lives here, so the file can only be stale. Its number may be some other process by now.
        (self._data / "postmaster.pid").unlink(missing_ok=True)

    def _interrupt_orphan(self) -> None:
        try:
            pid = int(self._postmaster_file()[0])
            if os.getsid(pid) == pid:  # as every server of ours does; not so a process that reused the number
                os.kill(pid, signal.SIGINT)
        except (IndexError, ValueError, ProcessLookupError):
            return  # it is on its way out; the lock tells when

    def server_is_ready(self) -> bool:
        """Whether the server says in its file that it takes connections."""
        return [line.strip() for line in self._postmaster_file()[7:8]] == ["ready"]

    def _postmaster_file(self) -> list[str]:
        try:
            return (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
