"""A request as our handlers see it: who calls, what was typed, and what the application holds ready for all of them."""

from __future__ import annotations

import functools
import re
from urllib.parse import urlsplit

import jinja2
import litestar
from litestar.datastructures import State
from litestar.exceptions import InternalServerException

from app.domain import networks
from app.domain.access import typed
from app.domain.access.members import Member, SessionEnded
from app.domain.access.passkeys import RelyingParty
from app.gateway import Gateway
from app.settings import Settings
from app.web import forms, visit
from app.web.forms import Form
from app.web.pages import Pages
from app.web.visit import Visit

READING = frozenset({"GET", "HEAD", "OPTIONS"})
TYPED = "typed"
"""In the query of the way back from a step: the name of what was typed before it (typed.py)."""
_SMALL = re.compile(r"[a-z0-9]+#(?P<id>[a-z][a-z0-9-]{0,80})")


class Request(litestar.Request[None, None, State]):
    """The request class of the application. Litestar's own `user` and `auth` stay empty: `member` is who calls."""

    _read: Form | None = None

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
        """The form of a POST, read once. Raises Unreadable (400); a body over the app's limit is a 413.

        Not called `form`: that is Litestar's, of another type, for forms that it reads itself.
        """
        if self._read is None:
            self._read = forms.read(self.headers.get("content-type", ""), await self._all_of_body())
        return self._read

    async def _all_of_body(self) -> bytes:
        try:
            return await self.body()
        except InternalServerException as error:  # so Litestar calls a sender that goes away halfway
            raise forms.Unreadable from error

    @functools.cached_property
    def typed_before(self) -> dict[str, str] | None:
        """What was typed on this page before its step was asked for; None unless the way back from there says so."""
        name, caller = self.query_params.get(TYPED), self.visit_if_any
        if not name or not caller or not caller.member or self.method not in READING:
            return None
        return typed.find(caller.member, name, self.scope["path"])

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
