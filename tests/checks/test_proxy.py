"""`mypage check` on what stands before the portal: a real `mypage serve`, and a proxy with TLS that does its duties or not."""

from __future__ import annotations

import http.client
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from app.checks import Finding, Looked, proxy
from app.settings import Settings, production
from app.web import seen_through
from tests.commands.conftest import migrated_folder
from tests.commands.programs import PATIENCE, SERVING, answers, copied, environment, free_port, until
from tests.smtp_server import tls

__all__ = ["migrated_folder"]

pytestmark = pytest.mark.slow

TRUSTED = {**SERVING, "MYPAGE_TRUSTED_PROXIES": "127.0.0.1"}


@dataclass
class Proxy:
    """What the proxy does with a request and its answer; as it is made it does all that it should."""

    portal: int
    port: int = 0
    forwarded: str = "replaced"
    """X-Forwarded-For: replaced, added to, passed or dropped."""
    to_portal: dict[str, str] = field(default_factory=lambda: {"X-Request-Id": ""})
    """Headers that it sets; empty: it drops them."""
    to_caller: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        return replace(production(TRUSTED), base_url=f"https://127.0.0.1:{self.port}")

    def request(self, given: dict[str, str], peer: str) -> dict[str, str]:
        came = given.get("X-Forwarded-For", "")
        given["X-Forwarded-For"] = {
            "replaced": peer,
            "added to": f"{came}, {peer}",
            "passed": came,
            "dropped": "",
        }[self.forwarded]
        return {name: value for name, value in {**given, **self.to_portal}.items() if value}


