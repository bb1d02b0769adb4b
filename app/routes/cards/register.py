"""お支払い方法登録／変更 (manual 19).

With the local vault the number comes with our form and goes straight to the vault. With Stripe the member goes to its
page and comes back; only there our page's policy lets a form lead to Stripe.
"""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any, TypeVar

from litestar import Response, get, post

from app.domain import clock, fields
from app.domain.access.matrix import Missing, Permission
from app.domain.access.proofs import Step
from app.domain.cards import kept, numbers, visits
from app.domain.cards.register import RegisterCard, is_contractor, refusal
from app.domain.changes import asking
from app.domain.fields import Wrong
from app.domain.months import Month
from app.gateway.port import Declined, Unreachable
from app.gateway.stripe_checkout import StripeCheckout
from app.gateway.vault import Vault
from app.routes.changes.drafts import draft
from app.web import forms, front_door
from app.web.forms import Form
from app.web.pages import Menu, Place, open_to
from app.web.render import page, see_other
from app.web.request import Request

G = TypeVar("G", Vault, StripeCheckout)

AWAY = "ただいまカード会社の画面に接続できません。しばらくしてから、もう一度お試しください。"


@get(
    "/payment",
    opt=open_to(Permission.PAYMENT, step=Step.RECENT, menu=Place(Menu.PROCEDURES, 30, "お支払い方法変更")),
)
async def input_page(request: Request) -> Response[str]:
    drafted = await draft(request, None, RegisterCard)
    return _page(request, _filled(drafted[0]) if drafted else Form())


@post("/payment", opt=open_to(Permission.PAYMENT))
async def register(request: Request) -> Response[Any]:
    """The local vault's form, with the number."""
    member, form, vault = request.member, await request.read_form(), _gateway(request, Vault)
    expires = _expires(form)
    given = form.take("given", partial(numbers.holder, label="カード名義（名）"))
    family = form.take("family", partial(numbers.holder, label="カード名義（姓）"))
    number = form.take(forms.CARD_FIELD, lambda _: numbers.number(form.card_number))
    form.take("agree", fields.agreement)
    if not (form.valid and expires and given and family and number):
        return _page(request, form)
    differs = not await is_contractor(member.contract, f"{given} {family}")
    change = RegisterCard(await vault.keep(number, expires), given, family, differs)
    return see_other(f"/changes/{await asking.ask(member, change)}")


@post("/payment/visit", opt=open_to(Permission.PAYMENT, step=Step.RECENT, back="/payment"))
async def visit(request: Request) -> Response[Any]:
    """To Stripe's page."""
    member, form, stripe = request.member, await request.read_form(), _gateway(request, StripeCheckout)
    form.take("agree", fields.agreement)
    if not form.valid:
        return _page(request, form)
    identity, payer = uuid.uuid4(), member.contract.card.payer if member.contract.card else ""
    try:
        begun = await stripe.begin(identity, member.contract.id, payer, f"{request.origin}/payment")
    except Unreachable:
        form.must(False, "agree", AWAY)
        return _page(request, form)
    await visits.start(member, identity, begun.session, begun.payer)
    return see_other(begun.url)


@get("/payment/return", opt=open_to(Permission.PAYMENT, step=Step.RECENT))
async def come_back(request: Request) -> Response[Any]:
    """From Stripe's page. What was typed there is asked of Stripe; a reload leads to the same confirm page."""
    member, stripe = request.member, _gateway(request, StripeCheckout)
    visit = await visits.find(member, request.query_params.get("session_id", ""))
    if visit.change is None:
        try:
            typed = await stripe.fetch(request.query_params["session_id"], visit.id)
            holder = numbers.holder(typed.holder, "カード名義", 2 * fields.NAME_LENGTH)
        except (Declined, Unreachable, Wrong) as error:
            return _page(request, _refusing(AWAY if isinstance(error, Unreachable) else str(error)))
        differs = not await is_contractor(member.contract, holder)
        made = await visits.come_back(member, visit, RegisterCard(typed.card, holder, "", differs))
        return see_other(f"/changes/{made}")
    return see_other(f"/changes/{visit.change}")


def _gateway(request: Request, wanted: type[G]) -> G:
    """The gateway, where it is that one. Raises Missing: the other one has no such page."""
    gateway = request.gateway
    if not isinstance(gateway, wanted):
        raise Missing("gateway")
    return gateway


def _expires(form: Form) -> str | None:
    """有効期限 as YYYY-MM; None with the reason in the form."""
    month, year = form.take("month", numbers.month), form.take("year", numbers.year)
    if not (month and year):
        return None
    expires = Month(year, month).iso
    form.must(not kept.expired(expires), "month", numbers.EXPIRED)
    return expires


def _filled(change: RegisterCard) -> Form:
    """What was typed, but the number, which is nowhere any more."""
    year, month = Month.parse(change.card.expires)
    return Form(
        {
            "month": f"{month:02}",
            "year": str(year),
            "given": change.given,
            "family": change.family,
            "agree": "yes",
        }
    )


def _refusing(reason: str) -> Form:
    form = Form()
    form.must(False, "agree", reason)
    return form


def _page(request: Request, form: Form) -> Response[str]:
    contract, leads_to = request.member.contract, request.gateway.origin
    answer = page(
        request,
        "cards/register/input.html",
        title="お支払い方法登録／変更",
        form=form,
        now=kept.card_rows(contract.card),
        waiting=kept.card_rows(contract.waiting_card) if contract.waiting_card else None,
        refusal=refusal(contract),
        refused=kept.cannot_pay(request.member) if contract.card or contract.waiting_card else None,
        hosted=leads_to is not None,
        this_year=clock.today().year,
    )
    if leads_to:
        answer.headers["Content-Security-Policy"] = front_door.policy(form_action=leads_to)
    return answer
