"""What stands in the demo for addresses outside, which do not exist: installers, partners; routed only there (main.py)."""

from __future__ import annotations

from litestar import Response, get
from litestar.params import FromPath

from app.branding import BRAND
from app.domain import catalogue
from app.domain.access.matrix import Missing, Permission
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
        installer=name in catalogue.licences(),
    )


def _outside(settings: Settings) -> dict[str, tuple[str, str]]:
    """What it is called and its address, by the name that our paths have for it."""
    return {
        **{
            product: (
                catalogue.name(product),
                catalogue.entry(product).installer or settings.installers[product],
            )
            for product in catalogue.licences()
        },
        **{
            partner.key: (partner.name, address)
            for partner in BRAND.partners
            if (address := settings.elsewhere.partners.get(partner.key))
        },
    }
