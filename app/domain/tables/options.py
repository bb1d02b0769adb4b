"""Licence keys of the security products."""

from __future__ import annotations

from piccolo.columns import BigSerial, Bytea, ForeignKey, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from app.domain.tables import contracts, money


class Licence(Table):
    """A licence key (PIN) of a security product: in stock, or taken by one purchase for ever."""

    id = BigSerial(primary_key=True)
    product = Text()
    pin = Bytea(default=None, secret=True, help_text="encrypted (data_keys.py)")
    data_key = Bytea(default=None, help_text="name of the key that it is encrypted with")
    fingerprint = Bytea(default=None, secret=True, unique=True, help_text="by which an equal PIN is found")
    loaded_at = Timestamptz(default=None)
    contract = ForeignKey(contracts.Contract, null=True, default=None, on_delete=OnDelete.restrict)
    period = ForeignKey(
        money.ServicePeriod,
        null=True,
        default=None,
        unique=True,
        on_delete=OnDelete.restrict,
        help_text="the purchase that took it; none: in stock",
    )
