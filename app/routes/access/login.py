"""ログイン方法 (manual 3): two forms on one page, logout, and staying logged in."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from litestar import MediaType, Response, get, post
from litestar.response import Redirect

from app.domain.access import names, passkeys
from app.domain.access.challenges import WrongChallenge
from app.domain.access.closed import ContractOver
from app.domain.access.kept_passkeys import WrongPasskey
from app.domain.access.logins import By, WrongPair
from app.domain.access.matrix import Missing, Permission, Role
from app.domain.access.members import Member, Stage
from app.domain.access.names import Name
from app.domain.access.passkeys import RelyingParty
from app.domain.changes.words import Refused
from app.domain.notices import notices
from app.domain.notices.notices import Notice
from app.postgres import database
from app.web import factors
from app.web.forms import Form
from app.web.pages import open_to
from app.web.render import elsewhere, own_path, page, piece, saying, see_other
from app.web.request import TYPED, Request

WRONG_PAIR = "入力されたお客様番号またはアカウントIDと、パスワードの組み合わせが正しくありません。"
ENDED = {
    "1": "30分間操作がなかったため、ログアウトしました。",
    "long": "ログインから12時間が過ぎたため、ログアウトしました。",
    "elsewhere": (
        "ログインが終了しています。ほかの端末でログアウトされたか、パスワードが変更されたか、時間がたった可能性があります。"
    ),
}
"""Why whoever was led here has to log in again (members.how_it_ended); 1 is idle, as mypage.js writes it."""
CLEARED = '"cache", "storage"'
"""What a browser forgets at logout: not the cookies, one of which says that it is no stranger to the login."""
FIRST_REGISTRATION = "/accounts/new?first=yes"
"""The registration of an account ID as a login leads there: the page says why, and that it can wait. Nothing else leads
there, so whoever puts it off is not asked again before the next login."""
NAMES: dict[By, str] = {"customer": "お客様番号", "account": "アカウントID"}


@get("/login", opt=open_to(Permission.ANYONE))
async def login_page(request: Request) -> Response[Any]:
    if request.visit.member:
        return see_other(own_path(request.query_params.get("next", "")))
    return await _page(request, Form({"next": request.query_params.get("next", "")}))


@post("/login", opt=open_to(Permission.ANYONE))
async def log_in(request: Request) -> Response[Any] | Redirect:
    form = await request.read_form()
    pair = _pair(form)
    if pair is None:
        return await _page(request, form)
    name, password = pair
    try:
        member = await request.visit.log_in(name.by, name.name, password)
    except (WrongPair, ContractOver) as refused:
        form.must(False, "name", str(refused) or WRONG_PAIR)
        return await _page(request, form)
    leads_to = landing(request, member, form.typed.get("next", ""))
    in_the_other_form = name.by != form.typed["by"] and member.stage is Stage.OPEN
    return elsewhere(request, saying(leads_to, f"by-{name.by}") if in_the_other_form else leads_to)


@get("/login/passkey.json", opt=open_to(Permission.ANYONE))
async def passkey_options(request: Request) -> Response[str]:
    """What a browser asks a passkey to sign in with; nothing is stored for it."""
    party = wanted_party(request)
    challenge = factors.challenges(request.visit, "login").new()
    return Response(passkeys.to_sign_in(party, challenge), media_type=MediaType.JSON)


@post("/login/passkey", opt=open_to(Permission.ANYONE, back="/login"))
async def log_in_by_passkey(request: Request) -> Response[Any]:
    form = await request.read_form()
    try:
        answer = form.typed.get("credential", "")
        member = await factors.sign_in(request.visit, answer, wanted_party(request))
    except (WrongPasskey, WrongChallenge) as wrong:
        form.refuse(Refused(wrong.reason))
    except WrongPair:  # its account ID was deleted just now
        form.refuse(Refused(passkeys.UNKNOWN))
    except ContractOver as over:
        form.refuse(Refused(str(over)))
    else:
        return elsewhere(request, landing(request, member, form.typed.get("next", "")))
    return await _page(request, form)


@post("/logout", opt=open_to(Permission.ANYONE, back="/", same_origin=True))
async def log_out(request: Request) -> Redirect:
    """Whatever page of ours it is pressed on, however old: nobody is logged in afterwards. The next login goes on to `next`."""
    await request.visit.log_out()
    back = own_path(request.query_params.get("next", ""))
    answer = see_other("/login?out=1" if back == "/" else f"/login?{urlencode({'out': 1, 'next': back})}")
    answer.headers["Clear-Site-Data"] = CLEARED
    return answer


@post("/session/extend", opt=open_to(Permission.SESSION, back="/", same_origin=True))
async def extend(request: Request) -> Response[Any]:
    """The guard has noted that the session is in use; a browser without script goes to its first page.

    Typing asks for it, too, once a minute at most (static/mypage.js).
    """
    if request.headers.get("hx-request") != "true":
        return see_other("/")
    return piece(request, "layout/timeout.html", extended=True)


def _pair(form: Form) -> tuple[Name, str] | None:
    """Whose login is meant, and the password, both as they are stored; None with the reasons in the form."""
    by = next((by for by in NAMES if by == form.typed.get("by")), None)
    if by is None:
        form.must(False, "name", "ログイン方法を選んでください。")
        return None
    name, password = (
        names.read(by, form.typed.get("name", "")),
        names.password(form.typed.get("password", "")),
    )
    form.must(bool(name.name), "name", f"{NAMES[by]}を入力してください。")
    form.must("@" not in name.name, "name", names.NO_ADDRESS)
    form.must(bool(password), "password", "パスワードを入力してください。")
    return (name, password) if form.valid else None


def landing(request: Request, member: Member, next_path: str) -> str:
    """Where a login leads: on to what it has to do first, back to where one was, a first login to register an account
    ID, else to the first page."""
    back = own_path(next_path)
    if member.stage is not Stage.OPEN:
        first = request.pages.entries.get(member.stage, "/")
        return f"{first}?{urlencode({'next': back})}" if back != "/" else first
    if back == "/" and member.role is Role.CUSTOMER and not member.accounts and not member.closed:
        return FIRST_REGISTRATION
    return back


def wanted_party(request: Request) -> RelyingParty:
    """This portal for passkeys. Raises Missing where there can be none."""
    party = request.relying_party
    if party is None:
        raise Missing(request.headers["host"])
    return party


async def _current() -> list[Notice]:
    """What whoever is cut off looks for first; nothing while the database is away, so that the page still stands."""
    try:
        return (await notices.public()).current
    except Exception as error:
        if not database.unavailable(error):
            raise
        return []


async def _page(request: Request, form: Form) -> Response[str]:
    return page(
        request,
        "access/login/login.html",
        title="ログイン",
        form=form,
        blank=Form(),
        ended=ENDED.get(request.query_params.get("expired", "")),
        out="out" in request.query_params,
        reset="reset" in request.query_params,
        passkeys=request.relying_party is not None,
        current=await _current(),
        kept=f"{TYPED}=" in form.typed.get("next", ""),
    )
