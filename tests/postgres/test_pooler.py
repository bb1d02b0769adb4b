"""An operator is told when a pooler between drops what connections ask for; through a real one: tests/ops/test_pgbouncer.py."""

from __future__ import annotations

from typing import Any

import pytest

from app.postgres import database, pooler
from app.postgres.engine import Engine


@pytest.mark.parametrize(("patience", "told"), [(2.5, False), (None, True)])
@pytest.mark.usefixtures("engine_restored")
async def test_connections_whose_statements_have_no_limit_are_told_of(
    server: dict[str, Any], patience: float | None, told: bool
) -> None:
    engine = Engine(server, patience=patience)
    database.use(engine, [])
    await engine.start_connection_pool(max_size=1)
    try:
        assert ("ops/pgbouncer" in await pooler.warning()) is told
    finally:
        await engine.close_connection_pool()
