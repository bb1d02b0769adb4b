"""The confirm and complete pages of every change, and お手続き履歴."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from app.domain import changes
from app.domain.changes import Asked, Gone, Receipt, Refused, with_peek
from app.domain.members import Permission
from app.render import page, see_other
from app.session import who


@get("/changes", opt={"permission": Permission.CHANGES})
async def history(request: Request[Any, Any, Any]) -> Response[str]:
    before = request.query_params.get("before", "")
    number = int(before) if before.isascii() and before.isdigit() and len(before) <= 18 else None
    listed = await changes.history(who(request), number)
    older = listed[-1].receipt_number if len(listed) == changes.PAGE else None
    return page(
        request, "changes/history.html", title="お手続き履歴", listed=listed, older=older, before=number
    )


@get("/changes/{identity:uuid}", opt={"permission": Permission.CHANGES})
async def show(request: Request[Any, Any, Any], identity: FromPath[UUID]) -> Response[str]:
    member = who(request)
    asked = await changes.find(member, identity)
    if asked.receipt:
        return await _receipt(request, asked, asked.receipt)
    if asked.expired or asked.change is None:
        return page(request, "changes/expired.html", title="確認画面の有効期間が切れました", asked=asked)
    try:
        review = changes.review(member, asked.change)
    except Refused as refused:
        return _refused(request, asked, refused)
    rows = with_peek(review.rows, asked.peek)
    return page(request, "changes/review.html", title=review.title, asked=asked, review=review, rows=rows)


@post("/changes/{identity:uuid}", opt={"permission": Permission.CHANGES})
async def confirm(request: Request[Any, Any, Any], identity: FromPath[UUID]) -> Response[Any] | Redirect:
    member = who(request)
    asked = await changes.find(member, identity)
    try:
        await changes.confirm(member, identity)
    except Refused as refused:
        return _refused(request, asked, refused)
    return see_other(f"/changes/{identity}")


async def _receipt(request: Request[Any, Any, Any], asked: Asked, receipt: Receipt) -> Response[str]:
    if asked.peek:
        await changes.shown(asked)
    rows = with_peek(receipt.rows, asked.peek)
    return page(request, "changes/receipt.html", title=receipt.title, asked=asked, receipt=receipt, rows=rows)


def _refused(request: Request[Any, Any, Any], asked: Asked, refused: Refused) -> Response[str]:
    return page(
        request,
        "changes/refused.html",
        title="お手続きできません",
        status=422,
        asked=asked,
        reason=str(refused),
        gone=isinstance(refused, Gone),
    )
