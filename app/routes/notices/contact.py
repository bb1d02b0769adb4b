"""お問い合わせ窓口 and 個人情報保護方針: the foot of every page. And the page for a path that leads nowhere."""

from __future__ import annotations

from litestar import Response, get, route
from litestar.params import FromPath

from app.domain.access.matrix import Missing, Permission
from app.web.render import page
from app.web.request import Request


@get("/contact", opt={"permission": Permission.ANYONE})
async def contact(request: Request) -> Response[str]:
    settings = request.settings
    return page(
        request,
        "notices/contact/contact.html",
        title="お問い合わせ窓口",
        contact=settings.contact,
        elsewhere=settings.elsewhere,
    )


@get("/privacy", opt={"permission": Permission.ANYONE})
async def privacy(request: Request) -> Response[str]:
    return page(
        request,
        "notices/contact/privacy.html",
        title="個人情報保護方針",
        contact=request.settings.contact,
        hosted=request.gateway.origin is not None,
    )


@get("/{path:path}", opt={"permission": Permission.ANYONE})
async def nowhere(path: FromPath[str]) -> None:
    """A 404 in the frame of whoever is logged in."""
    raise Missing(path)


@route("/{path:path}", http_method=["POST", "PUT", "PATCH", "DELETE"], opt={"permission": Permission.PUBLIC})
async def nothing_to_change(path: FromPath[str]) -> None:
    """A 404 too, whatever was sent there."""
    raise Missing(path)
