"""A brand's folder, read whole: what is wrong is named with file, line and what to do."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from types import MappingProxyType

import msgspec

from app.branding import colours, mark, texts
from app.branding.shape import TELEPHONY, Brand, BrandError, Names, Partner, Text

TEXTS = ("privacy", "seller", "accessibility", "mails")
"""The texts that every brand has."""
FOOT = ("operator", "center", "phone", "hours")
"""The words in braces that the foot of a mail may have."""
_DESKS = ("contact", "fault", "remote_support")
_ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?|\$MYPAGE_(CINEMA|CLUB)_URL")
_COLOUR = re.compile("#[0-9a-f]{6}")
_FORM = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?")


def read(folder: Path) -> Brand:
    """The brand of the folder. Raises BrandError."""
    if not folder.is_dir():
        raise BrandError(f"{folder}: no such folder: MYPAGE_BRAND has to name the brand's folder, or nothing")
    names = _names(folder / "brand.toml")
    documents = folder / "documents"
    if not documents.is_dir():
        raise BrandError(f"{documents}: no such folder: make it, for the documents (*.md); it may be empty")
    found = {path.stem: _text(path) for path in sorted(documents.glob("*.md"))}
    return Brand(
        folder,
        names,
        _mark(folder / "mark.svg"),
        MappingProxyType({name: _text(folder / f"{name}.md") for name in TEXTS}),
        MappingProxyType(found),
    )


def _content(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise BrandError(
            f"{path}: the file is missing: {what}; app/brand/{path.name} is an example"
        ) from error
    except UnicodeDecodeError as error:
        raise BrandError(f"{path}: not UTF-8 at byte {error.start + 1}: save the file as UTF-8") from error
    except OSError as error:
        raise BrandError(f"{path}: cannot be read: {error.strerror}") from error


def _mark(path: Path) -> bytes:
    content = _content(path, "it draws the icon of the pages").encode()
    try:
        mark.check(content)
    except mark.BadMark as error:
        raise BrandError(f"{path}, line {error.line}: {error.reason}") from error
    return content


def _text(path: Path) -> Text:
    try:
        return texts.read(path, _content(path, "it is a page that members read"))
    except texts.BadText as error:
        raise BrandError(f"{path}, line {error.line}: {error.reason}") from error


# --- brand.toml -------------------------------------------------------------------------------------------------------

Place = tuple[str | int, ...]


def _names(path: Path) -> Names:
    source = _content(path, "it says how everything is called")
    try:
        given = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise BrandError(f"{path}: no TOML: {error}: mend the line, or what stands before it") from error
    except RecursionError as error:
        raise BrandError(f"{path}: no TOML: too many brackets in each other: close each") from error
    at = _Lines(path, source)
    try:
        names = msgspec.convert(given, Names)
    except msgspec.ValidationError as error:
        raise at.error(*_invalid(str(error))) from error
    problems = [*_of_names(names), *_of_colours(names)]
    if problems:
        raise BrandError("\n".join(str(at.error(*problem)) for problem in problems))
    return names


def _invalid(message: str) -> tuple[Place, str]:
    """Where msgspec found something, and what to do about it."""
    what, _, path = message.partition(" - at `")
    place: Place = (
        tuple(
            int(index) if index else key
            for key, index in re.findall(r"\.?([^.\[\]`$]+)|\[(\d+)\]", path.removeprefix("$").rstrip("`"))
        )
        if path
        else ()
    )
    if field := re.search("unknown field `(.+)`", what):
        return (
            *place,
            field[1],
        ), "is not known here: take it out, or mend its name (docs/operating.md lists all)"
    if field := re.search("missing required field `(.+)`", what):
        return place, f"{field[1]} is missing: add a line `{field[1]} = …`, as app/brand/brand.toml has it"
    return place, f"is not fit: {what[0].lower()}{what[1:]}"


def _of_names(names: Names) -> list[tuple[Place, str]]:
    found: list[tuple[Place, str]] = [
        (("telephony", service), f"is not known here: only {', '.join(TELEPHONY)} are")
        for service in names.telephony
        if service not in TELEPHONY
    ]
    keys = [partner.key for partner in names.partners]
    for number, partner in enumerate(names.partners):
        found += _of_partner(("partners", number), partner, again=partner.key in keys[:number])
    for desk in _DESKS:
        form = getattr(names, desk).form
        if form and not _FORM.fullmatch(form):
            found.append(((desk, "form"), f"is {form!r}: an address that begins with https:// is wanted"))
    for word in re.findall(r"\{([^{}]*)\}", names.mail.foot):
        if word not in FOOT:
            found.append((("mail", "foot"), f"has {{{word}}}: only {', '.join(FOOT)} stand for something"))
    return found


def _of_partner(place: Place, partner: Partner, *, again: bool) -> list[tuple[Place, str]]:
    found: list[tuple[Place, str]] = []
    if again:
        found.append(((*place, "key"), f"is {partner.key!r}, which another partner has: choose another key"))
    if partner.address and not _ADDRESS.fullmatch(partner.address):
        found.append(
            (
                (*place, "address"),
                f"is {partner.address!r}: an address that begins with https:// is wanted, "
                "or $MYPAGE_CINEMA_URL or $MYPAGE_CLUB_URL, the variable that gives it",
            )
        )
    return found


def _of_colours(names: Names) -> list[tuple[Place, str]]:
    given = {"light": names.colours.light, "dark": names.colours.dark}
    found: list[tuple[Place, str]] = []
    for scheme, tokens in given.items():
        place = ("colours", scheme)
        found += [
            ((*place, token), f"is no colour of the pages: known are {', '.join(sorted(colours.known()))}")
            for token in tokens
            if token not in colours.known()
        ]
        found += [
            ((*place, token), f"is {colour!r}: a colour such as #0a2f5c is wanted, in small letters")
            for token, colour in tokens.items()
            if token in colours.known() and not _COLOUR.fullmatch(colour)
        ]
        found += [
            (place, f"{token} is missing: give a colour such as #0a2f5c")
            for token in colours.NEEDED
            if token not in tokens
        ]
    if found:
        return found
    return [(("colours", bad.scheme, bad.given), str(bad)) for bad in colours.too_little(given)]


class _Lines:
    """On which line of a TOML file a key stands."""

    def __init__(self, path: Path, source: str) -> None:
        self._path = path
        self._lines: dict[Place, int] = {}
        table: Place = ()
        counted: dict[str, int] = {}
        within = ""
        for number, line in enumerate(source.splitlines(), 1):
            if within:
                within = "" if within in line else within
            elif head := re.match(r"\s*\[\[\s*([^\]]+?)\s*\]\]", line):
                counted[head[1]] = counted.get(head[1], -1) + 1
                table = (head[1], counted[head[1]])
                self._lines[table] = number
            elif head := re.match(r"\s*\[\s*([^\]]+?)\s*\]", line):
                table = _parts(head[1])
                self._lines[table] = number
            elif pair := re.match(r"""\s*([\w.'"-]+)\s*=\s*(.*)""", line):
                self._lines[(*table, *_parts(pair[1]))] = number
                opened = re.match(r'"""|\'\'\'', pair[2])
                within = opened[0] if opened and pair[2].count(opened[0]) == 1 else ""

    def error(self, place: Place, what: str) -> BrandError:
        """The mistake with its place: the key's line, or that of the nearest table around it."""
        around = next(
            (place[:length] for length in range(len(place), 0, -1) if place[:length] in self._lines), ()
        )
        key = ".".join(str(part + 1) if isinstance(part, int) else part for part in place)
        return BrandError(
            f"{self._path}, line {self._lines.get(around, 1)}: {f'{key} ' if key else ''}{what}"
        )


def _parts(key: str) -> Place:
    return tuple(part.strip().strip("\"'") for part in key.split("."))
