"""How a request looked to the portal is told to who shows a ticket of its secret keys, and to nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import httpx

from app.domain import clock, networks
from app.main import portal
from app.postgres.engine import Engine
from app.web import seen_through
from app.web.cookies import Keys
from tests.conftest import HOST, SETTINGS
from tests.roles import served

KEYS = Keys(SETTINGS.secret_keys, https=True)


@cache
def behind(proxies: str) -> Any:
    """The portal, made once for all tickets."""
    proxy = networks.network(proxies)
    assert proxy
    return served(portal(replace(SETTINGS, trusted_proxies=(proxy,)), Engine({})))


async def asked(peer: str, proxies: str, ticket: str, forwarded: str) -> str | None:
    transport = httpx.ASGITransport(app=behind(proxies), client=(peer, 4711))
    async with httpx.AsyncClient(transport=transport, base_url=f"https://{HOST}") as client:
        headers = [(b"X-Forwarded-For", forwarded.encode())]
        headers += [(seen_through.TICKET.encode(), ticket.encode())] if ticket else []
        answer = await client.get("/healthz", headers=headers)
        assert answer.status_code == 200
        told: str | None = answer.headers.get(seen_through.TOLD)
        return told


async def test_whoever_has_the_keys_is_told_what_came_through_the_proxies() -> None:
    told = await asked(
        "10.0.0.1", "10.0.0.0/8", seen_through.ticket(KEYS, clock.wall()), "192.0.2.1, 203.0.113.5"
    )
    assert told
    assert seen_through.read(told) == seen_through.Seen(
        peer="10.0.0.1", trusted=True, forwarded="192.0.2.1, 203.0.113.5", caller="203.0.113.5"
    )
    told = await asked("172.16.0.1", "10.0.0.0/8", seen_through.ticket(KEYS, clock.wall()), "é")
    assert told
    assert told.isascii()
    seen = seen_through.read(told)
    assert (seen.peer, seen.trusted, seen.caller) == ("172.16.0.1", False, "172.16.0.1")


async def test_nobody_else_is() -> None:
    now, hour = clock.wall(), timedelta(hours=1)
    strangers = Keys((b"a key of somebody else, and a long one",), https=True)
    for ticket in (
        "",
        "forged",
        seen_through.ticket(strangers, now),
        seen_through.ticket(KEYS, now - hour),
        seen_through.ticket(KEYS, now + hour),
        KEYS.sign("session", ["1"]),
    ):
        assert await asked("10.0.0.1", "10.0.0.0/8", ticket, "192.0.2.1") is None, ticket
