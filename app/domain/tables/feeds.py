"""The operator's feed of contracts: what was applied, what it said last, what is held against it, and what is in dispute."""

from __future__ import annotations

from piccolo.columns import JSONB, BigInt, BigSerial, Bytea, ForeignKey, Integer, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from app.domain.tables import contracts


class FeedRun(Table):
    """A feed that was applied."""

    id = BigSerial(primary_key=True)
    feed = Text()
    sequence = BigInt(null=True, default=None, help_text="of its header, if it had one")
    made_at = Timestamptz(null=True, default=None)
    lines = Integer(default=0)
    digest = Text(help_text="of the plan that was applied")
    applied_at = Timestamptz(default=None)
    summary = Text(help_text="what it did, in numbers")


class FeedLine(Table):
    """What the feed said of a contract last."""

    contract = ForeignKey(
        contracts.Contract, primary_key=True, null=False, default=None, on_delete=OnDelete.cascade
    )
    digest = Bytea(default=None, help_text="SHA-256 of its line")
    said = JSONB(default=None, help_text="the fields that members may change, too")


class FieldHold(Table):
    """A field that the desk changed, which the feed's former value does not put back."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.cascade)
    field = Text()
    former = Text(null=True, default=None, help_text="what the feed said before")
    held_by = Text()
    held_at = Timestamptz(default=None)


class FeedCase(Table):
    """照合: the feed says something else than what is held, or a hold has lasted too long."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.cascade)
    field = Text()
    offered = Text(null=True, default=None, help_text="what the feed says")
    reason = Text(help_text="third, overdue or bought")
    opened_at = Timestamptz(default=None)
    settled_at = Timestamptz(null=True, default=None)
    outcome = Text(null=True, default=None, help_text="feed, ours or agreed")
