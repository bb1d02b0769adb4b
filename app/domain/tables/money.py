"""Purchases, what they are charged, and calls."""

from __future__ import annotations

from datetime import datetime

from piccolo.columns import BigInt, BigSerial, Bytea, Date, ForeignKey, Integer, SmallInt, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.custom_types import Combinable
from piccolo.table import Table

from app.domain.tables import contracts, people
from app.domain.tables.catalogue import CatalogueItem, TelephoneService


class ServicePeriod(Table):
    """One purchase of a product, from its start to its end; an open one has no end."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.restrict)
    account = ForeignKey(people.Account, null=True, default=None, on_delete=OnDelete.restrict)
    product = ForeignKey(CatalogueItem, null=False, default=None, on_delete=OnDelete.restrict)
    started_at = Timestamptz(default=None)
    ended_at = Timestamptz(null=True, default=None)
    charged_from = Date(
        null=True,
        default=None,
        help_text="first month that is charged here, of what was bought before the portal",
    )

    @classmethod
    async def end(cls, now: datetime, *which: Combinable) -> None:
        """End those that go on (money/purchases.py says which)."""
        await cls.update({cls.ended_at: now}).where(*which, cls.ended_at.is_null())

    @classmethod
    async def end_with_contract(cls, contract: int, moment: datetime) -> None:
        """End what goes on of the contract and its account IDs; what began after the moment ends as it began."""
        query = "UPDATE service_period SET ended_at = greatest({}, started_at) WHERE contract = {} AND ended_at IS NULL"
        await cls.raw(query, moment, contract)


class BillClose(Table):
    """A month of the ledger: up to which contract its charges are written, and when it was whole (ledger.py)."""

    month = Date(primary_key=True, default=None, help_text="its first day")
    reached = BigInt(default=0, help_text="key of the last contract that is done")
    closed_at = Timestamptz(null=True, default=None)


class OtherCharge(Table):
    """A charge that the operator loaded, never edited: the last one of a ref and contract counts (other_charges.py)."""

    id = BigSerial(primary_key=True)
    reference = Text(db_column_name="ref", help_text="the operator's name of it, for ever")
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.restrict)
    month = Date(default=None, help_text="first day of the month that it is for")
    label = Text(help_text="as the bill names it")
    yen = Integer(default=0, help_text="with tax; below 0 for a discount")
    tax_rate = SmallInt(default=0, help_text="percent")
    started_on = Date(null=True, default=None)
    ended_on = Date(null=True, default=None)
    loaded_at = Timestamptz(default=None)
    billed = ForeignKey(
        BillClose, null=True, default=None, on_delete=OnDelete.restrict, help_text="the close that saw it"
    )


class Charge(Table):
    """A line of the ledger, never edited: what a service period costs in a month, billed in that or a later one.

    Or what the operator charges beside them (`other`). Its words and days are what the bill shows.
    """

    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.restrict)
    period = ForeignKey(ServicePeriod, null=True, default=None, on_delete=OnDelete.restrict)
    other = ForeignKey(OtherCharge, null=True, default=None, on_delete=OnDelete.restrict)
    login = Text(null=True, default=None, help_text="the account ID it is for, as it was called")
    product = ForeignKey(
        CatalogueItem,
        null=False,
        default=None,
        on_delete=OnDelete.restrict,
        help_text="a product or a fee of the catalogue, or `other`",
    )
    name = Text(help_text="as the bill names it")
    started_on = Date(null=True, default=None, help_text="ご利用期間")
    ended_on = Date(null=True, default=None, help_text="its last day; none: went on beyond the bill's month")
    month = Date(default=None, help_text="first day of the month that it is for")
    billed = ForeignKey(BillClose, null=False, default=None, on_delete=OnDelete.restrict)
    yen = Integer(default=0, help_text="with tax; below 0 in a correction")
    tax_rate = SmallInt(default=0, help_text="percent")


class BillIssuer(Table):
    """Who issues the bills of a month, as it was when its close began; never edited."""

    month = ForeignKey(
        BillClose,
        primary_key=True,
        null=False,
        default=None,
        on_delete=OnDelete.restrict,
        help_text="its 1st",
    )
    name = Text()
    address = Text()
    phone = Text()
    hours = Text()
    invoice_number = Text(help_text="登録番号")
    payment_day = Text(help_text="when a card is debited, in the operator's words")
    elsewhere = Text(help_text="where line and calls are billed, in the operator's words; empty: here")


class BillTax(Table):
    """What is taxed at one rate in a contract's bill of a month; never edited."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.restrict)
    month = ForeignKey(BillClose, null=False, default=None, on_delete=OnDelete.restrict)
    tax_rate = SmallInt(default=0, help_text="percent")
    yen = Integer(default=0, help_text="with tax")
    tax = Integer(default=0)


class BillName(Table):
    """Whom a bill was for; never edited. It stands beside the ledger, because an erased person's rows are removed."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.restrict)
    month = ForeignKey(BillClose, null=False, default=None, on_delete=OnDelete.restrict)
    customer_number = Text()
    recipient = Text()
    honorific = Text(default="様", help_text="様 or 御中")
    card_brand = Text(null=True, default=None, help_text="of the card that it was to be debited from")
    card_last4 = Text(null=True, default=None)


class CallFile(Table):
    """A file of calls that was loaded."""

    digest = Bytea(primary_key=True, default=None, help_text="SHA-256 of its content")
    loaded_at = Timestamptz(default=None)
    calls = Integer(default=0)


class Call(Table):
    """A telephone call of a contract."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.restrict)
    service = ForeignKey(TelephoneService, null=False, default=None, on_delete=OnDelete.restrict)
    started_at = Timestamptz(default=None)
    number = Text(help_text="that was called")
    seconds = Integer(default=0)
    yen = Integer(default=0, help_text="with tax")
