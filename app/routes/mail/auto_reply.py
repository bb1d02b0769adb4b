"""メール自動返信設定 (spec 8)."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from app.domain import clock, fields
from app.domain.access.graph import Account
from app.domain.access.graph import AutoReply as Shown
from app.domain.access.matrix import Permission
from app.domain.changes import asking
from app.domain.fields import reading
from app.domain.mail import auto_reply, consent
from app.domain.mail.auto_reply import SetAutoReply
from app.routes.changes.drafts import draft
from app.routes.mail.consent import agreed, must_agree
from app.web.forms import Form
from app.web.pages import open_to
from app.web.render import page, see_other
from app.web.request import Request


@get("/accounts/{login:str}/auto-reply", opt=open_to(Permission.AUTO_REPLY))
async def input_page(request: Request, login: FromPath[str]) -> Response[str]:
    account = request.member.account(login)
    drafted = await draft(request, login, SetAutoReply)
    return _page(request, _filled(drafted[0] if drafted else account.auto_reply), account)


@post("/accounts/{login:str}/auto-reply", opt=open_to(Permission.AUTO_REPLY))
async def change(request: Request, login: FromPath[str]) -> Response[Any]:
    member, form = request.member, await request.read_form()
    account = member.account(login)
    form.refuse(asking.judge(member, _anything(login)))
    change = _change(form, account)
    form.must_change(change is None or change.changes(account))
    must_agree(form, member, login)
    if change is None or not form.valid:
        return _page(request, form, account)
    return see_other(f"/changes/{await asking.ask(member, change)}")


def _anything(login: str) -> SetAutoReply:
    """To find out whether anything at all can be set."""
    return SetAutoReply(login, False, "", "", None, None, consent=True)


def _change(form: Form, account: Account) -> SetAutoReply | None:
    """What was typed; switched off, subject and text may be empty."""
    enabled = form.take("enabled", fields.on_or_off)
    needed = enabled or enabled is None
    subject = (
        form.take("subject", fields.reply_subject)
        if needed or reading.shows(form.typed.get("subject", ""))
        else ""
    )
    body = form.take("body", fields.reply_body) if needed or reading.shows(form.typed.get("body", "")) else ""
    starts_on, ends_on = (
        form.take("starts_on", fields.optional_day),
        form.take("ends_on", fields.optional_day),
    )
    form.must(not (starts_on and ends_on) or starts_on <= ends_on, "ends_on", auto_reply.ORDER)
    if not form.valid or enabled is None:
        return None
    return SetAutoReply(
        account.login, enabled, subject or "", body or "", starts_on, ends_on, consent=agreed(form)
    )


def _filled(shown: SetAutoReply | Shown | None) -> Form:
    if shown is None:
        return Form({"enabled": "off"})
    return Form(
        {
            "enabled": "on" if shown.enabled else "off",
            "subject": shown.reply_subject if isinstance(shown, SetAutoReply) else shown.subject,
            "body": shown.body,
            "starts_on": f"{shown.starts_on or ''}",
            "ends_on": f"{shown.ends_on or ''}",
            "consent": "yes" if isinstance(shown, SetAutoReply) and shown.consent else "",
        }
    )


def _page(request: Request, form: Form, account: Account) -> Response[str]:
    return page(
        request,
        "mail/auto_reply/input.html",
        title="メール自動返信設定",
        form=form,
        account=account,
        notice_text=auto_reply.NOTICE,
        now_set=auto_reply.in_words(account.auto_reply, clock.today()),
        refused=asking.judge(request.member, _anything(account.login)),
        others=consent.needed(request.member, account.login),
        consent_label=consent.LABEL,
    )
