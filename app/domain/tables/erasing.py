"""Erasing a contract: what was ordered, and by what an erased name is known again."""

from __future__ import annotations

from piccolo.columns import Boolean, Bytea, Date, ForeignKey, Integer, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from app.domain.tables import contracts


class Erasure(Table):
    """An order to erase a contract (retention/orders.py)."""

    contract = ForeignKey(
        contracts.Contract, primary_key=True, null=False, default=None, on_delete=OnDelete.restrict
    )
    ordered_at = Timestamptz(default=None)
    reason = Text(help_text="in the operator's words; emptied when it is done")
    kept_elsewhere = Boolean(default=False, help_text="what the law wants kept is kept outside of the portal")
    done_at = Timestamptz(null=True, default=None)


class ErasedName(Table):
    """A name of an erased contract, which nobody may get or bring back (erased_names.py). It belongs to no row."""

    hash = Bytea(primary_key=True, default=None, secret=True, help_text="HMAC-SHA256 of kind and name")
    kind = Text(help_text="number, login, address or web_space")
    pepper = Integer(default=None, help_text="version of the one that its key comes of")
    erased_on = Date(default=None)
    closed_on = Date(null=True, default=None, help_text="last day of the contract; of its number alone")
