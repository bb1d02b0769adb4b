"""ops/backup: a backup of the real database is restored and looked at, and one that is not whole is refused."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.commands.servers import DEMO_LICENCES
from app.domain.months import Month
from app.postgres.embedded.binaries import _package
from ops.backup import dumps, take
from tests.ops.site import SETTINGS, Site

pytestmark = pytest.mark.slow
PROGRAMS = f"{_package() / 'pginstall' / 'bin'}:{os.environ['PATH']}"

BOUGHT = """
INSERT INTO service_period (contract, product, started_at)
SELECT id, 'mail-web', (date_trunc('month', now() AT TIME ZONE 'Asia/Tokyo') - interval '50 days') AT TIME ZONE 'Asia/Tokyo'
FROM contract WHERE mail_product = 'mail_web'
"""


def program(
    site: Site, name: str, folder: Path, *more: str, **settings: str
) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", f"ops.backup.{name}", str(folder), *more)
    return site.run(*command, **{"PATH": PROGRAMS, **settings})


def drilled(site: Site, folder: Path, *more: str, **settings: str) -> str:
    """What a drill that fails says."""
    done = program(site, "drill", folder, *more, **settings)
    assert done.returncode == 1, done.stdout
    assert "can be restored" not in done.stdout
    assert done.stderr.startswith("restore drill failed: ")
    return done.stderr


@pytest.fixture(scope="module")
async def backup(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a backup of a site that has closed a month."""
    await site.rows(BOUGHT)
    month = Month.this()
    for command in (
        ("import", "licences", str(DEMO_LICENCES)),
        ("bill", "close", month.previous.previous.iso),
        ("bill", "close", month.previous.iso),
    ):
        done = site.mypage(*command)
        assert done.returncode == 0, done.stderr
    folder = tmp_path_factory.mktemp("backups")
    taken = program(site, "take", folder)
    assert taken.returncode == 0, taken.stderr
    return folder


def copied(backup: Path, folder: Path) -> Path:
    """The backup's dump in a folder of the test's own, which has its manifest beside it."""
    shutil.copytree(backup, folder, dirs_exist_ok=True)
    (dump,) = folder.glob("mypage-*.dump")
    return dump


def rewritten(dump: Path, **values: object) -> None:
    """Write something else down of the backup."""
    manifest = dump.with_suffix(".json")
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), **values}))


async def databases(site: Site) -> set[str]:
    return {row["datname"] for row in await site.rows("SELECT datname FROM pg_database")}


async def test_the_newest_backup_is_restored_looked_at_and_dropped_again(site: Site, backup: Path) -> None:
    before = await databases(site)
    yesterdays = f"mypage_drill_{int((datetime.now(UTC) - timedelta(hours=25)).timestamp() * 1000)}"
    await site.rows(f"CREATE DATABASE {yesterdays}")
    (epoch,) = await site.rows("SELECT count(*) AS begun FROM event_epoch")
    done = program(site, "drill", backup)
    assert done.returncode == 0, done.stderr
    for proved in (
        r"is whole, [\d,]+ bytes, 0.0 hours old",
        r"\d+ tables with [\d,]+ rows, as they were counted",
        r"mypage migrate: nothing to migrate",
        r"the ledger: 2 closed months, [1-9]\d* charges, [\d,]+ yen, each bill the sum of its lines",
        r"mypage licences renew: 0 PINs encrypted with the newest key",
        r"events begin epoch [0-9a-f-]{36}",
    ):
        assert re.search(rf"^ok  .*{proved}", done.stdout, re.MULTILINE), f"{proved}: {done.stdout}"
    assert await databases(site) == before
    assert await site.rows("SELECT count(*) AS begun FROM event_epoch") == [epoch]


def test_whoever_was_erased_since_is_erased_again_where_a_list_is_kept(
    site: Site, backup: Path, tmp_path: Path
) -> None:
    erasures = tmp_path / "erasures"
    assert "cannot be read" in drilled(site, backup, MYPAGE_ERASURES=str(erasures))
    listed = site.mypage("contracts", "erase", "--list", str(erasures))
    assert listed.returncode == 0, listed.stderr
    done = program(site, "drill", backup, MYPAGE_ERASURES=str(erasures))
    assert "ok  mypage contracts erase --again: 0 contracts erased again" in done.stdout


