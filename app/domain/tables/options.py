"""Licence keys of the security products, and what ユーザー権限 asks to have bought."""

from __future__ import annotations

from piccolo.columns import UUID, BigSerial, Bytea, ForeignKey, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from app.domain.tables import contracts, money, people
from app.domain.tables.catalogue import CatalogueItem


class Licence(Table):
    """A licence key (PIN) of a security product: in stock, or taken by one purchase for ever."""

    id = BigSerial(primary_key=True)
    product = ForeignKey(CatalogueItem, null=False, default=None, on_delete=OnDelete.restrict)
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


class PurchaseRequest(Table):
    """A security option that somebody with ユーザー権限 asked for: pending, then decided, withdrawn or lapsed."""

    id = UUID(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.restrict)
    account = ForeignKey(
        people.Account,
        null=False,
        default=None,
        on_delete=OnDelete.restrict,
        help_text="who asked, for whom it is",
    )
    product = ForeignKey(CatalogueItem, null=False, default=None, on_delete=OnDelete.restrict)
    asked_at = Timestamptz(default=None)
    lapses_at = Timestamptz(default=None, help_text="nobody can approve it from then on")
    state = Text(default="pending", help_text="pending, approved, refused, withdrawn or lapsed")
    decided_at = Timestamptz(null=True, default=None)
    decided_by = Text(null=True, default=None, help_text="as the history names whoever it was")
    reason = Text(help_text="why it was refused, or withdrawn by something else than its asker")
    period = ForeignKey(
        money.ServicePeriod,
        null=True,
        default=None,
        unique=True,
        on_delete=OnDelete.restrict,
        help_text="the purchase that it came to",
    )
