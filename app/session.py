"""Who is calling: the signed cookie, the server-side session row, the CSRF token, and the one guard.

The cookie holds the session's token and role, signed, nothing else. The row is the truth: it can be ended at any
time, and is read together with the member in one query. A second cookie names the browser, so that one which has
logged in before is never locked out by somebody else's guessing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from itsdangerous import BadSignature, URLSafeSerializer
from litestar.datastructures import Cookie
from litestar.exceptions import PermissionDeniedException

from app import forms
from app.domain import attempts, clock, members, passwords, tables
from app.domain.members import Forbidden, Member, Permission, Role, SessionEnded

if TYPE_CHECKING:
    from litestar import Request
    from litestar.connection import ASGIConnection
    from litestar.handlers import BaseRouteHandler

    from app.settings import Settings

BROWSER_AGE = 400 * 24 * 3600
"""Seconds that a browser is remembered; browsers keep no cookie longer."""
KNOWN_LOGINS = 6
"""Logins that one browser is remembered for: the customer number and five account IDs."""
READING = frozenset({"GET", "HEAD", "OPTIONS"})


class WrongPair(Exception):
    """Name and password do not belong together; which half was wrong is not told."""


class Untrusted(PermissionDeniedException):
    """A form that did not come from a page of this session."""


@dataclass
class Visit:
    """What is known of the caller during one request."""

    keys: Keys
    browser: str
    known: tuple[str, ...]
    token: str | None = None
    cookie_role: str | None = None
    member: Member | None = None
    ended: bool = False
    """A session cookie came that leads to no live session."""
    cookies: list[Cookie] = field(default_factory=list)
    """To be set with the answer."""

    @property
    def csrf_token(self) -> str:
        return self.keys.csrf(self.token or self.browser)


@dataclass(frozen=True)
class Keys:
    """What is derived from the secret keys, newest first: signatures, CSRF tokens, sealing keys."""

    secret_keys: tuple[bytes, ...]
    https: bool

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
        return self._derive(self.secret_keys[0], "csrf", binding).hex()

    def csrf_holds(self, binding: str, token: str) -> bool:
        return any(
            hmac.compare_digest(self._derive(key, "csrf", binding).hex().encode(), token.encode())
            for key in self.secret_keys
        )

    def seal_keys(self, token: str) -> tuple[bytes, ...]:
        return tuple(base64.urlsafe_b64encode(self._derive(key, "seal", token)) for key in self.secret_keys)

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


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """The one guard: finds the member, then asks the matrix. A handler that names no permission is closed.

    Raises SessionEnded, Forbidden, Untrusted.
    """
    permission = handler.opt.get("permission")
    if permission == Permission.PUBLIC:
        return
    request: Request[Any, Any, Any] = connection  # type: ignore[assignment]
    if permission is None:
        raise Forbidden
    visit = await _visit(request)
    writing = request.method not in READING
    if permission != Permission.ANYONE and visit.member is None:
        raise SessionEnded
    if writing:
        await _from_own_page(request, visit)
    if visit.member and permission != Permission.ANYONE:
        visit.member.require(permission, writing=writing and permission != Permission.SESSION)


def visit_of(request: ASGIConnection[Any, Any, Any, Any]) -> Visit | None:
    """The visit, where the guard has run."""
    visit: Visit | None = request.scope.get("visit")  # type: ignore[assignment]
    return visit


def who(request: Request[Any, Any, Any]) -> Member:
    """The member who is calling, in a handler that the guard let through. Raises SessionEnded."""
    visit = visit_of(request)
    if visit is None or visit.member is None:
        raise SessionEnded
    return visit.member


async def _visit(request: Request[Any, Any, Any]) -> Visit:
    settings: Settings = request.app.state.settings
    keys = Keys(settings.secret_keys, settings.https)
    visit = _browser(request, keys)
    request.scope["visit"] = visit  # type: ignore[typeddict-unknown-key]
    cookie = request.cookies.get(keys.session_cookie)
    signed = keys.read("session", cookie)
    if signed and len(signed) == 2:
        visit.token, visit.cookie_role = signed
        visit.member = await members.find(token_hash(visit.token), keys.seal_keys(visit.token))
    if visit.member is None:
        visit.ended, visit.token = cookie is not None, None
    elif visit.token and visit.member.role != visit.cookie_role:
        _remember_session(visit, visit.token, visit.member.role)
    return visit


def _browser(request: Request[Any, Any, Any], keys: Keys) -> Visit:
    signed = keys.read("browser", request.cookies.get(keys.browser_cookie))
    if signed:
        return Visit(keys, browser=signed[0], known=tuple(signed[1:]))
    visit = Visit(keys, browser=secrets.token_urlsafe(16), known=())
    _remember_browser(visit)
    return visit


def _remember_browser(visit: Visit) -> None:
    signed = visit.keys.sign("browser", [visit.browser, *visit.known])
    visit.cookies.append(visit.keys.cookie(visit.keys.browser_cookie, signed, BROWSER_AGE))


def _remember_session(visit: Visit, token: str, role: Role) -> None:
    signed = visit.keys.sign("session", [token, role.value])
    visit.cookies.append(visit.keys.cookie(visit.keys.session_cookie, signed))


async def _from_own_page(request: Request[Any, Any, Any], visit: Visit) -> None:
    """The same-origin check, then the CSRF token bound to the session (before login: to the browser)."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None and site != "same-origin":
        raise Untrusted
    if site is None and origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise Untrusted
    form = await forms.read(request)
    if not visit.keys.csrf_holds(visit.token or visit.browser, form.typed.get("csrf_token", "")):
        raise Untrusted


