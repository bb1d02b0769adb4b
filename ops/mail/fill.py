#!/usr/bin/env python3
"""Fills the @NAMES@ in the servers' files beside it from a settings file, and writes them to the same places in TARGET.

    ops/mail/fill.py settings /etc

Nothing is written while a setting is missing, unknown or unfit. Files with a password or another secret are readable by
root and by the group of their server only.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TEMPLATES = ("postfix/*", "dovecot/*", "clamav/*", "opendkim/*", "*.conf")
PLACEHOLDER = re.compile(r"@([A-Z][A-Z_]*)@")
SECRET = ("_PASSWORD", "_SECRET", "_SALT")
"""How the names of settings end that not everybody may read."""
MAY_BE_EMPTY = {"RELAYHOST", "POSTFIX_LOG"}


def settings(text: str) -> dict[str, str]:
    """The settings by name; lines that are empty or begin with # say nothing."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return {name.strip(): value.strip() for name, _, value in (line.partition("=") for line in lines)}


def problems(given: dict[str, str], wanted: set[str]) -> list[str]:
    """What is wrong with the settings, in words."""
    found = [f"{name} is not set" for name in sorted(wanted - given.keys())]
    found += [f"{name} is not a setting" for name in sorted(given.keys() - wanted)]
    for name, value in given.items():
        if not value and name not in MAY_BE_EMPTY:
            found.append(f"{name} is empty")
        if name.endswith(SECRET) and not re.fullmatch(r"[A-Za-z0-9_-]*", value):
            found.append(f"{name} may hold letters, digits, - and _ only")
        if name.endswith("_LIMIT") and not re.fullmatch(r"[1-9][0-9]{0,8}", value):
            found.append(f"{name} is not a number of 1 or more")
    return found


def write(target: Path, text: str, secret: bool) -> None:
    """Write a file, never readable by others than it should be."""
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    fresh = target.with_name(f"{target.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    if os.geteuid() == 0:
        shutil.chown(fresh, "root", target.parent.name if secret else "root")
    fresh.chmod(0o640 if secret else 0o644)
    fresh.rename(target)


def main(settings_file: Path, target: Path) -> str | None:
    found = [path for pattern in TEMPLATES for path in sorted(HERE.glob(pattern))]
    templates = {path.relative_to(HERE): path.read_text() for path in found}
    given = settings(settings_file.read_text())
    wrong = problems(given, {name for text in templates.values() for name in PLACEHOLDER.findall(text)})
    if wrong:
        return "\n".join(wrong)
    for name, text in templates.items():
        secret = any(used.endswith(SECRET) for used in PLACEHOLDER.findall(text))
        write(target / name, PLACEHOLDER.sub(lambda found: given[found[1]], text), secret)
    return None


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
