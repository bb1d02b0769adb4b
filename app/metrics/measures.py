"""What each process of a server counts: requests, logins, mails, and what its pool of connections is at.

A label is a route's template, a method, a class of status, or a word of ours: never a path, and nothing that anybody typed.
"""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING, Any

from litestar.enums import ScopeType
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from app import security_log

if TYPE_CHECKING:
    from collections.abc import Mapping

    from litestar.types import ASGIApp, Message, Receive, Scope, Send

    from app.domain.letters.outbox import Delivered
    from app.postgres.engine import Engine

SAMPLED_EVERY = 1.0
"""Seconds between two looks at the pool."""
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
"""Seconds. A page takes tens of milliseconds; one that meets a database that is away, two and a half seconds."""
METHODS = frozenset({"GET", "HEAD", "POST"})
NO_ROUTE = "none"
"""The route of what leads nowhere."""


class Measures:
    """The metrics of one process, which it counts in its files (app/metrics/folder.py)."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.requests = Histogram(
            "mypage_http_request_seconds",
            "Time until a request was answered, by route template, method and class of status",
            ["route", "method", "status"],
            buckets=BUCKETS,
            registry=registry,
        )
        self.errors = Counter(
            "mypage_http_errors", "Answers with a status of 500 or more", ["status"], registry=registry
        )
        self.logins = Counter(
            "mypage_logins",
            "Logins at the portal and at the mail server, by how they ended (mail server: those that were refused)",
            ["at", "outcome"],
            registry=registry,
        )
        self.mails = Counter(
            "mypage_mails", "Mails that were tried, by what came of it", ["outcome"], registry=registry
        )
        self.pool_size = _of_living("mypage_pool_size", "Database connections that may be open", registry)
        self.pool_in_use = _of_living("mypage_pool_in_use", "Database connections in use", registry)
        self.pool_waiting = _of_living("mypage_pool_waiting", "Who waits for a database connection", registry)
        self.workers = _of_living("mypage_workers", "Worker processes that run", registry)
        self.tidied_at = Gauge(
            "mypage_housekeeping_last_run_timestamp_seconds",
            "When housekeeping last came to its end, as Unix time; 0: not since the server started",
            registry=registry,
            multiprocess_mode="max",
        )
        self._timed: dict[tuple[str, str, int], Any] = {}
        security_log.listen(self._note)

    def around(self, app: ASGIApp) -> ASGIApp:
        """The application, each of whose answers is counted."""
        return Measured(app, self)

    def answered(self, template: str, method: str, status: int, seconds: float) -> None:
        """Count a request; `template`: of its route, as Litestar writes it, "" where there is none."""
        if status >= 500:
            self.errors.labels(str(status)).inc()
        # What it is remembered by is of a short list, too: a stranger may invent methods without end.
        key = (template, method if method in METHODS else "other", status // 100)
        timed = self._timed.get(key)
        if timed is None:
            timed = self._timed[key] = self.requests.labels(
                re.sub(r":[a-z]+}", "}", template) or NO_ROUTE,
                key[1],
                f"{key[2]}xx",
            )
        timed.observe(seconds)

    def delivered(self, done: Delivered) -> None:
        self.mails.labels("sent").inc(done.sent)
        self.mails.labels("put-off").inc(done.put_off)
        self.mails.labels("refused").inc(done.refused)

    def tidied(self) -> None:
        self.tidied_at.set(time.time())

    async def keep_watching(self, engine: Engine, size: int) -> None:
        """Look at the pool now and then, until cancelled; `size`: how many connections it may have."""
        self.workers.set(1)
        self.pool_size.set(size)
        while True:
            pool = engine.pool
            if pool is not None:
                self.pool_in_use.set(pool.get_size() - pool.get_idle_size())
                self.pool_waiting.set(engine.waiting)
            await asyncio.sleep(SAMPLED_EVERY)

    def _note(self, given: Mapping[str, str]) -> None:
        """A line of the security log: logins are counted."""
        at = LOGINS.get(given["event"])
        if at:
            self.logins.labels(at, given["outcome"]).inc()


LOGINS = {"login": "portal", "mail-login": "mail"}
"""Events of the security log, and where the login was."""


def _of_living(name: str, what: str, registry: CollectorRegistry) -> Gauge:
    """A figure that is added up over the processes that run."""
    return Gauge(name, what, registry=registry, multiprocess_mode="livesum")


class Measured:
    """ASGI middleware around everything: how long each answer took."""

    def __init__(self, app: ASGIApp, measures: Measures) -> None:
        self.app = app
        self.measures = measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        began, method, status = time.perf_counter(), scope["method"], 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                template = scope.get("path_template") or ""
                self.measures.answered(template, method, status, time.perf_counter() - began)

        await self.app(scope, receive, watched)
