"""障害情報 and メンテナンス情報, and closing a banner."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from app.domain.access.matrix import Missing, Permission
from app.domain.notices import notices
from app.web import forms, session
from app.web.render import by_htmx, page, piece, see_other
from app.web.session import who


@get("/notices", opt={"permission": Permission.NOTICES})
async def both(request: Request[Any, Any, Any]) -> Response[str]:
    return await _page(request, "障害・メンテナンス情報", list(notices.KINDS))


@get("/notices/{kind:str}", opt={"permission": Permission.NOTICES})
async def listed(request: Request[Any, Any, Any], kind: FromPath[str]) -> Response[str]:
    if kind not in notices.KINDS:
        raise Missing(kind)
    return await _page(request, notices.KINDS[kind], [kind])


@post("/notices/dismiss", opt={"permission": Permission.SESSION})
async def dismiss(request: Request[Any, Any, Any]) -> Response[Any]:
    typed = (await forms.read(request)).typed
    notice = typed.get("notice", "")
    if not (notice.isascii() and notice.isdigit() and len(notice) <= 18):
        raise Missing(notice)
    banners = await notices.dismiss(who(request), int(notice))
    if not by_htmx(request):
        return see_other(session.own_path(typed.get("next", "")))
    return piece(request, "layout/banners.html", banners=banners, closed=True)


async def _page(request: Request[Any, Any, Any], title: str, kinds: list[str]) -> Response[str]:
    text = request.query_params.get("page", "")
    number = int(text) if text.isascii() and text.isdigit() and 1 <= len(text) <= 4 and int(text) else 1
    found = await notices.listed(who(request), kinds, number)
    return page(
        request,
        "notices/notices/list.html",
        title=title,
        path=request.scope["path"],
        kinds=notices.KINDS if len(kinds) > 1 else {},
        found=found,
        number=number,
    )
