"""Purchase requests (spec 1): what ユーザー権限 asked for, taken back by who asked, decided by whoever pays."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from app.domain import catalogue, clock, fields
from app.domain.access.matrix import Permission
from app.domain.access.members import Member
from app.domain.changes import asking
from app.domain.money import purchases
from app.domain.options import purchase_requests
from app.domain.options.approvals import ApproveRequest, RefuseRequest, WithdrawRequest
from app.domain.options.purchase_requests import PATH, STATES, PurchaseRequest
from app.routes.changes.drafts import draft
from app.web.forms import Form
from app.web.pages import open_to
from app.web.render import page, see_other
from app.web.request import Request


def _there(_: Member) -> bool:
    """Nobody asks for anything where there are no security options at all."""
    return bool(catalogue.licences())


@get(PATH, opt=open_to(Permission.PURCHASE_REQUESTS, there=_there))
async def request_list(request: Request) -> Response[str]:
    before = _before(request)
    listed = await purchase_requests.listed(request.member, before)
    return page(
        request,
        "options/purchase_requests/list.html",
        title="購入の申請",
        listed=listed,
        before=before,
        older=listed[-1].id if len(listed) == purchase_requests.PAGE else None,
        name=catalogue.name,
        states=STATES,
    )


def _before(request: Request) -> UUID | None:
    """The request that the page begins behind."""
    try:
        return UUID(request.query_params.get("before", ""))
    except ValueError:
        return None


@get(f"{PATH}/{{identity:uuid}}", opt=open_to(Permission.PURCHASE_REQUESTS, there=_there))
async def request_page(request: Request, identity: FromPath[UUID]) -> Response[str] | Redirect:
    """What became of it; whoever may decide goes on to that."""
    one = await purchase_requests.one(request.member, identity)
    if one.pending and request.member.may(Permission.PURCHASE_DECISIONS):
        return see_other(f"{one.path}/decision")
    return _page(request, "request.html", one)


@post(f"{PATH}/{{identity:uuid}}", opt=open_to(Permission.PURCHASE_REQUESTS, there=_there))
async def withdraw(request: Request, identity: FromPath[UUID]) -> Response[Any]:
    member, form = request.member, await request.read_form()
    one = await purchase_requests.one(member, identity)
    change = WithdrawRequest(one.login, one.product, one.id)
    form.refuse(asking.judge(member, change))
    if not form.valid:
        return _page(request, "request.html", one, form)
    return see_other(f"/changes/{await asking.ask(member, change)}")


@get(f"{PATH}/{{identity:uuid}}/decision", opt=open_to(Permission.PURCHASE_DECISIONS, there=_there))
async def decision_page(request: Request, identity: FromPath[UUID]) -> Response[str] | Redirect:
    one = purchase_requests.pending(request.member, identity)
    if one is None:
        return see_other(purchase_requests.path(identity))
    drafted = await draft(request, one.login, RefuseRequest)
    form = Form({"reason": drafted[0].reason} if drafted else {})
    return _decision(request, one, form)


@post(f"{PATH}/{{identity:uuid}}/decision", opt=open_to(Permission.PURCHASE_DECISIONS, there=_there))
async def decide(request: Request, identity: FromPath[UUID]) -> Response[Any]:
    """Asks for the purchase, or for the refusal with its reason."""
    member, form = request.member, await request.read_form()
    one = await purchase_requests.one(member, identity)
    form.refuse(None if one.pending else purchase_requests.over(one.id))
    change = _wanted(request, form, one)
    form.refuse(asking.judge(member, change) if change and form.valid else None)
    if change and form.valid:
        return see_other(f"/changes/{await asking.ask(member, change)}")
    if not one.pending:
        return _page(request, "request.html", one, form)
    return _decision(request, one, form)


def _wanted(request: Request, form: Form, one: PurchaseRequest) -> ApproveRequest | RefuseRequest | None:
    """What the path's query asks for; None where the form says why it cannot be read."""
    if request.query_params.get("want") == "approve":
        return ApproveRequest(one.login, one.product, one.id)
    reason = form.take("reason", fields.reason)
    return RefuseRequest(one.login, one.product, one.id, reason) if reason else None


def _decision(request: Request, one: PurchaseRequest, form: Form) -> Response[str]:
    refused = asking.judge(request.member, ApproveRequest(one.login, one.product, one.id))
    return _page(request, "decision.html", one, form, refused=refused)


def _page(
    request: Request, template: str, one: PurchaseRequest, form: Form | None = None, **context: Any
) -> Response[str]:
    return page(
        request,
        f"options/purchase_requests/{template}",
        title="購入の申請",
        form=form,
        one=one,
        name=catalogue.name,
        states=STATES,
        monthly=purchases.monthly(one.product, clock.now()),
        logins=[account.login for account in request.member.accounts],
        **context,
    )
