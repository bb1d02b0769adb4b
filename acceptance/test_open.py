"""Before a login: TLS, headers, what anybody may read, what nobody may, and a wrong password."""

from __future__ import annotations

import asyncio
import http.client
import os
import re
import secrets
import ssl
from datetime import UTC, datetime

import pytest
from playwright.async_api import APIResponse, expect

from acceptance import looking
from acceptance.member import Member
from acceptance.plugin import Say
from acceptance.target import Target
from app import routes
from app.branding import BRAND
from app.domain.access import attempts
from app.domain.access.matrix import Permission
from app.web.front_door import HEADERS
from app.web.pages import collected, page_of
from e2e.device import Device
from e2e.journeys.reading import is_refused

OPEN_PAGES = (
    *("/login", "/forgotten", "/contact", "/privacy", "/seller"),
    *("/our-mails", "/accessibility", "/outages"),
)
WEEKS_LEFT = 2
"""A certificate that ends sooner is renewed too late."""
POLICY = (
    *("default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"),
    *("base-uri 'none'", "frame-ancestors 'none'"),
)
LOOSE = re.compile(r"unsafe-|\*|data:|https?:")


async def _got(device: Device, path: str) -> APIResponse:
    """What is answered to a GET, without following where it leads."""
    return await device.context.request.get(path, max_redirects=0)


async def test_the_portal_says_that_it_is_up_and_reaches_its_database(visitor: Device) -> None:
    answers = {path: (await _got(visitor, path)).status for path in ("/healthz", "/readyz")}
    if set(answers.values()) == {404}:
        pytest.skip("the proxy keeps /healthz and /readyz from callers, as the shipped nginx does")
    assert answers == {"/healthz": 200, "/readyz": 200}


async def test_everything_comes_over_tls_with_a_certificate_that_holds(target: Target, say: Say) -> None:
    if not target.https:
        assert target.on_loopback, (
            "members' passwords would cross the network unencrypted: https:// is needed"
        )
        pytest.skip("plain http on this machine")
    if target.any_certificate:
        pytest.skip("ANY_CERTIFICATE=1: the certificate is not looked at")
    version, ends = await asyncio.to_thread(_handshake, target)
    say(f"{version}, certificate until {ends:%Y-%m-%d}")
    assert version in ("TLSv1.2", "TLSv1.3")
    assert (ends - datetime.now(UTC)).days >= 7 * WEEKS_LEFT, f"the certificate ends on {ends:%Y-%m-%d}"


def _handshake(target: Target) -> tuple[str, datetime]:
    connection = http.client.HTTPSConnection(target.host, target.port, timeout=10)
    connection.connect()
    try:
        assert isinstance(connection.sock, ssl.SSLSocket)
        certificate = connection.sock.getpeercert() or {}
        ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)
        return str(connection.sock.version()), ends
    finally:
        connection.close()


async def test_plain_http_leads_to_https(target: Target) -> None:
    if not target.https or target.port != 443:
        pytest.skip("looked at where the portal is at https without a port")
    status, leads_to = await asyncio.to_thread(_asked_plainly, target)
    if status:
        assert status in (301, 308), f"http:// answers {status} instead of leading to https://"
        assert leads_to.startswith(f"https://{target.host}/"), f"http:// leads to {leads_to!r}"


def _asked_plainly(target: Target) -> tuple[int, str]:
    """Status and Location of http://; 0 where nobody listens, which is as good."""
    connection = http.client.HTTPConnection(target.host, 80, timeout=10)
    try:
        connection.request("GET", "/login")
        answer = connection.getresponse()
        return answer.status, answer.getheader("location", "")
    except OSError:
        return 0, ""
    finally:
        connection.close()


