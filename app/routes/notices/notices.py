"""障害情報 and メンテナンス情報, and closing a banner."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from app.domain.access.matrix import Missing, Permission
from app.domain.notices import notices
from app.web.pages import Menu, Place, open_to
from app.web.render import own_path, page, piece, see_other
from app.web.request import Request


@get("/outages", opt=open_to(Permission.ANYONE))
async def public(request: Request) -> Response[str]:
    return page(
        request,
        "notices/notices/public.html",
        title="障害・メンテナンスのお知らせ",
        kinds=notices.KINDS,
        found=await notices.public(),
        elsewhere=request.settings.elsewhere,
    )


@get("/notices", opt=open_to(Permission.NOTICES))
async def both(request: Request) -> Response[str]:
    return await _page(request, "障害・メンテナンス情報", list(notices.KINDS))


@get(
    "/notices/{kind:str}",
    opt=open_to(
        Permission.NOTICES,
        menu=(
            Place(Menu.NOTICES, 10, notices.KINDS["outage"], "/notices/outage"),
            Place(Menu.NOTICES, 20, notices.KINDS["maintenance"], "/notices/maintenance"),
        ),
    ),
)
async def listed(request: Request, kind: FromPath[str]) -> Response[str]:
    if kind not in notices.KINDS:
        raise Missing(kind)
    return await _page(request, notices.KINDS[kind], [kind])


@post("/notices/dismiss", opt=open_to(Permission.SESSION, back="/", same_origin=True))
async def dismiss(request: Request) -> Response[Any]:
    typed = (await request.read_form()).typed
    notice = typed.get("notice", "")
    if not (notice.isascii() and notice.isdigit() and len(notice) <= 18):
        raise Missing(notice)
    banners = await notices.dismiss(request.member, int(notice))
    if not request.by_htmx:
        return see_other(own_path(typed.get("next", "")))
    return piece(request, "layout/banners.html", banners=banners, closed=True, more="more" in typed)


async def _page(request: Request, title: str, kinds: list[str]) -> Response[str]:
    text = request.query_params.get("page", "")
    number = int(text) if text.isascii() and text.isdigit() and 1 <= len(text) <= 4 and int(text) else 1
    found = await notices.listed(request.member, kinds, number)
    return page(
        request,
        "notices/notices/list.html",
        title=title,
        path=request.scope["path"],
        kinds=notices.KINDS if len(kinds) > 1 else {},
        found=found,
        number=number,
    )
