"""Back from a confirm page: the input page holds again what was typed (spec 2)."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from app.domain.changes import asking, kinds
from app.web.forms import Form
from app.web.request import Request

C = TypeVar("C", bound=kinds.Change)


async def draft(request: Request, login: str | None, *wanted: type[C]) -> tuple[C, str] | None:
    """The member's own pending change that the page came back from, with the first characters of its password.

    None if it is none of the `wanted`, or about another account ID than `login`.
    """
    try:
        identity = UUID(await came_from(request))
    except ValueError:
        return None
    found = await asking.draft(request.member, identity, *wanted)
    return found if found and login in (None, found[0].subject) else None


async def consented(request: Request, login: str | None, *wanted: type[C]) -> Form:
    """The form of a page that asks for consent alone: ticked when it was left for its confirm page."""
    return Form({"agree": "yes"} if await draft(request, login, *wanted) else {})


async def came_from(request: Request) -> str:
    """The change whose confirm page led back to the input page: in the link's query, then in the form."""
    if request.method == "POST":
        return (await request.read_form()).typed.get("change", "")
    return (request.typed_before or {}).get("change", "") or request.query_params.get("change", "")
