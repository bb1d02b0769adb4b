"""Where in a TOML file each value stands: tomllib tells it of what is no TOML, and of nothing else.

The text has been read by tomllib before, so what comes here is well-formed, and only its places are looked for.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterator

Path = tuple[str | int, ...]
"""A key of a table, or the index of an item, step by step from the top."""

_BLANK = re.compile(r"(?:[ \t\r\n,]|#[^\n]*)*")
_KEY_END = re.compile(r"""(?:[^="'\]\n]|"(?:[^"\\]|\\.)*"|'[^']*')*""")
_STRING = re.compile(
    r'''"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'''',
    re.DOTALL,
)
_BARE = re.compile(r"[^,\]}#\n]+")


class Positions:
    """The lines of a well-formed TOML text, by path."""

    def __init__(self, text: str) -> None:
        self._begins = [0, *(found.end() for found in re.finditer("\n", text))]
        self._lines = {path: self._line_at(at) for path, at in _Walk(text).paths()}

    def line(self, path: Path) -> int:
        """The line, counted from 1, that the value begins on; of what does not stand there, that of what it would stand in."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def _line_at(self, offset: int) -> int:
        return bisect_right(self._begins, offset)


class _Walk:
    """One way through the text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._counts: dict[Path, int] = {}

    def paths(self) -> Iterator[tuple[Path, int]]:
        """Each path with the offset of its value, in the order of the text."""
        above: Path = ()
        while self._skip() < len(self._text):
            if self._text[self._at] == "[":
                begin = self._at
                above = self._header()
                yield above, begin
            else:
                yield from self._pair(above)

    def _skip(self) -> int:
        """Over blanks, comments and commas."""
        self._at = self._end(_BLANK)
        return self._at

    def _end(self, pattern: re.Pattern[str]) -> int:
        found = pattern.match(self._text, self._at)
        return found.end() if found else self._at

    def _key(self) -> list[str]:
        """A key, which may be dotted and quoted: tomllib reads it."""
        begin, self._at = self._at, self._end(_KEY_END)
        value = tomllib.loads(f"{self._text[begin : self._at]} = 0")
        keys = []
        while isinstance(value, dict):
            ((key, value),) = value.items()
            keys.append(key)
        return keys

    def _header(self) -> Path:
        """The path of [a table], or of the next of [[several]]."""
        several = self._text.startswith("[[", self._at)
        self._at += 2 if several else 1
        keys = self._key()
        self._at += 2 if several else 1
        path: Path = ()
        for key in keys[:-1]:
            path = self._last((*path, key))
        path = (*path, keys[-1])
        if several:
            self._counts[path] = self._counts.get(path, -1) + 1
        return self._last(path)

    def _last(self, path: Path) -> Path:
        return (*path, self._counts[path]) if path in self._counts else path

    def _pair(self, above: Path) -> Iterator[tuple[Path, int]]:
        begin, path = self._at, (*above, *self._key())
        self._at += 1  # the sign of equality
        while self._text[self._at] in " \t":
            self._at += 1
        yield path, begin
        yield from self._value(path)

    def _value(self, path: Path) -> Iterator[tuple[Path, int]]:
        sign = self._text[self._at]
        if sign not in "[{":
            self._at = self._end(_STRING if sign in "\"'" else _BARE)
            return
        self._at += 1
        number = 0
        while self._text[self._skip()] not in "]}":
            if sign == "{":
                yield from self._pair(path)
            else:
                yield (*path, number), self._at
                yield from self._value((*path, number))
                number += 1
        self._at += 1
