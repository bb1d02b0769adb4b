"""`mypage check`."""

from __future__ import annotations

import argparse
import os
import sys


def check(chosen: argparse.Namespace) -> None:
    """A line a finding; exits with 1 where one of them is a failure."""
    from app.checks import Looked, run

    failed = False
    for found in run(Looked(os.environ, chosen.resolver)):
        failed |= found.outcome == "failure"
        print(f"{found.outcome:8} {found.check}: {found.text}", flush=True)
    if failed:
        sys.exit(1)
