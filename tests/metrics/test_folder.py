"""What processes counted is kept when they end, what they were at is not, and a killed server leaves nothing for ever."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector

from app.metrics import folder


def counted(place: Path, kind: str, process: int, value: float) -> None:
    """A file as a process writes it, of one figure of that kind."""
    name = f"mypage_{kind}"
    file = MmapedDict(str(place / f"{kind}_{process}.db"))  # type: ignore[no-untyped-call]
    file.write_value(mmap_key(name, name, ["at"], ["x"], "help"), value, 0)  # type: ignore[no-untyped-call]
    file.close()  # type: ignore[no-untyped-call]


def told(place: Path) -> dict[str, float]:
    collector = MultiProcessCollector(None, str(place))  # type: ignore[no-untyped-call]
    metrics = collector.collect()  # type: ignore[no-untyped-call]
    return {metric.name: sum(sample.value for sample in metric.samples) for metric in metrics}


@pytest.fixture
def child() -> Iterator[int]:
    """A process of this one that runs."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process.pid
    process.kill()
    process.communicate()


@pytest.fixture
def ended() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


KINDS = ("counter", "gauge_livesum", "gauge_max")


def test_what_an_ended_process_counted_is_added_up_once(tmp_path: Path, child: int, ended: int) -> None:
    for kind in KINDS:
        counted(tmp_path, kind, child, 2)
        counted(tmp_path, kind, ended, 5)
    for _ in range(2):
        folder.fold(tmp_path, os.getpid())
        assert told(tmp_path) == {"mypage_counter": 7, "mypage_gauge_livesum": 2, "mypage_gauge_max": 5}
    assert not list(tmp_path.glob(f"*_{ended}.db"))
    for kind in KINDS:
        counted(tmp_path, kind, ended, 3)  # another one, of the same id
    folder.fold(tmp_path, os.getpid())
    assert told(tmp_path) == {"mypage_counter": 10, "mypage_gauge_livesum": 2, "mypage_gauge_max": 5}


def test_a_program_that_was_given_the_id_of_one_that_ended_is_not_taken_for_it(
    tmp_path: Path, child: int
) -> None:
    counted(tmp_path, "gauge_livesum", child, 2)
    folder.fold(tmp_path, os.getpid())
    assert told(tmp_path) == {"mypage_gauge_livesum": 2}
    folder.fold(tmp_path, os.getpid() + 1)  # of another server
    assert told(tmp_path) == {}


def test_a_killed_process_that_nobody_has_asked_after_has_ended(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    counted(tmp_path, "gauge_livesum", process.pid, 2)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it is a zombie now
    folder.fold(tmp_path, os.getpid())
    process.communicate()
    assert told(tmp_path) == {}


def test_the_folder_is_private_named_to_children_and_gone_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv(folder.VARIABLE, "/of/somebody/else")
    with folder.made() as place:
        assert place.stat().st_mode & 0o777 == 0o700
        assert [path.name for path in place.iterdir()] == [folder.LOCK]
        assert folder.in_use() == place
    assert not list(tmp_path.iterdir())
    assert folder.in_use() is None


def test_what_killed_servers_left_is_removed_and_what_is_in_use_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left, used, others = (tmp_path / f"{folder.PREFIX}{name}" for name in ("left", "used", "others"))
    for place in (left, used, others):
        place.mkdir()
        (place / folder.LOCK).touch()
    os.chown(others, os.getuid() + 1, -1)
    with (used / folder.LOCK).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with folder.made() as place:
            assert sorted(tmp_path.iterdir()) == sorted([used, others, place])
