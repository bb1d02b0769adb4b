"""Back from a confirm page: the input page holds again what was typed (spec 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from app.domain.changes import asking, kinds
from app.web import forms
from app.web.forms import Form
from app.web.session import who

if TYPE_CHECKING:
    from litestar import Request

C = TypeVar("C", bound=kinds.Change)


async def draft(request: Request[Any, Any, Any], login: str | None, *wanted: type[C]) -> tuple[C, str] | None:
    """The member's own pending change that the page came back from, with the first characters of its password.

    None if it is none of the `wanted`, or about another account ID than `login`.
    """
    try:
        identity = UUID(await came_from(request))
    except ValueError:
        return None
    found = await asking.draft(who(request), identity, *wanted)
    return found if found and login in (None, found[0].subject) else None


async def consented(request: Request[Any, Any, Any], login: str | None, *wanted: type[C]) -> Form:
    """The form of a page that asks for consent alone: ticked when it was left for its confirm page."""
    return Form({"agree": "yes"} if await draft(request, login, *wanted) else {})


async def came_from(request: Request[Any, Any, Any]) -> str:
    """The change whose confirm page led back to the input page: in the link's query, then in the form."""
    if request.method == "POST":
        return (await forms.read(request)).typed.get("change", "")
    return request.query_params.get("change", "")
