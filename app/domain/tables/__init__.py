"""Every table, a file per subject. What Piccolo cannot express (checks, partial indexes) is raw SQL in migrations/.

Every table that grows with members carries the contract's key, so that it can be partitioned or sharded by it.

A table class is always written with its module, `tables.Account`: the domain has values of the same names.
"""

from __future__ import annotations

from piccolo.table import Table

from app.domain.tables.access import (
    Alert,
    AskedCount,
    Attempt,
    KeptForm,
    LoginEvent,
    OneTimePassword,
    PasswordLink,
    Pepper,
    Session,
    UsedPassword,
)
from app.domain.tables.cards import Card, CardCheck, CardReminder, CardVisit, VaultCard
from app.domain.tables.changes import Change, Consent
from app.domain.tables.contracts import Contract
from app.domain.tables.feeds import FeedCase, FeedLine, FeedRun, FieldHold
from app.domain.tables.letters import FormerAddress, Outbox
from app.domain.tables.mail import (
    AppPassword,
    AutoReply,
    Forwarding,
    MailAddress,
    Mailbox,
    OwnerNotice,
    WebSpace,
)
from app.domain.tables.money import (
    BillClose,
    BillIssuer,
    BillName,
    BillTax,
    Call,
    CallFile,
    Charge,
    OtherCharge,
    ServicePeriod,
)
from app.domain.tables.notices import Notice
from app.domain.tables.options import Licence, PurchaseRequest
from app.domain.tables.people import Account, EmailCheck, PaperRequest
from app.domain.tables.second_factor import Passkey, PasskeyUser, RecoveryCode, Totp, UsedChallenge

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
    PurchaseRequest,
    BillClose,
    OtherCharge,
    Charge,
    BillIssuer,
    BillTax,
    BillName,
    CallFile,
    Call,
    MailAddress,
    WebSpace,
    Mailbox,
    AppPassword,
    Forwarding,
    AutoReply,
    OwnerNotice,
    FormerAddress,
    Outbox,
    Session,
    KeptForm,
    LoginEvent,
    Notice,
    PaperRequest,
    Alert,
    Attempt,
    PasswordLink,
    OneTimePassword,
    AskedCount,
    Pepper,
    Change,
    Consent,
    PasskeyUser,
    Passkey,
    Totp,
    RecoveryCode,
    UsedChallenge,
    FeedRun,
    FeedLine,
    FieldHold,
    FeedCase,
]
"""All of them, each after those that it refers to."""

__all__ = [
    "TABLES",
    "Account",
    "Alert",
    "AppPassword",
    "AskedCount",
    "Attempt",
    "AutoReply",
    "BillClose",
    "BillIssuer",
    "BillName",
    "BillTax",
    "Call",
    "CallFile",
    "Card",
    "CardCheck",
    "CardReminder",
    "CardVisit",
    "Change",
    "Charge",
    "Consent",
    "Contract",
    "EmailCheck",
    "FeedCase",
    "FeedLine",
    "FeedRun",
    "FieldHold",
    "FormerAddress",
    "Forwarding",
    "KeptForm",
    "Licence",
    "LoginEvent",
    "MailAddress",
    "Mailbox",
    "Notice",
    "OneTimePassword",
    "OtherCharge",
    "Outbox",
    "OwnerNotice",
    "PaperRequest",
    "Passkey",
    "PasskeyUser",
    "PasswordLink",
    "Pepper",
    "PurchaseRequest",
    "RecoveryCode",
    "ServicePeriod",
    "Session",
    "Totp",
    "UsedChallenge",
    "UsedPassword",
    "VaultCard",
    "WebSpace",
]
