"""What is in a data folder: `data` (the cluster), `password`, `run` (the socket), `postgres.log`, two lock files."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path

from app.postgres.embedded.binaries import Binaries, EmbeddedPostgresError, end

USER = DATABASE = "mypage"
PORT = 5432  # no TCP port: it only names the socket file

CREATE_PATIENCE = 300.0  # seconds for initdb, which writes some 40 MB
CLUSTER_OPTIONS = (
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--no-locale",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--data-checksums",
    "--no-instructions",
)

# The address of a Unix socket holds 104 bytes on macOS, 108 on Linux, the file's own name and a NUL included.
SOCKET_FOLDER_LIMIT = 80
# Not tempfile.gettempdir(): TMPDIR may be long, and may lie where only its user can enter.
TEMPORARY = Path("/tmp")  # noqa: S108 -- only ever used through mkdtemp
TEMPORARY_PREFIX = "mypage-"


class DataFolder:
    """The data folder `root`, for the process that has claimed it."""

    def __init__(self, root: Path, binaries: Binaries) -> None:
        self.root = root
        self.data = root / "data"
        self.run = root / "run"
        self.password = root / "password"
        self._binaries = binaries
        self._run_made = False

    def arguments(self) -> dict[str, object]:
        """asyncpg's connection arguments for the server that runs here."""
        return {
            # Unless too long, the link: a later start leads it elsewhere, and so a pool finds that server.
            "host": str(self.run if _short(self.run) else self.run.resolve()),
            "port": PORT,
            "user": USER,
            "password": self.password.read_text(),
            "database": DATABASE,
        }

    # The cluster

    def refuse_foreign_data(self) -> None:
        """The server insists on owning its data; say so in words that help."""
        if not self.data.exists():
            return
        account = self._binaries.account
        owner, wanted = self.data.stat().st_uid, account.uid if account else os.geteuid()
        if owner != wanted:
            raise EmbeddedPostgresError(
                f"The database in {self.data} belongs to user {owner}, but the server would run as user "
                f"{wanted}. Run this as the user that made the folder, or choose another folder "
                "(--data-dir or MYPAGE_DATA_DIR)."
            )

    def create(self, initdb: Path, *, server_lock: int, durable: bool) -> None:
        """Make the cluster beside its place and move it there whole, so that `data` is never half made."""
        fresh = self.root / "data.tmp"
        if fresh.exists():
            shutil.rmtree(fresh)
        fresh.mkdir(mode=0o700)
        self._hand_over(fresh)
        password_file = self._password_for_initdb()
        process = self._binaries.launch(
            initdb,
            fresh,
            f"--username={USER}",
            f"--pwfile={password_file}",
            *CLUSTER_OPTIONS,
            *([] if durable else ["--no-sync"]),
            server_lock=server_lock,
        )
        try:
            status = process.wait(CREATE_PATIENCE)
        except subprocess.TimeoutExpired:
            raise self._binaries.failure("The database was not set up in time") from None
        finally:
            end(process)
        if status != 0:
            raise self._binaries.failure(f"The database could not be set up (exit status {status})")
        password_file.unlink()
        fresh.rename(self.data)
        _make_durable(self.root)

    def _password_for_initdb(self) -> Path:
        """Make `password`, and a copy for the server's account to read, in the private socket folder."""
        draft = self.root / "password.tmp"
        draft.unlink(missing_ok=True)
        _write_secret(draft, secrets.token_urlsafe(32))
        draft.rename(self.password)
        copy = self.run.resolve() / "password"
        _write_secret(copy, self.password.read_text())
        self._hand_over(copy)
        return copy

    def _hand_over(self, path: Path) -> None:
        if self._binaries.account:
            os.chown(path, *self._binaries.account)

    # The socket

    def make_run_folder(self) -> None:
        """Make `run`: a folder, or a link to a private one in /tmp when its path is too long or the server is
        another account, which may be unable to walk here."""
        self._clear_run_folder()
        self._run_made = True
        if self._binaries.account is None and _short(self.run):
            self.run.mkdir(mode=0o700)
            return
        temporary = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=TEMPORARY))
        self.run.symlink_to(temporary / "run")
        temporary.chmod(0o711)
        (temporary / "run").mkdir(mode=0o700)
        self._hand_over(temporary / "run")

    def remove_run_folder(self) -> None:
        """Remove `run` if it was made here: another process may have made the one that is there."""
        if self._run_made:
            self._clear_run_folder()
            self._run_made = False

    def _clear_run_folder(self) -> None:
        """Remove `run` and, if it was a link, what it led to. Only for the holder of both locks."""
        if self.run.is_symlink():
            temporary = self.run.readlink().parent
            ours = temporary.parent == TEMPORARY and temporary.name.startswith(TEMPORARY_PREFIX)
            if ours and temporary.exists():
                shutil.rmtree(temporary)
            self.run.unlink()
        elif self.run.exists():
            shutil.rmtree(self.run)


def _short(folder: Path) -> bool:
    return len(os.fsencode(folder)) <= SOCKET_FOLDER_LIMIT


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
