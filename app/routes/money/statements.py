"""月額請求明細照会 (spec 14): the list, and a month as a page, a CSV and a PDF."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator
from datetime import date
from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from app.domain import clock, installation
from app.domain.access import usage
from app.domain.access.matrix import Missing, Permission
from app.domain.access.proofs import Step
from app.domain.money import statements
from app.domain.money.bills import Correction, Entry
from app.domain.money.statements import Statement
from app.domain.months import Month
from app.web import pdf
from app.web.csv_file import Identifier, csv_file
from app.web.pages import Menu, Place, open_to
from app.web.render import day, page
from app.web.request import Request

log = logging.getLogger("mypage")


@get(
    "/statements",
    opt=open_to(
        Permission.STATEMENTS, step=Step.CUSTOMER, menu=Place(Menu.STATEMENTS, 10, "月額請求明細照会")
    ),
)
async def listing(request: Request) -> Response[str]:
    listed = await statements.listing(request.member)
    return page(
        request,
        "money/statements/list.html",
        title="月額請求明細照会",
        listed=listed,
        recent=statements.recent(listed),
        years=statements.older(listed),
        issuer=installation.issuer(),
    )


@get("/statements/{name:str}", opt=open_to(Permission.STATEMENTS, step=Step.CUSTOMER))
async def statement(request: Request, name: FromPath[str]) -> Response[Any]:
    """A month: 2026-01, 2026-01.csv or 2026-01.pdf."""
    month, _, form = name.partition(".")
    if form not in FORMS or name.endswith("."):
        raise Missing(name)
    found = await statements.find(request.member, month_of(month))
    return await FORMS[form](request, found)


def month_of(text: str) -> Month:
    """Raises Missing for what is no month."""
    try:
        return Month.parse(text)
    except ValueError as error:
        raise Missing(text) from error


async def _page(request: Request, statement: Statement) -> Response[str]:
    return page(request, "money/statements/month.html", title=_title(statement), **_shown(statement))


async def _csv(request: Request, statement: Statement) -> Response[bytes]:
    return csv_file(f"statement-{statement.month.iso}.csv", HEADER, _rows(statement))


async def _pdf(request: Request, statement: Statement) -> Response[Any]:
    await usage.count(request.member, usage.PDF)
    template = request.templates.get_template("money/statements/invoice.html")
    try:
        made = await pdf.make(template.render(**_shown(statement)))
    except pdf.NoPdf as error:
        log.error("no PDF of a statement: %s", error)
        shown = {**_shown(statement), "characters": error.characters}
        return page(request, "money/statements/no_pdf.html", title="PDFを作成できません", status=503, **shown)
    name = f"statement-{statement.month.iso}.pdf"
    return Response(
        made,
        media_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


FORMS: dict[str, Callable[[Request, Statement], Awaitable[Response[Any]]]] = {
    "": _page,
    "csv": _csv,
    "pdf": _pdf,
}
"""By the ending of the name."""


def _title(statement: Statement) -> str:
    return f"{statement.month}の月額請求明細{'（見込み）' if statement.forecast else ''}"


def _shown(statement: Statement) -> dict[str, Any]:
    return {
        "statement": statement,
        "heading": _title(statement),
        "today": clock.today(),
    }


HEADER = (
    *(
        "請求月",
        "状態",
        "お客様番号",
        "宛名",
        "区分",
        "商品",
        "アカウントID",
        "対象月",
        "利用開始日",
        "利用終了日",
    ),
    *("税率（%）", "金額（円）", "発行者", "登録番号", "発行日（見込みは作成日）"),
)
Cells = tuple[str | int | None, ...]


def _rows(statement: Statement) -> Iterator[Cells]:
    """The bill's lines, then its sums, each with whose and from whom it is."""
    whose, issuer = statement.recipient, statement.issuer
    number, name = (Identifier(whose.customer_number), whose.name) if whose else (None, None)
    before = (str(statement.month), statement.state, number, name)
    made_on = day(statement.closed_on or clock.today())
    after = (issuer.name, issuer.invoice_number, made_on) if statement.issued else (None, None, None)
    corrections = {correction.month: correction for correction in statement.corrections}
    for entry in statement.entries:
        kind, title = _said(entry, corrections.get(entry.month))
        what = (title, Identifier(entry.login) if entry.login else None, str(entry.month))
        used = (_day(entry.started_on), _day(entry.ended_on))
        yield (*before, kind, *what, *used, entry.tax_rate, entry.yen, *after)
    for kind, percent, yen in _sums(statement):
        yield (*before, kind, None, None, None, None, None, percent, yen, *after)


def _said(entry: Entry, correction: Correction | None) -> tuple[str, str]:
    """区分 and 商品 of a line; `correction`: what it belongs to, if it is for an earlier month."""
    if correction is None:
        return "明細", entry.name
    issued_on = correction.issued_on
    return f"{day(issued_on)}発行分の修正" if issued_on else "以前の月の分", correction.title(entry)


def _day(value: date | None) -> str | None:
    return day(value) if value else None


def _sums(statement: Statement) -> Iterator[tuple[str, int | None, int]]:
    yield "小計（税抜）", None, statement.subtotal
    for tax in statement.taxes:
        yield "税率ごとの合計（税込）", tax.percent, tax.yen
        yield "消費税", tax.percent, tax.tax
    yield "合計（税込）", None, statement.total
