"""Who is calling, what that role may do, and what of the contract it may see.

A member and the contract's graph come in one statement: one row, the graph as one JSON value. Everything that a page
looks up is looked up through the member, so somebody else's thing and a missing thing are the same: `Missing`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

import msgspec

from app import database
from app.domain import clock
from app.domain.catalogue import ACCOUNT_IDS, MAIL_PRODUCTS, MailProduct, Product

if TYPE_CHECKING:
    import asyncpg

IDLE = timedelta(minutes=30)
"""A session ends when nothing came from it for so long; a deleted person may read on for as long (spec 5)."""
LIFETIME = timedelta(hours=12)
"""A session ends so long after its login, whatever comes."""


class Missing(Exception):
    """Not there, or not this member's: the two look the same."""


class Forbidden(Exception):
    """A known thing that this role may not do; `deleted`: because the own account ID was deleted."""

    def __init__(self, *, deleted: bool = False) -> None:
        super().__init__()
        self.deleted = deleted


class SessionEnded(Exception):
    """Nobody is logged in, or no longer."""


class Role(StrEnum):
    """The three kinds of login (spec 1)."""

    CUSTOMER = "customer"
    ADMIN = "admin"
    USER = "user"


class Permission(StrEnum):
    """The rows of the matrix; every handler names one in `opt`."""

    PUBLIC = "public"
    """For everybody, without a look at who calls: static files, health."""
    ANYONE = "anyone"
    """For everybody, in the frame of whoever is logged in: login, contact, privacy."""
    OVERVIEW = "overview"
    CONTRACT = "contract"
    PAYMENT = "payment"
    STATEMENTS = "statements"
    ACCOUNTS = "accounts"
    ACCOUNT_PASSWORD = "account-password"  # noqa: S105 - the name of a feature
    MAIL_SERVICE = "mail-service"
    MAIL_ADDRESS = "mail-address"
    FORWARDING = "forwarding"
    AUTO_REPLY = "auto-reply"
    SECURITY = "security"
    SECURITY_STATUS = "security-status"
    WEB_SPACE = "web-space"
    REMOTE_SUPPORT = "remote-support"
    BY_PHONE = "by-phone"
    ON_PAPER = "on-paper"
    PARTNERS = "partners"
    CHANGES = "changes"
    LOGINS = "logins"
    OWN_DATA = "own-data"
    NOTICES = "notices"
    """お知らせ: notices, terms and the guide."""
    SESSION = "session"


Sign = Literal["◎", "○", "○※", "×※", "×"]
"""◎ every account ID of the contract, ○ the own account ID or the contract, ※ after a second login, × not."""

MATRIX: dict[Permission, tuple[Sign, Sign, Sign]] = {
    #                             customer  admin  user
    Permission.OVERVIEW:         ("◎",     "◎",   "○"),
    Permission.CONTRACT:         ("○",     "○",   "×"),
    Permission.PAYMENT:          ("○",     "○",   "×"),
    Permission.STATEMENTS:       ("○※",    "×※",  "×"),
    Permission.ACCOUNTS:         ("○",     "○",   "×"),
    Permission.ACCOUNT_PASSWORD: ("◎",     "◎",   "○"),
    Permission.MAIL_SERVICE:     ("○",     "○",   "×"),
    Permission.MAIL_ADDRESS:     ("◎",     "◎",   "○"),
    Permission.FORWARDING:       ("◎",     "◎",   "○"),
    Permission.AUTO_REPLY:       ("◎",     "◎",   "○"),
    Permission.SECURITY:         ("◎",     "◎",   "○"),
    Permission.SECURITY_STATUS:  ("◎",     "◎",   "○"),
    Permission.WEB_SPACE:        ("◎",     "◎",   "○"),
    Permission.REMOTE_SUPPORT:   ("○",     "○",   "×"),
    Permission.BY_PHONE:         ("○",     "○",   "×"),
    Permission.ON_PAPER:         ("○",     "○",   "×"),
    Permission.PARTNERS:         ("○※",    "×※",  "×"),
    Permission.CHANGES:          ("◎",     "◎",   "○"),
    Permission.LOGINS:           ("◎",     "◎",   "○"),
    Permission.OWN_DATA:         ("○※",    "×※",  "×"),
    Permission.NOTICES:          ("○",     "○",   "○"),
    Permission.SESSION:          ("○",     "○",   "○"),
}  # fmt: skip
"""The manual's feature table (chapter 2). From お手続き履歴 on the rows are ours; so is the first."""


