"""お手続き履歴, as a page and a CSV."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from litestar import Response, get

from app.domain import clock, fields
from app.domain.access.matrix import Missing, Permission
from app.domain.access.members import Member
from app.domain.changes import history as changes
from app.domain.changes.history import Wanted
from app.domain.changes.kept import Asked
from app.web.csv_file import Identifier, csv_file
from app.web.forms import Form
from app.web.pages import Menu, Place, open_to
from app.web.render import page
from app.web.request import Request

MOST_IN_A_FILE = 5_000


@get("/changes", opt=open_to(Permission.CHANGES, menu=Place(Menu.HISTORY, 10, "お手続き履歴")))
async def history(request: Request) -> Response[str]:
    member, wanted = request.member, _wanted(request)
    before = request.query_params.get("before", "")
    number = int(before) if before.isascii() and before.isdigit() and len(before) <= 18 else None
    found = await changes.page(member, number, wanted)
    listed = found.listed
    older = listed[-1].receipt_number if len(listed) == changes.PAGE else None
    chosen = {"account": wanted.account_id or "", "kind": wanted.name or ""}
    shown: dict[str, Any] = {
        "listed": listed,
        "older": older,
        "before": number,
        "choices": _choices(member, found.deleted),
        "narrowed": urlencode({name: value for name, value in chosen.items() if value}),
    }
    return page(request, "changes/history.html", title="お手続き履歴", form=Form(chosen), **shown)


@get("/changes.csv", opt=open_to(Permission.CHANGES))
async def history_file(request: Request) -> Response[bytes]:
    listed = await changes.history(request.member, None, _wanted(request), MOST_IN_A_FILE)
    header = ("受付番号", "受付日時", "お手続き", "対象のアカウントID", "お手続きした方", "内容")
    return csv_file("changes.csv", header, (_line(asked) for asked in listed))


def _wanted(request: Request) -> Wanted:
    """What the page was narrowed down to; an empty choice is none. Raises Missing for what can be no account ID."""
    kind, account = (request.query_params.get(name) or None for name in ("kind", "account"))
    account = fields.half_width(account) if account else None
    if account and not fields.is_account_id(account):
        raise Missing(account)
    return Wanted(kind, account)


def _choices(member: Member, deleted: list[str]) -> dict[str, list[tuple[str, str]]]:
    """What can be chosen: the living account IDs, then those that were deleted. One that nothing is known of is not."""
    living = sorted(account.login for account in member.accounts)
    every = [("", "すべて")]
    return {
        "account": every
        + [(login, login) for login in living]
        + [(login, f"{login}（削除済み）") for login in deleted],
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
    return (
        asked.receipt_number,
        applied,
        asked.name,
        Identifier(asked.subject or ""),
        asked.asker,
        "／".join(contents),
    )
