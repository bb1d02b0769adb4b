"""ログイン方法 (manual 3): two forms on one page, logout, and staying logged in."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.response import Redirect

from app import errors, forms, session
from app.domain.attempts import TooMany
from app.domain.fields import half_width
from app.domain.members import Member, Permission, Role
from app.forms import Form
from app.render import page, piece, see_other

WRONG_PAIR = "入力されたお客様番号またはアカウントIDと、パスワードの組み合わせが正しくありません。"
LONGEST = 128
"""Characters of a name or password that are looked at: longer ones belong to nobody."""
KINDS = {"customer": "お客様番号", "account": "アカウントID"}


@get("/login", opt={"permission": Permission.ANYONE})
async def login_page(request: Request[Any, Any, Any]) -> Response[Any]:
    if session.visit_of(request).member:  # type: ignore[union-attr]
        return see_other("/")
    return _page(request, Form(), next_path=request.query_params.get("next", ""))


@post("/login", opt={"permission": Permission.ANYONE})
async def log_in(request: Request[Any, Any, Any]) -> Response[Any] | Redirect:
    form = await forms.read(request)
    kind = form.typed.get("kind", "")
    form.must(kind in KINDS, "name", "ログイン方法を選んでください。")
    name = _name(kind, form.typed.get("name", ""))
    password = form.typed.get("password", "")
    form.must(bool(name), "name", f"{KINDS.get(kind, 'ID')}を入力してください。")
    form.must(bool(password), "password", "パスワードを入力してください。")
    if not form.valid:
        return _page(request, form, 422)
    try:
        member = await session.log_in(request, kind, name[:LONGEST], password[:LONGEST])
    except session.WrongPair:
        form.must(False, "name", WRONG_PAIR)
        return _page(request, form, 422)
    except TooMany as error:
        return errors.too_many(request, error)
    return see_other(_landing(member, form.typed.get("next", "")))


@post("/logout", opt={"permission": Permission.SESSION})
async def log_out(request: Request[Any, Any, Any]) -> Redirect:
    await session.log_out(request)
    return see_other("/login?out=1")


@post("/session/extend", opt={"permission": Permission.SESSION})
async def extend(request: Request[Any, Any, Any]) -> Response[Any]:
    """The guard has noted that the session is in use; a browser without script goes to its first page."""
    if request.headers.get("hx-request") != "true":
        return see_other("/")
    return piece(request, "layout/timeout.html", extended=True)


def _name(kind: str, typed: str) -> str:
    """As the login is stored: 半角, a customer number without spaces and hyphens."""
    name = half_width(typed)
    return name.replace("-", "").replace(" ", "") if kind == "customer" else name


def _landing(member: Member, next_path: str) -> str:
    """Where a login leads: back to where one was, a first login to register an account ID, else the first page."""
    if next_path:
        return session.own_path(next_path)
    return "/accounts/new" if member.role is Role.CUSTOMER and not member.accounts else "/"


def _page(
    request: Request[Any, Any, Any], form: Form, status: int = 200, next_path: str = ""
) -> Response[str]:
    return page(
        request,
        "login/login.html",
        title="ログイン",
        status=status,
        form=form,
        blank=Form(),
        next_path=form.typed.get("next", next_path),
        expired="expired" in request.query_params,
        out="out" in request.query_params,
    )
