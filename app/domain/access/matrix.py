"""What each role may do: the manual's feature table (chapter 2), and how a refusal is called."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from app.branding import BRAND


class Missing(Exception):
    """Not there, or not this member's: the two look the same."""


class Forbidden(Exception):
    """A known thing that this role may not do; `deleted`: because the own account ID was deleted."""

    def __init__(self, *, deleted: bool = False) -> None:
        super().__init__()
        self.deleted = deleted


class Role(StrEnum):
    """The three kinds of login (spec 1)."""

    CUSTOMER = "customer"
    ADMIN = "admin"
    USER = "user"


class UserPurchases(StrEnum):
    """What a contract's switch lets its ユーザー権限 members do who want a security option (spec 1)."""

    YES = "yes"
    """They buy it."""
    ASK = "ask"
    """They ask for it, and whoever pays approves."""
    NO = "no"


CUSTOMER_NAME = "ご契約者様（お客様番号）"
"""Who logs in with the customer number, in words."""
ROLE_NAMES = {"user": "ユーザー権限", "admin": "管理者権限"}
DELETED = "アカウントIDが削除されたため、お手続きはできません。"
"""Why a deleted person may not write."""


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
    ACCOUNT_NAMES = "account-names"
    """氏名, カナ and ユーザーネーム of an account ID (manual 6)."""
    ACCOUNT_PASSWORD = "account-password"  # noqa: S105 - the name of a feature
    MAIL_SERVICE = "mail-service"
    MAIL_ADDRESS = "mail-address"
    FORWARDING = "forwarding"
    AUTO_REPLY = "auto-reply"
    SECURITY = "security"
    SECURITY_STATUS = "security-status"
    PURCHASE_REQUESTS = "purchase-requests"
    """To see what was asked for; to ask for it is SECURITY."""
    PURCHASE_DECISIONS = "purchase-decisions"
    """To approve or refuse it."""
    WEB_SPACE = "web-space"
    REMOTE_SUPPORT = "remote-support"
    BY_PHONE = "by-phone"
    ON_PAPER = "on-paper"
    PARTNERS = "partners"
    CHANGES = "changes"
    LOGINS = "logins"
    OWN_DATA = "own-data"
    SECOND_FACTOR = "second-factor"
    """The own one: nobody sees or removes another login's."""
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
    Permission.ACCOUNT_NAMES:    ("◎",     "◎",   "○"),
    Permission.ACCOUNT_PASSWORD: ("◎",     "◎",   "○"),
    Permission.MAIL_SERVICE:     ("○",     "○",   "×"),
    Permission.MAIL_ADDRESS:     ("◎",     "◎",   "○"),
    Permission.FORWARDING:       ("◎",     "◎",   "○"),
    Permission.AUTO_REPLY:       ("◎",     "◎",   "○"),
    Permission.SECURITY:         ("◎",     "◎",   "○"),
    Permission.SECURITY_STATUS:  ("◎",     "◎",   "○"),
    Permission.PURCHASE_REQUESTS: ("◎",    "◎",   "○"),
    Permission.PURCHASE_DECISIONS: ("◎",   "◎",   "×"),
    Permission.WEB_SPACE:        ("◎",     "◎",   "○"),
    Permission.REMOTE_SUPPORT:   ("○",     "○",   "×"),
    Permission.BY_PHONE:         ("○",     "○",   "×"),
    Permission.ON_PAPER:         ("○",     "○",   "×"),
    Permission.PARTNERS:         ("○※",    "×※",  "×"),
    Permission.CHANGES:          ("◎",     "◎",   "○"),
    Permission.LOGINS:           ("◎",     "◎",   "○"),
    Permission.OWN_DATA:         ("○※",    "×※",  "○"),
    Permission.SECOND_FACTOR:    ("○",     "○",   "○"),
    Permission.NOTICES:          ("○",     "○",   "○"),
    Permission.SESSION:          ("○",     "○",   "○"),
}  # fmt: skip
"""The manual's feature table (chapter 2). From お手続き履歴 on the rows are ours; so are the first, ACCOUNT_NAMES, which is
chapter 6's, and the two of purchase requests."""


CLOSED_MAY = frozenset(
    {
        *(Permission.OVERVIEW, Permission.STATEMENTS, Permission.CHANGES, Permission.OWN_DATA),
        *(Permission.NOTICES, Permission.SESSION),
    }
)
"""What the customer number of a contract that is over may do: read, none of it is a change."""
AGAIN = {
    Permission.STATEMENTS: "料金明細照会",
    Permission.PARTNERS: "、".join(partner.name for partner in BRAND.partners),
    Permission.OWN_DATA: "ご登録情報のダウンロード",
}
"""What an admin logs in to again with the customer number (×※), by its name in the menu."""
ADMIN_MAY = (
    "お客様番号でログインしたときと同じお手続きができます。"
    f"ただし、{'、'.join(filter(None, AGAIN.values()))}と、お客様番号パスワードの変更では、"
    "お客様番号とお客様番号パスワードで、もう一度ログインします。"
)


_COLUMN = {role: nth for nth, role in enumerate(Role)}


def sign(permission: Permission, role: Role) -> Sign:
    """The cell of the matrix."""
    return MATRIX[permission][_COLUMN[role]]


def allowed(permission: Permission, role: Role) -> bool:
    """Whether the role may use the feature at all; ※ says so too, its page asks again (spec 1)."""
    return sign(permission, role) != "×"
