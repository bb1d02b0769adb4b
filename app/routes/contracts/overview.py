"""ご契約情報一覧 (manual 4, 10c, 14) and the 利用者画面 of a user-role member."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from app.branding import BRAND
from app.domain import catalogue, clock
from app.domain.access import closed
from app.domain.access.graph import Account
from app.domain.access.matrix import Permission, Role
from app.domain.cards import kept
from app.domain.cards.kept import Standing
from app.domain.catalogue import Product
from app.domain.mail import auto_reply, consent, mailbox
from app.domain.mail import service as mail_service
from app.domain.mail import system as mail_system
from app.domain.money import billing, this_month
from app.domain.months import Month
from app.domain.options import approvals, remote_support, security
from app.web.pages import OVERVIEW, OWN_PAGE, Menu, Place, open_to
from app.web.render import page, piece
from app.web.request import Request

NEEDS_ADDRESS = f"{BRAND.prefix}のメールアドレスが必要です"
CARD_SIGNS = {
    Standing.FINE: "ok",
    Standing.SOON: "warning",
    Standing.EXPIRED: "error",
    Standing.WAITING: "info",
    Standing.REFUSED: "error",
    Standing.NONE: "",
}


def at_a_glance(account: Account) -> list[str]:
    """What a closed row of the accordion tells of an account ID beside login and role."""
    bought = len(account.periods)
    options = f"オプション{bought}件" if bought else "オプションなし"
    return [account.name, account.mail_address or "メールアドレス未登録", options]


def monthly(product: Product) -> str:
    """What a month of it costs, short; that it is with tax is said once on the page."""
    return f"{billing.yen(catalogue.price(product, Month.this().next.first_day))}／月"


SHOWN: dict[str, Any] = {
    "limits": catalogue.limits,
    "large_mailbox": mailbox.large,
    "mailbox_option": mailbox.there,
    "mail_service": mail_service.there,
    "support": remote_support.there,
    "support_bought": remote_support.purchase,
    "support_product": remote_support.product,
    "options": security.options,
    "cannot_buy": security.cannot_buy,
    "cannot_buy_now": lambda member, account, product: security.cannot_buy_now(
        member, account, product, clock.now()
    ),
    "must_ask": security.must_ask,
    "requested": lambda member: any(account.requests for account in member.accounts),
    "needs_address": NEEDS_ADDRESS,
    "this_month": lambda member: this_month.of(member.contract, clock.now()),
    "monthly": monthly,
    "card_standings": lambda member: kept.standings(member.contract, clock.today()),
    "card_signs": CARD_SIGNS,
    "at_a_glance": at_a_glance,
    "waits_for": lambda member, account, product: approvals.waits_for(member, account, product, clock.now()),
    "name_of": catalogue.name,
    "box_size": mailbox.size,
    "auto_reply": lambda account: auto_reply.in_words(account.auto_reply, clock.today()),
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
    if member.closed and member.contract.closed_on:
        return page(
            request,
            "contracts/overview/closed.html",
            title="ご契約は終了しました",
            readable_until=closed.readable_until(member.contract.closed_on),
        )
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
