"""What somebody sets for another person's mail (転送, 自動返信, メールソフト用パスワード): with consent, and the owner is told.

Customer and admins may set up every account ID's mail (manual 2), but whoever uses the mailbox is its owner. So whoever
sets it for somebody else says that the owner agreed, and the owner gets a mail and, at the next login, a notice that
stays until it is acknowledged. What is forwarded where, and what is replied, is told to the owner alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from app.domain import tables
from app.domain.access import matrix
from app.domain.access.members import Member
from app.domain.changes.kept import CUSTOMER
from app.domain.changes.kinds import KINDS
from app.domain.changes.words import Refused, Row
from app.domain.mail.mailbox import OfMailbox
from app.postgres import database

if TYPE_CHECKING:
    from collections.abc import Iterable

TEXT = "others-mail"
"""What is agreed to (changes/consents.py)."""
LABEL = "利用する方の同意を得ています"
MISSING = "ほかの方のメールの設定です。利用する方の同意を得てから、チェックしてください。"


def needed(member: Member, login: str) -> bool:
    """Whether the account ID is another person's than who is logged in; of the customer number's nobody knows whose it is."""
    return member.own is None or member.own.login != login


@dataclass(frozen=True)
class OfOwnersMail(OfMailbox):
    """A change of what becomes of the mail that somebody gets."""

    consent: bool = field(default=False, kw_only=True)
    """Whoever asks says that the owner agreed."""

    def judge(self, member: Member, now: datetime) -> Refused | None:
        missing = needed(member, self.login) and not self.consent
        return super().judge(member, now) or (Refused(MISSING) if missing else None)

    def consents_to(self, member: Member) -> tuple[str, ...]:
        return (TEXT,) if needed(member, self.login) else ()

    def consent_rows(self, member: Member) -> list[Row]:
        """What confirm page and receipt say of the consent, where one is needed."""
        return [Row("利用する方の同意", "得ています")] if needed(member, self.login) else []

    async def tell_of_it(
        self,
        member: Member,
        now: datetime,
        mail: str,
        *,
        owner: dict[str, object],
        others: dict[str, object],
        elsewhere: Iterable[str] = (),
    ) -> None:
        """Post its mail: to the owner with the facts of `owner`, to whoever else is told with those of `others`.

        An owner who did not do it is told that somebody else did, in a mail without those facts and by a notice.
        `elsewhere`: more addresses where the owner read what came until now.
        """
        address = self.account(member).mail_address
        owners, told = [address] if address else [], await self.told(member)
        if needed(member, self.login):
            owners += elsewhere
            await self._leave_notice(member, now)
            facts = {"login": self.login, "what": self.name, "reads": self.account(member).name}
            await self.tell(member, "mail-set-by-other", owners, **facts)
        else:
            await self.tell(member, mail, owners, login=self.login, **owner)
        others_told = [one for one in told if one not in owners]
        await self.tell(member, mail, others_told, login=self.login, **others)

    async def _leave_notice(self, member: Member, now: datetime) -> None:
        """A notice for the owner; one of the same kind and person that was not read yet gives way to it."""
        notice = tables.OwnerNotice
        account, asker = self.account(member).id, member.own.login if member.own else CUSTOMER
        same = notice.account == account, notice.kind == self.kind, notice.asker == asker
        await notice.delete().where(*same, notice.seen_at.is_null())
        await notice(
            contract=member.contract.id, account=account, kind=self.kind, asker=asker, happened_at=now
        ).save()


@dataclass(frozen=True)
class Notice:
    """What the owner reads of it."""

    id: int
    name: str
    path: str
    """Where the setting is now."""
    asker: str
    happened_at: datetime


def notices(member: Member) -> list[Notice]:
    """What others changed of the mail of who is logged in and is not acknowledged yet; a deleted person can write nothing."""
    if member.own is None or member.deleted:
        return []
    return [
        Notice(
            one.id,
            KINDS[one.kind].name,
            f"/accounts/{member.own.login}/{KINDS[one.kind].page}",
            matrix.CUSTOMER_NAME if one.asker == CUSTOMER else f"アカウントID「{one.asker}」の方",
            one.happened_at,
        )
        for one in member.contract.owner_notices
    ]


async def acknowledge(member: Member, newest: int, now: datetime) -> None:
    """The owner has read the notices up to that one; a later one stays."""
    await database.rows(_ACKNOWLEDGE, member.contract.id, member.account_id, newest, now)


# SQL for `greatest`: the clock of whoever changed it may be ahead.
_ACKNOWLEDGE = """
UPDATE owner_notice SET seen_at = greatest($4, happened_at)
WHERE contract = $1 AND account = $2 AND id <= $3 AND seen_at IS NULL
"""


KEPT = timedelta(days=30)
"""How long a notice that was read is kept, as a mail that was delivered is; the change itself stays in お手続き履歴."""


async def tidy(now: datetime) -> None:
    """Delete the notices that were read long ago, and those whose owner was deleted so long ago and can read none."""
    await database.rows(_TIDY, now - KEPT)


# SQL for what hangs on another table.
_TIDY = """
DELETE FROM owner_notice o WHERE o.seen_at < $1
    OR EXISTS (SELECT FROM account a WHERE a.id = o.account AND a.deleted_at < $1)
"""
