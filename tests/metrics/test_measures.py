"""What a process counts: each request by its route's template, and never a word that a caller chose."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from litestar.types import ASGIApp
from prometheus_client import generate_latest

from app import security_log
from app.domain.letters.outbox import Delivered
from app.metrics import measures as counting
from app.metrics.measures import METHODS, NO_ROUTE, Measures
from app.postgres import database
from tests.access.test_matrix import ROUTES
from tests.browser import Browser
from tests.conftest import HOST

CANARY = "canary-90000000000000-arteri-an-001-token"
LABELS = {
    "route": {re.sub(r":[a-z]+}", "}", path) for _, path in ROUTES} | {"/{path}", NO_ROUTE},
    "method": METHODS | {"other"},
    "status": {"2xx", "3xx", "4xx", "5xx", "500", "503"},
    "at": {"portal", "mail"},
    "outcome": {"ok", "half", "wrong", "limited", "sent", "put-off", "refused"},
    "le": {*map(str, map(float, counting.BUCKETS)), "+Inf"},
}
"""All that a label may ever hold."""


@pytest.fixture
def measures(monkeypatch: pytest.MonkeyPatch) -> Measures:
    monkeypatch.setattr(security_log, "_listeners", [])
    return Measures()


@pytest.fixture
async def browser(measures: Measures, application: ASGIApp, filled_database: str) -> AsyncIterator[Browser]:
    async with Browser(measures.around(application), HOST) as browser:
        yield browser


def told(measures: Measures, name: str) -> dict[tuple[str, ...], float]:
    """The samples of that name, by their labels in the order of their names; none that are 0."""
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in measures.registry.collect()
        for sample in family.samples
        if sample.name == name and sample.value
    }


REQUESTS = "mypage_http_request_seconds_count"


async def test_requests_are_counted_by_template_method_and_class_of_status(
    measures: Measures, browser: Browser
) -> None:
    for path in ("/login", "/login", "/accounts/arteri-an-001", "/no/such/page"):
        await browser.get(path)
    await browser.request("HEAD", "/login")
    for method in ("BREW", "STEEP"):
        await browser.request(method, "/login")
    assert len(measures._timed) == 5, "a stranger's methods do not fill the memory"
    assert told(measures, REQUESTS) == {
        ("GET", "/login", "2xx"): 2,
        ("GET", "/accounts/{login}", "3xx"): 1,
        ("GET", "/{path}", "4xx"): 1,
        ("HEAD", "/login", "2xx"): 1,
        ("other", NO_ROUTE, "4xx"): 2,
    }


@pytest.mark.slow
async def test_whatever_is_asked_for_no_label_holds_what_a_caller_chose(
    measures: Measures, browser: Browser
) -> None:
    """Every route, with a canary wherever something can be chosen, and paths that are none."""
    paths = {re.sub(r"{[^}]+}", CANARY, path) for _, path in ROUTES} | {
        f"/{CANARY}",
        f"/a/{CANARY}%00",
        "/%FF",
    }
    for path in sorted(paths):
        for method in ("GET", "POST", CANARY):
            await browser.request(method, f"{path}?token={CANARY}", headers={"X-Request-Id": CANARY})
    await browser.request("GET", "/", headers={"Host": CANARY})
    text = generate_latest(measures.registry).decode()
    assert len(told(measures, REQUESTS)) > 100
    assert CANARY not in text
    for family in measures.registry.collect():
        for sample in family.samples:
            for name, value in sample.labels.items():
                assert value in LABELS[name], (sample.name, name, value)


@pytest.mark.slow
async def test_logins_are_counted_by_how_they_ended(measures: Measures, browser: Browser) -> None:
    for password in ("wrong-1", "demo01"):
        await browser.log_in("customer", "90000000000000", password)
    security_log.limit("mail-login", outcome="limited", network="192.0.2.*")
    security_log.note("proof", outcome="wrong", network="192.0.2.*")
    assert told(measures, "mypage_logins_total") == {
        ("portal", "wrong"): 1,
        ("portal", "ok"): 1,
        ("mail", "limited"): 1,
    }


async def test_answers_of_500_and_more_are_counted_by_their_status(
    measures: Measures, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("broken")

    def away(*_: object) -> None:
        raise ConnectionError

    for fails in (broken, away, away):
        monkeypatch.setattr(database.engine().__class__, "fetch", fails)
        await browser.get("/login/forgotten")
        await browser.get("/readyz")
    assert told(measures, "mypage_http_errors_total") == {("500",): 1, ("503",): 2}


async def test_an_answer_in_parts_is_counted_once_when_the_last_is_sent(measures: Measures) -> None:
    async def in_parts(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for part in (b"a", b"b", b""):
            await asyncio.sleep(0.02)
            await send({"type": "http.response.body", "body": part, "more_body": bool(part)})

    app: Any = measures.around(in_parts)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://x") as client:
        await client.get("/x")
    assert told(measures, REQUESTS) == {("GET", NO_ROUTE, "2xx"): 1}
    assert told(measures, "mypage_http_request_seconds_sum")["GET", NO_ROUTE, "2xx"] >= 0.06


def test_mails_are_counted_by_what_came_of_them(measures: Measures) -> None:
    for _ in range(2):
        measures.delivered(Delivered(3, 2, 1, ""))
    assert told(measures, "mypage_mails_total") == {("sent",): 6, ("put-off",): 4, ("refused",): 2}


async def test_the_pool_is_looked_at(
    measures: Measures, filled_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = database.engine()
    size = engine.pool.get_max_size()  # type: ignore[union-attr]
    monkeypatch.setattr(counting, "SAMPLED_EVERY", 0.01)
    watching = asyncio.create_task(measures.keep_watching(engine, size))
    taken = [await engine.acquire() for _ in range(size)]
    waiting = [asyncio.create_task(engine.acquire()) for _ in range(2)]
    await asyncio.sleep(0.05)
    names = ("size", "in_use", "waiting")
    assert [told(measures, f"mypage_pool_{name}").get((), 0) for name in names] == [size, size, 2]
    for connection in taken:
        await engine.give_back(connection)
    for task in waiting:
        await engine.give_back(await task)
    await asyncio.sleep(0.05)
    assert [told(measures, f"mypage_pool_{name}").get((), 0) for name in names] == [size, 0, 0]
    watching.cancel()
    assert engine.waiting == 0
