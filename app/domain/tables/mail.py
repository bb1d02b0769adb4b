"""What an account ID has of the mail service."""

from __future__ import annotations

from piccolo.columns import Array, BigSerial, Boolean, Date, ForeignKey, SmallInt, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from app.domain.tables import contracts, people


class MailAddress(Table):
    """A UCOM mail address of an account ID. A released one stays, so that it is never given again."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.restrict)
    account = ForeignKey(people.Account, null=False, default=None, on_delete=OnDelete.restrict)
    address = Text(unique=True)
    registered_at = Timestamptz(default=None)
    released_at = Timestamptz(null=True, default=None)


class WebSpace(Table):
    """Webスペース of an account ID. A released name stays, so that it is never given again."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.restrict)
    account = ForeignKey(people.Account, null=False, default=None, on_delete=OnDelete.restrict)
    name = Text(unique=True)
    registered_at = Timestamptz(default=None)
    released_at = Timestamptz(null=True, default=None)


class Mailbox(Table):
    """Where an account ID's mail is kept. Its id is never given again, so nobody inherits old mail.

    It stays when the address changes and is retired when the account ID has no UCOM address any more.
    """

    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.restrict)
    account = ForeignKey(people.Account, null=False, default=None, on_delete=OnDelete.restrict)
    opened_at = Timestamptz(default=None)
    retired_at = Timestamptz(null=True, default=None)


class Forwarding(Table):
    """メール転送 of an account ID; no row: none."""

    account = ForeignKey(people.Account, null=False, default=None, on_delete=OnDelete.restrict, unique=True)
    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.restrict)
    addresses = Array(base_column=Text(), help_text="one to five")
    keep_copy = Boolean(default=True)


class AutoReply(Table):
    """自動返信 of an account ID. Switched off it keeps its text."""

    account = ForeignKey(people.Account, null=False, default=None, on_delete=OnDelete.restrict, unique=True)
    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.restrict)
    enabled = Boolean(default=False)
    subject = Text()
    body = Text()
    starts_on = Date(null=True, default=None)
    ends_on = Date(null=True, default=None)


class OwnerNotice(Table):
    """Somebody else changed the account ID's mail: shown to its owner until it is acknowledged (mail/consent.py)."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.restrict)
    account = ForeignKey(people.Account, null=False, default=None, on_delete=OnDelete.restrict)
    kind = Text(help_text="the kind of change")
    asker = Text(help_text="who made it, as in change")
    happened_at = Timestamptz(default=None)
    seen_at = Timestamptz(null=True, default=None)


class AppPassword(Table):
    """メールソフト用パスワード: a password of a mailbox that only a mail program knows. A removed one has no row."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.restrict)
    account = ForeignKey(people.Account, null=False, default=None, on_delete=OnDelete.restrict)
    mailbox = ForeignKey(Mailbox, null=False, default=None, on_delete=OnDelete.restrict)
    slot = SmallInt(default=None, help_text="1 to 10, unique among the mailbox's: the limit")
    name = Text()
    selector = Text(secret=True, help_text="finds it by what is typed (mail_v1.login)")
    hint = Text(secret=True, help_text="what Dovecot tells of a typed password before it looks at it")
    hash = Text(secret=True)
    made_at = Timestamptz(default=None)
    used_at = Timestamptz(null=True, default=None, help_text="as the mail server reports it")
    used_over = Text(help_text="imap or smtp")