@pytest.fixture(scope="module")
def portal(migrated_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder, port = copied(migrated_folder, tmp_path_factory.mktemp("checked")), free_port()
    serve = subprocess.Popen(
        [sys.executable, "-m", "app", "serve", "--port", str(port), "--workers", "1"],
        env=environment(folder, **TRUSTED),
    )
    try:
        until(lambda: answers(port))
        yield port
    finally:
        serve.terminate()
        serve.wait(PATIENCE)


@pytest.fixture
def before(portal: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A proxy with a certificate that this machine knows."""
    made = Proxy(portal)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            upstream = http.client.HTTPConnection("127.0.0.1", made.portal, timeout=5)
            try:
                upstream.request(
                    "GET", self.path, headers=made.request({**self.headers}, self.client_address[0])
                )
                answer = upstream.getresponse()
                status, body, headers = answer.status, answer.read(), dict(answer.getheaders())
            except OSError:
                status, body, headers = 502, b"", {}
            finally:
                upstream.close()
            self.send_response_only(status)
            for name, value in {"Date": self.date_time_string(), **headers, **made.to_caller}.items():
                if value:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *given: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = tls(tmp_path, timedelta(days=90)).wrap_socket(server.socket, server_side=True)
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def looked_at(settings: Settings) -> list[Finding]:
    return [*proxy.front(Looked({}, given=settings))]


def wrong(settings: Settings) -> list[tuple[str, str, str]]:
    found = [one for one in looked_at(settings) if one.outcome != "ok"]
    assert all(one.why and one.remedy for one in found)
    return [(one.check, one.outcome, one.what) for one in found]


def test_a_proxy_that_does_its_duties_is_in_order(before: Proxy) -> None:
    found = looked_at(before.settings)
    assert {one.outcome for one in found} == {"ok"}, found
    assert [one.check for one in found] == [
        *("proxy", "clock", "proxy", "proxy's headers", "proxy's headers", "caller's address")
    ]


@pytest.mark.parametrize(
    ("what_it_does", "check", "outcome", "said"),
    [
        # From the proxy's own machine, which is trusted: the list is read past it.
        (
            {"forwarded": "added to"},
            "caller's address",
            "failure",
            "the portal believes what a caller writes",
        ),
        ({"forwarded": "passed"}, "caller's address", "failure", "the portal believes what a caller writes"),
        (
            {"forwarded": "dropped"},
            "caller's address",
            "failure",
            "127.0.0.1 does not say whom it was asked by",
        ),
        ({"to_portal": {}}, "proxy's headers", "failure", "a caller's own X-Request-Id is believed"),
        (
            {"to_caller": {"X-Request-Id": "", "x-request-id": ""}},
            "proxy's headers",
            "warning",
            "no X-Request-Id",
        ),
        (
            {"to_caller": {"strict-transport-security": ""}},
            "proxy's headers",
            "failure",
            "no Strict-Transport-Security comes back",
        ),
        (
            {"to_caller": {"Content-Encoding": "gzip"}},
            "proxy's headers",
            "warning",
            "pages come compressed (gzip)",
        ),
        (
            {
                "to_caller": {
                    "Date": format_datetime(datetime.now(UTC) + timedelta(hours=9), usegmt=True),
                    "date": "",
                }
            },
            "clock",
            "failure",
            "the proxy's clock is 32,",
        ),
        (
            {"to_caller": {"x-mypage-seen": ""}},
            "caller's address",
            "warning",
            "does not say what it has seen",
        ),
        ({"to_portal": {"Host": "portal.internal"}}, "proxy", "failure", "/login answers with 400"),
    ],
)
def test_a_duty_that_is_not_done_is_named(
    before: Proxy, what_it_does: dict[str, Any], check: str, outcome: str, said: str
) -> None:
    for name, value in what_it_does.items():
        setattr(before, name, value)
    ((its_check, its_outcome, what),) = wrong(before.settings)
    assert (its_check, its_outcome, said in what) == (check, outcome, True), what


def test_a_proxy_that_is_not_trusted_gives_all_members_one_address(before: Proxy) -> None:
    """The portal is asked as one that trusts somebody else would see it."""
    seen = seen_through.Seen("10.0.0.9", trusted=False, forwarded="203.0.113.5", caller="10.0.0.9")
    headers = http.client.HTTPMessage()
    headers[seen_through.TOLD] = seen_through.told(seen)
    (found,) = proxy._seen(headers)
    assert (found.outcome, found.what[:49]) == (
        "failure",
        "MYPAGE_TRUSTED_PROXIES does not name 10.0.0.9, wh",
    )
    headers.replace_header(seen_through.TOLD, seen_through.told(replace_seen(seen, forwarded=proxy.STRANGER)))
    assert [one.outcome for one in proxy._seen(headers)] == ["ok"]  # members ask the portal itself
    added = {"trusted": True, "forwarded": f"{proxy.STRANGER}, 203.0.113.5", "caller": "203.0.113.5"}
    headers.replace_header(seen_through.TOLD, seen_through.told(replace_seen(seen, **added)))
    (found,) = proxy._seen(headers)
    assert (found.outcome, found.what) == ("warning", "the proxy adds to X-Forwarded-For")


def replace_seen(seen: seen_through.Seen, **other: Any) -> seen_through.Seen:
    return seen_through.Seen(**{name: getattr(seen, name) for name in seen.__struct_fields__} | other)


def test_a_portal_with_other_keys_tells_the_check_nothing(before: Proxy) -> None:
    strangers = replace(before.settings, secret_keys=(b"a key that the portal does not know at all",))
    assert [(check, outcome) for check, outcome, _ in wrong(strangers)] == [("caller's address", "warning")]


def test_a_portal_that_is_away_behind_its_proxy_is_said(before: Proxy) -> None:
    before.portal = free_port()
    ((_, outcome, what),) = wrong(before.settings)
    assert (outcome, what.endswith("/login answers with 502")) == ("failure", True)


def test_a_proxy_that_is_away_is_said_in_words(before: Proxy) -> None:
    before.port = free_port()
    ((check, outcome, what),) = wrong(before.settings)
    assert (check, outcome) == ("proxy", "failure")
    assert "does not answer: [Errno 111] Connection refused" in what


def test_a_certificate_that_nobody_knows_is_said(before: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    ((check, outcome, what),) = wrong(before.settings)
    assert (check, outcome) == ("proxy", "failure")
    assert "its certificate is not believed: self-signed certificate" in what
