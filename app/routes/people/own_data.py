"""ご登録情報のダウンロード: all that is kept about the contract, for whoever types its number and password; for a user
role all about the own account ID, after its own password."""

from __future__ import annotations

from litestar import Response, get

from app.domain.access.matrix import Permission, Role
from app.domain.access.proofs import Step
from app.domain.people import own_data
from app.web.pages import Menu, Place, open_to
from app.web.render import page
from app.web.request import Request


@get(
    "/own-data",
    opt=open_to(
        Permission.OWN_DATA, step=Step.OF_ROLE, menu=Place(Menu.HISTORY, 30, "ご登録情報のダウンロード")
    ),
)
async def offer(request: Request) -> Response[str]:
    titles = [own_data.TITLES[table] for table in own_data.tables_of(request.member)]
    return page(request, "people/own_data/own_data.html", title="ご登録情報のダウンロード", titles=titles)


@get("/own-data.json", opt=open_to(Permission.OWN_DATA, step=Step.OF_ROLE))
async def download(request: Request) -> Response[bytes]:
    member = request.member
    whose = member.own.login if member.own and member.role is Role.USER else member.customer_number
    name = f'attachment; filename="mypage-{whose}.json"'
    content = (await own_data.of(member)).encode()
    return Response(content, media_type="application/json", headers={"Content-Disposition": name})
