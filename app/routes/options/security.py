"""セキュリティオプション購入／解約, セキュリティオプション管理 (manual 14, 15), and the option's cell in the accordion."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from app.domain import catalogue, clock, fields
from app.domain.access.graph import Account
from app.domain.access.matrix import Missing, Permission
from app.domain.access.members import Member
from app.domain.catalogue import Product
from app.domain.changes import asking
from app.domain.money import billing, purchases
from app.domain.options import approvals, security
from app.domain.options.approvals import RequestPurchase
from app.domain.options.security import BuySecurity, CancelSecurity
from app.routes.changes.drafts import draft
from app.web.forms import Form
from app.web.pages import open_to
from app.web.render import page, piece, see_other
from app.web.request import Request

LINK_VALID = timedelta(minutes=10)
"""A download link can be followed so long after its page was made."""


@get("/accounts/{login:str}/security", opt=open_to(Permission.SECURITY))
async def input_page(request: Request, login: FromPath[str]) -> Response[str] | Redirect:
    member = request.member
    chosen = _account(member, request.query_params.get("account", login))
    if request.inline_target:
        return _cell(request, chosen, _product(request), done=_receipt_of(request))
    if chosen.login != login:
        member.account(login)
        return see_other(f"/accounts/{chosen.login}/security")
    if request.typed_before is not None and "product" in request.query_params:
        return _page(request, chosen, _product(request))
    drafted = await draft(request, login, _buying(member))
    if drafted is None:
        return _page(request, chosen)
    return _page(request, chosen, drafted[0].product, Form({"agree": "yes"}))


@post("/accounts/{login:str}/security", opt=open_to(Permission.SECURITY))
async def change(request: Request, login: FromPath[str]) -> Response[Any]:
    """Asks for a purchase or a cancellation; one that the accordion sends is consented to on its confirm panel."""
    member, form, inline = request.member, await request.read_form(), request.inline_target
    account, asked = _account(member, login), _wanted(request, login)
    form.refuse(asking.judge(member, asked), "product")
    if form.valid and not isinstance(asked, CancelSecurity) and not inline:
        form.take("agree", fields.agreement)
    if form.valid:
        return see_other(f"/changes/{await asking.ask(member, asked)}")
    return (_cell if inline else _page)(request, account, asked.product, form)


def _account(member: Member, login: str) -> Account:
    """The account ID. Raises Missing, also where it is shown no security option."""
    account = member.account(login)
    if not security.there(account):
        raise Missing(login)
    return account


def _wanted(request: Request, login: str) -> BuySecurity | RequestPurchase | CancelSecurity:
    """What the path's query asks for; some ask whoever pays to buy. Raises Missing."""
    if request.query_params.get("want") == "cancel":
        return CancelSecurity(login, _product(request))
    return _buying(request.member)(login, _product(request))


def _buying(member: Member) -> type[BuySecurity] | type[RequestPurchase]:
    return RequestPurchase if security.must_ask(member) else BuySecurity


def _product(request: Request) -> Product:
    """The product that the path's query names. Raises Missing."""
    return security.product_named(request.query_params.get("product", ""))


def _page(
    request: Request, account: Account, wrong: Product | None = None, form: Form | None = None
) -> Response[str]:
    """The page; `wrong`: the product whose `form` came back."""
    return page(
        request,
        "options/security/input.html",
        title="セキュリティオプション購入／解約",
        form=form or Form(),
        wrong=wrong,
        empty=Form({"account": account.login}),
        account=account,
        logins=[(other.login, other.login) for other in request.member.accounts],
        **_offered(request.member, account),
    )


def _offered(member: Member, account: Account) -> dict[str, Any]:
    """What can be bought for the account ID now and at what price, and what stands in the way."""
    now, before, options = clock.now(), billing.earlier(account), security.options(account)
    shown = [option.product for option in options]
    return {
        "options": options,
        "hindered": {p: security.cannot_buy_now(member, account, p, now) for p in shown},
        "monthly": {product: purchases.monthly(product, now) for product in shown},
        "prices": {p: billing.price_of_purchase(p, now, before).splitlines() for p in shown},
        "refused": security.cannot_buy(member, account),
        "must_ask": security.must_ask(member),
        "waits_for": {p: approvals.waits_for(member, account, p, now) for p in shown},
    }


# --- in the accordion -------------------------------------------------------------------------------------------------


def _cell(
    request: Request,
    account: Account,
    product: Product,
    form: Form | None = None,
    done: UUID | None = None,
) -> Response[str]:
    """What stands beside the product's name; a form that is wrong says why."""
    return piece(
        request,
        "options/security/cell.html",
        status=422 if form else 200,
        reason=next(iter(form.errors.values()), "") if form else "",
        done=done,
        account=account,
        **_state(request.member, account, product),
    )


def _state(member: Member, account: Account, product: Product) -> dict[str, Any]:
    """Whether the account ID has the product, and whether it can be bought or asked for now."""
    now = clock.now()
    refused = security.cannot_buy_now(member, account, product, now)
    return {
        "option": security.option(account, product),
        "buyable": refused is None,
        "hindered": refused.reason if refused else "",
        "must_ask": security.must_ask(member),
        "told": approvals.told(member),
        "waits_for": approvals.waits_for(member, account, product, now),
    }


def _receipt_of(request: Request) -> UUID | None:
    try:
        return UUID(request.query_params.get("done", ""))
    except ValueError:
        return None


# --- セキュリティオプション管理 -----------------------------------------------------------------------------------------


@get("/accounts/{login:str}/security/status", opt=open_to(Permission.SECURITY_STATUS))
async def status_page(request: Request, login: FromPath[str]) -> Response[str]:
    account = _account(request.member, login)
    options = security.options(account)
    return page(
        request,
        "options/security/status.html",
        title="セキュリティオプション管理",
        account=account,
        options=options,
        keys=await security.keys_of(account),
        state=security.state_of,
        entry=catalogue.entry,
        links={one.product: _download_link(request, login, one.product) for one in options},
        late="late" in request.query_params,
    )


@get("/accounts/{login:str}/security/download", opt=open_to(Permission.SECURITY_STATUS))
async def download(request: Request, login: FromPath[str]) -> Redirect:
    """On to the installer, for whoever has the product now and comes from a page of the last minutes."""
    account = _account(request.member, login)
    product = _linked(request, login)
    if product is None:
        return see_other(f"/accounts/{login}/security/status?late=1")
    if product not in {key.product for key in await security.keys_of(account)}:
        raise Missing(product)
    settings = request.settings
    address = catalogue.entry(product).installer or settings.installers[product]
    return see_other(f"/demo/elsewhere/{product}" if settings.demo else address)


def _download_link(request: Request, login: str, product: Product) -> str:
    until = str(int((clock.now() + LINK_VALID).timestamp()))
    signed = request.visit.keys.sign("download", [login, product, until])
    return f"/accounts/{login}/security/download?link={signed}"


def _linked(request: Request, login: str) -> Product | None:
    """The product of a link that is ours, still good, and for this account ID."""
    read = request.visit.keys.read("download", request.query_params.get("link"))
    if read is None or read[0] != login or int(read[2]) < clock.now().timestamp():
        return None
    return Product(read[1])
