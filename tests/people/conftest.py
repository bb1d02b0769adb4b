"""A family, and its customer logged in."""

from __future__ import annotations

import pytest

from app.domain.access.members import Member
from tests import households
from tests.households import Household


@pytest.fixture
async def family(empty_database: str) -> Household:
    return await households.new_household()


@pytest.fixture
async def customer(family: Household) -> Member:
    return await households.log_in(family.contract)
