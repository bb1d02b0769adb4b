"""Reading a TOML file value by value: what is wrong is noted with its line and what to do, and the reading goes on."""

from __future__ import annotations

import difflib
import re
import tomllib
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from app.branding.shape import SAID
from app.domain.catalogue.positions import Path, Positions
from app.domain.imports import ImportRefused, Problem

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterable

LARGEST = 1024 * 1024
"""Bytes of a file. UCOM's has 16,000."""
_PLACE = re.compile(r" \(at line (\d+), column \d+\)$")


class Reading:
    """A file that is read, and what is wrong with it so far."""

    def __init__(self, text: str) -> None:
        try:
            self.content = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ImportRefused([_no_toml(str(error), text)]) from error
        except RecursionError as error:
            raise ImportRefused([_too_deep(text)]) from error
        self.positions = Positions(text)
        self.problems: list[Problem] = []

    def wrong(self, path: Path, reason: str) -> None:
        """Note what is wrong with the value of that path."""
        self.problems.append(Problem(self.positions.line(path), reason))

    def refuse(self) -> None:
        """Raises ImportRefused when anything is wrong."""
        if self.problems:
            raise ImportRefused(sorted(set(self.problems)))

    @property
    def table(self) -> Table:
        return Table(self, (), self.content)


def _no_toml(said: str, text: str) -> Problem:
    found = _PLACE.search(said)
    line = int(found[1]) if found else text.count("\n") + 1
    return Problem(
        line, f"is no TOML: {_PLACE.sub('', said)}; mend that line first, the rest is read after it"
    )


def _too_deep(text: str) -> Problem:
    """Of brackets that hold each other a thousand times; the line with the most of them."""
    lines = text.splitlines()
    most = max(range(len(lines)), key=lambda at: lines[at].count("[") + lines[at].count("{"))
    return Problem(most + 1, "is no TOML: too many brackets stand in each other; close each that is opened")


def text_of(path: pathlib.Path) -> str:
    """The file's text. Raises ImportRefused, and OSError when it cannot be read."""
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ImportRefused([Problem(1, f"the file is larger than {LARGEST:,} bytes: it is no catalogue")])
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ImportRefused([Problem(line, "is not UTF-8: save the file as UTF-8")]) from error


_NAMES = {
    bool: "true or false",
    int: "a whole number",
    str: "a text in quotes",
    list: "a list in [ ]",
    dict: "a table",
}


def _called(value: object) -> str:
    """What a value of the file is, in words."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, datetime):
        return "a moment"
    if isinstance(value, date):
        return "a day"
    return _NAMES.get(type(value), "another kind of value")


class Table:
    """A table of the file. Each question takes a key out of it; `end` says which ones nobody asked for.

    What is wrong is noted, and a value of the right type comes back in its place, which nobody sees: `refuse` comes first.
    """

    def __init__(self, reading: Reading, path: Path, values: dict[str, Any]) -> None:
        self.path = path
        self._reading = reading
        self._values = values
        self._known: list[str] = []

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def wrong(self, name: str, reason: str) -> None:
        """Note what is wrong with the value of that key."""
        self._reading.wrong((*self.path, name), f"{name}: {reason}")

    def ask(self, name: str, kind: type, example: str, *, needed: bool = True) -> Any:
        """The value as it stands, if it is of the type; None where it is missing or is not."""
        self._known.append(name)
        value = self._values.get(name)
        if name not in self._values:
            if needed:
                self.wrong(name, f"is missing: write {name} = {example}")
            return None
        if type(value) is not kind:
            wanted = "a day" if kind is date else _NAMES[kind]
            self.wrong(name, f"is {_called(value)}, and has to be {wanted}: write {name} = {example}")
            return None
        return value

    def text(self, name: str, *, most: int, example: str, form: str = "", needed: bool = True) -> str:
        """One line; "" where it is left out. `form`: a pattern that it has to have."""
        value = self.ask(name, str, f'"{example}"', needed=needed)
        return self._line(name, value, most, form, example) if value is not None else ""

    def _line(self, name: str, value: str, most: int, form: str, example: str) -> str:
        if not value.strip() or value != value.strip() or not value.isprintable():
            self.wrong(name, "has to be a line of visible characters, without blanks around it")
        elif len(value) > most:
            self.wrong(name, f"has {len(value)} characters, and may have {most}: make it shorter")
        elif form and not re.fullmatch(form, value):
            self.wrong(name, f"does not look as it has to: write it like {example}")
        for word in sorted({*re.findall(r"\{([^{}]*)\}", value)} - {*SAID}):
            known = ", ".join(f"{{{one}}}" for one in SAID)
            self.wrong(name, f"{{{word}}} is no word of the brand; there are {known}")
        return value

    def lines(self, name: str, *, most: int, example: str, needed: bool = True) -> tuple[str, ...]:
        """Several lines; none where it is left out."""
        values = self.ask(name, list, f'["{example}"]', needed=needed)
        if values is None:
            return ()
        if needed and not values:
            self.wrong(name, f'is empty: write {name} = ["{example}"]')
        if not all(isinstance(value, str) for value in values):
            self.wrong(name, "has to be a list of texts in quotes")
            return ()
        return tuple(self._line(name, value, most, "", example) for value in values)

    def whole(self, name: str, least: int, most: int) -> int:
        value: int | None = self.ask(name, int, str(least))
        if value is not None and not least <= value <= most:
            self.wrong(name, f"is {value:,}, and has to be from {least:,} to {most:,}")
        return least if value is None else value

    def flag(self, name: str) -> bool:
        return bool(self.ask(name, bool, "true"))

    def day(self, name: str, *, first: bool = False) -> date:
        """`first`: it has to be a 1st."""
        value: date | None = self.ask(name, date, "2026-04-01")
        if value is None:
            return date.min
        if first and value.day != 1:
            begin = value.replace(day=1)
            self.wrong(
                name,
                f"{value} is no 1st, and months are charged whole: write {begin} or that of a later month",
            )
        return value

    def choice(self, name: str, among: Iterable[str]) -> str | None:
        """One of the words; None for none of them."""
        known = list(among)
        value: str | None = self.ask(name, str, f'"{known[0]}"')
        if value is None or value in known:
            return value
        self.wrong(name, f"there is no {value!r}{nearest(value, known)}; there are {', '.join(known)}")
        return None

    def table(self, name: str, *, needed: bool = True) -> Table | None:
        value = self.ask(name, dict, "{ … }", needed=needed)
        return Table(self._reading, (*self.path, name), value) if value is not None else None

    def tables(self, name: str, example: str) -> list[Table]:
        """Those of a list; one is needed."""
        values = self.ask(name, list, example)
        if values is not None and not values:
            self.wrong(name, f"is empty: write {name} = {example}")
        made = []
        for index, value in enumerate(values or ()):
            path = (*self.path, name, index)
            if isinstance(value, dict):
                made.append(Table(self._reading, path, value))
            else:
                self._reading.wrong(
                    path, f"{name}: is {_called(value)}, and has to be a table: write {example}"
                )
        return made

    def end(self) -> None:
        """Note every key that is not known here, with the one that it may be meant for."""
        for name in self._values:
            if name not in self._known:
                left = [known for known in self._known if known not in self._values]
                close = nearest(name, left) or nearest(name, self._known)
                self.wrong(name, f"is not known here{close}; known are {', '.join(self._known)}")


def nearest(word: str, known: Iterable[str]) -> str:
    """`: did you mean …?`, where a known one is near."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f": did you mean {found[0]}?" if found else ""
