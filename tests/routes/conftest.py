"""People whose story is further on when a test begins."""

from __future__ import annotations

import pytest

from tests.browser import Browser
from tests.routes.mail_steps import buy, get_address


@pytest.fixture
async def taro(contractor: Browser) -> Browser:
    """The contractor, whose arteri-an-001 has the address hikari.taro@."""
    await buy(contractor)
    await get_address(contractor, "arteri-an-001", "hikari.taro")
    return contractor
