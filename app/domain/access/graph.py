"""The contract as a member sees it: its graph, which PostgreSQL builds as one JSON value and msgspec decodes.

The keys of the JSON are made from the structs. In the statement that it is a part of (members.py) `c` is the contract,
`s` the session, `me` the account ID that is logged in; $2 is this moment, $6 the beginning of its month.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from app.domain import catalogue, tables
from app.domain.access.matrix import UserPurchases
from app.domain.catalogue import Product, ProductEntry
from app.domain.json_objects import json_list, json_object, json_one

# --- of an account ID -------------------------------------------------------------------------------------------------


class Forwarding(msgspec.Struct, frozen=True):
    """メール転送 as it is set."""

    addresses: list[str]
    keep_copy: bool


class AutoReply(msgspec.Struct, frozen=True):
    """自動返信 as it is set; switched off it keeps its text."""

    enabled: bool
    subject: str
    body: str
    starts_on: date | None
    ends_on: date | None


class AppPassword(msgspec.Struct, frozen=True):
    """メールソフト用パスワード of its mailbox; never the password."""

    id: int
    slot: int
    name: str
    made_at: datetime
    used_at: datetime | None
    """As the mail server reports it, within a few minutes."""
    used_over: str


class Period(msgspec.Struct, frozen=True):
    """A product that is bought now, since when."""

    product: Product
    started_at: datetime


class PendingRequest(msgspec.Struct, frozen=True):
    """A security option that its owner asked for, and that nobody has decided yet (options/purchase_requests.py)."""

    id: UUID
    product: Product
    asked_at: datetime
    lapses_at: datetime


class Ended(msgspec.Struct, frozen=True):
    """A product that was bought and has ended."""

    product: Product
    started_at: datetime
    ended_at: datetime


class Buyer(msgspec.Struct, frozen=True):
    """Who a purchase belongs to: a contract, or an account ID of it."""

    periods: list[Period]
    ended: list[Ended]
    """What ended in this month: it is charged in this month, and a security option can be used on to its last day."""

    @property
    def before(self) -> list[Product]:
        """Products that it had before this month, where buying one again may cost a fee."""
        return []

    @property
    def products(self) -> list[Product]:
        return [period.product for period in self.periods]

    def bought(self, product: Product) -> Period | None:
        """The purchase of the product that runs now, if there is one."""
        return next((period for period in self.periods if period.product == product), None)


class Account(Buyer, frozen=True):
    """アカウントID with what the accordion shows of it."""

    id: int
    login: str
    family: str
    given: str
    family_kana: str
    given_kana: str
    user_name: str
    role: Literal["user", "admin"]
    other_address: str | None
    ucom_address: str | None
    web_space: str | None
    deleted_at: datetime | None
    forwarding: Forwarding | None
    auto_reply: AutoReply | None
    mailbox_bytes: int | None
    """What is in the mailbox, where the mail system reports it."""
    app_passwords: list[AppPassword]
    requests: list[PendingRequest]

    @property
    def name(self) -> str:
        return f"{self.family} {self.given}"

    @property
    def mail_address(self) -> str | None:
        return self.ucom_address or self.other_address


_PERIOD = json_object(Period, tables.ServicePeriod, "p")
_ENDED = json_object(Ended, tables.ServicePeriod, "p")
_REQUEST = json_object(PendingRequest, tables.PurchaseRequest, "q")
_PENDING = "FROM purchase_request q WHERE q.account = a.id AND q.state = 'pending' AND q.lapses_at > $2"
_FORWARDING = json_object(Forwarding, tables.Forwarding, "f")
_AUTO_REPLY = json_object(AutoReply, tables.AutoReply, "r")
_APP_PASSWORD = json_object(AppPassword, tables.AppPassword, "w")
_ACCOUNT = json_object(
    Account,
    tables.Account,
    "a",
    periods=json_list(_PERIOD, "FROM service_period p WHERE p.account = a.id AND p.ended_at IS NULL", "p.id"),
    ended=json_list(_ENDED, "FROM service_period p WHERE p.account = a.id AND p.ended_at >= $6", "p.id"),
    ucom_address="(SELECT m.address FROM mail_address m WHERE m.account = a.id AND m.released_at IS NULL)",
    web_space="(SELECT w.name FROM web_space w WHERE w.account = a.id AND w.released_at IS NULL)",
    forwarding=json_one(_FORWARDING, "FROM forwarding f WHERE f.account = a.id"),
    auto_reply=json_one(_AUTO_REPLY, "FROM auto_reply r WHERE r.account = a.id"),
    mailbox_bytes="""(SELECT q.bytes FROM mailbox b JOIN mail_state_v1.quota_usage q ON q.mailbox = b.id
        WHERE b.account = a.id AND b.retired_at IS NULL)""",
    app_passwords=json_list(
        _APP_PASSWORD,
        "FROM app_password w JOIN mailbox b ON b.id = w.mailbox AND b.retired_at IS NULL WHERE w.account = a.id",
        "w.id",
    ),
    requests=json_list(_REQUEST, _PENDING, "q.asked_at, q.id"),
)

# --- of a contract ----------------------------------------------------------------------------------------------------


class ShownCard(msgspec.Struct, frozen=True):
    """What every page may show of a card."""

    brand: str
    last4: str
    expires: str
    """The last month that it is valid in (Month.iso)."""


class Card(ShownCard, frozen=True):
    """お支払い方法 as far as it is kept."""

    payer: str
    """The payment gateway's name of who pays, where it has one."""


