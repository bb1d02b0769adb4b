"""`python -m e2e.vnu`: every page that the tests kept, and the stylesheet, through the Nu HTML Checker (ui.md H1).

One run of Java for all. Exit status 1 for an error, or with what to install.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.browser import PAGES

ROOT = Path(__file__).parent.parent
JAR = ROOT / "e2e" / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
STYLE = ROOT / "static" / "mypage.css"


class Missing(Exception):
    """Something that the check needs is not there; the text says what to do."""


def main() -> int:
    """Print file, line and message of each error; the number of errors decides the exit status."""
    try:
        messages = check()
    except Missing as missing:
        print(f"HTML checker: {missing}", file=sys.stderr)
        return 1
    errors = [message for message in messages if message["type"] in ("error", "non-document-error")]
    for error in errors:
        file = error.get("url", "").removeprefix("file:")
        print(
            f"{file}:{error.get('lastLine', 0)}: {error['message']}\n    {error.get('extract', '').strip()}"
        )
    print(f"HTML checker: {len(errors)} errors in {len(list(PAGES.glob('*.html')))} pages and {STYLE.name}")
    return 1 if errors else 0


def check() -> list[dict[str, Any]]:
    """What the checker says, all kinds of messages. Raises Missing."""
    java = shutil.which("java")
    if java is None:
        raise Missing("Java is missing; install 17 or newer (Debian: apt install default-jre-headless)")
    if not JAR.exists():
        raise Missing("vnu.jar is missing; install it: npm ci --prefix e2e (npm comes with Node.js)")
    if not any(PAGES.glob("*.html")):
        raise Missing(f"no pages in {PAGES}; run the tests first, they keep what they fetch")
    options = ["--format", "json", "--stdout", "--exit-zero-always", "--also-check-css"]
    done = subprocess.run(
        [java, "-jar", str(JAR), *options, str(STYLE), str(PAGES)],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        messages: list[dict[str, Any]] = json.loads(done.stdout)["messages"]
    except ValueError as error:
        raise Missing(f"the checker did not run: {done.stderr.strip() or done.stdout[:500]}") from error
    return messages


if __name__ == "__main__":
    sys.exit(main())
