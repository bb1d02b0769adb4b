"""The step that asks for a password again (spec 1※), and leads back to where one was going."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post

from app.domain.access import names, proofs
from app.domain.access.logins import WrongPair
from app.domain.access.matrix import Missing, Permission
from app.domain.access.members import Member
from app.domain.access.proofs import SetHere, Step
from app.web.forms import Form
from app.web.pages import open_to
from app.web.render import elsewhere, own_path, page
from app.web.request import Request

TITLES = {Step.RECENT: "パスワードの確認", Step.CUSTOMER: "お客様番号で再度ログイン"}
WRONG = {
    Step.RECENT: "パスワードが正しくありません。",
    Step.CUSTOMER: "入力されたお客様番号とお客様番号パスワードの組み合わせが正しくありません。",
}


@get("/proof", opt=open_to(Permission.SESSION))
async def proof_page(request: Request) -> Response[str]:
    asked = {name: request.query_params.get(name, "") for name in ("step", "next")}
    return _page(request, Form(asked))


@post("/proof", opt=open_to(Permission.SESSION, back="/"))
async def prove(request: Request) -> Response[Any]:
    form = await request.read_form()
    step = _step(form, request.member)
    proofs.may_pass(request.member, step)
    number, password = _pair(form, step)
    if not form.valid:
        return _page(request, form)
    try:
        await request.visit.prove(step, number, password)
    except WrongPair:
        form.must(False, "password", WRONG[step])
        return _page(request, form)
    except SetHere:  # the page says so
        return _page(request, form)
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


def _page(request: Request, form: Form) -> Response[str]:
    member = request.member
    step = _step(form, member)
    proofs.may_pass(member, step)
    set_here = proofs.set_here(member, step)
    return page(
        request, "access/proof/proof.html", title=TITLES[step], form=form, step=step, set_here=set_here
    )
