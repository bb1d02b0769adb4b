"""A path that leads nowhere."""

from __future__ import annotations

from litestar import get, route
from litestar.params import FromPath

from app.domain.access.matrix import Missing, Permission
from app.web.pages import open_to


@get("/{path:path}", opt=open_to(Permission.ANYONE))
async def nowhere(path: FromPath[str]) -> None:
    """A 404 in the frame of whoever is logged in."""
    raise Missing(path)


@route("/{path:path}", http_method=["POST", "PUT", "PATCH", "DELETE"], opt=open_to(Permission.PUBLIC))
async def nothing_to_change(path: FromPath[str]) -> None:
    """A 404 too, whatever was sent there."""
    raise Missing(path)
