"""`mypage check`."""

from __future__ import annotations

import argparse
import os

from app.mistake import Mistake


def check(chosen: argparse.Namespace) -> None:
    """A line a finding. Raises Mistake where one of them is a failure."""
    from app.checks import Looked, run

    failures = 0
    for found in run(Looked(os.environ, chosen.resolver)):
        failures += found.outcome == "failure"
        print(f"{found.outcome:8} {found.check}: {found.text}", flush=True)
    if failures:
        raise Mistake(f"{failures} of these must be mended")
