"""UCOM光 リモートサポート購入／確認／解約 (manual 16-18)."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post

from app.domain import clock, fields
from app.domain.access.matrix import Permission
from app.domain.access.members import Member
from app.domain.changes import asking
from app.domain.money import billing, purchases
from app.domain.options import remote_support
from app.domain.options.remote_support import BuyRemoteSupport, CancelRemoteSupport
from app.routes.changes.drafts import consented
from app.web.forms import Form
from app.web.pages import Menu, Place, open_to
from app.web.render import page, see_other
from app.web.request import Request


def _there(member: Member) -> bool:
    return remote_support.there(member.contract)


@get(
    "/remote-support",
    opt=open_to(
        Permission.REMOTE_SUPPORT,
        menu=Place(Menu.OPTIONS, 20, "リモートサポート", called=remote_support.name),
        there=_there,
    ),
)
async def input_page(request: Request) -> Response[str]:
    return _page(request, await consented(request, None, BuyRemoteSupport))


@post("/remote-support", opt=open_to(Permission.REMOTE_SUPPORT, there=_there))
async def change(request: Request) -> Response[Any]:
    member, form = request.member, await request.read_form()
    asked = CancelRemoteSupport() if form.typed.get("want") == "cancel" else BuyRemoteSupport()
    if isinstance(asked, BuyRemoteSupport):
        form.take("agree", fields.agreement)
    form.refuse(asking.judge(member, asked), "state")
    if not form.valid:
        return _page(request, form)
    return see_other(f"/changes/{await asking.ask(member, asked)}")


def _page(request: Request, form: Form) -> Response[str]:
    member, now, product = request.member, clock.now(), remote_support.product()
    return page(
        request,
        "options/remote_support/input.html",
        title=f"{remote_support.name()}購入／確認／解約",
        product=product,
        name=remote_support.name(),
        form=form,
        bought=remote_support.purchase(member.contract),
        refused=asking.judge(member, BuyRemoteSupport()),
        monthly=purchases.monthly(product, now),
        fee=remote_support.fee(now),
        again=remote_support.again(member.contract),
        price=billing.price_of_purchase(product, now, billing.earlier(member.contract)).splitlines(),
        window=request.settings.remote_support,
        cautions=remote_support.cancellation_notices(now),
    )
