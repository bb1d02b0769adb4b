"""お客様情報変更 (manual 20), and the page of the link that verifies a new 連絡用メールアドレス."""

from __future__ import annotations

from functools import partial
from typing import Any

from litestar import Response, get, post

from app.domain import fields
from app.domain.access.matrix import Permission
from app.domain.access.proofs import Step
from app.domain.changes import asking
from app.domain.changes.words import Refused
from app.domain.mail import ours
from app.domain.people import contact_address, customer
from app.domain.people.customer import ChangeCustomer, Contractor
from app.routes.changes.drafts import draft
from app.web.forms import Form
from app.web.pages import Menu, Place, open_to
from app.web.render import page, see_other
from app.web.request import Request


@get(
    "/customer",
    opt=open_to(Permission.CONTRACT, step=Step.RECENT, menu=Place(Menu.PROCEDURES, 10, "お客様情報変更")),
)
async def input_page(request: Request) -> Response[str]:
    drafted = await draft(request, None, ChangeCustomer)
    now = drafted[0].before if drafted else await customer.registered(request.member)
    return _page(request, _filled(drafted[0].details if drafted else now.details), now)


@post("/customer", opt=open_to(Permission.CONTRACT))
async def change(request: Request) -> Response[Any]:
    member, form = request.member, await request.read_form()
    now = await customer.registered(member)
    details = _details(form, now)
    if details and details.email not in ("", now.details.email):
        await form.accept("email", ours.somebodys(details.email))
    form.must_change(details != now.details)
    if details is None or not form.valid:
        return _page(request, form, now)
    return see_other(f"/changes/{await asking.ask(member, ChangeCustomer(details, now))}")


@get("/customer/email", opt=open_to(Permission.CONTRACT, step=Step.RECENT))
async def address_page(request: Request) -> Response[str]:
    """What the mailed link opens: it changes nothing, a mail scanner may open it too."""
    typed = request.typed_before or {}
    return await _address_page(request, request.query_params.get("token") or typed.get("token", ""))


@post("/customer/email", opt=open_to(Permission.CONTRACT, step=Step.RECENT))
async def verify_address(request: Request) -> Response[Any]:
    member, token = request.member, (await request.read_form()).typed.get("token", "")
    change = await contact_address.of_link(member, token)
    if change is None:
        return await _address_page(request, token)
    identity = await asking.ask(member, change)
    try:
        await asking.confirm(member, identity, asking.fingerprint(asking.review(member, change)))
    except Refused:  # the link was answered, or replaced, in the meantime
        return await _address_page(request, token)
    return see_other(f"/changes/{identity}")


def _details(form: Form, now: Contractor) -> customer.ContractorDetails | None:
    """What was typed; None with the reasons in the form."""
    details = customer.ContractorDetails(
        occupation=now.details.occupation
        if now.is_company
        else now.occupation(form.take("occupation", fields.occupation) or ""),
        household=now.details.household
        if now.is_company
        else form.take("household", fields.optional_household),
        phone=form.take("phone", fields.phone) or "",
        fax=form.take("fax", partial(fields.optional_phone, label="FAX番号")) or "",
        mobile=form.take("mobile", partial(fields.optional_phone, label="携帯電話番号")) or "",
        email=form.take("email", fields.optional_mail_address) or "",
    )
    return details if form.valid else None


def _filled(details: customer.ContractorDetails) -> Form:
    household = "" if details.household is None else str(details.household)
    occupation = fields.shown_occupation(details.occupation)
    names = ("phone", "fax", "mobile", "email")
    known = {name: getattr(details, name) for name in names}
    return Form({"household": household, "occupation": occupation, **known})


def _page(request: Request, form: Form, now: Contractor) -> Response[str]:
    return page(
        request,
        "people/customer/input.html",
        title="顧客基本情報入力",
        form=form,
        on_paper=now.on_paper,
        is_company=now.is_company,
        occupations=fields.OCCUPATIONS,
        waiting=now.waiting,
    )


async def _address_page(request: Request, token: str) -> Response[str]:
    change = await contact_address.of_link(request.member, token)
    return page(
        request,
        "people/customer/address.html",
        title="連絡用メールアドレスの確認",
        change=change,
        token=token,
        unusable=contact_address.UNUSABLE if token else contact_address.OPEN_AGAIN,
    )
