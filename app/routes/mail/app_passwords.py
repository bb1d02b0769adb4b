"""メールソフト用パスワード (spec 18): make one, or remove it."""

from __future__ import annotations

from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from app.domain.access.graph import Account
from app.domain.access.matrix import Permission
from app.domain.changes import asking
from app.domain.mail import app_passwords, consent
from app.domain.mail.app_passwords import MakeAppPassword
from app.routes.changes.drafts import draft
from app.routes.mail.consent import agreed, must_agree
from app.web.forms import Form
from app.web.pages import open_to
from app.web.render import page, see_other
from app.web.request import Request


@get("/accounts/{login:str}/mail-passwords", opt=open_to(Permission.MAIL_ADDRESS))
async def input_page(request: Request, login: FromPath[str]) -> Response[str]:
    account = request.member.account(login)
    drafted = await draft(request, login, MakeAppPassword)
    typed = {"called": drafted[0].called, "consent": "yes" if drafted[0].consent else ""} if drafted else {}
    return _page(request, Form(typed), account)


@post("/accounts/{login:str}/mail-passwords", opt=open_to(Permission.MAIL_ADDRESS))
async def change(request: Request, login: FromPath[str]) -> Response[Any]:
    member, form = request.member, await request.read_form()
    account = member.account(login)
    if slot := request.query_params.get("remove"):
        return see_other(f"/changes/{await asking.ask(member, app_passwords.removal(account, slot))}")
    form.refuse(asking.judge(member, MakeAppPassword(login, "", consent=True)))
    must_agree(form, member, login)
    called = form.take("called", partial(app_passwords.free_name, account))
    if called is None or not form.valid:
        return _page(request, form, account)
    wanted = MakeAppPassword(login, called, consent=agreed(form))
    return see_other(f"/changes/{await asking.ask(member, wanted)}")


def _page(request: Request, form: Form, account: Account) -> Response[str]:
    return page(
        request,
        "mail/app_passwords/input.html",
        title=app_passwords.TITLE,
        form=form,
        account=account,
        most=app_passwords.MOST,
        last_use=app_passwords.last_use,
        refused=asking.judge(request.member, MakeAppPassword(account.login, "", consent=True)),
        others=consent.needed(request.member, account.login),
        consent_label=consent.LABEL,
    )
