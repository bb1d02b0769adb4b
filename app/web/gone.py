"""What is said of something that was deleted while a page about it was open: that it was, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain import clock
from app.domain.access.matrix import Missing, Role
from app.domain.people import accounts
from app.web import visit

if TYPE_CHECKING:
    from litestar.types import Scope


async def look(error: Exception, scope: Scope) -> None:
    """Before the page that says that something is missing: whether it is an account ID of the contract that was deleted.

    Only who may see every account ID of the contract is told; of another contract's nothing is found.
    """
    caller = visit.of(scope)
    member = caller.member if caller else None
    login = scope.get("path_params", {}).get("login")
    if not isinstance(error, Missing) or member is None or member.role is Role.USER or not login:
        return
    deleted_at = await accounts.deleted_at(member, str(login))
    if deleted_at:
        words = f"アカウントID「{login}」は、{clock.minute(deleted_at)}に削除されました。このお手続きはできません。"
        scope["gone"] = words  # type: ignore[typeddict-unknown-key]


def told(scope: Scope) -> str | None:
    """The words, if there are any."""
    words: str | None = scope.get("gone")  # type: ignore[assignment]
    return words
