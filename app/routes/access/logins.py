"""ログイン履歴: who logged in, who is logged in, and [ログアウトさせる]."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.response import Redirect

from app import security_log
from app.domain.access import login_events
from app.domain.access.matrix import Missing, Permission
from app.web.pages import Menu, Place, open_to
from app.web.render import page, see_other
from app.web.request import Request

LONGEST = 18
"""Digits of a session's number."""


@get("/logins", opt=open_to(Permission.LOGINS, menu=Place(Menu.HISTORY, 20, "ログイン履歴")))
async def logins(request: Request) -> Response[str]:
    found = await login_events.of(request.member)
    return page(request, "access/logins/logins.html", title="ログイン履歴", found=found)


@post("/logins/end", opt=open_to(Permission.LOGINS, back="/logins"))
async def end(request: Request) -> Redirect:
    session = (await request.read_form()).typed.get("session", "")
    if not (session.isascii() and session.isdigit() and len(session) <= LONGEST):
        raise Missing(session)
    member = request.member
    await login_events.end(member, int(session))
    security_log.note("session-ended", member.key)
    return see_other("/logins")
