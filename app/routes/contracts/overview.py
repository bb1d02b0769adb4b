"""ご契約情報一覧 (manual 4, 10c, 14) and the 利用者画面 of a user-role member."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from app.domain import catalogue, clock
from app.domain.access.matrix import Permission, Role
from app.domain.mail import consent, mailbox
from app.domain.mail import system as mail_system
from app.domain.options import security
from app.web.pages import OVERVIEW, OWN_PAGE, Menu, Place, open_to
from app.web.render import page, piece
from app.web.request import Request

SHOWN: dict[str, Any] = {
    "catalogue": catalogue,
    "options": security.options,
    "cannot_buy": security.cannot_buy,
    "cannot_buy_now": lambda member, account, product: security.cannot_buy_now(
        member, account, product, clock.now()
    ),
    "must_ask": security.must_ask,
    "names": catalogue.NAMES,
    "box_size": mailbox.size,
    "owner_notices": consent.notices,
    "home_page": lambda name: mail_system.current().home_page(name),
}


@get(
    "/",
    opt=open_to(
        Permission.OVERVIEW,
        menu=(
            Place(Menu.CONTRACT, 10, OVERVIEW),
            Place(Menu.ACCOUNTS, 20, "アカウントIDオプション変更", "/#account-ids"),
        ),
    ),
)
async def overview(request: Request) -> Response[str]:
    member = request.member
    if member.role is Role.USER:
        return page(request, "contracts/overview/own.html", title=OWN_PAGE, account=member.own, **SHOWN)
    opened = request.query_params.get("open")
    return page(request, "contracts/overview/overview.html", title=OVERVIEW, opened=opened, **SHOWN)


@get("/accounts/{login:str}", opt=open_to(Permission.OVERVIEW))
async def account(request: Request, login: FromPath[str]) -> Response[str]:
    """The opened row of the accordion; a page of its own for a browser that asks for one."""
    account = request.member.account(login)
    if request.by_htmx:
        return piece(request, "contracts/overview/account.html", account=account, **SHOWN)
    return page(request, "contracts/overview/own.html", title="アカウントID情報", account=account, **SHOWN)
