"""マニュアル・利用規約, and what the portal does for everybody to be able to use it."""

from __future__ import annotations

from litestar import Response, get
from litestar.params import FromPath

from app.domain.access.matrix import Missing, Permission
from app.domain.catalogue import NAMES, Product
from app.web.pages import Menu, Place, open_to
from app.web.render import PARTIALS, page
from app.web.request import Request

TITLES = {
    **{product.value: NAMES[product] for product in Product},
    "mail-address": "UCOM光のメールアドレス",
    "other-address": "他社のメールアドレス",
    "others-mail": "ほかの方のメールの設定",
    "card": "クレジットカードでのお支払い",
}
TERMS = {name: title for name, title in TITLES.items() if (PARTIALS / "terms" / f"{name}.html").exists()}
"""The conditions of each product, the same files that its purchase shows."""


@get("/documents", opt=open_to(Permission.NOTICES, menu=Place(Menu.NOTICES, 30, "マニュアル・利用規約")))
async def documents(request: Request) -> Response[str]:
    return page(request, "notices/documents/documents.html", title="マニュアル・利用規約", terms=TERMS)


@get("/documents/{name:str}", opt=open_to(Permission.NOTICES))
async def terms(request: Request, name: FromPath[str]) -> Response[str]:
    if name not in TERMS:
        raise Missing(name)
    return page(request, "notices/documents/terms.html", title=f"利用規約：{TERMS[name]}", name=name)


@get("/accessibility", opt=open_to(Permission.ANYONE))
async def accessibility(request: Request) -> Response[str]:
    contact = request.settings.contact
    return page(request, "notices/documents/accessibility.html", title="アクセシビリティ", contact=contact)
