"""お問い合わせ窓口: the foot of every page."""

from __future__ import annotations

from litestar import Response, get

from app.domain.access.matrix import Permission
from app.web.pages import open_to
from app.web.render import page
from app.web.request import Request


@get("/contact", opt=open_to(Permission.ANYONE))
async def contact(request: Request) -> Response[str]:
    settings = request.settings
    return page(
        request,
        "notices/contact/contact.html",
        title="お問い合わせ窓口",
        contact=settings.contact,
        elsewhere=settings.elsewhere,
    )
