"""ユーザー権限によるセキュリティオプションの購入 (spec 1): the switch in アカウントID管理."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post

from app.domain.access.matrix import Permission
from app.domain.changes import asking
from app.domain.options import user_purchases
from app.domain.options.user_purchases import CHOICES, HINTS, PATH, PermitUserPurchases
from app.routes.changes.drafts import draft
from app.web.forms import Form
from app.web.pages import open_to
from app.web.render import page, see_other
from app.web.request import Request


@get(PATH, opt=open_to(Permission.ACCOUNTS, there=lambda _: user_purchases.there()))
async def input_page(request: Request) -> Response[str]:
    drafted = await draft(request, None, PermitUserPurchases)
    chosen = drafted[0].permitted if drafted else request.member.contract.user_purchases
    return _page(request, Form({"permitted": chosen.value}))


@post(PATH, opt=open_to(Permission.ACCOUNTS, there=lambda _: user_purchases.there()))
async def change(request: Request) -> Response[Any]:
    form = await request.read_form()
    chosen = form.take("permitted", user_purchases.choice)
    form.must_change(chosen != request.member.contract.user_purchases)
    if chosen is None or not form.valid:
        return _page(request, form)
    return see_other(f"/changes/{await asking.ask(request.member, PermitUserPurchases(chosen))}")


def _page(request: Request, form: Form) -> Response[str]:
    choices = [(choice.value, name, HINTS[choice]) for choice, name in CHOICES.items()]
    return page(
        request,
        "options/user_purchases/input.html",
        title=user_purchases.TITLE,
        form=form,
        action=PATH,
        choices=choices,
    )
