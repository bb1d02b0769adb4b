"""Folders for a cluster of the test's own."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres.clusters import AN_ORDINARY_USER, ROOT


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not in a folder with the test's name: a path that is too long leads to another place at each start."""
    return tmp_path_factory.mktemp("pg") / "mypage"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that an ordinary user can reach and owns; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="mp-", dir="/tmp"))
    if ROOT:
        os.chown(folder, AN_ORDINARY_USER.pw_uid, AN_ORDINARY_USER.pw_gid)
    yield folder
    shutil.rmtree(folder)
