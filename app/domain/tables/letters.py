"""The portal's own mails."""

from __future__ import annotations

from piccolo.columns import BigSerial, ForeignKey, Integer, SmallInt, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from app.domain.tables import contracts, people


class FormerAddress(Table):
    """An address that another one took the place of; it is told of grave changes for a while (recipients.py)."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.cascade)
    account = ForeignKey(
        people.Account,
        null=True,
        default=None,
        on_delete=OnDelete.cascade,
        help_text="whose it was; none: 連絡用メールアドレス",
    )
    address = Text()
    replaced_at = Timestamptz(default=None)


class Outbox(Table):
    """A mail of the portal, stored with the change that it tells of and delivered later (outbox.py)."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.restrict)
    recipient = Text()
    subject = Text()
    body = Text()
    message_id = Text(unique=True, help_text="the same at every try")
    posted_at = Timestamptz(default=None)
    due_at = Timestamptz(default=None, help_text="when the next try may be made; a lease moves it on")
    tries = Integer(default=0)
    sent_at = Timestamptz(null=True, default=None)
    refused_at = Timestamptz(null=True, default=None, help_text="given up: refused for good or too often")
    problem = Text(null=True, default=None, help_text="what the mail server said last")
    kind = Text(help_text="its text, as partials/mails/ names it; empty: posted before this was kept")
    held_at = Timestamptz(null=True, default=None, help_text="it waits to be released (holding.py)")
    released_at = Timestamptz(null=True, default=None, help_text="an operator let it go")


class FirstStart(Table):
    """When a server worked on this database for the first time: one row (by_date.py)."""

    id = SmallInt(primary_key=True, default=1)
    at = Timestamptz(default=None)
