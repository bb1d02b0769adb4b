"""Back from a confirm page: the input page holds again what was typed (spec 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from app.domain import changes
from app.session import who

if TYPE_CHECKING:
    from litestar import Request

C = TypeVar("C", bound=changes.Change)


async def draft(request: Request[Any, Any, Any], identity: str, kind: type[C]) -> tuple[C, str] | None:
    """The member's own pending change that the page came back from, with the first characters of its password."""
    try:
        parsed = UUID(identity)
    except ValueError:
        return None
    return await changes.draft(who(request), parsed, kind)