class RefusedCard(msgspec.Struct, frozen=True):
    """One that staff refused (cards/checks.py)."""

    last4: str
    asked_at: datetime


class Banner(msgspec.Struct, frozen=True):
    """A current notice for the member's building that is not closed in this session (notices.py)."""

    id: int
    kind: Literal["outage", "maintenance"]
    severity: Literal["info", "warning", "critical"]
    title: str


class OwnerNotice(msgspec.Struct, frozen=True):
    """A change that somebody else made of the mail of who is logged in, not acknowledged yet (mail/consent.py)."""

    id: int
    kind: str
    asker: str
    happened_at: datetime


class OtherCharge(msgspec.Struct, frozen=True):
    """A version of a charge that the operator loaded (money/other_charges.py); yen with tax."""

    id: int
    ref: str
    month: date
    label: str
    yen: int
    tax_rate: int
    started_on: date | None
    ended_on: date | None
    written: int
    """Yen of it in closed bills."""


class Contract(Buyer, frozen=True):
    """ご契約 as far as the member may see it: a user-role login gets its own account ID only."""

    id: int
    customer_number: str
    closed_on: date | None
    """Its last day, once that is known (closed.py)."""
    contract_type: str
    mail_product: str
    user_purchases: UserPurchases
    """ユーザー権限によるセキュリティオプションの購入."""
    had: list[Product]
    """Products of the contract that ended before this month."""
    ended_with_account: list[Ended]
    """What ended in this month of account IDs that are deleted; a user-role login gets none."""
    out_of_stock: list[Product]
    """Security products without a licence key to sell now."""
    payers_reached: bool
    """Whether a mail reaches anybody who may decide a purchase request (letters/recipients.py, PAYERS)."""
    others: list[OtherCharge]
    """The operator's charges that no bill has settled, the oldest version first; for the customer number alone, which
    alone may see the bill."""
    billed_upto: date | None
    """The month that was closed last, for whoever has `others`."""
    card: Card | None
    waiting_card: ShownCard | None
    """One that waits for a name check (cards/checks.py)."""
    refused_card: RefusedCard | None
    """The one that was asked for last, if it was refused."""
    account_ids: int
    mail_addresses: int
    web_spaces: int
    accounts: list[Account]
    banners: list[Banner]
    owner_notices: list[OwnerNotice]
    """Of the account ID that is logged in."""

    @property
    def before(self) -> list[Product]:
        return self.had

    @property
    def mail(self) -> ProductEntry:
        """Its mail product."""
        return catalogue.current().mail_products[self.mail_product]

    @property
    def bought_mail(self) -> int:
        """Mail addresses (and web spaces) that the purchase adds to the base number."""
        return self.mail.bought if self.mail.key in self.products else 0

    @property
    def mail_limit(self) -> int:
        """Mail addresses (and web spaces) that may be registered: base + bought."""
        return self.mail.base + self.bought_mail

    @property
    def full(self) -> bool:
        """Whether the limit of account IDs is reached."""
        return self.account_ids >= catalogue.limits().account_ids


OTHER = json_object(
    OtherCharge,
    tables.OtherCharge,
    "o",
    written="(SELECT coalesce(sum(h.yen), 0) FROM charge h JOIN bill_close b ON b.month = h.billed"
    " WHERE h.other = o.id AND b.closed_at IS NOT NULL)",
)
"""A version of a charge of the operator: the statement calls its row `o`."""
# By an index that holds what waits alone: a page does not read what was charged for years.
_WAITING = """FROM other_charge o WHERE s.account IS NULL AND o.contract = c.id
    AND o.ref IN (SELECT ref FROM other_charge WHERE contract = c.id AND billed IS NULL)"""
