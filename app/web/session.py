"""Who is calling: the signed cookies, the visit that they make, the CSRF token, and the one guard.

The session's cookie holds its token and role, signed, nothing else. The row that the token leads to is the truth: it
can be ended at any time, and is read together with the member in one query. A second cookie names the browser, so
that one which has logged in before is never locked out by somebody else's guessing. Passwords are looked at, and rows
of sessions made, in domain/logins.py.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from itsdangerous import BadSignature, URLSafeSerializer
from litestar.datastructures import Cookie
from litestar.exceptions import PermissionDeniedException

from app import database
from app.domain.access import attempts, login_events, logins, members, proofs
from app.domain.access.matrix import Forbidden, Permission, Role
from app.domain.access.members import Member, SessionEnded
from app.domain.access.proofs import Step
from app.web import forms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from litestar import Request
    from litestar.connection import ASGIConnection
    from litestar.handlers import BaseRouteHandler

    from app.settings import Settings

BROWSER_AGE = 400 * 24 * 3600
"""Seconds that a browser is remembered; browsers keep no cookie longer."""
KNOWN_LOGINS = 6
"""Logins that one browser is remembered for: the customer number and five account IDs."""
READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Untrusted(PermissionDeniedException):
    """A form that did not come from a page of this session."""


@dataclass
class Visit:
    """What is known of the caller during one request."""

    keys: Keys
    browser: str
    known: tuple[str, ...]
    token: str | None = None
    """Of the live session, if there is one."""
    member: Member | None = None
    ended: bool = False
    """A session cookie came that leads to no live session."""
    cookies: list[Cookie] = field(default_factory=list)
    """To be set with the answer."""
    failure: login_events.Failure | None = None
    """To be noted when the answer is sent."""

    @property
    def csrf_token(self) -> str:
        return self.keys.csrf(anchor(self.token) if self.token else self.browser)

    def knows(self, login: str) -> bool:
        """Whether this browser has logged in with that login before."""
        return any(mark in self.known for mark in self.keys.marks(login))


@dataclass(frozen=True)
class Keys:
    """What is derived from the secret keys: signatures, CSRF tokens, marks, sealing keys.

    The newest key makes, every key checks: with a new one in front everything that the older ones made still holds,
    until they are dropped.
    """

    secret_keys: tuple[bytes, ...]
    """Newest first."""
    https: bool

    @property
    def newest(self) -> bytes:
        return self.secret_keys[0]

    @property
    def session_cookie(self) -> str:
        return "__Host-mypage" if self.https else "mypage"

    @property
    def browser_cookie(self) -> str:
        return "__Host-mypage-browser" if self.https else "mypage-browser"

    def sign(self, purpose: str, value: list[str]) -> str:
        return str(self._serializer(purpose).dumps(value))

    def read(self, purpose: str, text: str | None) -> list[str] | None:
        """The signed value; None if it is missing, forged, or signed with a key that was retired."""
        if not text:
            return None
        try:
            value = self._serializer(purpose).loads(text)
        except BadSignature:
            return None
        return value if isinstance(value, list) and all(isinstance(part, str) for part in value) else None

    def _serializer(self, purpose: str) -> URLSafeSerializer:
        oldest_first = list(reversed(self.secret_keys))
        return URLSafeSerializer(
            oldest_first,
            salt=purpose,
            signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
        )

    def csrf(self, binding: str) -> str:
        return self._derive(self.newest, "csrf", binding).hex()

    def csrf_holds(self, binding: str, token: str) -> bool:
        return any(
            hmac.compare_digest(self._derive(key, "csrf", binding).hex().encode(), token.encode())
            for key in self.secret_keys
        )

    def marks(self, login: str) -> tuple[str, ...]:
        """How a browser's cookie names a login that it knows, without naming it: by each key, newest first."""
        return tuple(self._derive(key, "known", login).hex()[:16] for key in self.secret_keys)

    def seal_keys(self, token: str) -> tuple[bytes, ...]:
        return tuple(
            base64.urlsafe_b64encode(self._derive(key, "seal", anchor(token))) for key in self.secret_keys
        )

    @staticmethod
    def _derive(key: bytes, purpose: str, binding: str) -> bytes:
        return hmac.digest(key, f"{purpose} {binding}".encode(), hashlib.sha256)

    def cookie(self, name: str, value: str, max_age: int | None = None) -> Cookie:
        return Cookie(
            key=name, value=value, path="/", httponly=True, secure=self.https, samesite="lax", max_age=max_age
        )


