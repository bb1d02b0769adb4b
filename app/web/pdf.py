"""PDF/UA-1 of a HTML document: tagged, with the Japanese font embedded. `python -m app.web.pdf` is the child that makes it.

WeasyPrint takes a second of computing and needs libraries of the system, so it runs in a process of its own: the
event loop is never blocked, one that hangs is killed, and a portal without it or the libraries works but for its PDFs.
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import app

LIMIT = 20.0
"""Seconds that a PDF may take."""
AT_ONCE = 2
WAITING = 8
"""PDFs that may be wanted at one time; one more is turned away."""
EXTRA = "pip install 'mypage[pdf]'"
PACKAGES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fontconfig fonts-noto-cjk"
SYSTEM = (
    f"install Pango, HarfBuzz with its subsetter, fontconfig and a Japanese font (Debian: {PACKAGES}); "
    "see docs/operating.md"
)
LACKING = 3
"""Exit status of the child when a library or a font is not there."""
NO_GLYPH = 4
"""Exit status of the child when no font has a character of the text; it names them on standard error."""

_threads = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="pdf")
_wanted = 0


class NoPdf(Exception):
    """The PDF cannot be made now; the text is for the operator."""

    characters = ""
    """Code points that no font has, as U+1F600, separated by blanks."""


class NoGlyph(NoPdf):
    """No font that is there has some characters, which would be boxes on paper: another try comes to the same."""

    def __init__(self, characters: str) -> None:
        super().__init__(f"no font has {characters}: {SYSTEM}")
        self.characters = characters


async def make(html: str) -> bytes:
    """The PDF, the same bytes for the same text. Raises NoPdf."""
    global _wanted
    if _wanted >= WAITING:
        raise NoPdf(f"{WAITING} PDFs are being made already")
    _wanted += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, _by_child, html)
    finally:
        _wanted -= 1


def _by_child(html: str) -> bytes:
    secret = ("MYPAGE_", "DATABASE_URL")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(secret)}
    environment["PYTHONPATH"] = str(Path(app.__file__).parents[1])  # where this program is, installed or not
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "app.web.pdf"],  # -P: not the app of the folder that it was started in
            input=html.encode(), capture_output=True, timeout=LIMIT, check=False, env=environment,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise NoPdf(f"the PDF was not made within {LIMIT:.0f} seconds") from error
    if done.returncode == NO_GLYPH:
        raise NoGlyph(done.stderr.decode(errors="replace").strip())
    if done.returncode:
        raise NoPdf(done.stderr.decode(errors="replace").strip() or f"exit status {done.returncode}")
    return done.stdout


def main() -> int:
    """HTML from standard input, PDF to standard output."""
    if importlib.util.find_spec("weasyprint") is None:
        return _lacks("WeasyPrint is not installed", EXTRA)
    if not _japanese_font():
        return _lacks("no Japanese font is there", SYSTEM)
    try:
        from weasyprint import HTML
    except OSError as error:
        return _lacks(str(error).splitlines()[0], SYSTEM)
    html = HTML(string=sys.stdin.buffer.read().decode(), url_fetcher=_fetch_nothing)
    missing = _Missing()
    logging.getLogger("weasyprint").addHandler(missing)
    pdf: bytes = html.write_pdf(pdf_variant="pdf/ua-1")
    if missing.characters:
        print(" ".join(sorted(missing.characters)), file=sys.stderr)
        return NO_GLYPH
    sys.stdout.buffer.write(pdf)
    return 0


class _Missing(logging.Handler):
    """Hears which characters WeasyPrint draws as a box, of which it says a word in its log and no more."""

    def __init__(self) -> None:
        super().__init__()
        self.characters: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        if str(record.msg).startswith(".notdef glyph") and isinstance(record.args, tuple):
            self.characters.add(f"U+{record.args[-1]:04X}")


def _japanese_font() -> bool:
    try:
        found = subprocess.run(
            ["fc-list", ":lang=ja", "file"],  # noqa: S607 - wherever the system has it
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        return False
    return bool(found.stdout.strip())


def _lacks(what: str, remedy: str) -> int:
    print(f"PDFs cannot be made: {what}: {remedy}", file=sys.stderr)
    return LACKING


def _fetch_nothing(url: str, *_: object, **__: object) -> dict[str, object]:
    raise ValueError(f"a statement fetches nothing, and not {url}")


if __name__ == "__main__":
    sys.exit(main())
