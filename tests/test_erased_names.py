"""Erased names are known again by each pepper that was ever the newest, and by nobody who has the database alone."""

from __future__ import annotations

from datetime import date
from typing import Any

from app.domain import erased_names, tables
from app.domain.erased_names import ErasedNames
from app.domain.installation import Peppers


async def test_a_name_is_known_again_after_a_new_pepper_and_not_without_its_own(
    empty_database: str, installed: Any
) -> None:
    first, second = b"the first pepper of the tests", b"the second pepper of the tests"
    installed(peppers=Peppers({1: first}))
    await tables.ErasedName(
        hash=erased_names.hashed("login", "uta"), kind="login", pepper=1, erased_on=date(2026, 1, 1)
    ).save()
    installed(peppers=Peppers({1: first, 2: second}))
    assert await erased_names.is_erased("login", "uta")
    all_of_them = await ErasedNames.load()
    assert all_of_them.holds("login", "uta")
    assert not all_of_them.holds("address", "uta")
    installed(peppers=Peppers({2: second}))
    assert not await erased_names.is_erased("login", "uta")
    assert not ErasedNames([]).holds("login", "uta")
