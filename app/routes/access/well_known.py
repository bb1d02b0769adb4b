"""What programs look for at fixed addresses: where one changes the password, and where a weakness is reported."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from urllib.parse import urlencode

from litestar import MediaType, Response, get
from litestar.response import Redirect

from app.domain import clock
from app.domain.access.matrix import Permission
from app.settings import Settings
from app.web.pages import open_to
from app.web.render import see_other
from app.web.request import Request

CHANGE_PASSWORD, SECURITY = "/.well-known/change-password", "/.well-known/security.txt"
GOOD_FOR = timedelta(days=180)
"""RFC 9116 wants a date less than a year ahead: whoever finds it passed knows that nobody keeps the file."""


@get(CHANGE_PASSWORD, opt=open_to(Permission.ANYONE))
async def change_password(request: Request) -> Redirect:
    """Where a password manager leads to: the page of the password that the member is logged in with."""
    member = request.visit.member
    if member is None:
        return see_other(f"/login?{urlencode({'next': CHANGE_PASSWORD})}")
    return see_other(f"/accounts/{member.own.login}/password" if member.own else "/customer-password")


@get(SECURITY, opt=open_to(Permission.PUBLIC))
async def security(request: Request) -> Response[str]:
    """RFC 9116."""
    until = datetime.combine(clock.now() + GOOD_FOR, time(), UTC)
    lines = (
        f"Contact: {_contact(request.settings)}",
        f"Expires: {until:%Y-%m-%dT%H:%M:%SZ}",
        f"Canonical: {request.settings.base_url}{SECURITY}",
        "Preferred-Languages: ja",
    )
    return Response("".join(f"{line}\n" for line in lines), media_type=MediaType.TEXT)


def _contact(settings: Settings) -> str:
    """As it is set; else by phone, whose number is one of Japan (RFC 3966)."""
    return settings.security_contact or f"tel:{settings.contact.phone};phone-context=+81"
