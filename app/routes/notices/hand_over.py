"""Pages that hand over (spec 15): what is done by phone, on paper, or at a partner's site."""

from __future__ import annotations

from litestar import Response, get

from app.domain.access.matrix import Permission
from app.domain.access.proofs import Step
from app.web.render import page
from app.web.request import Request


@get("/cancellation", opt={"permission": Permission.BY_PHONE})
async def cancellation(request: Request) -> Response[str]:
    return _page(request, "cancellation", "ご解約")


@get("/hikari-denwa", opt={"permission": Permission.BY_PHONE})
async def hikari_denwa(request: Request) -> Response[str]:
    return _page(request, "hikari_denwa", "UCOM光電話のお申し込み・ご解約")


@get("/gate-call-050", opt={"permission": Permission.ON_PAPER})
async def gate_call_050(request: Request) -> Response[str]:
    return _page(request, "gate_call_050", "GATE CALL050のお申し込み・ご解約")


@get("/giga-cinema", opt={"permission": Permission.PARTNERS, "step": Step.CUSTOMER})
async def giga_cinema(request: Request) -> Response[str]:
    return _page(request, "giga_cinema", "ギガシネマ with U-NEXT")


@get("/club-off", opt={"permission": Permission.PARTNERS, "step": Step.CUSTOMER})
async def club_off(request: Request) -> Response[str]:
    return _page(request, "club_off", "UCOM光 クラブオフ")


def _page(request: Request, name: str, title: str) -> Response[str]:
    settings = request.settings
    return page(
        request,
        f"notices/hand_over/{name}.html",
        title=title,
        contact=settings.contact,
        elsewhere=settings.elsewhere,
    )
