"""メールサービス購入 (manual 12, 13)."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post

from app.domain import catalogue, clock, fields
from app.domain.access.matrix import Permission
from app.domain.access.members import Member
from app.domain.changes import asking
from app.domain.mail import service as mail_service
from app.domain.mail.service import BuyMailService
from app.domain.money import billing, purchases
from app.routes.changes.drafts import consented
from app.web.forms import Form
from app.web.pages import Menu, Place, open_to
from app.web.render import page, see_other
from app.web.request import Request


def _there(member: Member) -> bool:
    return mail_service.there(member.contract)


@get(
    "/mail-service",
    opt=open_to(Permission.MAIL_SERVICE, menu=Place(Menu.OPTIONS, 10, "メールサービス"), there=_there),
)
async def input_page(request: Request) -> Response[str]:
    return _page(request, await consented(request, None, BuyMailService))


@post("/mail-service", opt=open_to(Permission.MAIL_SERVICE, there=_there))
async def buy(request: Request) -> Response[Any]:
    member, form = request.member, await request.read_form()
    form.take("agree", fields.agreement)
    form.refuse(asking.judge(member, BuyMailService()))
    if not form.valid:
        return _page(request, form)
    return see_other(f"/changes/{await asking.ask(member, BuyMailService())}")


def _page(request: Request, form: Form) -> Response[str]:
    member, now = request.member, clock.now()
    contract = member.contract
    return page(
        request,
        "mail/service/input.html",
        title="メールサービス購入",
        form=form,
        product=contract.mail.key,
        name=catalogue.name(contract.mail.key),
        bought=mail_service.purchase(contract),
        refused=asking.judge(member, BuyMailService()),
        monthly=purchases.monthly(contract.mail.key, now),
        price=billing.price_of_purchase(contract.mail.key, now, billing.earlier(contract)).splitlines(),
    )
