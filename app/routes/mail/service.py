"""メールサービス購入 (manual 12, 13)."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post

from app.domain import catalogue, clock, fields
from app.domain.access.matrix import Permission
from app.domain.changes import asking
from app.domain.mail import service as mail_service
from app.domain.mail.service import BuyMailService
from app.domain.money import purchases
from app.routes.changes.drafts import consented
from app.web import forms
from app.web.forms import Form
from app.web.render import page, see_other
from app.web.session import who


@get("/mail-service", opt={"permission": Permission.MAIL_SERVICE})
async def input_page(request: Request[Any, Any, Any]) -> Response[str]:
    return _page(request, await consented(request, None, BuyMailService))


@post("/mail-service", opt={"permission": Permission.MAIL_SERVICE})
async def buy(request: Request[Any, Any, Any]) -> Response[Any]:
    member, form = who(request), await forms.read(request)
    form.take("agree", fields.agreement)
    form.refuse(asking.judge(member, BuyMailService()))
    if not form.valid:
        return _page(request, form)
    return see_other(f"/changes/{await asking.ask(member, BuyMailService())}")


def _page(request: Request[Any, Any, Any], form: Form) -> Response[str]:
    member = who(request)
    contract = member.contract
    return page(
        request,
        "mail/service/input.html",
        title="メールサービス購入",
        form=form,
        product=contract.mail.product,
        name=catalogue.NAMES[contract.mail.product],
        bought=mail_service.purchase(contract),
        refused=asking.judge(member, BuyMailService()),
        monthly=purchases.monthly(contract.mail.product, clock.now()),
    )
