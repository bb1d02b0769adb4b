"""お問い合わせ窓口: the foot of every page."""

from __future__ import annotations

from litestar import Response, get

from app.domain import catalogue
from app.domain.access.matrix import Permission
from app.domain.money import calls
from app.domain.options import remote_support
from app.web.pages import open_to
from app.web.render import page
from app.web.request import Request


@get("/contact", opt=open_to(Permission.ANYONE))
async def contact(request: Request) -> Response[str]:
    settings = request.settings
    # While the database is away, a process that has just begun knows of no services yet.
    telephony = calls.services() if catalogue.version() else {}
    return page(
        request,
        "notices/contact/contact.html",
        title="お問い合わせ窓口",
        contact=settings.contact,
        elsewhere=settings.elsewhere,
        telephony=telephony,
        support=remote_support.there,
        support_name=remote_support.name,
    )