def sign(permission: Permission, role: Role) -> Sign:
    """The cell of the matrix."""
    return MATRIX[permission][list(Role).index(role)]


def allowed(permission: Permission, role: Role) -> bool:
    """Whether the role may use the feature at all; ※ says so too, its page asks again (spec 1)."""
    return sign(permission, role) != "×"


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


class Period(msgspec.Struct, frozen=True):
    """A product that is bought now, since when."""

    product: Product
    started_at: datetime


class Ended(msgspec.Struct, frozen=True):
    """A product that was bought and has ended."""

    product: Product
    started_at: datetime
    ended_at: datetime


class Card(msgspec.Struct, frozen=True):
    """お支払い方法 as far as it is kept."""

    brand: str
    last4: str
    expires: str
    """YYYY-MM, the last month it is valid in."""
    payer: str = ""
    """The payment gateway's name of who pays, where it has one."""


class RefusedCard(msgspec.Struct, frozen=True):
    """One that staff refused (card_checks.py)."""

    last4: str
    asked_at: datetime


class Banner(msgspec.Struct, frozen=True):
    """A current notice for the member's building that is not closed in this session (notices.py)."""

    id: int
    kind: Literal["outage", "maintenance"]
    severity: Literal["info", "warning", "critical"]
    title: str


class Buyer(msgspec.Struct, frozen=True):
    """Who a purchase belongs to: a contract, or an account ID of it."""

    periods: list[Period]

    @property
    def products(self) -> list[Product]:
        return [period.product for period in self.periods]

    def bought(self, product: Product) -> Period | None:
        """The purchase of the product that runs now, if there is one."""
        return next((period for period in self.periods if period.product is product), None)


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
    ended: list[Ended]
    """What ended in this month: a security option can be used on to its last day."""
    forwarding: Forwarding | None
    auto_reply: AutoReply | None
    mailbox_bytes: int | None
    """What is in the mailbox, where the mail system reports it."""

    @property
    def name(self) -> str:
        return f"{self.family} {self.given}"

    @property
    def mail_address(self) -> str | None:
        return self.ucom_address or self.other_address


class Contract(Buyer, frozen=True):
    """ご契約 as far as the member may see it: a user-role login gets its own account ID only."""

    id: int
    customer_number: str
    contract_type: str
    mail_product: str
    user_purchases: bool
    """ユーザー権限によるセキュリティオプションの購入: 許可する."""
    ended: list[Product]
    """Products of the contract that it had before."""
    card: Card | None
    waiting_card: Card | None
    """One that waits for a name check (payment.py)."""
    refused_card: RefusedCard | None
    """The one that was asked for last, if it was refused."""
    account_ids: int
    mail_addresses: int
    web_spaces: int
    accounts: list[Account]
    banners: list[Banner]

    @property
    def mail(self) -> MailProduct:
        return MAIL_PRODUCTS[self.mail_product]

    @property
    def bought_mail(self) -> int:
        """Mail addresses (and web spaces) that the purchase adds to the base number."""
        return self.mail.bought if self.mail.product in self.products else 0

    @property
    def mail_limit(self) -> int:
        """Mail addresses (and web spaces) that may be registered: base + bought."""
        return self.mail.base + self.bought_mail

    @property
    def full(self) -> bool:
        """Whether the limit of account IDs is reached."""
        return self.account_ids >= ACCOUNT_IDS


