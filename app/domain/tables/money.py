"""Purchases, what they are charged, and calls."""

from __future__ import annotations

from datetime import datetime

from piccolo.columns import BigInt, BigSerial, Bytea, Date, ForeignKey, Integer, SmallInt, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.custom_types import Combinable
from piccolo.table import Table

from app.domain.tables import contracts, people


class ServicePeriod(Table):
    """One purchase of a product, from its start to its end; an open one has no end."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.restrict)
    account = ForeignKey(people.Account, null=True, default=None, on_delete=OnDelete.restrict)
    product = Text()
    started_at = Timestamptz(default=None)
    ended_at = Timestamptz(null=True, default=None)

    @classmethod
    async def end(cls, now: datetime, *which: Combinable) -> None:
        """End those that go on (money/purchases.py says which)."""
        await cls.update({cls.ended_at: now}).where(*which, cls.ended_at.is_null())


class BillClose(Table):
    """A month of the ledger: up to which contract its charges are written, and when it was whole (ledger.py)."""

    month = Date(primary_key=True, default=None, help_text="its first day")
    reached = BigInt(default=0, help_text="key of the last contract that is done")
    closed_at = Timestamptz(null=True, default=None)


class Charge(Table):
    """A line of the ledger, never edited: what a service period costs in a month, billed in that or a later one."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.restrict)
    period = ForeignKey(ServicePeriod, null=False, default=None, on_delete=OnDelete.restrict)
    login = Text(null=True, default=None, help_text="the account ID it is for, as it was called")
    product = Text(help_text="a product or a fee of the catalogue")
    month = Date(default=None, help_text="first day of the month that it is for")
    billed = ForeignKey(BillClose, null=False, default=None, on_delete=OnDelete.restrict)
    yen = Integer(default=0, help_text="with tax; below 0 in a correction")
    tax_rate = SmallInt(default=0, help_text="percent")


class CallFile(Table):
    """A file of calls that was loaded."""

    digest = Bytea(primary_key=True, default=None, help_text="SHA-256 of its content")
    loaded_at = Timestamptz(default=None)
    calls = Integer(default=0)


class Call(Table):
    """A telephone call of a contract."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.restrict)
    service = Text(help_text="gate-call-050 or hikari-denwa")
    started_at = Timestamptz(default=None)
    number = Text(help_text="that was called")
    seconds = Integer(default=0)
    yen = Integer(default=0, help_text="with tax")
