"""Pages that hand over (spec 15): what is done by phone, on paper, or at a partner's site."""

from __future__ import annotations

from typing import Any

from litestar import Response, get

from app.domain.access.matrix import Permission
from app.domain.access.proofs import Step
from app.domain.catalogue import NAMES, Product
from app.domain.people import papers, ways_out
from app.web.pages import Menu, Place, open_to
from app.web.render import page
from app.web.request import Request


@get("/cancellation", opt=open_to(Permission.BY_PHONE, menu=Place(Menu.PROCEDURES, 60, "ご解約")))
async def cancellation(request: Request) -> Response[str]:
    """The line by phone; everything else where it ends alone."""
    member = request.member
    contract = member.contract
    return _page(
        request,
        "cancellation",
        "ご解約",
        of_accounts=[(account, ways_out.of_account(account)) for account in member.accounts],
        mail_service=NAMES[contract.mail.product],
        mail_bought=contract.bought(contract.mail.product) is not None,
        base=contract.mail.base,
        support_bought=contract.bought(Product.REMOTE_SUPPORT) is not None,
        requested=(await papers.desk(contract, papers.ENDING)).requested,
    )


@get("/hikari-denwa", opt=open_to(Permission.BY_PHONE))
async def hikari_denwa(request: Request) -> Response[str]:
    return _page(request, "hikari_denwa", "UCOM光電話のお申し込み・ご解約")


@get("/gate-call-050", opt=open_to(Permission.ON_PAPER))
async def gate_call_050(request: Request) -> Response[str]:
    desk = await papers.desk(request.member.contract, papers.GATE_CALL_050)
    return _page(request, "gate_call_050", "GATE CALL050のお申し込み・ご解約", requested=desk.requested)


@get(
    "/giga-cinema",
    opt=open_to(
        Permission.PARTNERS, step=Step.CUSTOMER, menu=Place(Menu.OPTIONS, 30, "ギガシネマ with U-NEXT")
    ),
)
async def giga_cinema(request: Request) -> Response[str]:
    return _page(request, "giga_cinema", "ギガシネマ with U-NEXT")


@get(
    "/club-off",
    opt=open_to(Permission.PARTNERS, step=Step.CUSTOMER, menu=Place(Menu.OPTIONS, 40, "UCOM光 クラブオフ")),
)
async def club_off(request: Request) -> Response[str]:
    return _page(request, "club_off", "UCOM光 クラブオフ")


def _page(request: Request, name: str, title: str, **shown: Any) -> Response[str]:
    settings = request.settings
    return page(
        request,
        f"notices/hand_over/{name}.html",
        title=title,
        contact=settings.contact,
        elsewhere=settings.elsewhere,
        **shown,
    )
