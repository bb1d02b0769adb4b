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
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.programs import PATIENCE, SERVING, answers, free_port, processes_of, until

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
    _pip("install", "--constraint", constraints, f"{wheel}", python=folder / "bin" / "python")
    return folder / "bin"


def borrowing(folder: Path, wheel: Path) -> Path:
    """A virtual environment with the wheel, and links to what the tests' own environment has beside ours."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    (packages,) = folder.glob("lib/python*/site-packages")
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith(("mypage-", "__pycache__")) and entry.suffix != ".pth":
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


@pytest.fixture
def ending() -> Iterator[list[subprocess.Popen[str]]]:
    """Servers that a test starts; those that still run at its end are killed."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.communicate(timeout=PATIENCE)


def test_it_holds_the_programs_templates_demo_data_schema_static_files_and_ops(wheel: Path) -> None:
    wanted = {
        f"{place}/{path.relative_to(ROOT / folder)}"
        for folder, place in IN_THE_WHEEL.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as opened:
        held = {name for name in opened.namelist() if ".dist-info/" not in name}
    assert held == wanted
    for name in ("app/partials/layout/page.html", "app/demo_contracts.jsonl", "app/static/mypage.css"):
        assert name in held


def test_mypage_demo_serves_pages_with_their_files_in_an_empty_folder_and_sigterm_ends_all_of_it(
    installed: Path, tmp_path: Path, environment: dict[str, str], ending: list[subprocess.Popen[str]]
) -> None:
    port = free_port()
    demo = subprocess.Popen(
        [installed / "mypage", "demo", "--port", str(port)],
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    ending.append(demo)
    until(lambda: demo.poll() is not None or answers(port))
    assert demo.poll() is None, demo.communicate()[0]
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
    installed: Path, tmp_path: Path, environment: dict[str, str], ending: list[subprocess.Popen[str]]
) -> None:
    settings = {**environment, **SERVING}

    def said(*command: str | Path) -> str:
        done = subprocess.run(
            [installed / "mypage", *command],
            cwd=tmp_path, env=settings, capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert len(said("migrate").splitlines()) == len(list((ROOT / "migrations").glob("m*.py")))
    assert said("import", "contracts", ROOT / "app" / "demo_contracts.jsonl").startswith("4 contracts loaded")
    port = free_port()
    serve = subprocess.Popen(
        [installed / "mypage", "serve", "--port", str(port)],
        cwd=tmp_path, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    ending.append(serve)
    until(lambda: serve.poll() is not None or answers(port, "/login"))
    assert serve.poll() is None, serve.communicate()[0]
    serve.send_signal(signal.SIGTERM)
    assert serve.wait(PATIENCE) == 0
    until(lambda: not processes_of(tmp_path))
