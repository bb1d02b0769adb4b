"""Who waits for whom in the database."""

from __future__ import annotations

import asyncio

from app.postgres import database


async def somebody_waits(number: int = 1) -> None:
    """Until so many statements wait for the caller's transaction."""
    # Not pg_stat_activity: a transaction sees it as it was when it first looked.
    blocked = "SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
    async with asyncio.timeout(5):
        while len(await database.rows(blocked)) < number:
            pass
