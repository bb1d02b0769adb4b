"""Every table. What Piccolo cannot express (checks, partial indexes) is raw SQL in migrations/.

Every table that grows with members carries the contract's key, so that it can be partitioned or sharded by it.
"""

from __future__ import annotations

from piccolo.columns import (
    JSONB,
    UUID,
    Array,
    BigInt,
    BigSerial,
    Boolean,
    Bytea,
    Date,
    ForeignKey,
    Integer,
    SmallInt,
    Text,
    Timestamptz,
)
from piccolo.columns.base import OnDelete
from piccolo.table import Table


class Contract(Table):
    """ご契約: one per customer number, with its contractor."""

    id = BigSerial(primary_key=True)
    customer_number = Text(unique=True)
    password_hash = Text(secret=True)
    contract_type = Text()
    mail_product = Text(help_text="mail_pack or mail_web; what it gives: domain/catalogue.py")
    building = Text()
    opened_on = Date(default=None)
    family = Text()
    given = Text()
    family_kana = Text()
    given_kana = Text()
    birth_date = Date(default=None)
    sex = Text()
    address = Text()
    occupation = Text()
    household = SmallInt(null=True, default=0)
    phone = Text()
    fax = Text()
    mobile = Text()
    email = Text()
    user_purchases = Boolean(default=True, help_text="whether ユーザー権限 may buy security options")


class Card(Table):
    """お支払い方法: what may be kept of a card. Never its number. Another card is another row."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(Contract, unique=True, null=False, default=None, on_delete=OnDelete.restrict)
    brand = Text()
    last4 = Text()
    expires = Text(help_text="YYYY-MM, the last month it is valid in")
    holder = Text()
    token = Text(secret=True, help_text="the payment gateway's name of the card; empty: imported")
    payer = Text(secret=True, help_text="the gateway's name of who pays, where it has one")


class CardCheck(Table):
    """A card whose holder's name is not the contractor's: it waits until staff approve or refuse it."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(Contract, null=False, default=None, on_delete=OnDelete.restrict)
    token = Text(secret=True)
    payer = Text(secret=True)
    brand = Text()
    last4 = Text()
    expires = Text(help_text="YYYY-MM")
    holder = Text()
    asked_at = Timestamptz(default=None)
    decided_at = Timestamptz(null=True, default=None)
    outcome = Text(null=True, default=None, help_text="approved, refused, or replaced by another card")


class CardReminder(Table):
    """A mail that a card expires soon: posted once, 60 and 30 days before."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(Contract, null=False, default=None, on_delete=OnDelete.restrict)
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


class EmailCheck(Table):
    """A new 連絡用メールアドレス that waits to be verified by the link that was mailed to it."""

    contract = ForeignKey(Contract, primary_key=True, null=False, default=None, on_delete=OnDelete.restrict)
    email = Text()
    token_hash = Bytea(unique=True, default=None, secret=True)
    asked_at = Timestamptz(default=None)


class Account(Table):
    """アカウントID. A deleted one stays as a tombstone, so that its name is never given again."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(Contract, null=False, default=None, on_delete=OnDelete.restrict)
    login = Text(unique=True)
    slot = SmallInt(default=None, help_text="1 to 5, unique among the contract's living ones: the limit")
    password_hash = Text(secret=True)
    family = Text()
    given = Text()
    family_kana = Text()
    given_kana = Text()
    user_name = Text()
    role = Text(default="user", help_text="user or admin")
    other_address = Text(null=True, default=None, help_text="an address of another company")
    registered_at = Timestamptz(default=None)
    deleted_at = Timestamptz(null=True, default=None)


class CardVisit(Table):
    """A visit to the payment gateway's hosted page, to come back from with a card; once (gateway/stripe_checkout.py)."""

    id = UUID(primary_key=True)
    contract = ForeignKey(Contract, null=False, default=None, on_delete=OnDelete.restrict)
    account = ForeignKey(
        Account,
        null=True,
        default=None,
        on_delete=OnDelete.restrict,
        help_text="who went; none: the customer",
    )
    session = Text(unique=True, help_text="the gateway's name of the visit")
    payer = Text(help_text="the gateway's name of who pays")
    asked_at = Timestamptz(default=None)
    change = UUID(null=True, default=None, unique=True, help_text="the change that the card came back to")