@dataclass(frozen=True)
class Member:
    """The person who is calling, for one request."""

    role: Role
    contract: Contract
    own: Account | None
    proved_at: datetime
    """When the own password was typed last, at login or since (proofs.py)."""
    customer_proved_at: datetime | None
    """When お客様番号 and its password were typed again in this session."""
    token_hash: bytes = field(repr=False)
    seal_keys: tuple[bytes, ...] = field(repr=False, default=())
    """Keys that only this session's cookie leads to, newest first (changes.py seals with them)."""

    @property
    def customer_number(self) -> str:
        return self.contract.customer_number

    @property
    def contract_type(self) -> str:
        return self.contract.contract_type

    @property
    def account_id(self) -> int | None:
        """Key of the account ID that is logged in; None for the customer number."""
        return self.own.id if self.own else None

    @property
    def label(self) -> str:
        """Who is logged in, in words."""
        return f"{self.own.login}（{ROLE_NAMES[self.own.role]}）" if self.own else CUSTOMER_NAME

    @property
    def deleted(self) -> bool:
        """The own account ID was deleted while logged in: may read, not write."""
        return self.own is not None and self.own.deleted_at is not None

    @property
    def accounts(self) -> list[Account]:
        """The living account IDs that this member may see, in order of registration."""
        return [account for account in self.contract.accounts if account.deleted_at is None]

    def may(self, permission: Permission) -> bool:
        return allowed(permission, self.role)

    def may_change(self, permission: Permission) -> bool:
        """Whether a page offers a change of it: a deleted person may read, not write."""
        return self.may(permission) and not self.deleted

    def require(self, permission: Permission, *, writing: bool) -> None:
        """Raise Forbidden unless the role may use the feature; a deleted person may read, not write."""
        if not self.may(permission):
            raise Forbidden
        if writing and self.deleted:
            raise Forbidden(deleted=True)

    def account(self, login: str) -> Account:
        """An account ID of this contract that the member may see; a deleted one only for the person it was.

        Raises Missing.
        """
        for account in self.contract.accounts:
            if account.login == login:
                return account
        raise Missing(login)


DELETED = "アカウントIDが削除されたため、お手続きはできません。"
"""Why a deleted person may not write."""
CUSTOMER_NAME = "ご契約者様（お客様番号）"
"""Who logs in with the customer number, in words."""
ROLE_NAMES = {"user": "ユーザー権限", "admin": "管理者権限"}

