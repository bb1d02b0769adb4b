"""A family whose changes are asked for and confirmed, OneMore among them."""

from __future__ import annotations

import pytest

from app.domain.access.members import Member
from app.domain.changes import kinds
from tests import households
from tests.changes.one_more import OneMore
from tests.households import Household


@pytest.fixture
async def family(empty_database: str, monkeypatch: pytest.MonkeyPatch) -> Household:
    monkeypatch.setitem(kinds.KINDS, OneMore.kind, OneMore)
    return await households.new_household()


@pytest.fixture
async def mother(family: Household) -> Member:
    return await households.log_in(family.contract, family.mother)
