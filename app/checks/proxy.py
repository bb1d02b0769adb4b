"""What stands before the portal, asked as a member asks: at MYPAGE_BASE_URL, with what a stranger might send."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from app.checks import certificates, clocks
from app.checks.finding import Finding, Looked, failure, ok, warning
from app.domain import clock
from app.settings import Settings
from app.web import seen_through
from app.web.cookies import Keys

CHECK = "proxy"
PATIENCE = 4.0
"""Seconds for each step of an answer."""
PLAIN_PATIENCE = 1.0
"""The same for asking without TLS, which often nobody answers."""
STRANGER = "192.0.2.77"
"""An address that nobody has (RFC 5737), which the check says that it comes from."""
STRANGERS_ID = "mypage-check-of-a-stranger"
PATH = "/login"
AWAY = {502, 503, 504}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    certificate: dict[str, Any] | None
    at: datetime


def front(looked: Looked) -> Iterator[Finding]:
    """One page, asked for once, and once without TLS."""
    settings = looked.settings
    if settings is None:
        return
    asked = urlsplit(settings.base_url)
    try:
        answer = _ask(settings, asked.hostname or "", asked.port)
    except ssl.SSLError as error:
        what, remedy = certificates.explained(error)
        yield failure(CHECK, f"{settings.base_url}: {what}", "no browser opens the portal", remedy)
        return
    except (OSError, http.client.HTTPException) as error:
        remedy = "start the proxy, mend its name in DNS or MYPAGE_BASE_URL; from inside, that name may lead elsewhere"
        what = f"{settings.base_url} does not answer: {error or type(error).__name__}"
        yield failure(CHECK, what, "no member reaches the portal", remedy)
        return
    yield from certificates.end(CHECK, settings.base_url, answer.certificate)
    yield from clocks.of_http("the proxy's clock", answer.headers["Date"], answer.at)
    if answer.status != http.client.OK:
        yield _no_page(settings, answer.status)
        return
    yield ok(CHECK, f"{settings.base_url}{PATH} answers")
    yield from _headers(answer.headers)
    yield from _seen(answer.headers)
    if asked.port is None:
        yield from _without_tls(asked.hostname or "")


def _ask(settings: Settings, host: str, port: int | None) -> Answer:
    sent = {
        "X-Forwarded-For": STRANGER,
        "X-Request-Id": STRANGERS_ID,
        "Accept-Encoding": "gzip",
        seen_through.TICKET: seen_through.ticket(Keys(settings.secret_keys, settings.https), clock.wall()),
    }
    connection = http.client.HTTPSConnection(
        host, port, timeout=PATIENCE, context=ssl.create_default_context()
    )
    try:
        connection.connect()
        certificate = connection.sock.getpeercert()
        connection.request("GET", PATH, headers=sent)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, certificate, datetime.now(UTC))
    finally:
        connection.close()


def _no_page(settings: Settings, status: int) -> Finding:
    what, why = f"{settings.base_url}{PATH} answers with {status}", "members see no page"
    if status in AWAY:
        return failure(CHECK, what, why, "start `mypage serve`, or mend where the proxy leads")
    if status == http.client.BAD_REQUEST:
        return failure(CHECK, what, why, "let the proxy pass Host on as it came, and name it in MYPAGE_HOSTS")
    return failure(
        CHECK, what, why, "let that name lead to the portal, and nothing before it answer in its place"
    )


def _headers(headers: http.client.HTTPMessage) -> Iterator[Finding]:
    if headers["Strict-Transport-Security"]:
        yield ok("proxy's headers", "HSTS is sent")
    else:
        yield failure(
            "proxy's headers",
            "no Strict-Transport-Security comes back",
            "a network in between can lead a member's browser to plain http",
            "let the proxy pass it on, or add it (ops/nginx/mypage.conf)",
        )
    number = headers["X-Request-Id"]
    if not number:
        yield warning(
            "proxy's headers",
            "no X-Request-Id comes back",
            "what a member reads to the desk from an error page is found in no log of the proxy",
            "let the proxy pass the portal's X-Request-Id on",
        )
    elif number == STRANGERS_ID:
        yield failure(
            "proxy's headers",
            "a caller's own X-Request-Id is believed",
            "a stranger chooses what stands in the log",
            "drop X-Request-Id in the proxy, or write its own",
        )
    else:
        yield ok("proxy's headers", "X-Request-Id comes back, and a caller's own is nothing")
    if headers["Content-Encoding"]:
        yield warning(
            "proxy's headers",
            f"pages come compressed ({headers['Content-Encoding']})",
            "a page holds a token beside text that a stranger may influence (BREACH)",
            "compress nothing in the proxy",
        )


def _seen(headers: http.client.HTTPMessage) -> Iterator[Finding]:
    """Whether the portal knows one caller from another."""
    check = "caller's address"
    try:
        seen = seen_through.read(headers[seen_through.TOLD] or "")
    except msgspec.DecodeError:
        yield warning(
            check,
            "the portal behind it does not say what it has seen",
            "whether one caller can pass for another was not looked at",
            "run this with the settings of that server, same MYPAGE_SECRET_KEYS and version, and let headers through",
        )
        return
    why = "failed logins are counted by address: one caller locks everybody out, or is never stopped"
    if seen.caller == STRANGER:
        remedy = (
            "replace X-Forwarded-For in the proxy, and name nothing but proxies in MYPAGE_TRUSTED_PROXIES"
        )
        yield failure(check, "the portal believes what a caller writes into X-Forwarded-For", why, remedy)
    elif not seen.trusted and seen.forwarded != STRANGER:  # something stands between, and has changed it
        what = f"MYPAGE_TRUSTED_PROXIES does not name {seen.peer}, which requests come from"
        yield failure(check, what, why, "name it there: all members have that one address now")
    elif not seen.forwarded:
        what = f"{seen.peer} does not say whom it was asked by"
        yield failure(check, what, why, "let the proxy set X-Forwarded-For to the caller's address")
    elif seen.trusted and STRANGER in seen.forwarded:
        yield warning(
            check,
            "the proxy adds to X-Forwarded-For",
            "what a stranger wrote goes on to the portal, which counts on the list of proxies alone",
            "replace it (nginx: proxy_set_header X-Forwarded-For $remote_addr)",
        )
    else:
        yield ok(check, f"{seen.caller or seen.peer}, whatever a caller writes")


def _without_tls(host: str) -> Iterator[Finding]:
    connection = http.client.HTTPConnection(host, timeout=PLAIN_PATIENCE)
    try:
        connection.request("GET", PATH)
        answer = connection.getresponse()
    except (OSError, http.client.HTTPException):
        return  # nobody there: as good as a redirect
    finally:
        connection.close()
    if answer.status == http.client.OK:
        yield failure(
            CHECK,
            f"http://{host}{PATH} answers with a page",
            "what is typed there can be read on the way",
            "redirect port 80 to https",
        )
