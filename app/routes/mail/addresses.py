"""メールアドレス登録／変更 (manual 10, 11)."""

from __future__ import annotations

from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from app.domain import catalogue, fields
from app.domain.access.graph import Account
from app.domain.access.matrix import Permission
from app.domain.access.members import Member
from app.domain.changes import asking
from app.domain.mail import addresses as mail_addresses
from app.domain.mail import losses
from app.domain.mail import system as mail_system
from app.domain.mail.addresses import RegisterOtherAddress, RegisterUcomAddress
from app.routes.changes.drafts import draft
from app.web.forms import Form
from app.web.pages import open_to
from app.web.render import page, see_other
from app.web.request import Request

BOTH: tuple[type[RegisterUcomAddress | RegisterOtherAddress], ...] = (
    RegisterUcomAddress,
    RegisterOtherAddress,
)


@get("/accounts/{login:str}/mail-address", opt=open_to(Permission.MAIL_ADDRESS))
async def input_page(request: Request, login: FromPath[str]) -> Response[str]:
    account = request.member.account(login)
    drafted = await draft(request, login, *BOTH)
    return _page(request, Form(_typed(drafted[0]) if drafted else {}), account)


def _typed(change: RegisterUcomAddress | RegisterOtherAddress) -> dict[str, str]:
    if isinstance(change, RegisterUcomAddress):
        return {"kind": "ucom", "local_part": change.address.partition("@")[0], "agree": "yes"}
    return {"kind": "other", "address": change.address, "agree": "yes"}


@post("/accounts/{login:str}/mail-address", opt=open_to(Permission.MAIL_ADDRESS))
async def register(request: Request, login: FromPath[str]) -> Response[Any]:
    member, form = request.member, await request.read_form()
    account = member.account(login)
    change = await _change(form, member, account)
    form.take("agree", fields.agreement)  # the last of the page, and so of the error summary
    if change is None or not form.valid:
        return _page(request, form, account)
    return see_other(f"/changes/{await asking.ask(member, change)}")


async def _change(
    form: Form, member: Member, account: Account
) -> RegisterUcomAddress | RegisterOtherAddress | None:
    """What was chosen, A or B; None with the reasons in the form."""
    chosen = form.typed.get("kind")
    if chosen == "ucom":
        address = await _ucom_address(form, member, account)
        return RegisterUcomAddress(account.login, address) if address else None
    if chosen == "other":
        other = await _other_address(form)
        return RegisterOtherAddress(account.login, other) if other else None
    form.must(False, "kind", "利用するメールを選んでください。")
    return None


async def _ucom_address(form: Form, member: Member, account: Account) -> str | None:
    """Where none can be had the page has no field for it either, so nothing is said of what was typed there."""
    refused = asking.judge(member, RegisterUcomAddress(account.login, ""))
    if refused:
        form.must(False, "kind", refused.reason)
        return None
    local_part = form.take("local_part", partial(fields.local_part_at, domain=mail_system.current().domain))
    if local_part is None:
        return None
    return await form.accept("local_part", mail_addresses.free_address(member, account, local_part))


async def _other_address(form: Form) -> str | None:
    address = form.take("address", fields.mail_address)
    return await form.accept("address", mail_addresses.of_another_company(address)) if address else None


def _page(request: Request, form: Form, account: Account) -> Response[str]:
    member = request.member
    return page(
        request,
        "mail/addresses/input.html",
        title="メールアドレス登録／変更",
        form=form,
        account=account,
        refused=asking.judge(member, RegisterUcomAddress(account.login, "")),
        losses=mail_addresses.LOSSES,
        lost=[(row.label, row.value) for row in losses.of_address(account)],
        domain=mail_system.current().domain,
        virus_check=catalogue.current().virus_check,
        labels={"ucom": mail_addresses.UCOM, "other": mail_addresses.OTHER},
    )
