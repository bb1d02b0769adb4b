"""ops/container/Containerfile, as far as it can be read: no engine runs here. hadolint has nothing to say of it."""

from __future__ import annotations

import json
import re

from app.cli import _parser
from tests.access.test_matrix import ROUTES
from tests.ops.site import ROOT

TEXT = (ROOT / "ops/container/Containerfile").read_text()
STEPS = re.findall(r"^([A-Z]+) (.*)$", TEXT.replace("\\\n", " "), re.MULTILINE)
LAST = STEPS[max(place for place, (name, _) in enumerate(STEPS) if name == "FROM") :]


def test_all_that_it_copies_is_there_and_is_what_the_wheel_is_made_of() -> None:
    copied = {
        word for name, rest in STEPS if name == "COPY" and "--from" not in rest for word in rest.split()[:-1]
    }
    assert all((ROOT / path).exists() for path in copied)
    project = (ROOT / "pyproject.toml").read_text()
    (folders,) = re.findall(r"only-include = \[(.*)\]", project)
    assert set(json.loads(f"[{folders}]")) <= copied


def test_dependencies_come_by_hash_and_the_portal_brings_none() -> None:
    installs = re.findall(r"pip install ([^&\n\\]*)", TEXT)
    assert len(installs) == 2
    assert all("--no-deps" in install for install in installs)
    assert "--require-hashes -r requirements.lock" in installs[0]


def test_it_runs_as_nobody_of_note_and_serves_where_it_is_asked_for_its_health() -> None:
    steps = dict(LAST)
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", steps["USER"])
    chosen = _parser().parse_args(json.loads(steps["CMD"]))
    assert json.loads(steps["ENTRYPOINT"]) == ["mypage"]
    (port, path) = re.findall(r"http://127\.0\.0\.1:(\d+)(/\w+)", steps["HEALTHCHECK"])[0]
    assert chosen.port == int(port) == int(steps["EXPOSE"])
    assert ("GET", path) in ROUTES


def test_it_has_what_pdfs_need() -> None:
    (said,) = re.findall(
        r"`apt install ([^`]*)`", (ROOT / "docs/operating.md").read_text().replace("\n", " ")
    )
    (installed,) = (rest for name, rest in LAST if name == "RUN")
    assert set(said.split()) <= set(installed.split())
