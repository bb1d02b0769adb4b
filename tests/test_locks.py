"""Advisory locks: what waits for one must not wait for another."""

from __future__ import annotations

import re
from pathlib import Path

APP = Path(__file__).parent.parent / "app"


def test_every_advisory_lock_has_a_key_of_its_own() -> None:
    code = "".join(path.read_text() for path in sorted(APP.rglob("*.py")))
    keys = re.findall(r"^LOCK = ([0-9_]+)$", code, re.MULTILINE)
    assert len(keys) > 3
    assert len(keys) == len(set(keys))
