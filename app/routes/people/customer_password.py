"""お客様番号パスワード変更 (manual 21)."""

from __future__ import annotations

from functools import partial
from typing import Any

from litestar import Response, get, post

from app.domain import fields
from app.domain.access.matrix import Permission
from app.domain.access.proofs import Step
from app.domain.changes import asking
from app.domain.people import customer_password, weak_passwords
from app.domain.people.customer_password import ChangeCustomerPassword
from app.web import forms
from app.web.forms import Form
from app.web.pages import Menu, Place, open_to
from app.web.render import page, see_other
from app.web.request import Request


@get(
    "/customer-password",
    opt=open_to(
        Permission.CONTRACT, step=Step.HOLDER, menu=Place(Menu.PROCEDURES, 20, "お客様番号パスワード変更")
    ),
)
async def input_page(request: Request) -> Response[str]:
    return _page(request, Form())


@post("/customer-password", opt=open_to(Permission.CONTRACT, step=Step.HOLDER))
async def change(request: Request) -> Response[Any]:
    member, form = request.member, await request.read_form()
    rule = partial(fields.customer_password, customer_number=member.customer_number)
    about = await weak_passwords.of_contractor(member.contract.id)
    hashed = partial(customer_password.new_password, member)
    password = await forms.password_typed_twice(form, rule, about, hashed, "新パスワード")
    if password is None:
        return _page(request, form)
    change = ChangeCustomerPassword(password.hash)
    return see_other(f"/changes/{await asking.ask(member, change, password.peek)}")


def _page(request: Request, form: Form) -> Response[str]:
    return page(request, "people/customer_password/input.html", title="お客様番号パスワード変更", form=form)