_BILLED_UPTO = "(SELECT max(month) FROM bill_close WHERE closed_at IS NOT NULL AND s.account IS NULL)"
_CARD = json_object(Card, tables.Card, "k")
_WAITING_CARD = json_object(ShownCard, tables.CardCheck, "w")
_REFUSED_CARD = json_object(RefusedCard, tables.CardCheck, "w")
_OWNER_NOTICE = json_object(OwnerNotice, tables.OwnerNotice, "o")
_BANNER = json_object(Banner, tables.Notice, "n")
_LAST_IF_REFUSED = """FROM card_check w WHERE w.contract = c.id AND w.outcome = 'refused' AND NOT EXISTS (
    SELECT 1 FROM change n WHERE n.contract = c.id AND n.kind = 'card' AND n.applied_at > w.asked_at)
    ORDER BY w.asked_at DESC LIMIT 1"""
_GONE = """FROM service_period p JOIN account d ON d.id = p.account AND d.deleted_at IS NOT NULL
    WHERE p.contract = c.id AND p.ended_at >= $6 AND (s.account IS NULL OR me.role = 'admin')"""
_OWN_PURCHASES = "FROM service_period p WHERE p.contract = c.id AND p.account IS NULL"
_SEEN_ACCOUNTS = """FROM account a WHERE a.contract = c.id
    AND (a.deleted_at IS NULL OR a.id = s.account)
    AND (s.account IS NULL OR me.role = 'admin' OR a.id = s.account)"""
_PAYERS_REACHED = """(SELECT c.email <> '' OR EXISTS (
    SELECT FROM account a LEFT JOIN mail_address m ON m.account = a.id AND m.released_at IS NULL
    WHERE a.contract = c.id AND a.role = 'admin' AND a.deleted_at IS NULL
        AND coalesce(m.address, a.other_address) <> ''))"""
# One look into the index of the stock for each product.
_OUT_OF_STOCK = """(SELECT coalesce(json_agg(i.key), '[]') FROM catalogue_item i WHERE i.kind = 'licence'
    AND NOT EXISTS (SELECT FROM licence l WHERE l.product = i.key AND l.period IS NULL))"""
MOST_BANNERS = 20
"""Of one page: those that matter most."""
_URGENT_FIRST = "array_position('{critical,warning,info}'::text[], n.severity), n.starts_at DESC, n.id"
# The inner limit lets the index answer; the outer one leaves out what matters least.
_CURRENT_NOTICES = f"""FROM (SELECT * FROM (
    SELECT id, kind, severity, title, starts_at FROM notice
    WHERE coalesce(ends_at, 'infinity') > $2 AND starts_at <= $2 AND withdrawn_at IS NULL
        AND (buildings IS NULL OR c.building = ANY (buildings))
        AND (severity = 'critical' OR id <> ALL (s.dismissed))
    ORDER BY coalesce(ends_at, 'infinity') DESC LIMIT 200
) AS n ORDER BY {_URGENT_FIRST} LIMIT {MOST_BANNERS}) AS n"""  # noqa: S608 - constants

GRAPH = json_object(
    Contract,
    tables.Contract,
    "c",
    periods=json_list(_PERIOD, f"{_OWN_PURCHASES} AND p.ended_at IS NULL", "p.id"),
    ended=json_list(_ENDED, f"{_OWN_PURCHASES} AND p.ended_at >= $6", "p.id"),
    had=json_one("coalesce(json_agg(DISTINCT p.product), '[]')", f"{_OWN_PURCHASES} AND p.ended_at < $6"),
    ended_with_account=json_list(_ENDED, _GONE, "p.id"),
    out_of_stock=_OUT_OF_STOCK,
    payers_reached=_PAYERS_REACHED,
    others=json_list(OTHER, _WAITING, "o.id"),
    billed_upto=_BILLED_UPTO,
    card=json_one(_CARD, "FROM card k WHERE k.contract = c.id"),
    waiting_card=json_one(
        _WAITING_CARD, "FROM card_check w WHERE w.contract = c.id AND w.decided_at IS NULL"
    ),
    refused_card=json_one(_REFUSED_CARD, _LAST_IF_REFUSED),
    account_ids="(SELECT count(*) FROM account a WHERE a.contract = c.id AND a.deleted_at IS NULL)",
    mail_addresses="(SELECT count(*) FROM mail_address m WHERE m.contract = c.id AND m.released_at IS NULL)",
    web_spaces="(SELECT count(*) FROM web_space w WHERE w.contract = c.id AND w.released_at IS NULL)",
    accounts=json_list(_ACCOUNT, _SEEN_ACCOUNTS, "a.id"),
    banners=json_list(_BANNER, _CURRENT_NOTICES, _URGENT_FIRST),
    owner_notices=json_list(
        _OWNER_NOTICE, "FROM owner_notice o WHERE o.account = s.account AND o.seen_at IS NULL", "o.id"
    ),
)
"""What the statement selects as the member's graph."""

decode = msgspec.json.Decoder(Contract).decode
"""The contract out of the graph's JSON."""
