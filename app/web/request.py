"""A request as our handlers see it: who calls, what was typed, and what the application holds ready for all of them."""

from __future__ import annotations

import contextlib
import functools
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import jinja2
import litestar
from litestar.datastructures import State
from litestar.exceptions import HTTPException, InternalServerException

from app.domain import networks
from app.domain.access import typed
from app.domain.access.matrix import Permission
from app.domain.access.members import Member, SessionEnded
from app.domain.access.passkeys import RelyingParty
from app.domain.access.typed import Kept, Login, Ticket
from app.gateway import Gateway
from app.settings import Settings
from app.web import forms, give_back, visit
from app.web.body_deadline import TooSlow
from app.web.forms import Form
from app.web.give_back import Offer
from app.web.menus import Menus
from app.web.pages import Pages, page_of
from app.web.visit import Visit

READING = frozenset({"GET", "HEAD", "OPTIONS"})
TYPED = "typed"
"""In the query of the way back from a step or a login: the name of what was typed before it (typed.py)."""
_SMALL = re.compile(r"[a-z0-9]+#(?P<id>[a-z][a-z0-9-]{0,80})")


@dataclass(frozen=True)
class Received:
    """What came in the body of a POST."""

    form: Form | HTTPException
    """The form, or why it is not taken."""
    readable: Form | None
    """As much of it as could be read, to give it back."""


