"""The worked example of CONTRIBUTING.md: its files, put into a copy of the checkout, pass their own test there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GUIDE = (ROOT / "CONTRIBUTING.md").read_text()
BLOCK = re.compile(r"^```\w+\n(?:# |<!-- )(\S+?)(?: -->)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COPIED = ("app", "migrations", "ops", "static", "tests", "pyproject.toml")


@pytest.mark.slow
def test_the_worked_example_of_the_guide_passes_its_own_test(tmp_path: Path) -> None:
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    example = {tmp_path / path: text for path, text in BLOCK.findall(GUIDE)}
    assert len(example) == 5
    for file, text in example.items():
        assert not file.exists(), f"{file.name}: the example takes the place of something"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/people/test_household.py",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "3 passed" in done.stdout, done.stdout + done.stderr


def test_the_python_of_the_example_is_formatted_and_linted_as_ours(tmp_path: Path) -> None:
    for path, text in BLOCK.findall(GUIDE):
        if path.endswith(".py"):
            (tmp_path / Path(path).name).write_text(text)
    for command in (("format", "--check"), ("check",)):
        ruff = [sys.executable, "-m", "ruff", *command, "--config", ROOT / "pyproject.toml", tmp_path]
        done = subprocess.run(ruff, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