_GRAPH = """
json_build_object(
    'id', c.id, 'customer_number', c.customer_number, 'contract_type', c.contract_type,
    'mail_product', c.mail_product, 'user_purchases', c.user_purchases,
    'ended', (SELECT coalesce(json_agg(DISTINCT p.product), '[]') FROM service_period p
        WHERE p.contract = c.id AND p.account IS NULL AND p.ended_at IS NOT NULL),
    'periods', (SELECT coalesce(json_agg(json_build_object('product', p.product, 'started_at', p.started_at)
        ORDER BY p.id), '[]') FROM service_period p
        WHERE p.contract = c.id AND p.account IS NULL AND p.ended_at IS NULL),
    'card', (SELECT json_build_object('brand', k.brand, 'last4', k.last4, 'expires', k.expires, 'payer', k.payer)
        FROM card k WHERE k.contract = c.id),
    'waiting_card', (SELECT json_build_object('brand', w.brand, 'last4', w.last4, 'expires', w.expires)
        FROM card_check w WHERE w.contract = c.id AND w.decided_at IS NULL),
    'refused_card', (SELECT json_build_object('last4', w.last4, 'asked_at', w.asked_at)
        FROM card_check w WHERE w.contract = c.id AND w.outcome = 'refused' AND NOT EXISTS (
            SELECT 1 FROM change n WHERE n.contract = c.id AND n.kind = 'card' AND n.applied_at > w.asked_at)
        ORDER BY w.asked_at DESC LIMIT 1),
    'account_ids', (SELECT count(*) FROM account a WHERE a.contract = c.id AND a.deleted_at IS NULL),
    'mail_addresses', (SELECT count(*) FROM mail_address m WHERE m.contract = c.id AND m.released_at IS NULL),
    'web_spaces', (SELECT count(*) FROM web_space w WHERE w.contract = c.id AND w.released_at IS NULL),
    'accounts', (SELECT coalesce(json_agg(json_build_object(
            'id', a.id, 'login', a.login, 'family', a.family, 'given', a.given,
            'family_kana', a.family_kana, 'given_kana', a.given_kana, 'user_name', a.user_name, 'role', a.role,
            'other_address', a.other_address, 'deleted_at', a.deleted_at,
            'ucom_address', (SELECT m.address FROM mail_address m
                WHERE m.account = a.id AND m.released_at IS NULL),
            'web_space', (SELECT w.name FROM web_space w WHERE w.account = a.id AND w.released_at IS NULL),
            'mailbox_bytes', (SELECT q.bytes FROM mailbox b JOIN mail_state_v1.quota_usage q ON q.mailbox = b.id
                WHERE b.account = a.id AND b.retired_at IS NULL),
            'forwarding', (SELECT json_build_object('addresses', f.addresses, 'keep_copy', f.keep_copy)
                FROM forwarding f WHERE f.account = a.id),
            'auto_reply', (SELECT json_build_object('enabled', r.enabled, 'subject', r.subject, 'body', r.body,
                'starts_on', r.starts_on, 'ends_on', r.ends_on) FROM auto_reply r WHERE r.account = a.id),
            'periods', (SELECT coalesce(json_agg(json_build_object('product', p.product, 'started_at', p.started_at)
                ORDER BY p.id), '[]') FROM service_period p WHERE p.account = a.id AND p.ended_at IS NULL),
            'ended', (SELECT coalesce(json_agg(json_build_object('product', p.product, 'started_at', p.started_at,
                'ended_at', p.ended_at) ORDER BY p.id), '[]') FROM service_period p
                WHERE p.account = a.id AND p.ended_at >= $6)
        ) ORDER BY a.id), '[]')
        FROM account a WHERE a.contract = c.id
            AND (a.deleted_at IS NULL OR a.id = s.account)
            AND (s.account IS NULL OR me.role = 'admin' OR a.id = s.account)),
    'banners', (SELECT coalesce(json_agg(json_build_object(
            'id', n.id, 'kind', n.kind, 'severity', n.severity, 'title', n.title
        ) ORDER BY n.severity = 'critical' DESC, n.starts_at DESC, n.id), '[]')
        FROM (
            SELECT id, kind, severity, title, starts_at FROM notice
            WHERE coalesce(ends_at, 'infinity') > $2 AND starts_at <= $2
                AND (buildings IS NULL OR c.building = ANY (buildings))
                AND (severity = 'critical' OR id <> ALL (s.dismissed))
            ORDER BY coalesce(ends_at, 'infinity') DESC LIMIT 20
        ) AS n)
)"""

_FIND = f"""
WITH touched AS (
    UPDATE session SET seen_at = $2 WHERE token_hash = $1 AND seen_at < $5 AND seen_at > $3 AND opened_at > $4
)
SELECT s.account, me.role, coalesce(s.proved_at, s.opened_at) AS proved_at, s.customer_proved_at, {_GRAPH} AS graph
FROM session s JOIN contract c ON c.id = s.contract LEFT JOIN account me ON me.id = s.account
WHERE s.token_hash = $1 AND s.seen_at > $3 AND s.opened_at > $4
    AND (me.deleted_at IS NULL OR me.deleted_at > $3)
"""  # noqa: S608 - the only text put in is the constant above

_contract = msgspec.json.Decoder(Contract)


async def find(token_hash: bytes, seal_keys: tuple[bytes, ...] = ()) -> Member | None:
    """The member whose live session this is, with the contract's graph: one round trip.

    Also notes that the session is in use, at most once a minute, so that reading pages does not write.
    """
    now = clock.now()
    found = await database.rows(
        _FIND, token_hash, now, now - IDLE, now - LIFETIME, now - timedelta(minutes=1), clock.month_began(now)
    )
    return _member(found[0], token_hash, seal_keys) if found else None


def _member(row: asyncpg.Record, token_hash: bytes, seal_keys: tuple[bytes, ...]) -> Member:
    contract = _contract.decode(row["graph"])
    own = None
    if row["account"] is not None:
        (own,) = (account for account in contract.accounts if account.id == row["account"])
    role = Role(row["role"]) if own else Role.CUSTOMER
    proofs = row["proved_at"], row["customer_proved_at"]
    return Member(role, contract, own, *proofs, token_hash, seal_keys)
