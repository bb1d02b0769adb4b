"""`python -m bench.pages`: what a page costs, beside one bare database round trip, in one run.

The application is called in this process, without network and client, against an embedded PostgreSQL with the demo
contracts; one request at a time, so the figures are latencies of one worker.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from app import settings
from app.commands import servers
from app.domain import installation
from app.domain.catalogue import kept
from app.domain.contracts.importing import import_contracts
from app.domain.tables import TABLES
from app.main import portal
from app.postgres import database
from app.postgres.embedded import EmbeddedPostgres
from app.postgres.engine import Engine
from app.postgres.migrate import migrate
from tests.browser import Browser

TIMES = 400
PAGES = (
    "/healthz",
    "/contact",
    "/",
    "/?open=arteri-an-002",
    "/accounts/arteri-an-002",
    "/accounts",
    "/changes",
)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as postgres:
        asyncio.run(_measure(Engine(postgres.start()), settings.demo(Path(folder))))


async def _measure(engine: Engine, chosen: settings.Settings) -> None:
    application = portal(chosen, engine)
    database.use(engine, TABLES)
    installation.use(settings.installation_of(chosen))
    await engine.start_connection_pool()
    await migrate()
    await kept.must_be_there()
    await import_contracts(servers.DEMO_CONTRACTS, progress=lambda _: None)
    bare = await _median(lambda: database.rows("SELECT 1"))
    print(f"{'one round trip':28} {bare * 1000:7.2f} ms")
    async with Browser(application, "127.0.0.1") as browser:
        await browser.log_in("customer", "90000000000000", "demo01")
        for path in PAGES:
            cost = await _median(partial(browser.get, path))
            print(f"{path:28} {cost * 1000:7.2f} ms {cost / bare:7.1f} round trips")
    await engine.close_connection_pool()


async def _median(work: Callable[[], Awaitable[object]]) -> float:
    """Seconds of one call: the median of TIMES, after a tenth as many to warm up."""
    for _ in range(TIMES // 10):
        await work()
    took = []
    for _ in range(TIMES):
        started = time.perf_counter()
        await work()
        took.append(time.perf_counter() - started)
    return statistics.median(took)


if __name__ == "__main__":
    main()
