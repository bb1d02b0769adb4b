"""Who asks: behind proxies the address that the nearest trusted one was asked by, and nothing that a stranger wrote."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.front_door import FrontDoor, caller
from tests.conftest import HOST, SETTINGS

PROXIES = tuple(map(ipaddress.ip_network, ("10.0.0.1/32", "10.1.0.0/16", "2001:db8:1::/48")))
MEMBER = "203.0.113.9"


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        # nobody before us, and somebody who only says so
        (MEMBER, "", MEMBER),
        (MEMBER, "198.51.100.1", MEMBER),
        # one proxy, and what a stranger wrote to the left of what it added
        ("10.0.0.1", MEMBER, MEMBER),
        ("10.0.0.1", f"198.51.100.1, {MEMBER}", MEMBER),
        ("10.0.0.1", f"10.0.0.1, 198.51.100.1,{MEMBER}", MEMBER),
        # several
        ("10.0.0.1", f"198.51.100.1, {MEMBER}, 10.1.2.3", MEMBER),
        ("10.0.0.1", f"198.51.100.1, {MEMBER}, 10.1.2.3, 2001:db8:1::2", MEMBER),
        ("10.0.0.1", f"{MEMBER}, 10.2.0.1", "10.2.0.1"),
        ("10.0.0.1", "10.1.2.3", "10.1.2.3"),
        # IPv6, IPv4 written in it, ports
        ("2001:db8:1::1", "198.51.100.1, 2001:db8:2::7", "2001:db8:2::7"),
        ("::ffff:10.0.0.1", MEMBER, MEMBER),
        ("10.0.0.1", f"198.51.100.1, ::ffff:{MEMBER}, ::ffff:10.1.2.3", MEMBER),
        ("10.0.0.1", f"198.51.100.1:80, {MEMBER}:4711", MEMBER),
        ("10.0.0.1", "[2001:db8:2::7]:4711", "2001:db8:2::7"),
        ("10.0.0.1", "2001:443::7", "2001:443::7"),
        # malformed: as far as it can be read
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", ",,", "10.0.0.1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", f"{MEMBER}, unknown", "10.0.0.1"),
        ("10.0.0.1", f"{MEMBER}, <script>, 10.1.2.3", "10.1.2.3"),
        ("10.0.0.1", f"<script>, {MEMBER}", MEMBER),
        ("10.0.0.1", "203.0.113.9.1", "10.0.0.1"),
        ("10.0.0.1", "\xff\xfe", "10.0.0.1"),
        ("unix:", MEMBER, "unix:"),
        ("", MEMBER, ""),
    ],
)
def test_the_last_address_that_no_trusted_proxy_has_is_who_asks(
    peer: str, forwarded: str, found: str
) -> None:
    assert caller(peer, forwarded, PROXIES) == found


@given(st.text(max_size=80))
def test_whatever_stands_before_the_members_address_changes_nothing(spoofed: str) -> None:
    assert caller("10.0.0.1", f"{spoofed},{MEMBER}", PROXIES) == MEMBER


@given(st.text(max_size=80))
def test_a_header_is_read_as_an_address_or_not_at_all(header: str) -> None:
    assert ipaddress.ip_address(caller("10.0.0.1", header, PROXIES))


async def asks(peer: str, headers: list[tuple[str, str]], *networks: str) -> Any:
    """What the application sees as the client."""
    seen = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["client"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    chosen = replace(SETTINGS, trusted_proxies=tuple(map(ipaddress.ip_network, networks)))
    no_page_is_sent: Any = None
    door: Any = FrontDoor(application, chosen, no_page_is_sent)
    transport = httpx.ASGITransport(app=door, client=(peer, 4711))
    async with httpx.AsyncClient(transport=transport, base_url=f"https://{HOST}") as client:
        assert (await client.get("/", headers=headers)).status_code == 204
    return seen[0][0]


async def test_the_application_sees_the_member_behind_the_proxy() -> None:
    header = ("X-Forwarded-For", f"198.51.100.1, {MEMBER}")
    assert await asks("10.1.2.3", [header], "10.0.0.1", "10.1.0.0/16") == MEMBER


async def test_a_header_that_came_in_several_lines_is_one() -> None:
    lines = [("X-Forwarded-For", f"198.51.100.1, {MEMBER}"), ("X-Forwarded-For", "10.0.0.1")]
    assert await asks("10.0.0.1", lines, "10.0.0.1") == MEMBER


async def test_without_trusted_proxies_nobodys_word_is_believed() -> None:
    assert await asks("10.0.0.1", [("X-Forwarded-For", MEMBER)]) == "10.0.0.1"
