"""What the tests of bills do, step by step: purchases, imported charges and closes, and what a bill shows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from app.domain.catalogue import Product
from app.domain.clock import TOKYO
from app.domain.money import ledger
from app.domain.months import Month
from app.postgres import database
from tests.browser import Browser
from tests.products import Shipped

NUMBER = "90000000000000"
LOGIN = "arteri-an-002"


def empty(kind: type[msgspec.Struct], **given_: Any) -> Any:
    """A piece of the graph with nothing in it but what is given."""
    nothing: dict[str, Any] = {field.name: [] for field in msgspec.structs.fields(kind)}
    return kind(**{**nothing, **given_})


def tokyo(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO)


async def bought(
    start: str, end: str | None = None, product: Product = Shipped.SECURITY_360, login: str | None = LOGIN
) -> None:
    """A purchase of 有光 杏's contract."""
    await database.rows(
        "INSERT INTO service_period (contract, account, product, started_at, ended_at)"
        " SELECT c.id, (SELECT id FROM account WHERE login = $1), $2, $3, $4"
        " FROM contract c WHERE customer_number = '90000000000000'",
        *(login, product, tokyo(start), tokyo(end) if end else None),
    )


async def loaded(
    ref: str,
    month: str,
    label: str,
    yen: int,
    rate: int = 10,
    days: Any = (None, None),
    number: str = NUMBER,
) -> None:
    """A charge of the operator's, for 有光 杏's contract or another one, as an import leaves it."""
    await database.rows(
        "INSERT INTO other_charge (ref, contract, month, label, yen, tax_rate, started_on, ended_on, loaded_at)"
        " SELECT $1, id, $2, $3, $4, $5, $6, $7, now() FROM contract WHERE customer_number = $8",
        *(ref, Month.parse(month).first_day, label, yen, rate, *days, number),
    )


async def close(*months: str) -> None:
    for month in months:
        await ledger.close(Month.parse(month), lambda done, of: None)


def bill(browser: Browser) -> str:
    """The part of a month's page that is the bill, byte for byte."""
    article = browser.page.select_one("main article.bill")
    assert article
    return str(article)


def entries(browser: Browser) -> list[list[str]]:
    """The lines of a month's page."""
    rows = browser.page.select("main tbody tr")
    return [[cell.get_text(strip=True) for cell in row.find_all(["th", "td"])] for row in rows]
