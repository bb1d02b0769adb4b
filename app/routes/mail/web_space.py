"""Webスペース (spec 8): register one, or delete it."""

from __future__ import annotations

from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from app.domain import fields
from app.domain.access.graph import Account
from app.domain.access.matrix import Permission
from app.domain.changes import asking
from app.domain.mail import system as mail_system
from app.domain.mail import web_space
from app.domain.mail.web_space import DeleteWebSpace, RegisterWebSpace
from app.routes.changes.drafts import draft
from app.web.forms import Form
from app.web.pages import open_to
from app.web.render import page, see_other
from app.web.request import Request


@get("/accounts/{login:str}/web-space", opt=open_to(Permission.WEB_SPACE))
async def input_page(request: Request, login: FromPath[str]) -> Response[str]:
    account = request.member.account(login)
    drafted = await draft(request, login, RegisterWebSpace)
    return _page(request, Form({"space": drafted[0].space} if drafted else {}), account)


@post("/accounts/{login:str}/web-space", opt=open_to(Permission.WEB_SPACE))
async def change(request: Request, login: FromPath[str]) -> Response[Any]:
    member, form = request.member, await request.read_form()
    account = member.account(login)
    if space := form.typed.get("delete"):
        return see_other(f"/changes/{await asking.ask(member, DeleteWebSpace(login, space))}")
    form.refuse(asking.judge(member, RegisterWebSpace(login, "")), "space")
    named = await _free_name(form)
    if not form.valid:
        return _page(request, form, account)
    return see_other(f"/changes/{await asking.ask(member, RegisterWebSpace(login, named))}")


async def _free_name(form: Form) -> str:
    space = form.take("space", partial(fields.local_part, label="Webスペース名"))
    if space:
        await form.accept("space", web_space.must_be_free(space))
    return space or ""


def _page(request: Request, form: Form, account: Account) -> Response[str]:
    system = mail_system.current()
    return page(
        request,
        "mail/web_space/input.html",
        title="Webスペース",
        form=form,
        account=account,
        host=system.web_host,
        home_page=system.home_page(account.web_space) if account.web_space else None,
        refused=asking.judge(request.member, RegisterWebSpace(account.login, "")),
    )
