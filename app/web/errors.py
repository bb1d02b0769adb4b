"""Error pages: what went wrong in words, in the portal's look, and never more than the member may know."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from litestar import Response
from litestar.exceptions import HTTPException

from app import request_id, security_log
from app.domain import networks
from app.domain.access import usage
from app.domain.access.attempts import TooMany
from app.domain.access.matrix import DELETED, Forbidden, Missing
from app.domain.access.members import SessionEnded
from app.domain.access.proofs import ProofNeeded
from app.domain.access.usage import TooOften
from app.postgres import database
from app.web import forms, give_back, gone, send_again
from app.web.forms import Form
from app.web.give_back import Offer
from app.web.guard import StageFirst, TypedByAnother, Untrusted
from app.web.render import elsewhere, piece, unguarded_page
from app.web.request import READING, TYPED, Request

log = logging.getLogger("mypage")


@dataclass(frozen=True)
class Trouble:
    """An error page: its heading, and what happened and what to do."""

    title: str
    text: str


TROUBLES = {
    400: Trouble(
        "送信内容を読み取れません",
        "送信された内容の形が正しくありません。前の画面へ戻り、もう一度お試しください。",
    ),
    403: Trouble(
        "この操作はできません",
        "ログイン中のIDには、この画面を利用する権限がありません。ご契約者様、または管理者権限の方にご相談ください。",
    ),
    404: Trouble(
        "ページが見つかりません",
        "URLが間違っているか、ページが移動または削除された可能性があります。URLをお確かめになるか、最初の画面からお進みください。",
    ),
    405: Trouble(
        "この操作はできません",
        "このページでは、その操作を受け付けていません。メニューから選び直してください。",
    ),
    408: Trouble(
        "送信に時間がかかりすぎました",
        "送信が途中で止まったため、受け付けられませんでした。通信の状態を確かめて、もう一度お試しください。",
    ),
    413: Trouble(
        "送信内容が大きすぎます",
        "入力された内容が長すぎるため、受け付けられません。短くして、もう一度お試しください。",
    ),
    422: Trouble(
        "入力内容に誤りがあります",
        "送信された内容を受け付けられません。前の画面へ戻り、もう一度お試しください。",
    ),
    429: Trouble(
        "しばらくお待ちください", "操作の回数が多すぎます。しばらくしてから、もう一度お試しください。"
    ),
    500: Trouble(
        "エラーが発生しました",
        "申し訳ありません。処理中に問題が起きました。時間をおいて、もう一度お試しください。",
    ),
    503: Trouble(
        "ただいまご利用いただけません",
        "システムに接続できません。入力の途中だった内容は登録されていません。しばらくしてから、もう一度お試しください。",
    ),
}
SEND_LATER = frozenset({500, 503})
"""What may go better the next time."""
NO_FORM = {400: "unreadable", 408: "slow", 413: "large"}
"""What no form of ours sends, as the security log calls it."""
UNTRUSTED = (
    "画面の有効期間が切れているか、Cookieが使えない設定になっています。"
    "前の画面へ戻って再読み込みし、もう一度お試しください。"
)
NOT_GONE_ON = "お手続きを進められません"
"""The title of what stands in the way of a form."""
STALE = "この画面を開いた後に、ログインし直されたか、画面の有効期間が切れたため、まだ受け付けていません。"
SEND_AGAIN = (
    "入力した内容は残っています。内容を確かめて、もう一度進めてください。"
    "パスワードやカード番号の欄がある場合は、入力し直してください。"
)
NOT_READ = {
    400: "送信された内容の一部を読み取れなかったため、まだ受け付けていません。",
    408: "送信が途中で止まったため、まだ受け付けていません。通信の状態を確かめてください。",
    413: f"入力された内容が大きすぎるため、まだ受け付けていません。画面全体で、{forms.LARGEST_IN_WORDS}までにしてください。",
}
"""By status, what is said above a form that could not be read as a whole."""
PART_READ = (
    "入力した内容は、届いたところまで残っています。足りないところを入力し直して、もう一度進めてください。"
    "パスワードやカード番号の欄がある場合は、入力し直してください。"
)
NOTHING_READ = {
    408: "入力した内容は読み取れていません。もう一度入力してください。",
    413: "入力した内容が多すぎて読み取れなかったため、画面を登録されている内容に戻しました。",
}


def _refused(request: Request, why: str, *, limit: bool = False) -> None:
    """A line in the security log, with whom it was refused."""
    visit = request.visit_if_any
    whom = visit.member.key if visit and visit.member else None
    write = security_log.limit if limit else security_log.note
    network = networks.logged(request.client.host if request.client else "")
    method = request.method if request.method.isalpha() else "other"
    write("refused", whom, why=why, method=method, path=_template(request), network=network)


def _template(request: Request) -> str:
    """The route that was asked for, without what stood for its variables."""
    return re.sub(r":[a-z]+}", "}", str(request.scope.get("path_template") or "")) or "none"


def _page(request: Request, status: int, text: str | None = None) -> Response[str]:
    trouble = TROUBLES.get(status) or TROUBLES[400 if status < 500 else 500]
    return unguarded_page(
        request,
        "layout/error.html",
        title=trouble.title,
        status=status,
        request_id=request_id.to_read_out(),
        text=text or trouble.text,
        again=send_again.button(request) if status in SEND_LATER else None,
        anew=send_again.begins_at(request) if status in SEND_LATER else "",
    )


def _give_back(
    request: Request, answer: Response[Any], reason: str, headers: dict[str, str] | None = None, **more: Any
) -> Response[Any]:
    """Have the form of a POST of ours given back with the reason (give_back.py); `answer` is sent where it has no page,
    or where it is not sure that whoever is logged in has typed it."""
    extra = headers or {}
    answer.headers.update(extra)
    ours = request.method == "POST" and request.received is not None and request.from_own_page
    if ours and request.form_page and request.may_fill_again:
        offer = _offer(request, answer.status_code or 400, reason)
        give_back.make(request.scope, replace(offer, headers=extra, more=more))
    return answer


def _offer(request: Request, status: int, reason: str) -> Offer:
    """The form on its way back to its page."""
    return Offer(
        status=422 if status == 403 else status,
        title=TROUBLES[status].title if status in (408, 413, 429) else NOT_GONE_ON,
        reason=reason,
        path=request.form_page,
        form=request.readable,
        whole=request.received is not None and isinstance(request.received.form, Form | forms.TooLong),
        query=request.form_query,
    )


def session_ended(request: Request, _: SessionEnded) -> Response[Any]:
    """To the login page and back; a sentence there says why.

    The box that warns of the end stays where it is, and says so itself: something may be typed on its page.
    """
    visit = request.visit_if_any
    if request.inline_target == "timeout":
        return piece(request, "layout/timeout.html", status=401, over=True)
    query = {"next": _way_back(request)}
    if visit and visit.ended:
        query["expired"] = "1" if visit.ended == "idle" else visit.ended
    return elsewhere(request, f"/login?{urlencode(query)}")


def stage_first(request: Request, error: StageFirst) -> Response[Any]:
    """To the page of the stage that the session is at; to the first page when nothing is left to be done."""
    first, visit = request.pages.entries.get(error.stage, "/"), request.visit_if_any
    if visit and visit.typed:
        return elsewhere(request, f"{first}?{urlencode({'next': _way_back(request)})}")
    return elsewhere(request, first)


def proof_needed(request: Request, error: ProofNeeded) -> Response[Any]:
    """To the page that asks for a password again, and back, where what was typed is in the form."""
    return elsewhere(request, f"/proof?{urlencode({'step': error.step.value, 'next': _way_back(request)})}")


def _way_back(request: Request) -> str:
    """Where to come back to: the page that was asked for, or the one that the form stood on, filled with what was typed."""
    visit = request.visit_if_any
    path, question = request.scope["path"], request.scope["query_string"].decode(errors="replace")
    if request.offer:
        path, question = request.offer.path, request.offer.query
    elif request.method not in READING:
        path, question = request.back or path, request.form_query
    if visit and visit.typed:
        kept = [part for part in question.split("&") if part and not part.startswith(f"{TYPED}=")]
        question = "&".join([*kept, f"{TYPED}={visit.typed}"])
    return f"{path}?{question}" if question else path


def forbidden(request: Request, error: Forbidden) -> Response[str]:
    _refused(request, "deleted" if error.deleted else "role")
    return _page(request, 403, DELETED if error.deleted else None)


def missing(request: Request, _: Missing) -> Response[str]:
    _refused(request, "missing")  # not there, or somebody else's: the line cannot tell either
    return _page(request, 404, gone.told(request.scope))


def untrusted(request: Request, _: Untrusted) -> Response[str]:
    _refused(request, "csrf")
    visit, answer = request.visit_if_any, _page(request, 403, UNTRUSTED)
    member = visit.member if visit else None
    why = (
        f"{STALE}現在は「{member.label}」でログインしています。"
        if member
        else UNTRUSTED.partition("。")[0] + "。"
    )
    return _give_back(request, answer, why + SEND_AGAIN)


def typed_by_another(request: Request, _: TypedByAnother) -> Response[str]:
    """The form waits for the login that typed it; whoever is logged in now reads so, and nothing of it."""
    _refused(request, "csrf")
    return unguarded_page(
        request,
        "access/login/another.html",
        title=NOT_GONE_ON,
        status=422,
        kept=bool(request.visit.typed),
        log_out=f"/logout?{urlencode({'next': _way_back(request)})}",
    )


FAILED = {"/login/second": "2段階認証", "/proof": "パスワードの確認"}


def too_many(request: Request, error: TooMany) -> Response[str]:
    """The lock page: how long, and what one can do in the meantime."""
    _refused(request, "attempts", limit=True)
    locked: dict[str, Any] = {
        "wait": usage.in_words(error.wait),
        "failed": FAILED.get(request.scope["path"], "ログイン"),
        "contact": request.settings.contact,
        "request_id": request_id.to_read_out(),
    }
    answer = unguarded_page(
        request,
        "access/login/locked.html",
        title=TROUBLES[429].title,
        status=429,
        **locked,
    )
    return _give_back(request, answer, "", _retry_after(error.wait), locked=locked)


def _retry_after(wait: timedelta) -> dict[str, str]:
    return {"Retry-After": str(max(1, int(wait.total_seconds())))}


def too_often(request: Request, error: TooOften) -> Response[str]:
    _refused(request, "usage", limit=True)
    text = f"短い時間に同じ操作が続いたため、受け付けを止めています。{usage.in_words(error.wait)}後に、もう一度お試しください。"
    return _give_back(request, _page(request, 429, text), text + SEND_AGAIN, _retry_after(error.wait))


def http_error(request: Request, error: HTTPException) -> Response[str]:
    """Litestar's own: no such route, method, body too large, unreadable form."""
    if error.status_code >= 500:
        _report(request, error)
    if why := NO_FORM.get(error.status_code):
        _refused(request, why)
    answer, reason = _page(request, error.status_code), NOT_READ.get(error.status_code)
    headers = dict(error.headers or {})
    if reason is None:
        answer.headers.update(headers)
        _have_it_read(request, error.status_code, headers)
        return answer
    if isinstance(error, forms.TooMany):
        reason += f"項目は、{forms.MOST_FIELDS}個まで読み取れます。"
    return _give_back(request, answer, reason + _what_is_left(request, error.status_code), headers)


