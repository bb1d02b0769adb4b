"""A small Stripe on the loopback: customers and Checkout sessions in setup mode, as its API answers; told what to do.

A test plays the member on Stripe's page: `type_in` finishes a session with a card.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from app.gateway.stripe_checkout import StripeAccount

KEY = "rk_test_of_the_fake_stripe"
CHECKOUT = "https://checkout.stripe.example"


RESOURCES = {
    "/v1/checkout/sessions": "checkout_session",
    "/v1/customers": "customer",
    "/v1/payment_methods": "payment_method",
    "/v1/setup_intents": "setup_intent",
}
RIGHTS = frozenset(
    {
        "rak_checkout_session_write",
        "rak_customer_write",
        "rak_payment_method_write",
        "rak_setup_intent_read",
    }
)
"""The rights of the restricted key that docs/operating.md asks for, as Stripe names them."""


@dataclass
class FakeStripe:
    """What was asked, and what to answer."""

    port: int = 0
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    methods: dict[str, list[str]] = field(default_factory=dict)
    """Names of the cards that are kept, by customer."""
    failures: list[int] = field(default_factory=list)
    """Statuses that the next requests get; 0: the connection is cut."""
    rights: frozenset[str] = RIGHTS
    """What the key may do."""
    attempts: str = "rak_setup_intent_read"
    """The right that an attempt is read by."""
    elsewhere: str = ""
    """Where an answer with a status of 300 and more leads to."""
    asleep: threading.Event | None = None
    """Set it, and requests wait for it."""
    _idempotent: dict[str, dict[str, Any]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def account(self) -> StripeAccount:
        return StripeAccount(KEY, api=f"http://127.0.0.1:{self.port}", checkout=CHECKOUT)

    def type_in(
        self,
        session: str,
        *,
        brand: str = "visa",
        name: str = "AN ARUTERI",
        year: int = 2040,
        three_d_secure: str | None = "authenticated",
    ) -> None:
        """The member typed a card on Stripe's page and pressed its button; None: the issuer was not asked for the holder."""
        card = {"brand": brand, "last4": "4242", "exp_month": 3, "exp_year": year, "object": "card"}
        method = {
            "id": f"pm_{session}",
            "object": "payment_method",
            "type": "card",
            "card": card,
            "billing_details": {"name": name},
        }
        intent = {
            "id": f"seti_{session}",
            "object": "setup_intent",
            "status": "succeeded",
            "payment_method": method,
            "latest_attempt": {
                "id": f"setatt_{session}",
                "object": "setup_attempt",
                "payment_method_details": {
                    "type": "card",
                    "card": {"three_d_secure": three_d_secure and {"result": three_d_secure}},
                },
            },
        }
        self.sessions[session] |= {"status": "complete", "setup_intent": intent}
        self.methods.setdefault(self.sessions[session]["customer"], []).append(f"pm_{session}")

    def lacks(self, method: str, path: str, asked: dict[str, str]) -> list[str]:
        """The rights that the request needs and the key has not; a right to write is one to read."""
        deed, parts = "read" if method == "GET" else "write", set(asked.values())
        needs = {f"rak_{what}_{deed}" for part, what in RESOURCES.items() if path.startswith(part)}
        if path.endswith("/payment_methods"):
            needs |= {"rak_payment_method_read"}
        if "setup_intent.payment_method" in parts:
            needs |= {"rak_setup_intent_read", "rak_payment_method_read"}
        if "setup_intent.latest_attempt" in parts:
            needs |= {self.attempts}
        return sorted(
            one
            for one in needs
            if one not in self.rights and one.replace("_read", "_write") not in self.rights
        )

    def answer(
        self, method: str, path: str, asked: dict[str, str], idempotency: str
    ) -> dict[str, Any] | None:
        if path.endswith("/payment_methods"):
            kept = self.methods.get(path.split("/")[3], [])
            listed = [{"id": one, "object": "payment_method"} for one in kept]
            return {"object": "list", "data": listed, "has_more": False, "url": path}
        if path.endswith("/detach"):
            holding = [kept for kept in self.methods.values() if path.split("/")[3] in kept]
            for kept in holding:
                kept.remove(path.split("/")[3])
            return {"id": path.split("/")[3], "object": "payment_method"} if holding else None
        if method == "GET":
            found = self.sessions.get(path.removeprefix("/v1/checkout/sessions/"))
            return found and _expanded(found, set(asked.values()))
        if path not in ("/v1/customers", "/v1/checkout/sessions"):
            return None  # what is changed is an object that is not there
        if idempotency not in self._idempotent:
            self._idempotent[idempotency] = self._made(path, asked)
        return self._idempotent[idempotency]

    def _made(self, path: str, asked: dict[str, str]) -> dict[str, Any]:
        number = next(self._numbers)
        if path == "/v1/customers":
            return {"id": f"cus_{number}", "object": "customer"}
        identity = f"cs_test_{number}"
        self.sessions[identity] = {
            "id": identity,
            "object": "checkout.session",
            "url": f"{CHECKOUT}/c/pay/{identity}",
            "status": "open",
            "customer": asked["customer"],
            "client_reference_id": asked["client_reference_id"],
            "setup_intent": {"id": f"seti_{identity}", "object": "setup_intent", "payment_method": None},
        }
        return self.sessions[identity]


def _expanded(session: dict[str, Any], asked: set[str]) -> dict[str, Any]:
    """As Stripe answers: of an object that nobody asks for by its path the name alone."""
    intent = {
        part: value["id"]
        if isinstance(value, dict) and "id" in value and f"setup_intent.{part}" not in asked
        else value
        for part, value in session["setup_intent"].items()
    }
    return {**session, "setup_intent": intent}


def _no_right(lacking: list[str]) -> str:
    """In Stripe's words."""
    named = ", ".join(f"'{one}'" for one in lacking)
    rights = "permission" if len(lacking) == 1 else "permissions"
    return (
        f"The provided key 'rk_test_{'*' * 20}stripe' does not have the required permissions for this endpoint on account"
        f" 'acct_1'. Having the {named} {rights} would allow this request to continue."
    )


@contextlib.contextmanager
def listening() -> Iterator[FakeStripe]:
    """A Stripe on a port of its own."""
    stripe = FakeStripe()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            path, query = urlsplit(self.path).path, urlsplit(self.path).query
            asked = dict(parse_qsl(body or query))
            stripe.requests.append((self.command, path, asked))
            if stripe.asleep:
                stripe.asleep.wait(10)
            failure = stripe.failures.pop(0) if stripe.failures else None
            if failure == 0:
                self.close_connection = True
                return
            if self.headers["Authorization"] != f"Bearer {KEY}":
                failure = 401
            key = self.headers.get("Idempotency-Key", "")
            lacking = [] if failure else stripe.lacks(self.command, path, asked)
            found = None if failure or lacking else stripe.answer(self.command, path, asked, key)
            error = {"error": {"type": "api_error", "message": "no"}}
            if lacking:
                error = {"error": {"type": "invalid_request_error", "message": _no_right(lacking)}}
            self._send(failure or (403 if lacking else 200 if found else 404), found or error)

        def _send(self, status: int, answer: dict[str, Any]) -> None:
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            if 300 <= status < 400:
                self.send_header("Location", stripe.elsewhere)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stripe.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield stripe
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
