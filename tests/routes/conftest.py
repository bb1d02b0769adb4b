"""People whose story is further on when a test begins."""

from __future__ import annotations

from typing import Any

import pytest

from app import database
from tests.browser import Browser
from tests.routes.mail_steps import buy, get_address


@pytest.fixture
async def taro(contractor: Browser) -> Browser:
    """The contractor, whose arteri-an-001 has the address hikari.taro@."""
    await buy(contractor)
    await get_address(contractor, "arteri-an-001", "hikari.taro")
    return contractor


@pytest.fixture
def round_trips(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that pages send to the database, outside of transactions."""
    sent: list[str] = []
    fetch = database.Engine.fetch

    async def noted(self: database.Engine, query: str, args: Any = ()) -> Any:
        sent.append(query)
        return await fetch(self, query, args)

    monkeypatch.setattr(database.Engine, "fetch", noted)
    return sent