def test_a_backup_is_its_owners_alone_and_holds_no_key_of_the_environment(backup: Path) -> None:
    files = sorted(backup.iterdir())
    assert [file.suffix for file in files] == [".dump", ".json"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    for secret in ("MYPAGE_PEPPERS", "MYPAGE_DATA_KEYS", "MYPAGE_SECRET_KEYS"):
        assert all(SETTINGS[secret].encode() not in file.read_bytes() for file in files)


@pytest.mark.parametrize("part", [0, 0.5, 0.999])
def test_a_dump_that_is_cut_off_is_refused_before_anything_is_restored(
    site: Site, backup: Path, tmp_path: Path, part: float
) -> None:
    dump = copied(backup, tmp_path)
    os.truncate(dump, int(dump.stat().st_size * part))
    assert "is not what was written when it was taken: cut off, or changed" in drilled(site, tmp_path)


async def test_a_drill_that_is_stopped_leaves_no_database(site: Site, backup: Path, tmp_path: Path) -> None:
    before = await databases(site)
    copied(backup, tmp_path)
    slow = tmp_path / "bin" / "pg_restore"
    slow.parent.mkdir()
    slow.write_text('#!/bin/sh\nkill -TERM "$PPID"\nexec sleep 30\n')
    slow.chmod(0o700)
    done = program(site, "drill", tmp_path, PATH=f"{slow.parent}:{PROGRAMS}")
    assert done.returncode == 1
    assert await databases(site) == before


def test_no_password_is_among_the_arguments_of_libpqs_programs() -> None:
    for url in (
        "postgresql://a:p%20w@h:5/d?sslmode=require",
        "postgresql://a@h:5/d?sslmode=require&password=p%20w",
    ):
        found = dumps.Database(url)
        assert found.arguments == ["--dbname=postgresql://a@h:5/d?sslmode=require"]
        assert found.environment["PGPASSWORD"] == "p w"


async def test_a_dump_that_was_cut_off_while_it_was_taken_is_refused_and_nothing_is_left(
    site: Site, backup: Path, tmp_path: Path
) -> None:
    before = await databases(site)
    dump = copied(backup, tmp_path)
    os.truncate(dump, int(dump.stat().st_size * 0.9))
    rewritten(dump, sha256=dumps.digest(dump))
    assert "pg_restore" in drilled(site, tmp_path)
    assert await databases(site) == before


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"rows": {"public.contract": 5}}, "public.contract 4 instead of 5"),
        ({"ledger": {"2026-01": [1, 330]}}, "and were {'2026-01': [1, 330]}"),
        (
            {"taken_at": f"{datetime.now(UTC) - timedelta(hours=40):%Y-%m-%dT%H:%M:%S+00:00}"},
            "is 40 hours old",
        ),
    ],
)
def test_what_is_not_as_it_was_written_down_is_named(
    site: Site, backup: Path, tmp_path: Path, wrong: dict[str, object], said: str
) -> None:
    dump = copied(backup, tmp_path)
    if rows := wrong.get("rows"):
        wrong = {"rows": {**json.loads(dump.with_suffix(".json").read_text())["rows"], **rows}}  # type: ignore[dict-item]
    rewritten(dump, **wrong)
    assert said in drilled(site, tmp_path)


async def test_a_bill_that_is_not_the_sum_of_its_lines_is_named(
    site: Site, backup: Path, tmp_path: Path
) -> None:
    await site.rows(f"BEGIN; {_FORGED.format(sign='+')}; COMMIT")
    try:
        assert program(site, "take", tmp_path).returncode == 0
        assert "bills whose sums are not those of their charges" in drilled(site, tmp_path)
    finally:
        await site.rows(f"BEGIN; {_FORGED.format(sign='-')}; COMMIT")


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (
            {"MYPAGE_PEPPERS": "1:another pepper that is as long as the right one"},
            "password hashes were made with",
        ),
        ({"MYPAGE_DATA_KEYS": "another data key that is as long as the right one"}, "MYPAGE_DATA_KEYS"),
    ],
)
def test_keys_that_are_not_the_backups_are_found_out(
    site: Site, backup: Path, setting: dict[str, str], said: str
) -> None:
    assert said in drilled(site, backup, **setting)


def test_without_a_backup_or_its_manifest_there_is_no_drill(site: Site, backup: Path, tmp_path: Path) -> None:
    assert "there is no backup in" in drilled(site, tmp_path)
    copied(backup, tmp_path).with_suffix(".json").unlink()
    assert "the backup was not finished" in drilled(site, tmp_path)


def test_a_backup_that_fails_leaves_nothing_and_says_so(site: Site, tmp_path: Path) -> None:
    gone = site.url.replace("/mypage?", "/no_such_database?")
    done = program(site, "take", tmp_path, DATABASE_URL=gone)
    assert done.returncode == 1
    assert "backup failed: the database cannot be reached" in done.stderr
    assert not [*tmp_path.iterdir()]


def test_a_dump_that_breaks_off_leaves_nothing_under_a_name_that_looks_whole(
    site: Site, tmp_path: Path
) -> None:
    real = shutil.which("pg_dump", path=PROGRAMS)
    (tmp_path / "bin").mkdir()
    breaking = tmp_path / "bin" / "pg_dump"
    breaking.write_text(f'#!/bin/sh\n{real} "$@"\necho "No space left on device" >&2\nexit 1\n')
    breaking.chmod(0o700)
    folder = tmp_path / "backups"
    folder.mkdir()
    done = program(site, "take", folder, PATH=f"{breaking.parent}:{PROGRAMS}")
    assert done.returncode == 1
    assert done.stderr == "backup failed: No space left on device\n"
    assert not [*folder.iterdir()]


def test_old_backups_are_deleted_and_the_newest_three_never(tmp_path: Path) -> None:
    for day in range(1, 6):
        for suffix in (".dump", ".json"):
            (tmp_path / f"mypage-2026010{day}T000000Z{suffix}").touch()
    (tmp_path / "mypage-20260101T000000Z.dump.part").touch()
    assert take.forget(tmp_path, timedelta(days=14)) == 2
    assert sorted({file.name[7:15] for file in tmp_path.iterdir()}) == ["20260103", "20260104", "20260105"]


# SQL that the triggers of the ledger would refuse: what a broken disk or a hand may have done.
_FORGED = """
SET LOCAL session_replication_role = replica;
UPDATE bill_tax SET yen = yen {sign} 1 WHERE id = (SELECT min(id) FROM bill_tax)
"""
