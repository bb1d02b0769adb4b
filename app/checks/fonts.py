"""Fonts for the PDFs of bills: whether each character that may stand on one has a glyph."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import unicodedata
from collections.abc import Iterator
from typing import Any

import asyncpg
import msgspec

from app.branding import BRAND
from app.checks.finding import Finding, Looked, failure, ok, warning
from app.domain import catalogue
from app.domain.catalogue import file as files
from app.domain.catalogue import kept
from app.mistake import Mistake
from app.web import pdf

CHECK = "fonts"
PATIENCE = 3.0
"""Seconds that fontconfig may take."""
SHOWN = 20
"""Characters that are named; the rest is counted."""
WHY = "PDFs of bills with such a character are not made"


def glyphs(looked: Looked) -> Iterator[Finding]:
    """Looks at the fonts that fontconfig finds, as WeasyPrint does, which takes any of them for what the others lack."""
    if importlib.util.find_spec("weasyprint") is None:
        what = "WeasyPrint is not installed, so no PDF of a bill is made"
        yield warning(CHECK, what, "members who want one are led to the page and the CSV", pdf.EXTRA)
        return
    _, japanese = _covered(":lang=ja")
    if not japanese:
        yield failure(CHECK, "fontconfig knows no Japanese font", "no PDF of a bill is made", pdf.SYSTEM)
        return
    everywhere, _ = _covered(":")
    texts = _of_texts(looked)
    missing = {character for character in texts | jis() if ord(character) not in everywhere}
    yield from _said(missing & texts, missing - texts, japanese)


def _said(of_texts: set[str], of_names: set[str], font: str) -> Iterator[Finding]:
    if of_texts:
        what = f"no font has {_named(of_texts)} of the brand's or the catalogue's texts"
        yield failure(CHECK, what, WHY, f"take another character, or {pdf.SYSTEM}")
    if of_names:
        what = f"no font has {_named(of_names)} of JIS X 0208, which names and addresses are written in"
        yield warning(CHECK, what, WHY, pdf.SYSTEM)
    if not of_texts and not of_names:
        yield ok(CHECK, f"every character of brand, catalogue and JIS level 1 and 2 has a glyph ({font})")


def _named(characters: set[str]) -> str:
    listed = sorted(characters)
    more = f" and {len(listed) - SHOWN} more" if len(listed) > SHOWN else ""
    return "".join(listed[:SHOWN]) + more


def jis() -> set[str]:
    """JIS X 0208: the signs, kana and letters of its first eight rows, and 漢字 of level 1 and 2."""
    found = set()
    for row in (*range(1, 9), *range(16, 85)):
        for cell in range(1, 95):
            try:
                found.add(bytes([0xA0 + row, 0xA0 + cell]).decode("euc_jp"))
            except UnicodeDecodeError:
                continue  # nobody has that place
    return found


def _of_texts(looked: Looked) -> set[str]:
    """Every character of what the operator has written: brand, settings of bills, catalogue."""
    words = [
        *_strings(msgspec.to_builtins(BRAND.names)),
        *(text.path.read_text("utf-8") for text in BRAND.texts.values()),
    ]
    if looked.settings:
        billing, contact = looked.settings.billing, looked.settings.contact
        words += [
            billing.address,
            billing.elsewhere,
            contact.operator,
            contact.hours,
            looked.settings.payment_day,
        ]
    words += _strings(msgspec.to_builtins(_catalogue(looked)))
    return {character for word in words for character in word if _is_drawn(character)}


def _is_drawn(character: str) -> bool:
    """Blanks, controls and signs that choose a form of the character before them have no glyph of their own."""
    chooses = "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
    return not (character.isspace() or chooses or unicodedata.category(character) in ("Cc", "Cf"))


def _catalogue(looked: Looked) -> catalogue.Catalogue:
    """The database's; the shipped one where there is none that can be asked, or none is loaded yet."""
    if looked.asked is None or looked.unreached:
        return files.shipped()
    try:
        found: catalogue.Catalogue = looked.asked(kept.read)
    except (Mistake, asyncpg.PostgresError, OSError):
        return files.shipped()  # what is wrong with the database other checks say
    return found


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _strings(one)


def _covered(pattern: str) -> tuple[set[int], str]:
    """The code points that fontconfig's fonts have, from its cache, and one of their files; "" where it is not there."""
    program = shutil.which("fc-list")
    if program is None:
        return set(), ""
    done = subprocess.run(  # noqa: S603 - a fixed pattern
        [program, "-f", "%{file}\t%{charset}\n", pattern],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    fonts = [line.partition("\t") for line in sorted(done.stdout.splitlines())]
    found: set[int] = set()
    for ranges in {charset for _, _, charset in fonts}:  # many have the same
        for one in ranges.split():
            first, _, last = one.partition("-")
            found.update(range(int(first, 16), int(last or first, 16) + 1))
    return found, fonts[0][0] if fonts else ""
