"""`python -m bench.changes`: what a change costs, when it is asked for and when it is confirmed, and what a login costs.

As bench/pages.py: in this process, one request at a time, beside one bare database round trip of the same run. The change
is メール転送, with the mail that tells of it; a login's time is that of its password hash, nearly all of it.
"""

from __future__ import annotations

import asyncio
import re
import statistics
import tempfile
import time
from pathlib import Path

import httpx

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
from tests.mail.steps import buy, get_address

CHANGES = 48
"""Fewer than a kind may be done in 24 hours (Change.a_day)."""
LOGINS = 40
LOGIN = "arteri-an-002"
PAGE = f"/accounts/{LOGIN}/forwarding"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as postgres:
        took = asyncio.run(_measure(Engine(postgres.start()), settings.demo(Path(folder))))
    bare = statistics.median(took.pop("one round trip"))
    print(f"{'one round trip':28} {bare * 1000:7.2f} ms")
    for what, times in took.items():
        cost = statistics.median(times[len(times) // 10 :])
        print(f"{what:28} {cost * 1000:7.2f} ms {cost / bare:7.1f} round trips")


async def _measure(engine: Engine, chosen: settings.Settings) -> dict[str, list[float]]:
    application = portal(chosen, engine)
    database.use(engine, TABLES)
    installation.use(settings.installation_of(chosen))
    await engine.start_connection_pool()
    await migrate()
    await kept.must_be_there()
    await import_contracts(servers.DEMO_CONTRACTS, progress=lambda _: None)
    took: dict[str, list[float]] = {"one round trip": []}
    async with Browser(application, "127.0.0.1") as browser:
        await browser.log_in("account", LOGIN, "abc12345")
        await buy(browser)
        await get_address(browser, LOGIN, "bench.taro")
        for nth in range(CHANGES):
            await _clocked(took, "one round trip", database.rows("SELECT 1"))
            await _change(browser, nth, took)
    for _ in range(LOGINS):
        async with Browser(application, "127.0.0.1") as browser:
            token = _hidden(await browser.get("/login"), "csrf_token")
            typed = {"csrf_token": token, "by": "account", "name": LOGIN, "password": "abc12345"}
            answer = await _clocked(took, "a login", browser.post("/login", data=typed))
            assert answer.status_code == 303, answer.status_code
    await engine.close_connection_pool()
    return took


async def _change(browser: Browser, nth: int, took: dict[str, list[float]]) -> None:
    """Another address to forward to, each time."""
    token = _hidden(await browser.get(PAGE), "csrf_token")
    typed = {"csrf_token": token, "address_1": f"taro{nth}@example.jp", "keep_copy": "yes"}
    asked = await _clocked(took, "a change asked for", browser.post(PAGE, data=typed))
    path = asked.headers["location"]
    confirm = await _clocked(took, "its confirm page", browser.get(path))
    typed = {name: _hidden(confirm, name) for name in ("csrf_token", "seen")}
    done = await _clocked(took, "a change confirmed", browser.post(path, data=typed))
    assert done.status_code == 303, done.status_code
    assert "完了" in (await browser.get(path)).text


def _hidden(answer: httpx.Response, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', answer.text)
    assert found, f"{answer.url} has no {name}"
    return found[1]


async def _clocked(took: dict[str, list[float]], what: str, work: object) -> httpx.Response:
    started = time.perf_counter()
    answer: httpx.Response = await work  # type: ignore[misc]
    took.setdefault(what, []).append(time.perf_counter() - started)
    return answer


if __name__ == "__main__":
    main()
