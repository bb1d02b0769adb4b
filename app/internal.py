"""The internal listener: what the operator's own servers ask the portal, on a port of its own, with a shared secret.

Dovecot asks it before each login and reports after it (auth_policy, ops/mail/dovecot). Whatever watches the servers asks
it how they are, in more words than a stranger gets. It knows none of the members' paths, and the members' port knows none
of these.
"""

from __future__ import annotations

import contextlib
import hmac
import logging
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from asyncpg import UndefinedTableError
from litestar import Litestar, MediaType, Request, Response, get, post
from litestar.datastructures import State
from litestar.enums import ScopeType
from litestar.params import FromQuery, JSONBody
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR

from app.domain import installation
from app.domain.mail import mail_logins
from app.domain.mail.mail_logins import MailLogin, Outcome
from app.domain.options import licences
from app.domain.tables import TABLES
from app.postgres import database
from app.postgres.engine import Engine
from app.settings import Settings, installation_of

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Receive, Scope, Send

LARGEST_BODY = 16 * 1024
"""Bytes; a question of Dovecot has some three hundred."""
CONNECTIONS = 4
"""To the database; each question takes two short statements."""
GO_ON, REFUSE = 0, -1
"""What Dovecot is to do with a login; a number above is the seconds that it is to wait first."""

log = logging.getLogger("mypage")


class Asked(msgspec.Struct):
    """What Dovecot sends: auth_policy_request_attributes, and in a report what came of the login."""

    login: str
    remote: str
    protocol: str
    hint: str = ""
    mailbox: str = ""
    """The mailbox id, or the login where Dovecot found none."""
    app: str = ""
    success: bool = False
    policy_reject: bool = False

    def outcome(self) -> Outcome:
        app = int(self.app) if self.app.isdigit() else None
        return Outcome(self.success, self.policy_reject, self.mailbox.isdigit(), app)


class Answer(msgspec.Struct):
    """`msg` is shown to the member by the mail program."""

    status: int
    msg: str = ""


@post("/mail-login", status_code=200)
async def mail_login(
    data: JSONBody[Asked], command: FromQuery[Literal["allow", "report"]], state: State
) -> Answer:
    """Whether a login may be looked at, or how it ended. Without the database every login goes on, uncounted."""
    login = MailLogin(data.login, data.remote, data.protocol, data.hint)
    try:
        if command == "allow":
            answer = await mail_logins.allow(state.secret, login)
            return Answer(REFUSE, answer.words) if answer.refused else Answer(answer.wait)
        await mail_logins.ended(state.secret, login, data.outcome())
    except Exception as error:
        if not database.unavailable(error):
            raise
    return Answer(GO_ON)


@get("/readyz", media_type=MediaType.TEXT)
async def readyz() -> Response[str]:
    """Whether the database answers, and what operators should look at, a line each, which takes no server away."""
    try:
        return Response("\n".join(["ok", *await _worth_a_look()]), media_type=MediaType.TEXT)
    except Exception as error:
        if not database.unavailable(error):
            raise
        return Response("database unavailable", status_code=503, media_type=MediaType.TEXT)


async def _worth_a_look() -> list[str]:
    try:
        low = await licences.low()
    except UndefinedTableError:
        return ["the schema is not up to date: run mypage migrate"]
    return [f"licence keys are running out: {left} left of {product}" for product, left in low.items()]


def _broken(_: Request[Any, Any, Any], error: Exception) -> Response[str]:
    log.error("a question at the internal listener failed", exc_info=database.without_detail(error))
    return Response("", status_code=HTTP_500_INTERNAL_SERVER_ERROR, media_type=MediaType.TEXT)


class Guarded:
    """ASGI middleware: whoever does not know the secret gets 401, whatever is asked for."""

    def __init__(self, app: ASGIApp, secret: str) -> None:
        self.app = app
        self.secret = secret.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and not self._knows(scope):
            await send({"type": "http.response.start", "status": 401, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        await self.app(scope, receive, send)

    def _knows(self, scope: Scope) -> bool:
        given = [value for name, value in scope["headers"] if name == b"x-api-key"]
        return len(given) == 1 and hmac.compare_digest(given[0], self.secret)


def listener(settings: Settings, engine: Engine) -> ASGIApp:
    """The application; it connects when it is started. Raises ValueError for settings without an internal listener."""
    if settings.internal is None:
        raise ValueError("the settings have no internal listener")

    @contextlib.asynccontextmanager
    async def running(_: Litestar) -> AsyncIterator[None]:
        database.use(engine, TABLES)
        installation.use(installation_of(settings))
        await engine.start_connection_pool(max_size=CONNECTIONS)
        try:
            yield
        finally:
            await engine.close_connection_pool()

    app = Litestar(
        route_handlers=[mail_login, readyz],
        lifespan=[running],
        request_max_body_size=LARGEST_BODY,
        exception_handlers={HTTP_500_INTERNAL_SERVER_ERROR: _broken},
        openapi_config=None,
        debug=False,  # not what LITESTAR_DEBUG says: its pages show tracebacks
        logging_config=None,
        state=State({"secret": settings.secret_keys[0]}),
    )
    return Guarded(app, settings.internal.secret)
