"""/new-password: whoever logged in with a one-time password sets an own one before anything else (spec 18)."""

from __future__ import annotations

from functools import partial
from typing import Any

from litestar import Response, get, post

from app.domain import fields
from app.domain.access.matrix import Permission
from app.domain.access.members import Member, Stage
from app.domain.access.passwords import NewPassword
from app.domain.changes import asking
from app.domain.changes.words import Refused
from app.domain.people import account_password, customer_password, new_password, weak_passwords
from app.web import forms
from app.web.forms import Form
from app.web.pages import open_to
from app.web.render import elsewhere, page
from app.web.request import Request


@get(new_password.PAGE, opt=open_to(Permission.SESSION, stages=(), entry=Stage.NEW_PASSWORD))
async def input_page(request: Request) -> Response[str]:
    return _page(request, Form())


@post(new_password.PAGE, opt=open_to(Permission.SESSION, stages=(Stage.NEW_PASSWORD,)))
async def set_new(request: Request) -> Response[Any]:
    """No confirm page comes between: it would show three characters and stars, and be one more page before any other."""
    member, form = request.member, await request.read_form()
    new = await typed_twice(form, member)
    if new is None:
        return _page(request, form)
    change = new_password.change_of(member, new.hash, "one-time", request.visit.device)
    identity = await asking.ask(member, change, new.peek)
    try:
        await asking.confirm(member, identity)
    except Refused as refused:
        form.refuse(refused)
        return _page(request, form)
    await request.visit.go_on_with_new_password()
    return elsewhere(request, f"/changes/{identity}")


async def typed_twice(form: Form, member: Member, *, by_link: bool = False) -> NewPassword | None:
    """The new password of the member's own login by its rules; None with the reasons in the form.

    `by_link`: nobody is logged in, so a refusal must tell nothing of the person, guess by guess.
    """
    if member.own is None:
        rule = partial(fields.customer_password, customer_number=member.customer_number)
        about = weak_passwords.About(customer_number=member.customer_number)
        if not by_link:
            about = await weak_passwords.of_contractor(member.contract.id)
        hashed = partial(customer_password.new_password, member)
        return await forms.password_typed_twice(form, rule, about, hashed, "新パスワード")
    rule = partial(fields.account_password, login=member.own.login)
    if by_link:
        about = weak_passwords.of_account(member.own.login, "")
    else:
        its = weak_passwords.of_account(member.own.login, member.customer_number, member.own)
        about = await weak_passwords.of_member(member, its)
    hashed = partial(account_password.new_password, member, member.own)
    return await forms.password_typed_twice(form, rule, about, hashed)


def _page(request: Request, form: Form) -> Response[str]:
    return page(request, "people/new_password/input.html", title=new_password.TITLE, form=form)
