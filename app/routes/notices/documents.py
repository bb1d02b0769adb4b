"""マニュアル・利用規約, and what the portal does for everybody to be able to use it."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from app.branding import BRAND
from app.branding.shape import Text
from app.domain import catalogue
from app.domain.access.matrix import Missing, Permission
from app.web.brand_words import shown
from app.web.pages import Menu, Place, open_to
from app.web.render import page
from app.web.request import Request

TITLES = {
    "mail-address": f"{BRAND.prefix}のメールアドレス",
    "other-address": "他社のメールアドレス",
    "others-mail": "ほかの方のメールの設定",
    "card": "クレジットカードでのお支払い",
}
GUIDE = "guide"
"""The document that stands on the page itself."""


def titles() -> dict[str, str]:
    """The conditions of each product, the same that its purchase shows, and the others."""
    return {**{entry.key: entry.name for entry in catalogue.current().products}, **TITLES}


@get("/documents", opt=open_to(Permission.NOTICES, menu=Place(Menu.NOTICES, 30, "マニュアル・利用規約")))
async def documents(request: Request) -> Response[str]:
    guide = BRAND.documents.get(GUIDE)
    return page(
        request,
        "notices/documents/documents.html",
        title="マニュアル・利用規約",
        terms=titles(),
        guide={"title": guide.title, **shown(request, guide)} if guide else None,
        more={name: text for name, text in BRAND.documents.items() if name != GUIDE},
    )


@get("/documents/{name:str}", opt=open_to(Permission.NOTICES))
async def terms(request: Request, name: FromPath[str]) -> Response[str]:
    if name in BRAND.documents and name != GUIDE:
        return text_page(request, BRAND.documents[name])
    title = titles().get(name)
    if title is None:
        raise Missing(name)
    return page(request, "notices/documents/terms.html", title=f"利用規約：{title}", name=name)


def text_page(request: Request, text: Text) -> Response[str]:
    """A text of the brand."""
    parts: dict[str, Any] = shown(request, text)
    return page(request, "notices/documents/text.html", title=text.title, **parts)


@get("/privacy", opt=open_to(Permission.ANYONE))
async def privacy(request: Request) -> Response[str]:
    return text_page(request, BRAND.texts["privacy"])


@get("/accessibility", opt=open_to(Permission.ANYONE))
async def accessibility(request: Request) -> Response[str]:
    return text_page(request, BRAND.texts["accessibility"])


@get("/seller", opt=open_to(Permission.ANYONE))
async def seller(request: Request) -> Response[str]:
    return text_page(request, BRAND.texts["seller"])


@get("/our-mails", opt=open_to(Permission.ANYONE))
async def our_mails(request: Request) -> Response[str]:
    return text_page(request, BRAND.texts["mails"])
