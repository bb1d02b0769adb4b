"""The step that asks for a password again (spec 1※), and leads back to where one was going."""

from __future__ import annotations

from typing import Any

from litestar import MediaType, Response, get, post

from app.domain.access import names, passkeys, proofs
from app.domain.access.challenges import WrongChallenge
from app.domain.access.kept_passkeys import WrongPasskey
from app.domain.access.logins import WrongPair
from app.domain.access.matrix import Missing, Permission
from app.domain.access.members import Member, Stage
from app.domain.access.proofs import SetHere, Step
from app.domain.changes.words import Refused
from app.routes.access.login import wanted_party
from app.web import factors
from app.web.forms import Form
from app.web.pages import open_to
from app.web.render import elsewhere, own_path, page
from app.web.request import Request

TITLES = {Step.RECENT: "パスワードの確認", Step.CUSTOMER: "お客様番号で再度ログイン"}
WRONG = {
    Step.RECENT: "パスワードが正しくありません。",
    Step.CUSTOMER: "入力されたお客様番号とお客様番号パスワードの組み合わせが正しくありません。",
}
STAGES = (Stage.OPEN, Stage.SET_UP)
"""How far a session must have come: a second factor is set up behind a step, too."""


@get("/proof", opt=open_to(Permission.SESSION, stages=STAGES))
async def proof_page(request: Request) -> Response[str]:
    asked = {name: request.query_params.get(name, "") for name in ("step", "next")}
    return await _page(request, Form(asked))


@post("/proof", opt=open_to(Permission.SESSION, back="/", stages=STAGES))
async def prove(request: Request) -> Response[Any]:
    form = await request.read_form()
    step = _step(form, request.member)
    proofs.may_pass(request.member, step)
    number, password = _pair(form, step)
    if not form.valid:
        return await _page(request, form)
    try:
        await request.visit.prove(step, number, password)
    except WrongPair:
        form.must(False, "password", WRONG[step])
        return await _page(request, form)
    except SetHere:  # the page says so
        return await _page(request, form)
    return elsewhere(request, own_path(form.typed.get("next", "")))


@get("/proof/passkey.json", opt=open_to(Permission.SESSION, stages=STAGES))
async def passkey_options(request: Request) -> Response[str]:
    member, party = request.member, wanted_party(request)
    step = _step(Form({"step": request.query_params.get("step", "")}), member)
    proofs.may_pass(member, step)
    challenge = factors.challenges(request.visit, "step").new()
    made = await passkeys.to_prove(factors.whose(member, step), party, challenge, member)
    return Response(made, media_type=MediaType.JSON)


@post("/proof/passkey", opt=open_to(Permission.SESSION, back="/", stages=STAGES))
async def prove_by_passkey(request: Request) -> Response[Any]:
    form = await request.read_form()
    step, answer = _step(form, request.member), form.typed.get("credential", "")
    try:
        await factors.prove(request.visit, step, answer, wanted_party(request))
    except (WrongPasskey, WrongChallenge) as wrong:
        form.refuse(Refused(wrong.reason))
        return await _page(request, form)
    return elsewhere(request, own_path(form.typed.get("next", "")))


def _pair(form: Form, step: Step) -> tuple[str, str]:
    """The customer number, where the step asks for it, and the password; what is missing is told in the form."""
    number = names.of_number(form.typed.get("customer_number", ""))
    password = names.password(form.typed.get("password", ""))
    form.must(bool(number) or step is Step.RECENT, "customer_number", "お客様番号を入力してください。")
    form.must(bool(password), "password", "パスワードを入力してください。")
    return number, password


def _step(form: Form, member: Member) -> Step:
    """The step that the form is for, as this member is asked for it. Raises Missing."""
    try:
        return proofs.asked(member, Step(form.typed.get("step", "")))
    except ValueError as error:
        raise Missing(form.typed.get("step")) from error


async def _page(request: Request, form: Form) -> Response[str]:
    member = request.member
    step = _step(form, member)
    proofs.may_pass(member, step)
    passkey = request.relying_party is not None and await passkeys.usable(factors.whose(member, step), member)
    shown: dict[str, Any] = {"step": step, "set_here": proofs.set_here(member, step), "passkey": passkey}
    return page(request, "access/proof/proof.html", title=TITLES[step], form=form, **shown)
