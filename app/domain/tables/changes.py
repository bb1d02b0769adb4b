"""What members ask for, and the history of it."""

from __future__ import annotations

from piccolo.columns import (
    JSONB,
    UUID,
    BigInt,
    BigSerial,
    Bytea,
    Date,
    ForeignKey,
    SmallInt,
    Text,
    Timestamptz,
)
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from app.domain.tables import contracts, people


class Change(Table):
    """What a member asked for: pending, then applied with its receipt, or left to expire. Also the history."""

    id = UUID(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.restrict)
    account = ForeignKey(
        people.Account,
        null=True,
        default=None,
        on_delete=OnDelete.restrict,
        help_text="who asked; none: the customer",
    )
    asker = Text(help_text="who asked, as the history names it")
    kind = Text()
    subject = Text(null=True, default=None, help_text="the account ID that it is about")
    asked_at = Timestamptz(default=None)
    data = JSONB(null=True, default=None, help_text="the change itself; emptied when it is applied")
    sealed = Bytea(
        null=True, default=None, help_text="first characters of a password, readable by its session only"
    )
    applied_at = Timestamptz(null=True, default=None)
    receipt_number = BigInt(null=True, default=None, unique=True)
    receipt = JSONB(null=True, default=None)


class Consent(Table):
    """A text that a member agreed to with a change, in the version that was shown (changes/consents.py)."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.restrict)
    change = ForeignKey(Change, null=False, default=None, on_delete=OnDelete.cascade)
    text = Text(help_text="name of its file in partials/terms/")
    version = SmallInt(default=0)
    dated = Date(default=None, help_text="the day from which that version was asked for")
    agreed_at = Timestamptz(default=None)
