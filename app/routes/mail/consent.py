"""What others changed of somebody's mail: its owner has read the notice (app/domain/mail/consent.py)."""

from __future__ import annotations

from typing import Any

from litestar import Response, post

from app.domain import clock
from app.domain.access.matrix import Missing, Permission
from app.domain.access.members import Member
from app.domain.mail import consent
from app.web.forms import Form
from app.web.pages import open_to
from app.web.render import see_other
from app.web.request import Request


def agreed(form: Form) -> bool:
    """Whether the consent of whoever uses the account ID was ticked."""
    return bool(form.typed.get("consent"))


def must_agree(form: Form, member: Member, login: str) -> None:
    """Mail of somebody else's is set with that person's consent alone."""
    form.must(agreed(form) or not consent.needed(member, login), "consent", consent.MISSING)


@post("/owner-notices/seen", opt=open_to(Permission.SESSION, back="/"))
async def acknowledge(request: Request) -> Response[Any]:
    newest = (await request.read_form()).typed.get("newest", "")
    if not (newest.isascii() and newest.isdigit() and len(newest) <= 18):
        raise Missing(newest)
    await consent.acknowledge(request.member, int(newest), clock.now())
    return see_other("/")
