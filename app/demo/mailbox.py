"""The mails that the portal would send, to be read in the demo; routed only there (main.py)."""

from __future__ import annotations

import re
from functools import partial

from litestar import Response, get

from app.domain.access.matrix import Permission
from app.domain.letters import outbox
from app.web.pages import open_to
from app.web.render import page
from app.web.request import Request

SHOWN = 100
"""Mails on the page."""


@get("/demo/mailbox", opt=open_to(Permission.ANYONE))
async def mailbox(request: Request) -> Response[str]:
    mails, own = await outbox.newest(SHOWN), request.settings.base_url
    title = "送信されたメール（デモ）"
    return page(request, "demo/mailbox/list.html", title=title, mails=mails, paths=partial(_path, own))


def _path(own: str, line: str) -> str:
    """The path that a line leads to when it is nothing but an address of this demo; "" otherwise."""
    path = line.removeprefix(own)
    return path if path != line and re.fullmatch(r"/[\w?=&.-][\w?=&./-]*", path, re.ASCII) else ""
