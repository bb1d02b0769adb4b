"""メールボックス容量変更 (spec 7)."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from app.domain import clock, fields
from app.domain.access.graph import Account
from app.domain.access.matrix import Missing, Permission
from app.domain.changes import asking
from app.domain.mail import mailbox
from app.domain.mail.mailbox import ChangeBoxSize
from app.domain.money import billing, purchases
from app.routes.changes.drafts import consented
from app.web.forms import Form
from app.web.pages import open_to
from app.web.render import page, see_other
from app.web.request import Request


@get("/accounts/{login:str}/mailbox", opt=open_to(Permission.MAIL_SERVICE))
async def input_page(request: Request, login: FromPath[str]) -> Response[str]:
    account = _account(request, login)
    return _page(request, await consented(request, login, ChangeBoxSize), account)


@post("/accounts/{login:str}/mailbox", opt=open_to(Permission.MAIL_SERVICE))
async def change(request: Request, login: FromPath[str]) -> Response[Any]:
    member, form = request.member, await request.read_form()
    account = _account(request, login)
    form.take("agree", fields.agreement)
    form.refuse(asking.judge(member, _other_size(account)))
    if not form.valid:
        return _page(request, form, account)
    change = ChangeBoxSize(login, to_large=form.typed.get("to") != "1")  # as the page offered it
    return see_other(f"/changes/{await asking.ask(member, change)}")


def _account(request: Request, login: str) -> Account:
    """The account ID. Raises Missing, also where it is shown no other size."""
    account = request.member.account(login)
    if not mailbox.there(account):
        raise Missing(login)
    return account


def _other_size(account: Account) -> ChangeBoxSize:
    """What the page offers: the size that the mailbox has not."""
    return ChangeBoxSize(account.login, to_large=mailbox.large(account) is None)


def _page(request: Request, form: Form, account: Account) -> Response[str]:
    now, product = clock.now(), mailbox.product()
    small, big = mailbox.sizes()
    return page(
        request,
        "mail/mailbox/input.html",
        title="メールボックス容量変更",
        form=form,
        account=account,
        product=product,
        small=small,
        big=big,
        size=mailbox.size(account),
        large=mailbox.large(account) is not None,
        monthly=purchases.monthly(product, now),
        price=billing.price_of_purchase(product, now, billing.earlier(account)).splitlines(),
        refused=asking.judge(request.member, _other_size(account)),
    )
