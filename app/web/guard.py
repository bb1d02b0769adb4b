"""The one guard in front of every handler: who calls, whether the form is ours, whether the role may."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.exceptions import PermissionDeniedException
from litestar.handlers import BaseRouteHandler

from app.domain.access import proofs
from app.domain.access.matrix import Forbidden, Permission
from app.domain.access.members import SessionEnded
from app.web import forms, visit
from app.web.cookies import Keys
from app.web.pages import page_of
from app.web.request import READING, Request


class Untrusted(PermissionDeniedException):
    """A form that did not come from a page of this session."""


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Find the member, then ask the matrix. A handler that declares no page is closed.

    Raises SessionEnded, Forbidden, Untrusted, ProofNeeded.
    """
    page = page_of(handler)
    if page is None or not isinstance(connection, Request):
        raise Forbidden
    if page.permission is Permission.PUBLIC:
        return
    request = connection
    anyone, writing = page.permission is Permission.ANYONE, request.method not in READING
    await _receive(request, even_without_database=anyone and not writing)
    member = request.visit.member
    if member is None and not anyone:
        raise SessionEnded
    if writing:
        await _from_own_page(request, before_login=anyone)
    if member and not anyone:
        member.require(page.permission, writing=writing and page.permission is not Permission.SESSION)
        proofs.require(member, page.step)


async def _receive(request: Request, *, even_without_database: bool) -> None:
    """Make the visit, with the member whose session it is."""
    keys = Keys(request.settings.secret_keys, request.settings.https)
    address = request.client.host if request.client else ""
    arrived = visit.arrive(keys, request.cookies, address, request.headers.get("user-agent", ""))
    visit.enter(request.scope, arrived)
    cookie = request.cookies.get(keys.session_cookie)
    await visit.recognise(arrived, cookie, even_without_database=even_without_database)


async def _from_own_page(request: Request, *, before_login: bool) -> None:
    """The same-origin check, then the CSRF token bound to the session, or to the browser where nobody is logged in.

    A login form is bound to the browser and stays good when a login in another tab came first.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None and site != "same-origin":
        raise Untrusted
    if site is None and origin is not None and _host(origin) != request.headers.get("host"):
        raise Untrusted
    token, caller = (await request.read_form()).typed.get(forms.CSRF_FIELD, ""), request.visit
    bindings = {caller.csrf_binding, *([caller.browser] if before_login else [])}
    if not any(caller.keys.csrf_holds(binding, token) for binding in bindings):
        raise Untrusted


def _host(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None
