"""The confirm and complete pages of every change, and お手続き履歴."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from app.domain import clock, fields
from app.domain.access.members import Member, Missing, Permission
from app.domain.changes import changes
from app.domain.changes.changes import Asked, Differs, Gone, Receipt, Refused, Review, Wanted, with_peek
from app.web import forms
from app.web.csv_file import csv_file
from app.web.forms import Form
from app.web.render import inline_target, page, piece, see_other
from app.web.session import who

MOST_IN_A_FILE = 5_000


@get("/changes", opt={"permission": Permission.CHANGES})
async def history(request: Request[Any, Any, Any]) -> Response[str]:
    member, wanted = who(request), _wanted(request)
    before = request.query_params.get("before", "")
    number = int(before) if before.isascii() and before.isdigit() and len(before) <= 18 else None
    listed = await changes.history(member, number, wanted)
    older = listed[-1].receipt_number if len(listed) == changes.PAGE else None
    chosen = {"account": wanted.account_id or "", "kind": wanted.name or ""}
    shown: dict[str, Any] = {
        "listed": listed,
        "older": older,
        "before": number,
        "choices": _choices(member, wanted, listed),
        "narrowed": urlencode({name: value for name, value in chosen.items() if value}),
    }
    return page(request, "changes/history.html", title="お手続き履歴", form=Form(chosen), **shown)


@get("/changes.csv", opt={"permission": Permission.CHANGES})
async def history_file(request: Request[Any, Any, Any]) -> Response[bytes]:
    listed = await changes.history(who(request), None, _wanted(request), MOST_IN_A_FILE)
    header = ("受付番号", "受付日時", "お手続き", "対象のアカウントID", "お手続きした人", "内容")
    return csv_file("changes.csv", header, (_line(asked) for asked in listed))


def _wanted(request: Request[Any, Any, Any]) -> Wanted:
    """What the page was narrowed down to; an empty choice is none. Raises Missing for what can be no account ID."""
    kind, account = (request.query_params.get(name) or None for name in ("kind", "account"))
    if account and not fields.is_account_id(account):
        raise Missing(account)
    return Wanted(kind, account)


def _choices(member: Member, wanted: Wanted, listed: list[Asked]) -> dict[str, list[tuple[str, str]]]:
    """What can be chosen; a deleted account ID is, by the link of its row. One that nothing is known of is not."""
    logins = {account.login for account in member.accounts} | ({wanted.account_id or ""} if listed else set())
    every = [("", "すべて")]
    return {
        "account": every + [(login, login) for login in sorted(logins) if login],
        "kind": every + [(name, name) for name in changes.names(member)],
    }


def _line(asked: Asked) -> tuple[str, ...]:
    rows = asked.receipt.rows if asked.receipt else []
    contents = (
        f"{row.label}：{row.value}"
        + (f"（変更前：{row.before or 'なし'}）" if row.before is not None else "")
        for row in rows
    )
    applied = clock.minute(asked.applied_at) if asked.applied_at else ""
    return asked.receipt_number, applied, asked.name, asked.subject or "", asked.asker, "／".join(contents)


@get("/changes/{identity:uuid}", opt={"permission": Permission.CHANGES})
async def show(request: Request[Any, Any, Any], identity: FromPath[UUID]) -> Response[str] | Redirect:
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
    return _review(request, asked, review)


@post("/changes/{identity:uuid}", opt={"permission": Permission.CHANGES})
async def confirm(request: Request[Any, Any, Any], identity: FromPath[UUID]) -> Response[Any] | Redirect:
    member = who(request)
    asked = await changes.find(member, identity)
    seen = (await forms.read(request)).typed.get("seen", "")
    try:
        await changes.confirm(member, identity, seen)
    except Differs:
        return see_other(f"/changes/{identity}?differs=yes")
    except Refused as refused:
        return _refused(request, asked, refused)
    return see_other(f"/changes/{identity}")


def _review(request: Request[Any, Any, Any], asked: Asked, review: Review) -> Response[str]:
    shown: dict[str, Any] = {
        "asked": asked,
        "review": review,
        "rows": with_peek(review.rows, asked.peek),
        "seen": changes.fingerprint(review),
        "differs": "differs" in request.query_params,
    }
    target = inline_target(request)
    if target and review.inline:
        return piece(request, "changes/inline.html", target=target, **shown)
    return page(request, "changes/review.html", title=review.title, **shown)


async def _receipt(
    request: Request[Any, Any, Any], asked: Asked, receipt: Receipt
) -> Response[str] | Redirect:
    if receipt.inline and inline_target(request):
        return see_other(f"{receipt.inline}&done={asked.id}")
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
        mend=refused.mend,
        gone=isinstance(refused, Gone),
    )
