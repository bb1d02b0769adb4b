"""Writes what came of e2e/test_accessibility.py, for the policy page: `python -m e2e.results JUNIT.XML` (make accessibility)."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import msgspec

from app.accessibility import RESULTS, Results


def read(report: Path) -> Results:
    """The figures of pytest's report. Raises SystemExit where no screen was looked at."""
    suite = ElementTree.parse(report).getroot().find("testsuite")
    if suite is None or suite.get("tests") in (None, "0") or suite.get("tests") == suite.get("skipped"):
        raise SystemExit(f"{report}: no screen was looked at")
    looked = int(suite.get("tests", 0)) - int(suite.get("skipped", 0))
    return Results(
        commit=_git("rev-parse", "--short=10", "HEAD"),
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        screens=looked,
        violations=int(suite.get("failures", 0)) + int(suite.get("errors", 0)),
    )


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


if __name__ == "__main__":
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(read(Path(sys.argv[1]))), indent=2) + b"\n")
    print(RESULTS.read_text())
