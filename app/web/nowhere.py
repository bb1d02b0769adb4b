"""A path that leads nowhere, or to a page that takes no form."""

from __future__ import annotations

from litestar import get, route
from litestar.exceptions import MethodNotAllowedException
from litestar.params import FromPath

from app.domain.access.matrix import Missing, Permission
from app.web import give_back
from app.web.pages import open_to
from app.web.request import Request


@get("/{path:path}", opt=open_to(Permission.ANYONE))
async def nowhere(path: FromPath[str]) -> None:
    """A 404 in the frame of whoever is logged in."""
    raise Missing(path)


@route("/{path:path}", http_method=["POST", "PUT", "PATCH", "DELETE"], opt=open_to(Permission.PUBLIC))
async def nothing_to_change(request: Request, path: FromPath[str]) -> None:
    """A 404 too, whatever was sent there; a 405 for what was sent to a page, once it has been read (give_back.py)."""
    headers = give_back.refused_by_path(request.scope)
    if headers is not None:
        raise MethodNotAllowedException(headers=dict(headers))
    raise Missing(path)
