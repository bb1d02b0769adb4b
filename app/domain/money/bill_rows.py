"""All that the bills of a contract are made of, read in one round trip: as PostgreSQL's JSON, into the rows below."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from app.domain import holders, tables
from app.domain.access.graph import OTHER, OtherCharge
from app.domain.access.members import Member
from app.domain.catalogue import Product
from app.domain.json_objects import json_list, json_object, json_one
from app.domain.money import ledger
from app.domain.money.ledger import LOOK_BACK
from app.domain.months import Month
from app.postgres import database

MONTHS = 84
"""That can be looked at, the current one included: bills are kept for seven years."""


class PurchaseRow(msgspec.Struct):
    id: int
    login: str | None
    product: Product
    started_at: datetime
    ended_at: datetime | None
    charged_from: date | None
    deleted_at: datetime | None
    """When its account ID was deleted."""


class Written(msgspec.Struct):
    period: int
    login: str | None
    product: Product
    month: date
    billed: date
    yen: int
    tax_rate: int


class Line(msgspec.Struct):
    name: str
    login: str | None
    month: date
    billed: date
    started_on: date | None
    ended_on: date | None
    yen: int
    tax_rate: int


class Tax(msgspec.Struct):
    tax_rate: int
    yen: int
    tax: int


class IssuerRow(msgspec.Struct):
    name: str
    address: str
    phone: str
    hours: str
    invoice_number: str
    payment_day: str
    elsewhere: str


class Name(msgspec.Struct):
    customer_number: str
    recipient: str
    honorific: str
    card_brand: str | None
    card_last4: str | None


class Bill(msgspec.Struct):
    issuer: IssuerRow | None
    """None: it was closed before this was written down, and no month since."""
    name: Name | None
    lines: list[Line]
    taxes: list[Tax]


class Closed(msgspec.Struct):
    month: date
    closed_at: datetime
    issued: bool
    """The contract has a bill of the month."""


class Sum(msgspec.Struct):
    month: date
    yen: int


class Corrected(msgspec.Struct):
    month: date
    billed: date


class Found(msgspec.Struct):
    recipient: str
    honorific: str
    opened_on: date
    begins: date | None
    closed: list[Closed]
    sums: list[Sum]
    corrected: list[Corrected]
    bill: Bill | None
    purchases: list[PurchaseRow]
    written: list[Written]
    others: list[OtherCharge]


_found = msgspec.json.Decoder(Found)

_ISSUED = "EXISTS (SELECT FROM bill_tax t WHERE t.month = b.month AND t.contract = c.id)"

_BILL = json_object(
    Bill,
    tables.BillClose,
    "b",
    issuer=json_one(
        json_object(IssuerRow, tables.BillIssuer, "i"), "FROM bill_issuer i WHERE i.month = b.month"
    ),
    name=json_one(
        json_object(Name, tables.BillName, "n"),
        "FROM bill_name n WHERE n.month = b.month AND n.contract = c.id",
    ),
    lines=json_list(
        json_object(Line, tables.Charge, "h"),
        # Of months up to its own, however long ago: what a bill says does not end when the months that can be looked at do.
        "FROM charge h WHERE h.contract = c.id AND h.billed = b.month AND h.month = ANY(ARRAY(SELECT d::date"
        " FROM generate_series((SELECT min(month) FROM bill_close), b.month, '1 month') d))",
        "h.id",
    ),
    taxes=json_list(
        json_object(Tax, tables.BillTax, "t"),
        "FROM bill_tax t WHERE t.month = b.month AND t.contract = c.id",
        "t.tax_rate DESC",
    ),
)
_PURCHASE = json_object(PurchaseRow, tables.ServicePeriod, "p", login="a.login", deleted_at="a.deleted_at")
_FOUND = json_object(
    Found,
    tables.Contract,
    "c",
    recipient=holders.NAME,
    honorific=holders.HONORIFIC,
    begins="(SELECT min(month) FROM bill_close WHERE closed_at IS NOT NULL)",
    closed=json_list(
        json_object(Closed, tables.BillClose, "b", issued=_ISSUED),
        "FROM bill_close b WHERE b.closed_at IS NOT NULL",
        "b.month",
    ),
    sums=json_list(
        json_object(Sum, tables.BillTax, "t"),
        "FROM bill_tax t JOIN bill_close b ON b.month = t.month AND b.closed_at IS NOT NULL"
        " WHERE t.contract = c.id AND t.month = ANY($3)",
        "t.month",
    ),
    corrected=json_list(
        json_object(Corrected, tables.Charge, "h"),
        "FROM (SELECT DISTINCT month, billed FROM charge WHERE contract = c.id AND month = ANY($3) AND billed <> month) h",
        "h.billed",
    ),
    bill=json_one(
        _BILL,
        f"FROM bill_close b WHERE b.month = $4 AND b.closed_at IS NOT NULL AND {_ISSUED}",
    ),
    purchases=json_list(
        _PURCHASE,
        "FROM service_period p LEFT JOIN account a ON a.id = p.account WHERE p.contract = c.id",
        "p.id",
    ),
    written=json_list(
        json_object(Written, tables.Charge, "h"),
        "FROM charge h WHERE h.contract = c.id AND h.period IS NOT NULL AND h.month = ANY(ARRAY(SELECT d::date"
        " FROM generate_series((SELECT coalesce(max(month), $2) FROM bill_close WHERE closed_at IS NOT NULL)"
        " - $5 * interval '1 month', $2::date, '1 month') d))",
        "h.id",
    ),
    others=json_list(
        OTHER,
        "FROM other_charge o WHERE o.contract = c.id"
        " AND o.ref IN (SELECT ref FROM other_charge LEFT JOIN bill_close b ON b.month = billed"
        " WHERE contract = c.id AND b.closed_at IS NULL)",
        "o.id",
    ),
)
# All that the bills of a contract are made of, in one round trip: keys come as arrays, as the ledger's indexes look them up.
_FIND = f"SELECT {_FOUND} AS found FROM contract c WHERE c.id = $1"  # noqa: S608 - constants


async def read(member: Member, now: datetime, month: Month | None = None) -> Found:
    """What is written of the contract's bills of the last MONTHS, and all of the closed bill of the month, if it has one."""
    this = Month.of(now)
    looked_at, wanted = ledger.days(this.back(MONTHS - 1), this), month.first_day if month else None
    found = await database.rows(_FIND, member.contract.id, this.first_day, looked_at, wanted, LOOK_BACK)
    return _found.decode(found[0]["found"])
