"""The one guard in front of every handler: who calls, whether the form is ours, whether the role may, and the step."""

from __future__ import annotations

import secrets
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import PermissionDeniedException
from litestar.handlers import BaseRouteHandler

from app.domain.access import proofs, typed
from app.domain.access.matrix import Forbidden, Permission
from app.domain.access.members import Member, SessionEnded, Stage
from app.domain.access.proofs import ProofNeeded
from app.domain.access.typed import Before, Kept, Login
from app.web import forms, visit
from app.web.cookies import Keys
from app.web.forms import Form
from app.web.pages import Page, page_of
from app.web.request import READING, Request


class Untrusted(PermissionDeniedException):
    """A form that did not come from a page of this session: from somebody else's, or from one of an earlier session."""


class StageFirst(Exception):
    """The session has something to do before it opens this page."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.stage = stage


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Find the member, then ask the matrix. A handler that declares no page is closed.

    A form is read before anything else, so that whatever stands in its way it can be given back (give_back.py).

    Raises SessionEnded, StageFirst, Forbidden, Untrusted, ProofNeeded.
    """
    page = page_of(handler)
    if page is None or not isinstance(connection, Request):
        raise Forbidden
    request = connection
    anyone, writing = page.permission is Permission.ANYONE, request.method not in READING
    if writing and request.from_own_page:
        await request.receive_form()
    if page.permission is Permission.PUBLIC:
        return
    await _receive(request, even_without_database=anyone and not writing)
    if not anyone:
        await _must_have_come_as_far(request, page)
    member = request.visit.member
    if member is None and not anyone:
        await _keep_for_typist(request)
        raise SessionEnded
    if writing:
        await _from_own_page(request, before_login=anyone, same_origin=page.same_origin)
    if member and not anyone:
        member.require(page.permission, writing=writing and page.permission is not Permission.SESSION)
        await _ask_for_step(request, member, page)


async def _must_have_come_as_far(request: Request, page: Page) -> None:
    """Raises StageFirst: for a stage that is still to be passed, or OPEN where the page's own is behind it."""
    visit = request.visit
    if visit.waiting and visit.waiting.stage not in page.stages:
        await _keep_for_typist(request)
        raise StageFirst(visit.waiting.stage)
    if visit.waiting:
        visit.member = visit.waiting
    elif visit.member and Stage.OPEN not in page.stages:
        raise StageFirst(Stage.OPEN)


async def _ask_for_step(request: Request, member: Member, page: Page) -> None:
    """A step guards whatever its path shows, the answer to a form as well.

    A form that is right shows nothing here: it leads on to a confirm page, which asks for its own step. So it may be
    judged first, and page() asks where the answer would be a page. What was typed waits for the step to be passed.
    """
    step = page.step or request.pages.step_of(request.scope["path_template"])
    try:
        proofs.require(member, step)
    except ProofNeeded:
        if request.method in READING:
            if request.offer and request.offer.form:
                form = request.offer.form
                await _keep(request, _typist(request, form) or member.key, form, "step")
            raise
        await _keep(request, member.key, await request.read_form(), "step")
        if page.step:
            raise
        request.visit.step = step


async def _keep_for_typist(request: Request) -> None:
    """Keep the form for the login that typed it, which nothing but the form itself tells any more."""
    received = request.received
    if received and received.readable and request.from_own_page:
        typist = _typist(request, received.readable)
        if typist:
            await _keep(request, typist, received.readable, "login")


def _typist(request: Request, form: Form) -> Login | None:
    """Whose form it is, as the form itself says."""
    return request.visit.keys.read_typist(request.visit.browser, form.typed.get(forms.CSRF_FIELD, ""))


async def _keep(request: Request, login: Login, form: Form, before: Before) -> None:
    """Keep what was typed until the login or step that comes first, where its page is what comes after that."""
    path = request.offer.path if request.offer else request.form_page
    if form.to_keep and path == (request.back or request.scope["path"]):
        name = secrets.token_urlsafe(9)
        if await typed.keep(login, request.visit.ticket(name, path), Kept(form.to_keep, before)):
            request.visit.typed = name


async def _receive(request: Request, *, even_without_database: bool) -> None:
    """Make the visit, with the member whose session it is."""
    if request.offer and request.visit_if_any:
        return  # the same caller as a moment ago, when the form was sent
    keys = Keys(request.settings.secret_keys, request.settings.https)
    address = request.client.host if request.client else ""
    arrived = visit.arrive(keys, request.cookies, address, request.headers.get("user-agent", ""))
    visit.enter(request.scope, arrived)
    cookie = request.cookies.get(keys.session_cookie)
    await visit.recognise(arrived, cookie, request.ticket, even_without_database=even_without_database)


async def _from_own_page(request: Request, *, before_login: bool, same_origin: bool) -> None:
    """The same-origin check, then the CSRF token bound to the session, or to the browser where nobody is logged in.

    A login form is bound to the browser and stays good when a login in another tab came first. `same_origin`: what the
    browser says of the page is enough, where it says something.
    """
    if request.from_elsewhere:
        raise Untrusted
    if same_origin and request.from_own_page:
        return
    token, caller = (await request.read_form()).typed.get(forms.CSRF_FIELD, ""), request.visit
    bindings = {caller.csrf_binding, *([caller.browser] if before_login else [])}
    if not any(caller.keys.csrf_holds(binding, token) for binding in bindings):
        raise Untrusted