class UsedPassword(Table):
    """Every password hash that a login ever had: none may be used again."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(Contract, null=False, default=None, on_delete=OnDelete.restrict)
    account = ForeignKey(Account, null=True, default=None, on_delete=OnDelete.restrict)
    hash = Text(secret=True)


class ServicePeriod(Table):
    """One purchase of a product, from its start to its end; an open one has no end."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(Contract, null=False, default=None, on_delete=OnDelete.restrict)
    account = ForeignKey(Account, null=True, default=None, on_delete=OnDelete.restrict)
    product = Text()
    started_at = Timestamptz(default=None)
    ended_at = Timestamptz(null=True, default=None)


class Licence(Table):
    """A licence key (PIN) of a security product: in stock, or taken by one purchase for ever."""

    id = BigSerial(primary_key=True)
    product = Text()
    pin = Bytea(default=None, secret=True, help_text="encrypted (data_keys.py)")
    data_key = Bytea(default=None, help_text="name of the key that it is encrypted with")
    fingerprint = Bytea(default=None, secret=True, unique=True, help_text="by which an equal PIN is found")
    loaded_at = Timestamptz(default=None)
    contract = ForeignKey(Contract, null=True, default=None, on_delete=OnDelete.restrict)
    period = ForeignKey(
        ServicePeriod,
        null=True,
        default=None,
        unique=True,
        on_delete=OnDelete.restrict,
        help_text="the purchase that took it; none: in stock",
    )


class BillClose(Table):
    """A month of the ledger: up to which contract its charges are written, and when it was whole (ledger.py)."""

    month = Date(primary_key=True, default=None, help_text="its first day")
    reached = BigInt(default=0, help_text="key of the last contract that is done")
    closed_at = Timestamptz(null=True, default=None)


class Charge(Table):
    """A line of the ledger, never edited: what a service period costs in a month, billed in that or a later one."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(Contract, null=False, default=None, on_delete=OnDelete.restrict)
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
    contract = ForeignKey(Contract, null=False, default=None, on_delete=OnDelete.restrict)
    service = Text(help_text="gate-call-050 or hikari-denwa")
    started_at = Timestamptz(default=None)
    number = Text(help_text="that was called")
    seconds = Integer(default=0)
    yen = Integer(default=0, help_text="with tax")


class MailAddress(Table):
    """A UCOM mail address of an account ID. A released one stays, so that it is never given again."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(Contract, null=False, default=None, on_delete=OnDelete.restrict)
    account = ForeignKey(Account, null=False, default=None, on_delete=OnDelete.restrict)
    address = Text(unique=True)
    registered_at = Timestamptz(default=None)
    released_at = Timestamptz(null=True, default=None)


class WebSpace(Table):
    """Webスペース of an account ID. A released name stays, so that it is never given again."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(Contract, null=False, default=None, on_delete=OnDelete.restrict)
    account = ForeignKey(Account, null=False, default=None, on_delete=OnDelete.restrict)
    name = Text(unique=True)
    registered_at = Timestamptz(default=None)
    released_at = Timestamptz(null=True, default=None)


class Mailbox(Table):
    """Where an account ID's mail is kept. Its id is never given again, so nobody inherits old mail.

    It stays when the address changes and is retired when the account ID has no UCOM address any more.
    """

    id = BigSerial(primary_key=True)
    contract = ForeignKey(Contract, null=False, default=None, on_delete=OnDelete.restrict)
    account = ForeignKey(Account, null=False, default=None, on_delete=OnDelete.restrict)
    opened_at = Timestamptz(default=None)
    retired_at = Timestamptz(null=True, default=None)


class Forwarding(Table):
    """メール転送 of an account ID; no row: none."""

    account = ForeignKey(Account, null=False, default=None, on_delete=OnDelete.restrict, unique=True)
    id = BigSerial(primary_key=True)
    contract = ForeignKey(Contract, null=False, default=None, on_delete=OnDelete.restrict)
    addresses = Array(base_column=Text(), help_text="one to five")
    keep_copy = Boolean(default=True)


class AutoReply(Table):
    """自動返信 of an account ID. Switched off it keeps its text."""

    account = ForeignKey(Account, null=False, default=None, on_delete=OnDelete.restrict, unique=True)
    id = BigSerial(primary_key=True)
    contract = ForeignKey(Contract, null=False, default=None, on_delete=OnDelete.restrict)
    enabled = Boolean(default=False)
    subject = Text()
    body = Text()
    starts_on = Date(null=True, default=None)
    ends_on = Date(null=True, default=None)


class Outbox(Table):
    """A mail of the portal, stored with the change that it tells of and delivered later (outbox.py)."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(Contract, null=False, default=None, on_delete=OnDelete.restrict)
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


