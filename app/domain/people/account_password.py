"""アカウントIDパスワードの変更: a new password is one that the account ID never had, and ends its other sessions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain import tables
from app.domain.access import passwords, usage
from app.domain.access.graph import Account
from app.domain.access.matrix import Permission
from app.domain.access.members import Member
from app.domain.access.proofs import Step
from app.domain.changes.kinds import OfAccount
from app.domain.changes.words import (
    FORMER_PAGE,
    STARS,
    Link,
    Receipt,
    Refused,
    Review,
    Row,
)
from app.domain.fields import Wrong
from app.domain.letters.recipients import Told
from app.domain.mail import system as mail_system

if TYPE_CHECKING:
    from datetime import datetime

TRIED_TOO_OFTEN = (
    "新しいパスワードの入力が続いたため、受け付けを止めています。{}後に、もう一度お試しください。"
)
USED_BEFORE = "このアカウントIDで使ったことのあるパスワードは使えません。"
PASSWORD = Row("パスワード", STARS, secret=True)
LOGGED_OUT = "このアカウントIDでログイン中だったほかの端末は、ログアウトされました。"
OTHER_SESSIONS = "パスワードを変更すると、このアカウントIDでログイン中のほかの端末は、ログアウトされます。"


async def new_password(member: Member, account: Account | None, password: str) -> passwords.NewPassword:
    """The password, hashed; raises Wrong if this account ID ever had it (None: it is about to be registered)."""
    await may_hash(member)
    made = await passwords.for_account(password, await _used(account.id) if account else [])
    if made is None:
        raise Wrong(USED_BEFORE)
    return made


async def may_hash(member: Member) -> None:
    """Raises Wrong when the login has tried too many new passwords."""
    try:
        await usage.count(member, usage.HASHING)
    except usage.TooOften as refused:
        raise Wrong(TRIED_TOO_OFTEN.format(usage.in_words(refused.wait))) from refused


async def _used(account: int) -> list[str]:
    used = tables.UsedPassword.select(tables.UsedPassword.hash).where(tables.UsedPassword.account == account)
    return await used.order_by(tables.UsedPassword.id, ascending=False).output(as_list=True)


async def set_password(member: Member, account: Account, password_hash: str) -> None:
    """Give the account ID a new password, and end every other session that was opened with the old one."""
    await remember(member, account.id, password_hash)
    await tables.Account.update({tables.Account.password_hash: password_hash}).where(
        tables.Account.id == account.id
    )
    await tables.Session.delete().where(
        tables.Session.account == account.id, tables.Session.token_hash != member.token_hash
    )
    if member.account_id == account.id:
        await tables.Session.update({tables.Session.own_set_here: True}).where(
            tables.Session.token_hash == member.token_hash
        )


async def remember(member: Member, account: int, password_hash: str) -> None:
    """Raises Refused if the account ID had it before."""
    if not await tables.UsedPassword.remember(member.contract.id, account, password_hash):
        raise Refused(USED_BEFORE)


def to_mail_settings(account: Account) -> tuple[Link, ...]:
    """Where it is said what to set anew in a mail program, where the account ID's password is the mailbox's, too."""
    opens_mailbox = account.ucom_address and not account.app_passwords
    return (mail_system.to_mail_settings(account.login),) if opens_mailbox else ()


@dataclass(frozen=True)
class ChangeAccountPassword(
    OfAccount,
    kind="account-password",
    name="アカウントIDパスワード変更",
    permission=Permission.ACCOUNT_PASSWORD,
    step=Step.RECENT,
    way_back=FORMER_PAGE,
    page="password",
    tells=Told.ACCOUNT,
    grave=True,
):
    """アカウントIDパスワードの変更, alone: what a user-role member may change of the own account ID."""

    password_hash: str

    def sets_own_password(self, member: Member) -> bool:
        return member.own is not None and member.own.login == self.login

    @property
    def _rows(self) -> list[Row]:
        return [Row("アカウントID", self.login), PASSWORD]

    def review(self, member: Member, now: datetime) -> Review:
        return Review(
            title="アカウントIDパスワード変更確認",
            rows=self._rows,
            button="変更",
            notices=(OTHER_SESSIONS,),
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        account = self.account(member)
        await set_password(member, account, self.password_hash)
        await self.tell(member, "account-password-changed", login=self.login)
        return Receipt(
            title="アカウントIDパスワード変更完了",
            lead="アカウントIDのパスワードを変更しました。",
            rows=self._rows,
            notices=(LOGGED_OUT,),
            next=(*to_mail_settings(account), Link("ご契約情報一覧", "/")),
        )
