"""The confirm and complete pages of every change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from app.domain.access.matrix import Permission
from app.domain.access.members import Member, Stage
from app.domain.changes import asking
from app.domain.changes.asking import Differs
from app.domain.changes.kept import Asked
from app.domain.changes.kinds import KINDS
from app.domain.changes.words import Gone, Link, Receipt, Refused, Review, with_peek
from app.web.forms import SEEN
from app.web.guard import StageFirst
from app.web.pages import home, open_to
from app.web.render import page, piece, see_other
from app.web.request import Request
from app.web.visit import named

STAGES = (Stage.OPEN, Stage.SET_UP)
"""At SET_UP only what passes it (_find)."""


@get("/changes/{identity:uuid}", opt=open_to(Permission.CHANGES, stages=STAGES))
async def show(request: Request, identity: FromPath[UUID]) -> Response[str] | Redirect:
    member = request.member
    asked = await _find(member, identity)
    if asked.receipt:
        return await _receipt(request, asked, asked.receipt)
    if asked.expired or asked.change is None:
        title = "確認画面の有効期間が切れました"
        return _in_place(request, page(request, "changes/expired.html", title=title, asked=asked))
    try:
        review = asking.review(member, asked.change)
    except Refused as refused:
        return _refused(request, asked, refused)
    return _review(request, asked, review)


@post("/changes/{identity:uuid}", opt=open_to(Permission.CHANGES, stages=STAGES))
async def confirm(request: Request, identity: FromPath[UUID]) -> Response[Any] | Redirect:
    member = request.member
    asked = await _find(member, identity)
    seen = (await request.read_form()).typed.get(SEEN, "")
    try:
        await asking.confirm(member, identity, seen)
    except Differs:
        return see_other(f"/changes/{identity}?differs=yes")
    except Refused as refused:
        return _refused(request, asked, refused)
    if member.stage is not Stage.OPEN:
        await request.visit.renew()
    if asked.change and asked.change.sets_own_password(member):
        await request.visit.remember_name(*named(member))
    return see_other(f"/changes/{identity}")


async def _find(member: Member, identity: UUID) -> Asked:
    """A change that this member may see; of one whose session has to do something first, what that is done by.

    Raises Missing, StageFirst.
    """
    asked = await asking.find(member, identity)
    if member.stage not in (Stage.OPEN, KINDS[asked.kind].passes):
        raise StageFirst(member.stage)
    return asked


def _review(request: Request, asked: Asked, review: Review) -> Response[str]:
    shown: dict[str, Any] = {
        "asked": asked,
        "review": review,
        "rows": with_peek(review.rows, asked.peek),
        "seen": asking.fingerprint(review),
        "differs": "differs" in request.query_params,
    }
    target = request.inline_target
    if target and review.inline:
        return piece(request, "changes/inline.html", target=target, **shown)
    answer = page(request, "changes/review.html", title=review.title, **shown)
    if shown["differs"]:
        return _in_place(request, answer)
    answer.headers["X-Back"] = (
        asked.back
    )  # where Back leads, too: the input page with what was typed (mypage.js)
    return answer


async def _receipt(request: Request, asked: Asked, receipt: Receipt) -> Response[str] | Redirect:
    if receipt.inline and request.inline_target:
        return see_other(f"{receipt.inline}&done={asked.id}")
    if asked.peek:
        await asking.shown(asked)
    answer = page(
        request,
        "changes/receipt.html",
        title=receipt.title,
        asked=asked,
        receipt=receipt,
        rows=with_peek(receipt.rows, asked.peek),
        ways=_ways(request.member, asked, receipt),
        onward=receipt.onward if _leads_on(request.member, asked) else (),
    )
    return _in_place(request, answer)


def _ways(member: Member, asked: Asked, receipt: Receipt) -> list[Link]:
    """Where the complete page leads on to, the next step first."""
    first = Link(home(member), "/")
    if member.deleted:
        return [first]
    leads_on = _leads_on(member, asked)
    ways = [link for link in receipt.next if leads_on or not link.path.startswith("/accounts/")]
    return [
        replace(first, path=link.path) if link.path.partition("?")[0] == "/" else link for link in ways
    ] or [first]


def _leads_on(member: Member, asked: Asked) -> bool:
    """What belonged to an account ID leads nowhere once that is deleted."""
    there = not asked.subject or asked.subject in [account.login for account in member.accounts]
    return there and not member.deleted


def _in_place(request: Request, answer: Response[str]) -> Response[str]:
    """What follows a confirm page has its address, and takes its place in the history."""
    answer.headers["HX-Replace-Url"] = request.scope["path"]
    return answer


def _refused(request: Request, asked: Asked, refused: Refused) -> Response[str]:
    return page(
        request,
        "changes/refused.html",
        title="お手続きできません",
        status=422,
        asked=asked,
        refused=refused,
        gone=isinstance(refused, Gone),
    )