# --- login and logout -------------------------------------------------------------------------------------------------


async def log_in(request: Request[Any, Any, Any], kind: str, name: str, password: str) -> Member:
    """Open a session for a customer number (`customer`) or an account ID (`account`).

    Takes the same time whether the name exists or not. Raises WrongPair, attempts.TooMany.
    """
    visit = visit_of(request)
    if visit is None:
        raise SessionEnded
    login = f"{kind} {name}"
    mark = _mark(visit.keys, login)
    counted = await attempts.count(
        visit.keys.secret_keys[-1],
        login,
        request.client.host if request.client else "unknown",
        visit.browser if mark in visit.known else None,
    )
    owner = await _owner(kind, name)
    if owner is None:
        await passwords.pretend(password)
        raise WrongPair
    if not await passwords.verify(owner.password_hash, password):
        raise WrongPair
    await attempts.succeeded(counted)
    await owner.refresh_hash(password)
    return await _open(visit, owner, mark)


def _mark(keys: Keys, login: str) -> str:
    """How a browser's cookie names a login that it knows, without naming it."""
    return keys._derive(keys.secret_keys[-1], "known", login).hex()[:16]


@dataclass(frozen=True)
class Owner:
    """Whose password is asked for: a contract, or one of its account IDs."""

    contract: int
    account: int | None
    password_hash: str = field(repr=False)

    async def refresh_hash(self, password: str) -> None:
        """Give a customer number's imported or old hash the newest pepper, now that the password is known."""
        if self.account is None and passwords.outdated(self.password_hash):
            made = await passwords.peppered_like(self.password_hash, password)
            await tables.Contract.update({tables.Contract.password_hash: made}).where(
                tables.Contract.id == self.contract, tables.Contract.password_hash == self.password_hash
            )


async def _owner(kind: str, name: str) -> Owner | None:
    if kind == "customer":
        contract = tables.Contract
        row = (
            await contract.select(contract.id, contract.password_hash)
            .where(contract.customer_number == name)
            .first()
        )
        return Owner(row["id"], None, row["password_hash"]) if row else None
    account = tables.Account
    row = (
        await account.select(account.id, account.contract, account.password_hash)
        .where(account.login == name, account.deleted_at.is_null())
        .first()
    )
    return Owner(row["contract"], row["id"], row["password_hash"]) if row else None


async def _open(visit: Visit, owner: Owner, mark: str) -> Member:
    """A new session with a new id; the one that this browser had before ends."""
    await _close(visit)
    token, now = secrets.token_urlsafe(32), clock.now()
    await tables.Session(
        token_hash=token_hash(token),
        contract=owner.contract,
        account=owner.account,
        opened_at=now,
        seen_at=now,
    ).save()
    member = await members.find(token_hash(token), visit.keys.seal_keys(token))
    if member is None:
        raise WrongPair
    visit.token, visit.member = token, member
    visit.known = (mark, *(other for other in visit.known if other != mark))[:KNOWN_LOGINS]
    _remember_session(visit, token, member.role)
    _remember_browser(visit)
    return member


async def log_out(request: Request[Any, Any, Any]) -> None:
    """End the session on the server, so that no copy of its cookie opens anything, and drop the cookie."""
    visit = visit_of(request)
    if visit is None:
        return
    await _close(visit)
    visit.cookies.append(visit.keys.cookie(visit.keys.session_cookie, "", max_age=0))


async def _close(visit: Visit) -> None:
    if visit.token is not None:
        await tables.Session.delete().where(tables.Session.token_hash == token_hash(visit.token))
    visit.member = visit.token = None


def own_path(path: str) -> str:
    """A path of this portal to go on to after login; `/` for anything else."""
    if not path.isascii() or not path.isprintable() or "\\" in path or path.startswith("//"):
        return "/"
    parts = urlsplit(path)
    return path if path.startswith("/") and not parts.scheme and not parts.netloc else "/"
