"""The one guard in front of every handler: who calls, whether the form is ours, whether the role may, and the step."""

from __future__ import annotations

import secrets
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import PermissionDeniedException
from litestar.handlers import BaseRouteHandler

from app.domain.access import proofs, typed
from app.domain.access.matrix import Forbidden, Missing, Permission
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


class TypedByAnother(Exception):
    """A form that another login typed than the one that is logged in now; it waits for that one."""


class StageFirst(Exception):
    """The session has something to do before it opens this page."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.stage = stage


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Find the member, then ask the matrix. A handler that declares no page is closed.

    A form is read before anything else, so that whatever stands in its way it can be given back (give_back.py).

    Raises SessionEnded, StageFirst, Missing, Forbidden, Untrusted, TypedByAnother, ProofNeeded.
    """
    page = page_of(handler)
    if page is None or not isinstance(connection, Request):
        raise Forbidden
    request = connection
    if request.method not in READING and request.from_own_page:
        await request.receive_form()
    if page.permission is not Permission.PUBLIC:
        await _find_caller(request, page)
        await _must_be_own_form(request, page)
        await _must_be_allowed(request, page)
    elif request.received:
        await _receive(request, even_without_database=True)  # an error page shows it to who typed it alone


async def _find_caller(request: Request, page: Page) -> None:
    """Whose session it is, where the page is not open to anybody. Raises SessionEnded, StageFirst."""
    anyone = page.permission is Permission.ANYONE
    await _receive(request, even_without_database=anyone and request.method in READING)
    if anyone:
        return
    await _must_have_come_as_far(request, page)
    if request.visit.member is None:
        await _keep_for_typist(request)
        raise SessionEnded


async def _must_be_allowed(request: Request, page: Page) -> None:
    """What is not there, nobody may; then ask the matrix, then for the step. Raises Missing, Forbidden, ProofNeeded."""
    member = request.visit.member
    if member is None or page.permission is Permission.ANYONE:
        return
    if page.there and not page.there(member):
        raise Missing(request.scope["path"])
    writing = request.method not in READING and page.permission is not Permission.SESSION
    member.require(page.permission, writing=writing)
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
                await _keep(request, member.key, request.offer.form, "step")
            raise
        await _keep(request, member.key, await request.read_form(), "step")
        if page.step:
            raise
        request.visit.step = step


async def _keep_for_typist(request: Request) -> None:
    """Keep the form for the login that typed it, which nothing but the form itself tells any more."""
    typist, form = request.typist, request.readable
    if typist and form and request.from_own_page:
        await _keep(request, typist, form, "login")


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


async def _must_be_own_form(request: Request, page: Page) -> None:
    """The same-origin check, then the CSRF token bound to the session, or to the browser where nobody is logged in.

    A login form is bound to the browser and stays good when a login in another tab came first. Where the page declares
    `same_origin`, what the browser says of it is enough, if it says something. Raises Untrusted, TypedByAnother.
    """
    if request.method in READING:
        return
    if request.from_elsewhere:
        raise Untrusted
    if page.same_origin and request.from_own_page:
        return
    if request.typed_by_another:
        await _keep_for_typist(request)
        raise TypedByAnother
    token, caller = (await request.read_form()).typed.get(forms.CSRF_FIELD, ""), request.visit
    before_login = page.permission is Permission.ANYONE
    bindings = {caller.csrf_binding, *([caller.browser] if before_login else [])}
    if not any(caller.keys.csrf_holds(binding, token) for binding in bindings):
        raise Untrusted
