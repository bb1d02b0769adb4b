"""A server on a data folder: started and stopped, or shared while another process runs it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import asyncpg

from app.postgres.embedded.binaries import Binaries, EmbeddedPostgresError, end
from app.postgres.embedded.claim import POLL, Claim, DataDirInUse
from app.postgres.embedded.folder import DATABASE, PORT, DataFolder

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Coroutine, Iterator, Mapping
    from types import TracebackType

T = TypeVar("T")

START_PATIENCE = 60.0  # seconds until a server answers, crash recovery included


class EmbeddedPostgres:
    """One cluster in the folder `root`, made if missing. Leaving the `with` block stops what was started.

    A server:    `with EmbeddedPostgres(root) as postgres: arguments = postgres.start()`
    A command:   `with EmbeddedPostgres(root) as postgres: arguments = postgres.connect_or_start()`
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._binaries = Binaries(self.root)
        self.log = self._binaries.log
        self._folder = DataFolder(self.root, self._binaries)
        self._claim = Claim(self.root, self._folder.data)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self, settings: Mapping[str, str] | None = None) -> dict[str, object]:
        """Start the server and return asyncpg's connection arguments, for the database "mypage".

        `settings` are PostgreSQL parameters, such as {"fsync": "off"} in tests. Blocks until it answers.
        Call it on the main thread: Linux sends the death signal when the *thread* that made the child ends.

        Raises DataDirInUse at once when a live process owns the folder, and after ORPHAN_PATIENCE when what a
        killed one left does not go; EmbeddedPostgresError for everything an operator has to mend.
        """
        with self._explained():
            if not self._claim.take("server"):
                raise DataDirInUse(
                    f"The data folder {self.root} is in use by another process ({self._claim.owner()}), or by a "
                    "worker it left behind. Stop it first, or choose another folder "
                    "(--data-dir or MYPAGE_DATA_DIR)."
                )
            return self._start(settings or {})

    def connect_or_start(self, settings: Mapping[str, str] | None = None) -> dict[str, object]:
        """As `start`, for a command: use a running server through its socket, and leave it running.

        A command that finds another command at work waits for it to end, since the server ends with it.
        Raises DataDirInUse when that takes longer than START_PATIENCE.
        """
        deadline = time.monotonic() + START_PATIENCE
        with self._explained():
            while not self._claim.take("command"):
                if self._claim.owner().startswith("server") and (arguments := self._answering()):
                    return arguments
                if time.monotonic() > deadline:
                    raise DataDirInUse(
                        f"The data folder {self.root} is in use by another process ({self._claim.owner()}) whose "
                        f"PostgreSQL cannot be shared or does not answer. Try again when it has finished; "
                        f"the log is {self.log}."
                    )
                time.sleep(POLL)
            return self._start(settings or {})

    def stop(self) -> None:
        """Shut down what this object started: at once for clients, with a checkpoint. Safe to call again."""
        process, self._process = self._process, None
        if process is not None:
            end(process)
        self._folder.remove_run_folder()
        self._claim.give_back()

    def when_it_ends(self, tell: Callable[[str], None]) -> None:
        """Call `tell`, on a thread, with what to say when the server ends that was started here and not stopped."""
        process = self._process
        if process is None:
            return

        def watch() -> None:
            status = process.wait()
            if self._process is process:
                tell(str(self._binaries.failure(f"PostgreSQL ended by itself (exit status {status})")))

        threading.Thread(target=watch, name="postgres-watch", daemon=True).start()

    # Starting

    def _start(self, settings: Mapping[str, str]) -> dict[str, object]:
        try:
            if threading.current_thread() is not threading.main_thread():
                raise RuntimeError(
                    "start the embedded PostgreSQL on the main thread: it ends with its thread"
                )
            with self._claim.inheritable_lock() as server_lock:
                self._folder.refuse_foreign_data()
                self._folder.make_run_folder()
                programs = self._binaries.find(self._folder.run)
                if not self._folder.data.exists():
                    durable = settings.get("fsync") != "off"
                    self._folder.create(programs / "initdb", server_lock=server_lock, durable=durable)
                self._process = self._binaries.launch(
                    programs / "postgres",
                    self._folder.data,
                    *self._flags(settings),
                    server_lock=server_lock,
                )
                self._await_ready(self._process)
            arguments = self._folder.arguments()
            _apart(_make_database(arguments))
        except BaseException:
            self.stop()
            raise
        return arguments

    def _flags(self, settings: Mapping[str, str]) -> list[str]:
        # By its real path: the account may be unable to walk to the link.
        socket_folder = str(self._folder.run.resolve()).replace('"', '""')
        parameters = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{socket_folder}"',
            "port": str(PORT),
            "log_checkpoints": "off",
            # What the rows of a refused statement hold, and what a statement was given, is nobody's to read later.
            "log_error_verbosity": "terse",
            "log_parameter_max_length": "0",
            **settings,
        }
        return [flag for name, value in parameters.items() for flag in ("-c", f"{name}={value}")]

    def _await_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_PATIENCE
        while not self._claim.server_is_ready():
            if process.poll() is not None:
                raise self._binaries.failure(
                    f"PostgreSQL ended while starting (exit status {process.returncode})"
                )
            if time.monotonic() > deadline:
                raise self._binaries.failure(f"PostgreSQL was not ready after {START_PATIENCE:.0f} seconds")
            time.sleep(POLL)

    def _answering(self) -> dict[str, object] | None:
        """The arguments of the server that another process runs here, None while it does not answer (yet)."""
        try:
            arguments = self._folder.arguments()
            _apart(_probe(arguments))
        except (FileNotFoundError, ConnectionError, TimeoutError):
            return None
        except (asyncpg.CannotConnectNowError, asyncpg.InvalidCatalogNameError):
            return None
        return arguments

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what the system or the server refuses into a message that names the folder."""
        try:
            yield
        except OSError as error:
            raise EmbeddedPostgresError(
                f"The data folder {self.root} cannot be used: {error}. Check its rights and the free space, "
                f"or choose another folder (--data-dir or MYPAGE_DATA_DIR). The log, if any, is {self.log}."
            ) from error
        except asyncpg.PostgresError as error:
            raise EmbeddedPostgresError(
                f"The PostgreSQL in {self.root} does not let us in: {error}. "
                f"Check that {self._folder.password} is the file that came with this data; the log is {self.log}."
            ) from error


def _apart(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` on a thread of its own: the caller's may have an event loop, and keeps it."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, work).result()


async def _probe(arguments: dict[str, object]) -> None:
    connection = await asyncpg.connect(**arguments, timeout=5)
    await connection.close()


async def _make_database(arguments: dict[str, object]) -> None:
    try:
        await _probe(arguments)
    except asyncpg.InvalidCatalogNameError:
        connection = await asyncpg.connect(**{**arguments, "database": "postgres"}, timeout=5)
        try:
            await connection.execute(f'CREATE DATABASE "{DATABASE}"')
        finally:
            await connection.close()
