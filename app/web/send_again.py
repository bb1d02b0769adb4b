"""The button of an error page that sends a form again which the portal failed at: what is in it comes from the form itself."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from app.web import forms
from app.web.forms import Form
from app.web.render import own_path
from app.web.request import Request


@dataclass(frozen=True)
class Again:
    """A form of ours as it came, but passwords and cards."""

    action: str
    fields: dict[str, str]
    """By name, with the token and what a confirm page has shown: what its button does must be what was read there."""


def button(request: Request) -> Again | None:
    """None for what no page of ours has sent, and for the answer of an authenticator, which is good once."""
    form = _own_form(request)
    if form is None or forms.CREDENTIAL in form.typed:
        return None
    sent = {name: form.typed[name] for name in (forms.CSRF_FIELD, forms.SEEN) if name in form.typed}
    query = request.scope["query_string"].decode("latin-1")
    return Again(request.scope["path"] + (f"?{query}" if query else ""), {**sent, **form.to_keep})


def begins_at(request: Request) -> str:
    """Where an authenticator can be asked again; "" where it was not asked.

    A step is asked for again by the page that it stands before.
    """
    form = _own_form(request)
    if form is None or forms.CREDENTIAL not in form.typed:
        return ""
    page, way_on = request.form_page, own_path(form.typed.get("next", ""))
    if page == "/" or way_on == "/":
        return way_on if page == "/" else page
    return f"{page}?{urlencode({'next': way_on})}"


def _own_form(request: Request) -> Form | None:
    return request.readable if request.method == "POST" and request.from_own_page else None
