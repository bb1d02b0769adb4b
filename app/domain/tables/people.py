"""The account IDs of a contract, and what its people wait for: a mail's link, a paper."""

from __future__ import annotations

from datetime import datetime

from piccolo.columns import BigSerial, Bytea, Date, ForeignKey, SmallInt, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from app.domain.tables import contracts


class Account(Table):
    """アカウントID. A deleted one stays as a tombstone, so that its name is never given again."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.restrict)
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


class EmailCheck(Table):
    """A new 連絡用メールアドレス that waits to be verified by the link that was mailed to it."""

    contract = ForeignKey(
        contracts.Contract, primary_key=True, null=False, default=None, on_delete=OnDelete.restrict
    )
    email = Text()
    token_hash = Bytea(unique=True, default=None, secret=True)
    asked_at = Timestamptz(default=None)

    @classmethod
    async def renew(cls, contract: int, email: str, token_hash: bytes, now: datetime) -> None:
        """Let the address wait, in the place of one that waited before."""
        waiting = cls(contract=contract, email=email, token_hash=token_hash, asked_at=now)
        replaced = [cls.email, cls.token_hash, cls.asked_at]
        await cls.insert(waiting).on_conflict(cls.contract, "DO UPDATE", replaced)

    @classmethod
    async def take(cls, contract: int, email: str, since: datetime) -> bool:
        """Whether this address has waited since then or later; it waits no more."""
        its_row = (cls.contract == contract, cls.email == email, cls.asked_at > since)
        return bool(await cls.delete().where(*its_row).returning(cls.contract))


class PaperRequest(Table):
    """A paper that a member asked for by post."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.restrict)
    account = ForeignKey(Account, null=True, default=None, on_delete=OnDelete.restrict, help_text="who asked")
    paper = Text(help_text="which one (papers.py)")
    wanted_on = Date(null=True, default=None, help_text="the last day, where the line is to end")
    asked_at = Timestamptz(default=None)
    done_at = Timestamptz(null=True, default=None, help_text="when it was sent")
    received_at = Timestamptz(null=True, default=None, help_text="when it came back, filled in")
    entered_at = Timestamptz(null=True, default=None, help_text="when what it asks for was done")
