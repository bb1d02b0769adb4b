"""What stands in the demo for addresses outside, which do not exist: installers, partners; routed only there (main.py)."""

from __future__ import annotations

from litestar import Response, get
from litestar.params import FromPath

from app.domain.access.matrix import Missing, Permission
from app.domain.catalogue import NAMES, SECURITY
from app.web.render import page
from app.web.request import Request


@get("/demo/elsewhere/{name:str}", opt={"permission": Permission.ANYONE})
async def elsewhere(request: Request, name: FromPath[str]) -> Response[str]:
    settings = request.settings
    pages = {
        **{product.value: (NAMES[product], settings.installers[product]) for product in SECURITY},
        "giga-cinema": ("ギガシネマ with U-NEXT", settings.elsewhere.cinema),
        "club-off": ("UCOM光 クラブオフ", settings.elsewhere.club),
    }
    if name not in pages:
        raise Missing(name)
    called, address = pages[name]
    return page(
        request,
        "demo/elsewhere/elsewhere.html",
        title="ここから先は、デモにはありません",
        called=called,
        address=address,
        installer=name in SECURITY,
    )
