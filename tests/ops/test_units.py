"""ops/systemd: units that systemd takes, commands and settings that are there, and a job for all that is done by the clock."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app import serving, settings
from app.cli import _parser
from app.domain import events, housekeeping
from app.domain.months import Month
from app.mailing import deliverer
from ops import incoming
from tests.ops.site import ROOT, Site

UNITS = ROOT / "ops/systemd"
SERVICES, TIMERS = sorted(UNITS.glob("*.service")), sorted(UNITS.glob("*.timer"))
COMMON = (UNITS / "mypage-.service.d/10-common.conf").read_text()
INSTALLED = "/opt/mypage/current/bin/"
INSTANCES = {"mypage-serve@": "mypage-serve@8000", "mypage-import@": "mypage-import@contracts"}


def given(unit: Path, name: str) -> list[str]:
    """The values of a setting of a unit, in its own file and in the common one."""
    return re.findall(rf"^{name}=(.*)$", unit.read_text() + COMMON, re.MULTILINE)


def instance(unit: Path) -> str:
    return INSTANCES.get(unit.stem, unit.stem) + unit.suffix


@pytest.fixture
def analysed(tmp_path: Path) -> Path:
    """The units as systemd finds them, with the programs of this checkout."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("Debian's systemd is needed (bin/proxy-packages)")
    shutil.copytree(UNITS, tmp_path, dirs_exist_ok=True)
    for unit in tmp_path.rglob("*.service"):
        unit.write_text(unit.read_text().replace(INSTALLED, f"{Path(sys.executable).parent}/"))
    return tmp_path


def analyse(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments],
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{folder}:"},
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_systemd_takes_every_unit_without_a_word(analysed: Path) -> None:
    done = analyse(analysed, "verify", *(f"./{instance(unit)}" for unit in (*SERVICES, *TIMERS)))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_no_service_can_do_much_beside_its_work(analysed: Path) -> None:
    for unit in SERVICES:
        done = analyse(analysed, "security", "--offline=yes", "--threshold=17", instance(unit))
        assert done.returncode == 0, f"{unit.name}: {done.stdout[-200:]}{done.stderr}"


@pytest.mark.slow
def test_the_calendars_are_what_systemd_understands(analysed: Path) -> None:
    for unit in TIMERS:
        (when,) = given(unit, "OnCalendar")
        assert analyse(analysed, "calendar", when).returncode == 0, unit.name


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_each_command_is_one_that_there_is(unit: Path) -> None:
    (line,) = given(unit, "ExecStart")
    line = re.sub(r'"\$\$\(.*\)"', "2026-01", line).replace("%i", "8000" if "serve" in unit.name else "calls")
    words = shlex.split(line.replace("${WORKERS}", "2"))
    if words[:2] == ["/bin/sh", "-c"]:
        words = shlex.split(words[2].removeprefix("exec "))
    program, *arguments = words
    if program == f"{INSTALLED}mypage":
        assert _parser().parse_args(arguments).run
        return
    assert (program, arguments[0]) == (f"{INSTALLED}python", "-m")
    assert (ROOT / f"{arguments[1].removeprefix('app.').replace('.', '/')}.py").is_file()


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_each_secret_is_a_setting_and_comes_from_a_credential_of_its_unit(unit: Path) -> None:
    loaded = {name.partition(":")[0] for name in given(unit, "LoadCredential")}
    told = dict(word.split("=", 1) for line in given(unit, "Environment") for word in line.split())
    files = {name: value for name, value in told.items() if name.endswith("_FILE")}
    assert {value.removeprefix("%d/") for value in files.values()} == loaded
    assert {name.removesuffix("_FILE") for name in files} <= set(settings.VARIABLES)
    assert not told.keys() & settings.VARIABLES.keys()  # those are the operator's, in /etc/mypage/settings


def test_a_server_may_end_in_order_before_it_is_killed() -> None:
    (patience,) = given(UNITS / "mypage-serve@.service", "TimeoutStopSec")
    assert int(patience) > serving.WORKER_PATIENCE + 5
    (files,) = given(UNITS / "mypage-serve@.service", "LimitNOFILE")
    assert int(files) >= serving.CONNECTIONS + serving.OWN_FILES


