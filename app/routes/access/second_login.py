"""The second factor after the password (spec 18): a code, or a passkey."""

from __future__ import annotations

from typing import Any

from litestar import MediaType, Response, get, post

from app.domain.access import passkeys, second_factor
from app.domain.access.challenges import WrongChallenge
from app.domain.access.kept_passkeys import WrongPasskey
from app.domain.access.matrix import Permission
from app.domain.access.members import Stage
from app.domain.access.second_factor import Whose
from app.domain.access.totp import WrongCode
from app.domain.changes.words import Refused
from app.routes.access.login import landing, wanted_party
from app.web import factors
from app.web.forms import Form
from app.web.pages import open_to
from app.web.render import elsewhere, page
from app.web.request import Request

HERE = "/login/second"
THIS = (Stage.SECOND_FACTOR,)


@get(HERE, opt=open_to(Permission.SESSION, stages=(), entry=Stage.SECOND_FACTOR))
async def second_page(request: Request) -> Response[str]:
    return await _page(request, Form({"next": request.query_params.get("next", "")}))


@post(HERE, opt=open_to(Permission.SESSION, stages=THIS))
async def give_code(request: Request) -> Response[Any]:
    form = await request.read_form()
    code = form.typed.get("code", "").strip()
    form.must(bool(code), "code", "コードを入力してください。")
    if not form.valid:
        return await _page(request, form)
    try:
        member = await factors.give_code(request.visit, code)
    except WrongCode as wrong:
        form.must(False, "code", wrong.reason)
        return await _page(request, form)
    return elsewhere(request, landing(request, member, form.typed.get("next", "")))


@get(f"{HERE}/passkey.json", opt=open_to(Permission.SESSION, stages=THIS))
async def passkey_options(request: Request) -> Response[str]:
    member, party = request.member, wanted_party(request)
    challenge = factors.challenges(request.visit, "second-factor").new()
    made = await passkeys.to_prove(Whose.own(member), party, challenge, member)
    return Response(made, media_type=MediaType.JSON)


@post(f"{HERE}/passkey", opt=open_to(Permission.SESSION, stages=THIS, back=HERE))
async def give_passkey(request: Request) -> Response[Any]:
    form = await request.read_form()
    try:
        answer = form.typed.get("credential", "")
        member = await factors.give_passkey(request.visit, answer, wanted_party(request))
    except (WrongPasskey, WrongChallenge) as wrong:
        form.refuse(Refused(wrong.reason))
        return await _page(request, form)
    return elsewhere(request, landing(request, member, form.typed.get("next", "")))


async def _page(request: Request, form: Form) -> Response[str]:
    found = await second_factor.of(Whose.own(request.member))
    form.typed["code"] = ""
    passkey = bool(found.passkeys) and request.relying_party is not None
    return page(
        request, "access/second/second.html", title="2段階認証", form=form, found=found, passkey=passkey
    )
