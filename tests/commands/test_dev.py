"""`make dev`: a demo of a copy of the checkout, in which files are changed while it runs."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.programs import PATIENCE, answers, environment, free_port, processes_of, until

ROOT = Path(__file__).parents[2]


class Dev:
    """`make dev` in a copy of the checkout."""

    def __init__(self, checkout: Path, data: Path) -> None:
        self.checkout, self.data, self.port = checkout, data, free_port()
        self._log = checkout / "log"
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, checkout / "bin" / "dev.py", "--port", str(self.port)],
                env=environment(data), stdout=log, stderr=log,
            )  # fmt: skip

    @property
    def log(self) -> str:
        return self._log.read_text()

    def change(self, name: str, old: str, new: str) -> None:
        file = self.checkout / name
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))

    def login_page(self) -> str:
        """The page, or nothing while the demo ends and starts."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/login", timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""


@pytest.fixture
def dev(after_a_demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """Started, and answering; killed if it still runs at the end."""
    checkout = tmp_path_factory.mktemp("checkout")
    for folder in ("app", "bin", "migrations", "static"):
        shutil.copytree(ROOT / folder, checkout / folder, ignore=shutil.ignore_patterns("__pycache__"))
    dev = Dev(checkout, after_a_demo)
    until(lambda: answers(dev.port))
    yield dev
    dev.process.terminate()
    dev.process.wait(PATIENCE)


def test_a_changed_template_or_stylesheet_is_seen_a_moment_later(dev: Dev) -> None:
    (before,) = re.findall(r"/static/mypage\.\w+\.css", dev.login_page())
    dev.change("app/partials/access/login/login.html", ">ログイン</h1>", ">ようこそ</h1>")
    until(lambda: ">ようこそ</h1>" in dev.login_page())
    assert before in dev.login_page()
    dev.change("static/mypage.css", "}", "} ")
    until(lambda: ".css" in (page := dev.login_page()) and before not in page)


def test_code_that_does_not_start_is_shown_and_the_next_change_is_tried(dev: Dev) -> None:
    dev.change("app/main.py", "def portal(", "def portal((")
    until(lambda: "starts again at the next change" in dev.log)
    assert "SyntaxError" in dev.log
    assert not answers(dev.port)
    dev.change("app/main.py", "def portal((", "def portal(")
    until(lambda: answers(dev.port))
    assert dev.process.poll() is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_sigterm_or_the_end_of_the_terminal_ends_all_of_it(dev: Dev, number: signal.Signals) -> None:
    dev.process.send_signal(number)
    assert dev.process.wait(PATIENCE) == 0
    assert not answers(dev.port)
    until(lambda: not processes_of(dev.data) and not processes_of(dev.checkout))
    assert "Traceback" not in dev.log