def test_each_timer_has_its_service_and_each_job_its_timer() -> None:
    assert {unit.stem for unit in TIMERS} == {unit.stem for unit in SERVICES} - {"mypage-serve@"}
    assert all(given(unit, "Type") == ["oneshot"] for unit in SERVICES if "serve" not in unit.name)


@pytest.mark.slow
def test_the_month_that_is_closed_is_the_last_one_of_tokyo(tmp_path: Path) -> None:
    unit = UNITS / "mypage-bill-close.service"
    (line,) = given(unit, "ExecStart")
    (tmp_path / "mypage").symlink_to(shutil.which("echo") or "")
    shell = shlex.split(line.replace("$$", "$").replace("%%", "%").replace(INSTALLED, f"{tmp_path}/"))
    (zone,) = [value for value in given(unit, "Environment") if value.startswith("TZ=")]
    assert zone == "TZ=Asia/Tokyo"  # which month it is differs for some hours
    done = subprocess.run(
        shell, env={**os.environ, "TZ": zone[3:]}, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["bill", "close", Month.this().previous.iso]


NOTICE = (
    '{"kind":"outage","severity":"info","title":"%s","text":"…","starts_at":"2026-01-10T09:00","ends_at":null,'
    '"buildings":null}\n'
)


@pytest.mark.slow
async def test_files_are_loaded_in_order_and_the_first_that_is_refused_stops_the_rest(
    site: Site, tmp_path: Path
) -> None:
    for name, text in {
        "1.jsonl": NOTICE % "first",
        "2.jsonl": "not JSON\n",
        "3.jsonl": NOTICE % "third",
        ".4.jsonl": NOTICE % "hidden",
        "0.jsonl.part": "half a l",
    }.items():
        (tmp_path / name).write_text(text)
    done = site.run(sys.executable, "-m", "ops.incoming", "notices", str(tmp_path))
    assert done.returncode == 1
    assert "2.jsonl was not loaded and stays there, with what comes after it" in done.stderr
    assert sorted(os.listdir(tmp_path)) == [*(".4.jsonl", "0.jsonl.part", "2.jsonl", "3.jsonl", "done")]
    assert [name.partition("-")[2] for name in os.listdir(tmp_path / "done")] == ["1.jsonl"]
    (tmp_path / "2.jsonl").unlink()
    assert site.run(sys.executable, "-m", "ops.incoming", "notices", str(tmp_path)).returncode == 0
    titles = [row["title"] for row in await site.rows("SELECT title FROM notice ORDER BY id")]
    assert titles == ["first", "third"]


# --- what docs/running.md says of them --------------------------------------------------------------------------------

RUNNING = (ROOT / "docs/running.md").read_text()


def test_the_table_of_what_runs_when_has_each_timer_with_its_calendar_and_its_command() -> None:
    rows = re.findall(r"^\| `(mypage-[\w-]+@?)` \| `([^`]+)` \| (.+)$", RUNNING, re.MULTILINE)
    assert {name: when for name, when, _ in rows} == {
        timer.stem: given(timer, "OnCalendar")[0] for timer in TIMERS
    }
    for name, _, told in rows:
        (line,) = given(UNITS / f"{name}.service", "ExecStart")
        (command,) = re.findall(r"bin/(mypage \w+(?: [a-z]+)?|python -m [\w.]+)", line)
        assert f"`{command}" in told, name


def test_what_servers_do_by_themselves_is_done_as_often_as_it_says() -> None:
    assert f"every {housekeeping.EVERY.seconds // 60} minutes" in RUNNING
    assert f"every {deliverer.POLL.seconds} s" in RUNNING
    assert events.EVERY.total_seconds() == 1


def test_every_credential_of_the_units_is_named_and_no_other() -> None:
    wanted = {line.rpartition("/")[2] for unit in SERVICES for line in given(unit, "LoadCredential")}
    (listed,) = re.findall(r"`/etc/mypage/credentials/` \(0700\): (.*?)\. systemd", RUNNING, re.DOTALL)
    assert set(re.findall(r"`([\w-]+)`", listed)) == wanted


def test_every_kind_of_file_has_its_folder() -> None:
    folders = re.findall(
        r"^d /var/lib/mypage/incoming/(\w+) ", (UNITS / "tmpfiles.conf").read_text(), re.MULTILINE
    )
    assert set(folders) == incoming.KINDS.keys()
