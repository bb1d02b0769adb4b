"""Name checks stand in line with the contract's changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from app.domain import clock, tables
from app.domain.cards import checks
from app.domain.cards.kept import KeptCard
from app.postgres import database
from tests import households

CARD = KeptCard(token="pm_1", payer="cus_1", brand="VISA", last4="1111", expires="2040-01")
BLOCKED = "SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))"


@pytest.fixture
async def elsewhere(server: dict[str, Any], empty_database: str) -> AsyncIterator[Any]:
    """A connection of another worker."""
    connection = await asyncpg.connect(**{**server, "database": empty_database})
    yield connection
    await connection.close()


async def test_a_card_that_the_customer_is_just_replacing_is_not_approved(elsewhere: Any) -> None:
    contract = await households.new_contract()
    await checks.wait(contract, CARD, "KICHI ARUTERI", clock.now())
    (check,) = await checks.waiting()
    replacing = elsewhere.transaction()
    await replacing.start()
    await elsewhere.execute("SELECT 1 FROM contract WHERE id = $1 FOR NO KEY UPDATE", contract)
    approval = asyncio.create_task(checks.approve(check.id))
    while not (await database.rows(BLOCKED, elsewhere.get_server_pid()))[0]["count"]:
        assert not approval.done()
    await elsewhere.execute("UPDATE card_check SET decided_at = now(), outcome = 'replaced'")
    await replacing.commit()
    with pytest.raises(checks.CardNotWaiting):
        await approval
    assert not await tables.Card.exists()