def _have_it_read(request: Request, status: int, headers: dict[str, str]) -> None:
    """What a page of ours has sent to a path that takes no form: nobody has read it yet, so it could not be shown."""
    if status == 405 and request.method == "POST" and request.from_own_page and request.received is None:
        give_back.read_first(request.scope, headers)


def _what_is_left(request: Request, status: int) -> str:
    """Of what was typed, in words."""
    if request.readable is None:
        return NOTHING_READ.get(status, "")
    return PART_READ if status == 408 else SEND_AGAIN


def any_error(request: Request, error: Exception) -> Response[str]:
    """The database away: 503. Anything else is a bug: 500, with the traceback in the log and nothing on the page."""
    if database.unavailable(error):
        log.warning("database unavailable: %s %r: %r", request.method, request.scope["path"], error)
        answer = _page(request, 503)
        answer.headers["Retry-After"] = "10"
        return answer
    _report(request, error)
    return _page(request, 500)


def _report(request: Request, error: Exception) -> None:
    """A bug, for whoever runs the portal. The path is what anybody typed: quoted, it stays on its line."""
    reported = database.without_detail(error)
    log.error("unexpected error: %s %r", request.method, request.scope["path"], exc_info=reported)


HANDLERS: dict[int | type[Exception], Callable[..., Response[Any]]] = {
    SessionEnded: session_ended,
    StageFirst: stage_first,
    ProofNeeded: proof_needed,
    Forbidden: forbidden,
    Missing: missing,
    Untrusted: untrusted,
    TypedByAnother: typed_by_another,
    TooMany: too_many,
    TooOften: too_often,
    HTTPException: http_error,
    Exception: any_error,
}
"""Litestar gives each the application's own class of requests, which its type of a handler cannot say: hence `...`."""