def token_hash(token: str) -> bytes:
    """What the database keeps of a session's token."""
    return hashlib.sha256(token.encode()).digest()


def new_token(kept: str | None = None) -> str:
    """A token that nobody can guess: an anchor, which stays when a proof gives the session a new one, and the rest."""
    return f"{kept or secrets.token_urlsafe(16)}.{secrets.token_urlsafe(32)}"


def anchor(token: str) -> str:
    """What CSRF tokens and seals are bound to, so that pages opened before a proof still hold after it."""
    return token.partition(".")[0]


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """The one guard: finds the member, then asks the matrix. A handler that names no permission is closed.

    Raises SessionEnded, Forbidden, Untrusted, ProofNeeded.
    """
    permission = handler.opt.get("permission")
    if permission == Permission.PUBLIC:
        return
    request: Request[Any, Any, Any] = connection  # type: ignore[assignment]
    if permission is None:
        raise Forbidden
    anyone, writing = permission == Permission.ANYONE, request.method not in READING
    visit = _arrive(request)
    await _recognise(request, visit, even_without_database=anyone and not writing)
    if visit.member is None and not anyone:
        raise SessionEnded
    if writing:
        await _from_own_page(request, visit, before_login=anyone)
    if visit.member and not anyone:
        visit.member.require(permission, writing=writing and permission != Permission.SESSION)
        proofs.require(visit.member, handler.opt.get("step"))


def visit_of(request: Request[Any, Any, Any]) -> Visit:
    """The visit, in a handler that the guard let through."""
    visit: Visit = request.scope["visit"]  # type: ignore[typeddict-item]
    return visit


def visit_if_any(request: Request[Any, Any, Any]) -> Visit | None:
    """The visit, for an error page: an error may come before the guard."""
    visit: Visit | None = request.scope.get("visit")  # type: ignore[assignment]
    return visit


def who(request: Request[Any, Any, Any]) -> Member:
    """The member who is calling, in a handler that the guard let through. Raises SessionEnded."""
    member = visit_of(request).member
    if member is None:
        raise SessionEnded
    return member


def _arrive(request: Request[Any, Any, Any]) -> Visit:
    """The visit of a browser that is new or known by its cookie, before anybody is looked up."""
    settings: Settings = request.app.state.settings
    keys = Keys(settings.secret_keys, settings.https)
    signed = keys.read("browser", request.cookies.get(keys.browser_cookie))
    if signed:
        visit = Visit(keys, browser=signed[0], known=tuple(signed[1:]))
    else:
        visit = Visit(keys, browser=secrets.token_urlsafe(16), known=())
        _remember_browser(visit)
    request.scope["visit"] = visit  # type: ignore[typeddict-unknown-key]
    return visit


async def _recognise(
    request: Request[Any, Any, Any], visit: Visit, *, even_without_database: bool = False
) -> None:
    """Find the member whose session the cookie leads to. Without the database some pages are shown to nobody."""
    cookie = request.cookies.get(visit.keys.session_cookie)
    token, role = _signed_session(visit.keys, cookie)
    if token:
        try:
            visit.member = await members.find(token_hash(token), visit.keys.seal_keys(token))
        except Exception as error:
            if not (even_without_database and database.unavailable(error)):
                raise
            return
    if visit.member is None:
        visit.ended = cookie is not None
        return
    visit.token = token
    if visit.member.role != role:
        _remember_session(visit, token, visit.member.role)


def _signed_session(keys: Keys, cookie: str | None) -> tuple[str, str]:
    signed = keys.read("session", cookie)
    return (signed[0], signed[1]) if signed and len(signed) == 2 else ("", "")


def _remember_browser(visit: Visit) -> None:
    signed = visit.keys.sign("browser", [visit.browser, *visit.known])
    visit.cookies.append(visit.keys.cookie(visit.keys.browser_cookie, signed, BROWSER_AGE))


def _remember_login(visit: Visit, login: str) -> None:
    marks = visit.keys.marks(login)
    visit.known = (marks[0], *(other for other in visit.known if other not in marks))[:KNOWN_LOGINS]
    _remember_browser(visit)


