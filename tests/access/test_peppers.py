"""The database knows the peppers again that its hashes were made with, and whoever comes with others is told."""

from __future__ import annotations

import asyncio

import pytest

from app.domain import tables
from app.domain.access import peppers
from app.domain.access.peppers import WrongPeppers

pytestmark = pytest.mark.usefixtures("empty_database")

ONE, TWO, OTHER = (letter * 40 for letter in (b"a", b"b", b"x"))


async def remembered() -> list[int]:
    versions: list[int] = await tables.Pepper.select(tables.Pepper.version).output(as_list=True)
    return sorted(versions)


async def test_the_first_pepper_is_remembered_and_known_again() -> None:
    await peppers.recognise({1: ONE})
    await peppers.recognise({1: ONE})
    assert await remembered() == [1]


async def test_only_the_newest_is_remembered_since_it_alone_makes_hashes() -> None:
    await peppers.recognise({1: ONE, 7: TWO})
    assert await remembered() == [7]
    await peppers.recognise({7: TWO})


async def test_a_new_version_is_remembered_beside_the_old() -> None:
    await peppers.recognise({1: ONE})
    await peppers.recognise({1: ONE, 2: TWO})
    assert await remembered() == [1, 2]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({1: OTHER, 2: TWO}, "another key for version 1"),
        ({1: ONE, 2: OTHER}, "another key for version 2"),
        ({1: ONE}, "lacks version 2"),
        ({2: TWO}, "lacks version 1"),
        ({1: OTHER, 2: TWO, 3: ONE}, "another key for version 1"),
        ({3: OTHER}, "lacks version 1"),
    ],
)
async def test_others_are_refused_by_version_and_nothing_new_is_remembered(
    given: dict[int, bytes], reason: str
) -> None:
    await peppers.recognise({1: ONE})
    await peppers.recognise({1: ONE, 2: TWO})
    with pytest.raises(WrongPeppers, match=reason) as refused:
        await peppers.recognise(given)
    assert "xxxx" not in str(refused.value)
    assert await remembered() == [1, 2]


async def test_of_those_that_start_at_once_with_different_keys_the_first_are_right() -> None:
    starting = [peppers.recognise({1: key}) for key in (ONE, OTHER) * 5]
    ends = await asyncio.gather(*starting, return_exceptions=True)
    assert sorted(type(end).__name__ for end in ends) == ["NoneType"] * 5 + ["WrongPeppers"] * 5


async def test_the_table_holds_no_key() -> None:
    await peppers.recognise({1: ONE})
    row = await tables.Pepper.select().first()
    assert row
    assert len(row["fingerprint"]) == 32
    assert ONE not in row["fingerprint"]