class Session(Table):
    """Who is logged in. The cookie holds the token, this row its SHA-256: a copy of the table opens no session."""

    token_hash = Bytea(primary_key=True, default=None, secret=True)
    contract = ForeignKey(Contract, null=False, default=None, on_delete=OnDelete.cascade)
    account = ForeignKey(
        Account, null=True, default=None, on_delete=OnDelete.cascade, help_text="none: the customer number"
    )
    opened_at = Timestamptz(default=None)
    seen_at = Timestamptz(default=None)
    proved_at = Timestamptz(null=True, default=None, help_text="own password typed again; none: at login")
    customer_proved_at = Timestamptz(null=True, default=None, help_text="お客様番号 and password typed again")
    id = BigSerial(unique=True, help_text="what ログイン履歴 names it by")
    browser = Text(help_text="in words (login_events.py)")
    network = Text(help_text="the address without its last part")
    dismissed = Array(base_column=BigInt(), help_text="notices whose banner was closed")


class LoginEvent(Table):
    """ログイン履歴: a login of the contract, or a failed one. Kept for a year."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(Contract, null=False, default=None, on_delete=OnDelete.cascade)
    account = ForeignKey(
        Account, null=True, default=None, on_delete=OnDelete.cascade, help_text="none: the customer number"
    )
    at = Timestamptz(default=None)
    result = Text(help_text="ok, wrong, or limited: too many failures before")
    browser = Text(help_text="in words, as the session's")
    network = Text()


class Notice(Table):
    """障害情報 or メンテナンス情報, from the operator's file; the same for everybody, or for some buildings."""

    id = BigSerial(primary_key=True)
    kind = Text(help_text="outage or maintenance")
    severity = Text(help_text="info, warning or critical")
    title = Text()
    body = Text()
    starts_at = Timestamptz(default=None)
    ends_at = Timestamptz(null=True, default=None, help_text="none: not known yet")
    buildings = Array(base_column=Text(), null=True, default=None, help_text="none: all of them")


class PaperRequest(Table):
    """A paper that a member asked for by post."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(Contract, null=False, default=None, on_delete=OnDelete.restrict)
    account = ForeignKey(Account, null=True, default=None, on_delete=OnDelete.restrict, help_text="who asked")
    paper = Text(help_text="which one (papers.py)")
    asked_at = Timestamptz(default=None)
    done_at = Timestamptz(null=True, default=None)


class Attempt(Table):
    """Failed logins, counted per login, per address, per browser and over all (attempts.py)."""

    key = Bytea(primary_key=True, default=None, help_text="keyed hash: no address and no name is kept")
    failures = Integer(default=0)
    since = Timestamptz(default=None)


class Pepper(Table):
    """What the database knows a pepper again by (peppers.py). Never the key."""

    version = Integer(primary_key=True, default=None)
    fingerprint = Bytea(default=None, secret=True, help_text="HMAC-SHA256 of a fixed text with the key")


class Change(Table):
    """What a member asked for: pending, then applied with its receipt, or left to expire. Also the history."""

    id = UUID(primary_key=True)
    contract = ForeignKey(Contract, null=False, default=None, on_delete=OnDelete.restrict)
    account = ForeignKey(
        Account,
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


TABLES: list[type[Table]] = [
    Contract,
    Card,
    CardCheck,
    CardReminder,
    VaultCard,
    EmailCheck,
    Account,
    CardVisit,
    UsedPassword,
    ServicePeriod,
    Licence,
    BillClose,
    Charge,
    CallFile,
    Call,
    MailAddress,
    WebSpace,
    Mailbox,
    Forwarding,
    AutoReply,
    Outbox,
    Session,
    LoginEvent,
    Notice,
    PaperRequest,
    Attempt,
    Pepper,
    Change,
]