async def test_every_kind_of_answer_has_the_security_headers_once(target: Target, visitor: Device) -> None:
    await visitor.open("/login")
    style = await visitor.page.locator("link[rel=stylesheet]").first.get_attribute("href")
    wrong = []
    for path in ("/login", "/", "/no/such/page", str(style)):
        answer = await _got(visitor, path)
        headers: dict[str, list[str]] = {}
        for header in answer.headers_array:
            headers.setdefault(header["name"].lower(), []).append(header["value"])
        wrong += [f"{path}: {text}" for text in _wrong_headers(headers, target)]
    assert not wrong, "\n".join(wrong)


def _wrong_headers(headers: dict[str, list[str]], target: Target) -> list[str]:
    wanted = [*HEADERS, *(["Strict-Transport-Security"] if target.https else [])]
    counted = {name: len(headers.get(name.lower(), [])) for name in wanted}
    wrong = [f"{name} comes {times} times instead of once" for name, times in counted.items() if times != 1]
    policy = " ".join(headers.get("content-security-policy", []))
    wrong += [f"the Content-Security-Policy lacks {part}" for part in POLICY if policy and part not in policy]
    if LOOSE.search(policy):
        wrong.append(f"the Content-Security-Policy lets too much in: {policy}")
    if target.https and _max_age(headers) < 31_536_000:
        wrong.append("Strict-Transport-Security holds for less than a year")
    if re.search(r"\d", " ".join(headers.get("server", []))):
        wrong.append(f"the server tells its version: {headers['server']}")
    return wrong


def _max_age(headers: dict[str, list[str]]) -> int:
    found = re.search(r"max-age=(\d+)", " ".join(headers.get("strict-transport-security", [])))
    return int(found[1]) if found else 0


async def test_whoever_is_not_logged_in_is_led_to_the_login_from_every_page(visitor: Device) -> None:
    wrong = []
    for path in _closed_paths():
        answer = await _got(visitor, path)
        leads_to = answer.headers.get("location", "")
        if not (answer.status in (302, 303) and re.match(r"(https?://[^/]+)?/login(\?|$)", leads_to)):
            wrong.append(f"{path} answers {answer.status} {leads_to}".rstrip())
    assert not wrong, "\n".join(wrong)


def _closed_paths() -> list[str]:
    """Every page that asks for a login and is at one address."""
    return sorted(
        path
        for handler in collected(routes)
        for path in handler.paths
        if "GET" in handler.http_methods and "{" not in path
        if (page := page_of(handler)) and page.permission not in (Permission.PUBLIC, Permission.ANYONE)
    )


@pytest.mark.parametrize("path", OPEN_PAGES, ids=lambda path: path.strip("/"))
async def test_anybody_may_read(path: str, visitor: Device, member: Member) -> None:
    wrong = await looking.wrong_with(member, visitor, path)
    assert not wrong, "\n".join(wrong)


async def test_an_address_that_is_not_there_is_answered_in_words(visitor: Device, member: Member) -> None:
    visitor.expect_status(404)
    wrong = await looking.wrong_with(member, visitor, "/no/such/page", status=404)
    assert not wrong, "\n".join(wrong)


async def test_a_wrong_password_is_refused_in_words(visitor: Device, target: Target, say: Say) -> None:
    say(
        f"one wrong password was given for NUMBER: 1 of the {attempts.PER_LOGIN} that the portal allows in "
        f"{attempts.WINDOW.seconds // 60} minutes, so nobody is locked out by it"
    )
    await is_refused(visitor, target.number, f"not-{secrets.token_hex(6)}")


async def test_it_has_the_name_of_the_brand(visitor: Device, service: str) -> None:
    if not os.environ.get("MYPAGE_BRAND"):
        pytest.skip(f"MYPAGE_BRAND names no folder to compare with; the portal calls itself {service}")
    assert service == BRAND.service, f"the portal calls itself {service}, the brand's folder {BRAND.service}"
    await visitor.open("/contact")
    await expect(visitor.page.get_by_role("banner")).to_contain_text(BRAND.tagline)