class Request(litestar.Request[None, None, State]):
    """The request class of the application. Litestar's own `user` and `auth` stay empty: `member` is who calls."""

    @property
    def visit(self) -> Visit:
        """The visit, in a handler that the guard let through and that is not PUBLIC."""
        found = self.visit_if_any
        if found is None:
            raise LookupError("nobody asked who calls: the handler is open to everybody without a look")
        return found

    @property
    def visit_if_any(self) -> Visit | None:
        """The visit, for an error page: an error may come before the guard."""
        return visit.of(self.scope)

    @property
    def member(self) -> Member:
        """The member who is calling. Raises SessionEnded."""
        member = self.visit.member
        if member is None:
            raise SessionEnded
        return member

    async def read_form(self) -> Form:
        """The form of a POST, read once. Raises Unreadable (400), TooLong or Litestar's own (413), TooSlow (408).

        Not called `form`: that is Litestar's, of another type, for forms that it reads itself.
        """
        found = (await self.receive_form()).form
        try:
            if isinstance(found, HTTPException):
                raise found
            return found
        finally:
            del found  # or it would know itself by its traceback (give_back.through)

    async def receive_form(self) -> Received:
        """What came in the body of a POST, whatever is wrong with it: read once in a request, raises nothing of it."""
        found = self.received
        if found is None:
            found = await self._receive()
            self.scope["received"] = found  # type: ignore[typeddict-unknown-key]
        return found

    @property
    def received(self) -> Received | None:
        """The same, for an error page; None where nothing was read yet."""
        found: Received | None = self.scope.get("received")  # type: ignore[assignment]
        return found

    async def _receive(self) -> Received:
        content_type, body = self.headers.get("content-type", ""), bytearray()
        try:
            async for part in self.stream():
                body += part
        except InternalServerException as error:  # so Litestar calls a sender that goes away halfway
            gone = forms.Unreadable()
            gone.__cause__ = error
            return Received(gone, None)
        except TooSlow as error:
            came = forms.cut_short(bytes(body))
            return Received(error, _what_can_be_read(content_type, came) if came else None)
        except HTTPException as error:  # too large to be read at all
            return Received(error, None)
        try:
            form = forms.read(content_type, bytes(body))
        except HTTPException as error:
            return Received(error, _what_can_be_read(content_type, bytes(body)))
        return Received(form, form)

    @property
    def caller(self) -> Member | None:
        """Whose session it is, however far it has come, for an error page; None where nobody was looked up."""
        return self.visit_if_any.caller if self.visit_if_any else None

    @property
    def readable(self) -> Form | None:
        """What came in the body, as far as it was read."""
        return self.received.readable if self.received else None

    @property
    def typist(self) -> Login | None:
        """Whose form came in the body, as its token says: the login that its page was made for, in this browser."""
        form, visit = self.readable, self.visit_if_any
        if form is None or visit is None:
            return None
        return visit.keys.read_typist(visit.browser, form.typed.get(forms.CSRF_FIELD, ""))

    @property
    def typed_by_another(self) -> bool:
        """Whether the form was typed by another login than the one that is logged in now."""
        return bool(self.caller and self.typist and self.typist != self.caller.key)

    @property
    def may_fill_again(self) -> bool:
        """Whether a page may be filled with what came in the body: only with what whoever is logged in has typed.

        A page that is open to everybody shows nothing of a login, so there it does not matter who typed it, where the
        form or the session names nobody.
        """
        if self.readable is None:
            return True
        if self.caller and self.typist:
            return self.typist == self.caller.key
        page = page_of(self.route_handler)
        return page is not None and page.permission is Permission.ANYONE

    @property
    def from_own_page(self) -> bool:
        """Whether the browser says that a page of ours sent it; an old one that says nothing is not believed."""
        site, origin = self.headers.get("sec-fetch-site"), self.headers.get("origin")
        if site is not None:
            return site == "same-origin"
        return origin is not None and not self.from_elsewhere

    @property
    def from_elsewhere(self) -> bool:
        """Whether the browser says that a page of somebody else's sent it."""
        site, origin = self.headers.get("sec-fetch-site"), self.headers.get("origin")
        if site is not None:
            return site != "same-origin"
        return origin is not None and _host(origin) != self.headers.get("host")

    @property
    def offer(self) -> Offer | None:
        """The form that this page is opened to give back."""
        return give_back.of(self.scope)

    @functools.cached_property
    def kept_before(self) -> Kept | None:
        """The form that this login sent from this page before it had to log in, or to pass a step; None unless the way
        back from there says so."""
        ticket, caller = self.ticket, self.visit_if_any
        if ticket is None or caller is None or caller.member is None:
            return None
        return typed.opened(caller.member.kept, ticket)

    @property
    def ticket(self) -> Ticket | None:
        """What the page's address says of a kept form."""
        name, caller = self.query_params.get(TYPED), self.visit_if_any
        if not name or caller is None or self.method not in READING:
            return None
        return caller.ticket(name, self.scope["path"])

    @property
    def typed_before(self) -> dict[str, str] | None:
        """What was typed on this page before: it is given back now, or was kept until now."""
        if self.offer:
            return self.offer.form.to_keep if self.offer.form else None
        return self.kept_before.typed if self.kept_before else None

    @property
    def form_page(self) -> str:
        """The path of the page that the form of a POST stands on."""
        template = self.scope.get("path_template", "")
        return self.scope["path"] if template in self.pages.opened else self.pages.back.get(template, "")

    @property
    def form_query(self) -> str:
        """The query that goes with it: the form's own where page and form have one path."""
        return self.scope["query_string"].decode("latin-1") if self.form_page == self.scope["path"] else ""

    @property
    def settings(self) -> Settings:
        settings: Settings = self.app.state.settings
        return settings

    @property
    def gateway(self) -> Gateway:
        """The payment gateway."""
        gateway: Gateway = self.app.state.gateway
        return gateway

    @property
    def menus(self) -> Menus:
        menus: Menus = self.app.state.menus
        return menus

    @property
    def templates(self) -> jinja2.Environment:
        templates: jinja2.Environment = self.app.state.templates
        return templates

    @property
    def pages(self) -> Pages:
        """What the handlers declare of their pages."""
        pages: Pages = self.app.state.pages
        return pages

    @property
    def back(self) -> str:
        """The path of the page that was asked for, or that the form stood on; "" where that is the request's own."""
        if self.method in READING:
            return ""
        return self.pages.back.get(self.scope.get("path_template", ""), "")

    @property
    def origin(self) -> str:
        """Scheme and host that the member sees, for a link from outside; the front door let no other host in."""
        return f"{'https' if self.settings.https else 'http'}://{self.headers['host']}"

    @property
    def relying_party(self) -> RelyingParty | None:
        """This portal for passkeys; None where a browser makes none: an address is no host name, and plain http is for
        `localhost` alone."""
        name = urlsplit(self.origin).hostname or ""
        has_name = networks.address(name) is None and (self.settings.https or name == "localhost")
        return RelyingParty(name, self.origin) if has_name else None

    @property
    def by_htmx(self) -> bool:
        """Whether htmx asks, and wants a part of a page."""
        headers = self.headers
        return headers.get("hx-request") == "true" and headers.get("hx-history-restore-request") != "true"

    @property
    def inline_target(self) -> str:
        """The id of the small piece that htmx asks for; "" where a page or its panel is wanted."""
        found = _SMALL.fullmatch(self.headers.get("hx-target", "")) if self.by_htmx else None
        return found["id"] if found and found["id"] != "main" else ""


def _what_can_be_read(content_type: str, body: bytes) -> Form | None:
    with contextlib.suppress(forms.Unreadable):
        return forms.read_what_can_be(content_type, body)
    return None


def _host(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None
