"""GATE CALL050通話明細照会, UCOM光電話通話明細照会 (spec 14): the months, and a month's calls as a page and a CSV."""

from __future__ import annotations

from functools import partial
from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from app.domain.access.matrix import Missing, Permission
from app.domain.access.proofs import Step
from app.domain.clock import TOKYO
from app.domain.money import calls
from app.domain.months import Month
from app.routes.money.statements import month_of
from app.web.csv_file import Identifier, csv_file
from app.web.pages import Menu, Place, open_to
from app.web.render import page
from app.web.request import Request

IN_WORDS: dict[str, Any] = {"duration": calls.duration, "hyphened": calls.hyphened}


def _place(order: int, service: str) -> Place:
    return Place(
        Menu.STATEMENTS,
        order,
        "通話明細照会",
        f"/calls/{service}",
        called=partial(calls.title, service),
        there=lambda _: service in calls.services(),
    )


@get(
    "/calls/{service:str}",
    opt=open_to(
        Permission.STATEMENTS,
        step=Step.CUSTOMER,
        menu=(
            _place(20, "gate-call-050"),
            _place(30, "hikari-denwa"),
        ),
    ),
)
async def listing(request: Request, service: FromPath[str]) -> Response[str]:
    title = calls.title(service)
    listed = await calls.months(request.member, service)
    return page(
        request, "money/calls/list.html", title=title, service=service, listed=listed, duration=calls.duration
    )


@get("/calls/{service:str}/{name:str}", opt=open_to(Permission.STATEMENTS, step=Step.CUSTOMER))
async def month(request: Request, service: FromPath[str], name: FromPath[str]) -> Response[Any]:
    """A month: 2026-01 or 2026-01.csv."""
    title, wanted = calls.title(service), month_of(name.removesuffix(".csv"))
    if name.endswith(".csv"):
        return await _csv(request, service, wanted)
    number = _number(request.query_params.get("page", "1"))
    found = await calls.in_month(request.member, service, wanted, number)
    part = f"（{found.page}/{found.pages}ページ）" if found.pages > 1 else ""
    shown: dict[str, Any] = {"listing": title, "service": service, "found": found, **IN_WORDS}
    heading = f"{wanted}の{title.removesuffix('照会')}{part}"
    return page(request, "money/calls/month.html", title=heading, **shown)


async def _csv(request: Request, service: str, wanted: Month) -> Response[bytes]:
    found = await calls.all_in_month(request.member, service, wanted)
    rows = (
        (f"{at:%Y/%m/%d}", f"{at:%H:%M:%S}", Identifier(call.number), call.seconds, call.yen)
        for call in found.calls
        for at in (call.started_at.astimezone(TOKYO),)
    )
    sums = ("合計", None, None, found.sums.seconds, found.sums.yen)
    header = ("日付", "時刻", "通話先番号", "通話時間（秒）", "通話料金（円）")
    return csv_file(f"{service}-{wanted.iso}.csv", header, (*rows, sums))


def _number(text: str) -> int:
    """Number of a page. Raises Missing."""
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and int(text)):
        raise Missing(text)
    return int(text)
