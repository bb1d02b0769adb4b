"""What stands in the demo for addresses outside, which do not exist: installers, partners; routed only there (main.py)."""

from __future__ import annotations

from litestar import Response, get
from litestar.params import FromPath

from app.branding import BRAND
from app.domain.access.matrix import Missing, Permission
from app.domain.catalogue import NAMES, SECURITY
from app.settings import Settings
from app.web.pages import open_to
from app.web.render import page
from app.web.request import Request


@get("/demo/elsewhere/{name:str}", opt=open_to(Permission.ANYONE))
async def elsewhere(request: Request, name: FromPath[str]) -> Response[str]:
    outside = _outside(request.settings)
    if name not in outside:
        raise Missing(name)
    called, address = outside[name]
    return page(
        request,
        "demo/elsewhere/elsewhere.html",
        title="ここから先は、デモにはありません",
        called=called,
        address=address,
        installer=name in SECURITY,
    )


def _outside(settings: Settings) -> dict[str, tuple[str, str]]:
    """What it is called and its address, by the name that our paths have for it."""
    return {
        **{product.value: (NAMES[product], settings.installers[product]) for product in SECURITY},
        **{
            partner.key: (partner.name, address)
            for partner in BRAND.partners
            if (address := settings.elsewhere.partners.get(partner.key))
        },
    }
