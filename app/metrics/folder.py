"""The folder in which the processes of one server count: private, new at each start, and gone with the server.

prometheus-client's multiprocess mode: each process writes files of its own there, so that nobody waits for another, and
whoever is asked adds them up. What a process that has ended counted stays counted: it is added to one file of all those,
since a server that is reloaded each night would collect files for ever.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""How processes, and prometheus-client in them, learn where the folder is; set by `serve`, not by an operator."""
PREFIX = "mypage-metrics-"
LOCK = "in-use"
ENDED = 0
"""In the place of a process id: all those that have ended."""


@contextlib.contextmanager
def made() -> Iterator[Path]:
    """A new folder, named to the processes that start inside the block. Raises OSError where none can be made."""
    _remove_left_behind()
    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with (folder / LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            os.environ[VARIABLE] = name
            try:
                yield folder
            finally:
                os.environ.pop(VARIABLE, None)


def _remove_left_behind() -> None:
    """Those of servers of ours that were killed: nobody holds their lock."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.lstat().st_uid != os.getuid():
                continue
            with (folder / LOCK).open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)


def in_use() -> Path | None:
    """The folder that this process counts in; none where the server has no metrics."""
    name = os.environ.get(VARIABLE)
    return Path(name) if name else None


# --- processes that have ended ----------------------------------------------------------------------------------------


def fold(folder: Path, server: int) -> None:
    """Put what ended processes counted into the file of all those, and forget what they were at when they ended.

    `server`: the process id of the server. For the one process that answers: nobody else may do it at the same time.
    """
    for path in sorted(folder.glob("*.db")):
        kind, _, number = path.stem.rpartition("_")
        if int(number) == ENDED or _runs(int(number), server):
            continue
        if not kind.startswith("gauge_live"):
            _add(path, folder / f"{kind}_{ENDED}.db", most=kind.startswith("gauge_max"))
        path.unlink()


def _add(path: Path, ended: Path, *, most: bool) -> None:
    from prometheus_client.mmap_dict import MmapedDict

    into = MmapedDict(str(ended))  # type: ignore[no-untyped-call]
    try:
        for key, value, moment, _ in MmapedDict.read_all_values_from_file(str(path)):  # type: ignore[no-untyped-call]
            former, _ = into.read_value(key)  # type: ignore[no-untyped-call]
            into.write_value(key, max(former, value) if most else former + value, moment)  # type: ignore[no-untyped-call]
    finally:
        into.close()  # type: ignore[no-untyped-call]


def _runs(process: int, server: int) -> bool:
    """Whether it is a process of the server. Another program may have been given the id of one that has ended."""
    if not Path("/proc/self").exists():  # not Linux
        return _is_there(process)
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    state, parent = stat.rpartition(")")[2].split()[:2]
    return int(parent) == server and state not in "ZX"


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except OSError:  # none has that id, or somebody else's has
        return False
    return True
