"""What is no TOML, no text or too large is refused in words, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.catalogue import reading
from app.domain.imports import ImportRefused


def refused(path: Path) -> str:
    with pytest.raises(ImportRefused) as error:
        reading.Reading(reading.text_of(path))
    return str(error.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a = 1\nb = = 2\n", "line 2: is no TOML"),
        (b"a = 1\na = 2\n", "line 2: is no TOML"),
        (b"a = 1\nb = " + b"[" * 5_000 + b"]" * 5_000 + b"\n", "line 2: is no TOML: too many brackets"),
        (b'a = """\n\n', "line 3: is no TOML"),
        (b"a = 1\nb = '\x82\xa0'\n", "line 2: is not UTF-8"),
        (b"#" * (reading.LARGEST + 1), "line 1: the file is larger than"),
    ],
)
def test_what_cannot_be_read_says_where_and_what_to_do(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "catalogue.toml"
    path.write_bytes(content)
    assert refused(path).startswith(said)


def test_a_file_of_windows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.toml"
    path.write_bytes("\ufeffa = 1\r\nb = 2\r\n".encode())
    read = reading.Reading(reading.text_of(path))
    assert (read.content, read.positions.line(("b",))) == ({"a": 1, "b": 2}, 2)


def test_the_nearest_known_word_is_named() -> None:
    assert reading.nearest("prises", ["name", "prices"]) == ": did you mean prices?"
    assert reading.nearest("xyzzy", ["name", "prices"]) == ""
