"""What every request and every answer passes, errors included: who asks, the host check, a sane URL, the security
headers, and the cookies that the visit left to be set.

Pure ASGI around the whole application, so nothing inside can forget it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import HttpMethod, ScopeType

from app import request_id, security_log
from app.domain import clock, networks
from app.domain.access import login_events
from app.domain.letters import alerts
from app.postgres import database
from app.web import give_back, seen_through, visit
from app.web.cookies import Keys

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Message, Receive, Scope, Send

    from app.domain.networks import Network
    from app.settings import Settings
    from app.web.frameless import Frameless

log = logging.getLogger("mypage")


def policy(form_action: str = "") -> str:
    """Content-Security-Policy; `form_action`: one more origin that a form of this page may lead to."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            f"form-action 'self' {form_action}".strip(),
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


HEADERS = {
    "Content-Security-Policy": policy(),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
FOR_PROBES = frozenset({"/healthz", "/readyz"})
"""Paths that answer to any host name: whatever watches a server often asks for it by its address."""
ONE_YEAR = "max-age=31536000; includeSubDomains"


class FrontDoor:
    """ASGI middleware; `settings` say which hosts are ours and whether the outside is https.

    `pages` has the one for a request that names no host of ours or has an unreadable URL, and for one whose answer failed.
    """

    def __init__(self, app: ASGIApp, settings: Settings, pages: Frameless) -> None:
        self.app = app
        self.pages = pages
        self.hosts = settings.hosts
        self.proxies = settings.trusted_proxies
        self.keys = Keys(settings.secret_keys, settings.https)
        self.headers = {**HEADERS, **({"Strict-Transport-Security": ONE_YEAR} if settings.https else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return

        peer = scope.get("client")
        request_id.begin(self._name_behind_proxies(scope))
        checked = seen_through.shows_ticket(scope, self.keys, clock.wall())

        without_body = scope["method"] == "HEAD"
        if without_body:
            scope["method"] = HttpMethod.GET  # what may be got may be asked for its headers

        answered = False

        async def send_with_headers(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = True
                headers = MutableScopeHeaders.from_message(message)
                self._finish(scope, headers)
                if checked:
                    headers[seen_through.TOLD] = seen_through.told(self._seen(scope, peer))
            elif without_body and message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        if _readable(scope) and (_host(scope) in self.hosts or scope["path"] in FOR_PROBES):
            try:
                await give_back.through(self.app, scope, receive, send_with_headers)
            except Exception as error:
                if answered:
                    raise
                what = "no error page could be made: %s %r"
                log.error(what, scope["method"], scope["path"], exc_info=database.without_detail(error))
                await _answer(send_with_headers, 500, self.pages.failed())
            arrived = visit.of(scope)
            if arrived and arrived.failure:
                await login_events.note(arrived.failure)
                if arrived.failure.locked:
                    await alerts.locked(arrived.failure)
            for work in arrived.afterwards if arrived else ():
                await work()
        else:
            security_log.note("refused", why="host-or-url", network=_network(scope))
            await _answer(send_with_headers, 400, self.pages.bad_request())

    def _name_behind_proxies(self, scope: Scope) -> bytes | None:
        """Put the caller's address where a proxy's stands; the number that a trusted one gave the request, if it did."""
        client = scope.get("client")
        if not self.proxies or not client:
            return None
        peer = networks.address(client[0])
        trusted = peer is not None and any(peer in network for network in self.proxies)
        scope["client"] = (caller(client[0], _forwarded(scope), self.proxies), 0)
        named = [value for name, value in scope["headers"] if name == b"x-request-id"]
        return named[0] if trusted and len(named) == 1 else None  # of two, one is a stranger's

    def _seen(self, scope: Scope, peer: tuple[str, int] | None) -> seen_through.Seen:
        address = networks.address(peer[0]) if peer else None
        return seen_through.Seen(
            peer=peer[0] if peer else "",
            trusted=address is not None and any(address in network for network in self.proxies),
            forwarded=_forwarded(scope),
            caller=(scope.get("client") or ("",))[0],
        )

    def _finish(self, scope: Scope, headers: MutableScopeHeaders) -> None:
        for name, value in self.headers.items():
            headers.setdefault(name, value)
        headers.setdefault("Cache-Control", "no-store")
        headers["X-Request-Id"] = request_id.current()
        arrived = visit.of(scope)
        for cookie in arrived.cookies if arrived else ():
            headers.add("Set-Cookie", cookie.to_header(header=""))


def _forwarded(scope: Scope) -> str:
    listed = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return b",".join(listed).decode("latin-1")


def caller(peer: str, forwarded: str, proxies: Iterable[Network]) -> str:
    """The address of whoever asks: the last one of the chain that no trusted proxy has.

    `forwarded` is X-Forwarded-For, to which each proxy adds whom it was asked by. So it is read from its end, and only
    as long as trusted proxies wrote it: what stands before that, anybody can have sent.
    """
    found = networks.address(peer)
    for entry in reversed(forwarded.split(",")):
        if found is None or not any(found in network for network in proxies):
            break
        before = networks.address(_PORT.sub(r"\1\2", entry.strip()))
        if before is None:
            break
        found = before
    return str(found) if found else peer


_PORT = re.compile(r"^(?:\[([^\]]*)\]|([0-9.]+))(?::[0-9]{1,5})?$")
"""An address as a proxy may write it: IPv6 in brackets, with a port."""


def _network(scope: Scope) -> str:
    client = scope.get("client")
    return networks.logged(client[0] if client else "")


def _host(scope: Scope) -> str:
    """The Host header without its port."""
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if len(hosts) != 1:
        return ""
    host = hosts[0].decode("latin-1").lower()
    name, colon, port = host.rpartition(":")
    if colon and re.fullmatch(r"[0-9]{1,5}", port) and int(port) <= 65535:
        return name
    return host


def _readable(scope: Scope) -> bool:
    """Whether path and query are UTF-8 without NUL: the database takes no other text."""
    raw = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogateescape")
    try:
        text = unquote_to_bytes(raw + b"?" + scope["query_string"].replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        return False
    return "\0" not in text


async def _answer(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
