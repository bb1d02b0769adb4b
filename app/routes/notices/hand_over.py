"""Pages that hand over (spec 15): what is done by phone, on paper, or at a partner's site."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post

from app.branding import BRAND
from app.domain import catalogue
from app.domain.access.graph import Contract
from app.domain.access.matrix import Missing, Permission
from app.domain.access.proofs import Step
from app.domain.changes import asking
from app.domain.money import calls
from app.domain.options import remote_support
from app.domain.people import line_cancellation, papers, ways_out
from app.domain.people.line_cancellation import RequestLineCancellation
from app.routes.changes.drafts import draft
from app.web.forms import Form
from app.web.pages import Menu, Place, open_to
from app.web.render import page, see_other
from app.web.request import Request


@get("/cancellation", opt=open_to(Permission.BY_PHONE, menu=Place(Menu.PROCEDURES, 60, "ご解約")))
async def cancellation(request: Request) -> Response[str]:
    """The line by phone or by a request in writing; everything else where it ends alone."""
    drafted = await draft(request, None, RequestLineCancellation)
    return await _cancellation(request, Form({"wanted_on": f"{drafted[0].wanted_on}"} if drafted else {}))


@post("/cancellation", opt=open_to(Permission.BY_PHONE))
async def ask_for_cancellation(request: Request) -> Response[Any]:
    form = await request.read_form()
    wanted = form.take("wanted_on", line_cancellation.wanted_day)
    if wanted is None:
        return await _cancellation(request, form)
    return see_other(f"/changes/{await asking.ask(request.member, RequestLineCancellation(wanted))}")


async def _cancellation(request: Request, form: Form) -> Response[str]:
    member = request.member
    contract = member.contract
    return _page(
        request,
        "cancellation",
        "ご解約",
        of_accounts=[(account, ways_out.of_account(account)) for account in member.accounts],
        mail_service=catalogue.name(contract.mail.key),
        mail_bought=contract.bought(contract.mail.key) is not None,
        base=contract.mail.base,
        support=_support(contract),
        support_bought=remote_support.purchase(contract) is not None,
        requested=(desk := await papers.desk(contract, papers.ENDING)).requested,
        waits=papers.LINE in desk.waiting,
        form=form,
        longest=line_cancellation.LONGEST.days,
    )


def _support(contract: Contract) -> str:
    """What リモートサポート is called; "" where the contract is shown none."""
    return remote_support.name() if remote_support.there(contract) else ""


@get("/hikari-denwa", opt=open_to(Permission.BY_PHONE, there=lambda _: "hikari-denwa" in calls.services()))
async def hikari_denwa(request: Request) -> Response[str]:
    desk = await papers.desk(request.member.contract, papers.HIKARI_DENWA)
    title = f"{calls.services()['hikari-denwa']}のお申し込み・ご解約"
    return _page(request, "hikari_denwa", title, requested=desk.requested)


@get("/gate-call-050", opt=open_to(Permission.ON_PAPER, there=lambda _: "gate-call-050" in calls.services()))
async def gate_call_050(request: Request) -> Response[str]:
    desk = await papers.desk(request.member.contract, papers.GATE_CALL_050)
    title = f"{calls.services()['gate-call-050']}のお申し込み・ご解約"
    return _page(request, "gate_call_050", title, requested=desk.requested)


PARTNERS = {f"/{partner.key}": partner for partner in BRAND.partners}
"""The brand's partners by their paths."""


@get(
    [*PARTNERS] or ["/partners"],  # where there is none, nothing is found there
    opt=open_to(
        Permission.PARTNERS,
        step=Step.CUSTOMER,
        menu=tuple(
            Place(Menu.OPTIONS, 30 + number, partner.name, path)
            for number, (path, partner) in enumerate(PARTNERS.items())
        ),
    ),
)
async def partner(request: Request) -> Response[str]:
    """A partner's service: its own page lies behind the step of ※, a link out on it."""
    path = request.scope["path"]
    if path not in PARTNERS:
        raise Missing(path)
    shown = PARTNERS[path]
    address = request.settings.elsewhere.partners.get(shown.key)
    return _page(request, "partner", shown.name, partner=shown, address=address)


def _page(request: Request, name: str, title: str, **shown: Any) -> Response[str]:
    return page(
        request,
        f"notices/hand_over/{name}.html",
        title=title,
        contact=request.settings.contact,
        telephony=calls.services(),
        **shown,
    )
