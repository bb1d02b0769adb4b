"""お支払い方法: the card, one that waits for a name check, visits to the payment gateway."""

from __future__ import annotations

from piccolo.columns import UUID, BigSerial, Bytea, ForeignKey, SmallInt, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from app.domain.tables import contracts, people


class Card(Table):
    """お支払い方法: what may be kept of a card. Never its number. Another card is another row."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(
        contracts.Contract, unique=True, null=False, default=None, on_delete=OnDelete.restrict
    )
    brand = Text()
    last4 = Text()
    expires = Text(help_text="YYYY-MM, the last month it is valid in")
    holder = Text()
    token = Text(secret=True, help_text="the payment gateway's name of the card; empty: imported")
    payer = Text(secret=True, help_text="the gateway's name of who pays, where it has one")
    three_d_secure = Text(default="unknown", help_text="what came of 3-D Secure (cards/kept.py)")


class CardCheck(Table):
    """A card whose holder's name is not the contractor's: it waits until staff approve or refuse it."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.restrict)
    token = Text(secret=True)
    payer = Text(secret=True)
    brand = Text()
    last4 = Text()
    expires = Text(help_text="YYYY-MM")
    three_d_secure = Text(default="unknown", help_text="as of a card that is kept")
    holder = Text()
    asked_at = Timestamptz(default=None)
    decided_at = Timestamptz(null=True, default=None)
    outcome = Text(null=True, default=None, help_text="approved, refused, or replaced by another card")


class CardReminder(Table):
    """A mail that a card expires soon: posted once, 60 and 30 days before."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.restrict)
    card = ForeignKey(Card, null=False, default=None, on_delete=OnDelete.cascade)
    days = SmallInt(default=None)
    posted_at = Timestamptz(default=None)


class VaultCard(Table):
    """The local vault of demo and tests (gateway/vault.py): what a payment gateway would keep, but the number."""

    token = Text(primary_key=True, secret=True)
    fingerprint = Bytea(default=None, secret=True, help_text="HMAC-SHA256 of the number")
    brand = Text()
    last4 = Text()
    expires = Text(help_text="YYYY-MM")
    kept_at = Timestamptz(default=None)


class CardVisit(Table):
    """A visit to the payment gateway's hosted page, to come back from with a card; once (gateway/stripe_checkout.py)."""

    id = UUID(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.restrict)
    account = ForeignKey(
        people.Account,
        null=True,
        default=None,
        on_delete=OnDelete.restrict,
        help_text="who went; none: the customer",
    )
    session = Text(unique=True, help_text="the gateway's name of the visit")
    payer = Text(help_text="the gateway's name of who pays")
    asked_at = Timestamptz(default=None)
    change = UUID(null=True, default=None, unique=True, help_text="the change that the card came back to")
