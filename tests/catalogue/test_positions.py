"""Every value's line, whatever TOML the text is written in."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from app.domain.catalogue.positions import Path, Positions
from tests.catalogue.texts import TEXT

ODD = '''# [[product]] in a comment
a.b = 1 # = 2
"c d"."e" = """
[[product]]
x = 1
"""
f = [ # [
  1, "]", '#',
  { g = "}", h = [2,
    3] },
]
i = 1979-05-27 07:32:00
[[k]]
l = 'm'
[[k]]
[k.n]
o = ["""
"]""", \'\'\'q\'\'\']
[[k.p]]
r = 1
[[k.p]]
r = 2
'''


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Of each value that is neither a table nor a list."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from paths(one, (*path, key))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from paths(one, (*path, index))
    else:
        yield path


@pytest.mark.parametrize("text", [TEXT, ODD])
def test_every_value_that_tomllib_reads_has_a_line_of_its_own(text: str) -> None:
    positions = Positions(text)
    assert set(paths(tomllib.loads(text))) <= positions._lines.keys()


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("a", "b"), 2),
        (("c d", "e"), 3),
        (("f",), 7),
        (("f", 2), 8),
        (("f", 3, "h", 1), 10),
        (("i",), 12),
        (("k", 0), 13),
        (("k", 1, "n", "o", 1), 18),
        (("k", 1, "p", 1, "r"), 22),
        (("k", 1, "missing"), 15),
        (("missing",), 1),
        ((), 1),
    ],
)
def test_a_value_is_found_and_one_that_is_missing_is_where_it_would_stand(path: Path, line: int) -> None:
    assert Positions(ODD).line(path) == line