def _remember_session(visit: Visit, token: str, role: Role) -> None:
    # The role is a copy for whoever reads cookies. Nothing here is decided by it: the row decides.
    signed = visit.keys.sign("session", [token, role.value])
    visit.cookies.append(visit.keys.cookie(visit.keys.session_cookie, signed))


async def _from_own_page(request: Request[Any, Any, Any], visit: Visit, *, before_login: bool) -> None:
    """The same-origin check, then the CSRF token bound to the session, or to the browser where nobody is logged in.

    A login form is bound to the browser and stays good when a login in another tab came first.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None and site != "same-origin":
        raise Untrusted
    if site is None and origin is not None and _host(origin) != request.headers.get("host"):
        raise Untrusted
    token = (await forms.read(request)).typed.get(forms.CSRF_FIELD, "")
    bindings = {
        anchor(visit.token) if visit.token else visit.browser,
        *([visit.browser] if before_login else []),
    }
    if not any(visit.keys.csrf_holds(binding, token) for binding in bindings):
        raise Untrusted


def _host(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


# --- login and logout -------------------------------------------------------------------------------------------------


async def log_in(request: Request[Any, Any, Any], by: logins.By, name: str, password: str) -> Member:
    """Open a session for whom the pair belongs to, under a new id. Raises logins.WrongPair, attempts.TooMany."""
    visit = visit_of(request)
    login = f"{by} {name}"
    token, device = new_token(), _device(request)
    with _noting_failure(visit, login_events.Failure(by, name, device)):
        counted = await _count(request, visit, login)
        await logins.open_session(by, name, password, token_hash(token), device)
    await attempts.succeeded(counted)
    member = await members.find(token_hash(token), visit.keys.seal_keys(token))
    if member is None:
        raise logins.WrongPair  # the password was changed just now
    await _close(visit)
    visit.token, visit.member = token, member
    _remember_session(visit, token, member.role)
    _remember_login(visit, login)
    return member


async def prove(request: Request[Any, Any, Any], step: Step, number: str, password: str) -> None:
    """Pass a step: the session goes on under a new id. Raises logins.WrongPair, attempts.TooMany, SessionEnded."""
    visit, member = visit_of(request), who(request)
    by: logins.By = "account" if member.own and step is Step.RECENT else "customer"
    typed = number if step is Step.CUSTOMER else member.customer_number
    name = member.own.login if member.own and by == "account" else typed
    token = new_token(kept=anchor(visit.token or ""))
    with _noting_failure(visit, login_events.Failure(by, name, _device(request))):
        counted = await _count(request, visit, f"{by} {name}")
        await logins.prove(member, step, number, password, token_hash(token))
    await attempts.succeeded(counted)
    visit.token = token
    _remember_session(visit, token, member.role)


@contextlib.contextmanager
def _noting_failure(visit: Visit, failure: login_events.Failure) -> Iterator[None]:
    """A refused login is left for the front door to note, when the answer is on its way."""
    try:
        yield
    except (logins.WrongPair, attempts.TooMany) as refusal:
        visit.failure = replace(failure, limited=isinstance(refusal, attempts.TooMany))
        raise


def _device(request: Request[Any, Any, Any]) -> login_events.Device:
    address = request.client.host if request.client else ""
    return login_events.device(request.headers.get("user-agent", ""), address)


async def _count(request: Request[Any, Any, Any], visit: Visit, login: str) -> attempts.Counted:
    address = request.client.host if request.client else "unknown"
    known = visit.browser if visit.knows(login) else None
    return await attempts.count(visit.keys.newest, login, address, known)


async def log_out(request: Request[Any, Any, Any]) -> None:
    """End the session on the server, so that no copy of its cookie opens anything, and drop the cookie."""
    visit = visit_of(request)
    await _close(visit)
    visit.cookies.append(visit.keys.cookie(visit.keys.session_cookie, "", max_age=0))


async def _close(visit: Visit) -> None:
    if visit.token is not None:
        await logins.end_session(token_hash(visit.token))
    visit.member = visit.token = None


def own_path(path: str) -> str:
    """A path of this portal to go on to after login; `/` for anything else."""
    ours = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if ours and path.isascii() and path.isprintable() else "/"


def origin(request: Request[Any, Any, Any]) -> str:
    """Scheme and host that the member sees, for a link from outside; the front door let no other host in."""
    settings: Settings = request.app.state.settings
    return f"{'https' if settings.https else 'http'}://{request.headers['host']}"
