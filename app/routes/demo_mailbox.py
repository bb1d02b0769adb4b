"""The mails that the portal would send, to be read in the demo; routed only there (main.py)."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get

from app.domain import outbox
from app.domain.members import Permission
from app.render import page

SHOWN = 100
"""Mails on the page."""


@get("/demo/mailbox", opt={"permission": Permission.ANYONE})
async def mailbox(request: Request[Any, Any, Any]) -> Response[str]:
    mails = await outbox.newest(SHOWN)
    return page(request, "demo_mailbox/list.html", title="送信されたメール（デモ）", mails=mails)
