"""パスワードをお忘れの方 (spec 18): asking for a link, and the new password that the link sets."""

from __future__ import annotations

from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect

from app.domain import fields
from app.domain.access import logins, names
from app.domain.access.matrix import Permission
from app.domain.access.names import Name
from app.domain.changes.words import Refused
from app.domain.people import forgotten
from app.domain.people.forgotten import Lost, PasswordLink
from app.routes.people.new_password import typed_twice
from app.web.forms import Form
from app.web.pages import open_to
from app.web.render import page, see_other
from app.web.request import Request
from app.web.visit import Visit

TITLE = "パスワードの再設定"
OF_THE_LINK = {"Referrer-Policy": "strict-origin"}
"""Its page has the token in its address, which nothing that the page fetches is told."""


@get("/forgotten", opt=open_to(Permission.ANYONE))
async def ask_page(request: Request) -> Response[str]:
    by = request.query_params.get("by", "")
    return _ask_page(request, Form({"by": by if by in ("customer", "account") else "customer"}))


@post("/forgotten", opt=open_to(Permission.ANYONE))
async def ask(request: Request) -> Response[Any]:
    """One answer for all: what is done, and whether anything is, follows when it is sent."""
    form = await request.read_form()
    lost = _lost(form)
    if lost is None:
        return _ask_page(request, form)
    request.visit.afterwards.append(partial(_mail, request.visit, lost))
    return see_other("/forgotten/sent")


@get("/forgotten/sent", opt=open_to(Permission.ANYONE))
async def sent_page(request: Request) -> Response[str]:
    contact = request.settings.contact
    return page(request, "people/forgotten/sent.html", title="お申し込みを受け付けました", contact=contact)


@get("/forgotten/new", opt=open_to(Permission.ANYONE))
async def new_page(request: Request) -> Response[str]:
    """What the mailed link opens: it changes nothing, a mail scanner may open it too."""
    token = request.query_params.get("token", "")
    return await _new_page(request, Form({"token": token}), await forgotten.of_link(token))


@post("/forgotten/new", opt=open_to(Permission.ANYONE))
async def set_new(request: Request) -> Response[Any] | Redirect:
    form, visit = await request.read_form(), request.visit
    token = form.typed.get("token", "")
    link = await forgotten.of_link(token)
    if link is None:
        return await _new_page(request, form, None)
    new = await typed_twice(form, await forgotten.member_of(link), by_link=True)
    if new is None:
        return await _new_page(request, form, link)
    try:
        await forgotten.set_new(token, new.hash, visit.device)
    except Refused as refused:
        form.refuse(refused)
        return await _new_page(request, form, await forgotten.of_link(token))
    await visit.remember_name(link.name.by, link.name.name)
    return see_other("/login?reset=1")


def _lost(form: Form) -> Lost | None:
    """What was typed; None with the reasons in the form."""
    by = next((one for one in logins.BYS if one == form.typed.get("by")), None)
    form.must(by is not None, "by", "どちらのパスワードかを選んでください。")
    name = names.read(by or "customer", form.typed.get("name", ""))
    form.must(bool(name.name), "name", "お客様番号またはアカウントIDを入力してください。")
    form.must("@" not in name.name, "name", names.NO_ADDRESS)
    email = form.take("email", fields.mail_address)
    return Lost(name, email) if email and form.valid else None


async def _mail(visit: Visit, lost: Lost) -> None:
    await forgotten.mail_link(lost, visit.keys.newest, visit.address, partial(_known, visit, lost.name))


def _known(visit: Visit, name: Name, owner: logins.Owner | None) -> str | None:
    """The browser that asks, if it has logged in with that login by the password that it has."""
    return visit.browser if visit.knows(name.login, owner) else None


def _ask_page(request: Request, form: Form) -> Response[str]:
    contact = request.settings.contact
    return page(request, "people/forgotten/ask.html", title=TITLE, form=form, contact=contact)


async def _new_page(request: Request, form: Form, link: PasswordLink | None) -> Response[str]:
    answer = page(
        request,
        "people/forgotten/new.html",
        title=TITLE,
        form=form,
        link=link,
        login=link.name.in_words if link else "",
        unusable=forgotten.UNUSABLE if form.typed.get("token") else forgotten.OPEN_AGAIN,
    )
    answer.headers.update(OF_THE_LINK)
    return answer
