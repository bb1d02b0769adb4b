"""A form whose answer would be an error page is given back instead: its own page, filled with what was typed.

Whatever stood in the way (an old token, a limit, too much text), an error handler makes an Offer of it, with the words. The
page that the form stands on is then opened once more within the same request, as its member may open it now, and shows the
form filled, with a fresh token, the words and the status. Nothing is done: opening a page changes nothing.
Where it cannot be opened, what was typed is kept until it can (domain/access/typed.py), or shown to be copied.

Only a POST that the browser says comes from a page of ours is given anything back.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

from app.web.forms import Form

if TYPE_CHECKING:
    from collections.abc import Mapping

    from litestar.types import ASGIApp, HTTPReceiveMessage, Message, Receive, Scope, Send

NOWHERE = "/-"
"""A path that nothing but nowhere.py answers at."""
STATE = ("step", "token", "next")
"""Hidden fields that some pages read from their address, where the form sends them in its body."""


@dataclass
class Offer:
    """A form on its way back to its page."""

    status: int
    title: str
    reason: str
    path: str
    """Of the page."""
    form: Form | None
    """What was typed, with what is wrong with a field; None where nothing could be read."""
    whole: bool = True
    """Everything of the form could be read; else its page fills in the rest."""
    headers: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
    """What else the page is to say (layout/hindrance.html)."""
    query: str = ""
    """Of the page's address, as it stood there."""
    taken: bool = False
    """A page has shown it."""

    @property
    def here(self) -> str:
        """The page's address."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def shows_nothing(self) -> bool:
        """The page cannot be opened now, and there is nothing to keep or to copy: the error page says what happened."""
        return not self.taken and self.form is None

    def filled(self, form: Form) -> Form:
        """The page's form as it was typed, instead of what the page would fill in."""
        if self.form is None:
            return form
        known = {} if self.whole else form.typed
        again = Form({**known, **self.form.to_keep})
        for name, reason in self.form.errors.items():
            again.must(False, name, reason)
        return again

    def scope(self, asked: Any) -> Scope:
        """The request for the page, as the browser that sent the form would make it; `asked`: the form's own."""
        typed = self.form.to_keep if self.form else {}
        known = parse_qs(self.query, keep_blank_values=True)
        state = urlencode({name: typed[name] for name in STATE if name in typed and name not in known})
        query = "&".join(part for part in (self.query, state) if part)
        headers = [pair for pair in asked["headers"] if not pair[0].startswith(b"content-")]
        page: Any = {
            **asked,
            "method": "GET",
            "path": self.path,
            "raw_path": asked["raw_path"] if self.path == asked["path"] else self.path.encode(),
            "query_string": query.encode(),
            "headers": headers,
            "offer": self,
        }
        return page  # type: ignore[no-any-return]


def of(scope: Scope) -> Offer | None:
    """The offer that a page is opened for."""
    asked: Any = scope
    found: Offer | None = asked.get("offer") if asked["method"] == "GET" else None
    return found


def make(scope: Scope, offer: Offer) -> None:
    """Leave the offer for the front door; an answer that the handler gives all the same is not sent."""
    scope["offer"] = offer  # type: ignore[typeddict-unknown-key]


def read_first(scope: Scope, headers: Mapping[str, str]) -> None:
    """The path takes no form: the error page is to be made again when what was typed has been read, to show it there.

    `headers`: of the error page.
    """
    scope["unread"] = headers  # type: ignore[typeddict-unknown-key]


def refused_by_path(scope: Scope) -> Mapping[str, str] | None:
    """The headers of an error page that is made again; None for a path that leads nowhere."""
    asked: Any = scope
    found: Mapping[str, str] | None = asked.get("unread")
    return found


async def through(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Ask the application; where it offers a form back, ask it for the form's page, and send that."""
    asked = _as_it_came(scope)
    if asked["method"] != "POST":
        await app(scope, receive, send)
        return
    held = await _ask(app, scope, receive, send)
    left: dict[str, Any] = dict(scope)
    if "unread" in left:
        nowhere: Any = {**asked, "path": NOWHERE, "raw_path": NOWHERE.encode(), "unread": left["unread"]}
        await _ask(app, nowhere, receive, send)
    elif "offer" in left:
        caller = {"visit": left["visit"]} if "visit" in left else {}
        await _open_page(app, left["offer"], {**asked, **caller}, held, send)


def _as_it_came(scope: Scope) -> dict[str, Any]:
    """A copy of the request, before the application writes into it."""
    asked: dict[str, Any] = dict(scope)
    if "state" in asked:  # a server's; the framework notes there that an answer has begun
        asked["state"] = dict(asked["state"])
    return asked


async def _ask(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> list[Message]:
    """Pass the request on; of an answer that comes with an offer nothing is sent: it is given back."""
    held: list[Message] = []

    async def unless_offered(message: Message) -> None:
        if "offer" in scope or ("unread" in scope and "received" not in scope):
            held.append(message)
        else:
            await send(message)

    try:
        await app(scope, receive, unless_offered)
    finally:
        # The error in it knows this request by its traceback. In such a ring the connection of a body that is not whole
        # would stay open until the garbage collector comes.
        scope.pop("received", None)  # type: ignore[typeddict-item]
    return held


async def _open_page(
    app: ASGIApp, offer: Offer, asked: dict[str, Any], error_page: list[Message], send: Send
) -> None:
    """Open the page of the form, filled; where that shows nothing of what happened, send the error page."""

    async def if_it_shows_anything(message: Message) -> None:
        if offer.shows_nothing:
            return
        if message["type"] == "http.response.start" and offer.taken:
            extra = [(name.lower().encode(), value.encode()) for name, value in offer.headers.items()]
            message["headers"] = [*message["headers"], *extra]
        await send(message)

    await app(offer.scope(asked), _nothing, if_it_shows_anything)
    for message in error_page if offer.shows_nothing else ():
        await send(message)


async def _nothing() -> HTTPReceiveMessage:
    """The body of a request without one."""
    await asyncio.sleep(0)
    return {"type": "http.request", "body": b"", "more_body": False}
