"""メール転送設定 (spec 8)."""

from __future__ import annotations

from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from app.domain import catalogue
from app.domain.access.graph import Account
from app.domain.access.matrix import Permission
from app.domain.access.members import Member
from app.domain.changes import asking
from app.domain.fields import reading
from app.domain.mail import consent, forwarding, ours
from app.domain.mail.forwarding import SetForwarding
from app.routes.changes.drafts import draft
from app.routes.mail.consent import agreed, must_agree
from app.web.forms import Form
from app.web.pages import open_to
from app.web.render import page, see_other
from app.web.request import Request


def names(account: Account) -> list[str]:
    """Of the fields: as many as there may be addresses, and as there are."""
    there = len(account.forwarding.addresses) if account.forwarding else 0
    most = max(catalogue.limits().forwarding_addresses, there)
    return [f"address_{number}" for number in range(1, most + 1)]


@get("/accounts/{login:str}/forwarding", opt=open_to(Permission.FORWARDING))
async def input_page(request: Request, login: FromPath[str]) -> Response[str]:
    account = request.member.account(login)
    drafted = await draft(request, login, SetForwarding)
    shown = drafted[0] if drafted else account.forwarding
    typed = dict(zip(names(account), shown.addresses, strict=False)) if shown else {}
    form = Form(
        {
            **typed,
            "keep_copy": "yes" if not shown or shown.keep_copy else "",
            "consent": "yes" if drafted and drafted[0].consent else "",
        }
    )
    return _page(request, form, account)


@post("/accounts/{login:str}/forwarding", opt=open_to(Permission.FORWARDING))
async def change(request: Request, login: FromPath[str]) -> Response[Any]:
    member, form = request.member, await request.read_form()
    account = member.account(login)
    form.refuse(asking.judge(member, _anything(login)))
    addresses = await _addresses(form, member, account)
    keep_copy = bool(form.typed.get("keep_copy"))
    asked = SetForwarding(login, addresses, keep_copy, consent=agreed(form))
    form.must_change(asked.changes(account))
    must_agree(form, member, login)
    if not form.valid:
        return _page(request, form, account)
    return see_other(f"/changes/{await asking.ask(member, asked)}")


async def _addresses(form: Form, member: Member, account: Account) -> list[str]:
    """The addresses that were typed; what is wrong with one is noted at its field."""
    typed = {
        name: form.take(name, partial(forwarding.target, account))
        for name in names(account)
        if reading.shows(form.typed.get(name, ""))
    }
    addresses = {name: address for name, address in typed.items() if address}
    looping = await forwarding.loops(member.contract.id, account, list(addresses.values()))
    nobodys = await ours.nobody_behind(list(addresses.values()))
    seen: set[str] = set()
    for name, address in addresses.items():
        form.must(address.lower() not in seen, name, forwarding.TWICE)
        form.must(address not in nobodys, name, ours.nobody_reason(address))
        form.must(address not in looping, name, forwarding.loop_reason(address))
        seen.add(address.lower())
    return list(addresses.values())


def _anything(login: str) -> SetForwarding:
    """To find out whether anything at all can be set."""
    return SetForwarding(login, [], keep_copy=True, consent=True)


def _page(request: Request, form: Form, account: Account) -> Response[str]:
    return page(
        request,
        "mail/forwarding/input.html",
        title="メール転送設定",
        form=form,
        account=account,
        fields=names(account),
        refused=asking.judge(request.member, _anything(account.login)),
        others=consent.needed(request.member, account.login),
        consent_label=consent.LABEL,
    )
