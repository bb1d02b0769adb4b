"""メールソフト用パスワード: passwords of a mailbox that only a mail program knows (spec 18).

Each is made here, shown once, and kept as a hash. From the first one on the portal's password opens the mailbox no
more, until the last one is removed: `mail_v1.login` says so to the mail server (ops/mail/).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from asyncpg import UniqueViolationError

from app.domain import clock, fields, tables
from app.domain.access.graph import Account, AppPassword
from app.domain.access.matrix import Missing, Permission
from app.domain.access.members import Member
from app.domain.access.proofs import Step
from app.domain.changes.words import FORMER_PAGE, Link, Receipt, Refused, Review, Row
from app.domain.fields import Wrong
from app.domain.letters.recipients import Told
from app.domain.mail import system as mail_system
from app.domain.mail.consent import OfOwnersMail
from app.domain.mail.mailbox import OfMailbox, no_address
from app.postgres import database

if TYPE_CHECKING:
    from datetime import datetime

TITLE = "メールソフト用パスワード"
MOST = 10
LETTERS = "abcdefghjkmnpqrstuvwxyz"
"""Without i, l and o, which look like other letters and digits: 16 of the 23 are 72 bits."""
LENGTH = 16
SALT_LENGTH = 16
"""Bytes of the salt of a stored hash."""

FULL = f"{TITLE}は、{MOST}個まで作成できます。使っていないものを削除してから、もう一度お試しください。"
TAKEN = "この名前のパスワードは、すでにあります。別の名前を入力してください。"
SHOWN_ONCE = "（一度だけ表示しました）"
FIRST = (
    "これが1個目のため、作成するとすぐに、アカウントIDのパスワードではメールを送受信できなくなります。"
    "お使いのメールソフトすべてに、作成したパスワードを設定してください。"
)
CLOSED = (
    "これが1個目のため、アカウントIDのパスワードではメールを送受信できなくなりました。"
    "お使いのメールソフトすべてに、作成したパスワードを設定してください。"
)
ONCE = (
    "パスワードを表示するのは、作成した直後の完了画面に一度だけです。画面を閉じる前に、メールソフトに設定してください。"
    "設定する前に画面を閉じたときは、このパスワードを削除して、新しく作成してください。"
)
STOPS = "このパスワードを設定したメールソフトは、メールを送受信できなくなります。"
STOPPED = "このパスワードを設定したメールソフトは、メールを送受信できなくなりました。"
LAST = "これが最後の1個のため、削除すると、アカウントIDのパスワードでメールを送受信できるようになります。"
OPENED = "これが最後の1個のため、アカウントIDのパスワードでメールを送受信できるようになりました。"
PROTOCOLS = {"imap": "受信", "smtp": "送信"}
"""What a mail program did, by Dovecot's name of the protocol."""


@dataclass(frozen=True)
class _New:
    """A password that was made just now, and what is kept of it."""

    password: str
    selector: str
    hint: str
    hash: str


def _make(selector_salt: str) -> _New:
    password = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
    salt = secrets.token_bytes(SALT_LENGTH)
    hashed = hashlib.sha512(password.encode() + salt).digest() + salt  # Dovecot's {SSHA512}
    return _New(
        password,
        selector=hashlib.sha256(f"{selector_salt}{password}".encode()).hexdigest()[:8],
        hint=hint(password),
        hash=base64.b64encode(hashed).decode(),
    )


def hint(password: str) -> str:
    """12 bits of a typed password as Dovecot tells them before a login (`%3.4096Nw`); they give nothing away."""
    digest = hashlib.md5(password.encode(), usedforsecurity=False).digest()
    return f"{int.from_bytes(digest[:8]) % 4096:03x}"


def free_name(account: Account, text: str) -> str:
    """What the member calls it; raises Wrong for one that is there already."""
    name = fields.to_others(partial(fields.name, label="名前"), "名前")(text)
    if _called(account, name):
        raise Wrong(TAKEN)
    return name


def wanted(account: Account) -> str:
    """Which password a mail program of the account ID needs, in words."""
    return TITLE if account.app_passwords else "アカウントIDのパスワード"


def last_use(own: AppPassword) -> str:
    """When and for what a mail program used it last, in words."""
    if own.used_at is None:
        return "まだ使われていません"
    what = PROTOCOLS.get(own.used_over)
    return clock.minute(own.used_at) + (f"（{what}）" if what else "")


@dataclass(frozen=True)
class _OfAppPassword(
    OfMailbox,
    permission=Permission.MAIL_ADDRESS,
    step=Step.RECENT,
    page="mail-passwords",
    tells=Told.ACCOUNT,
    grave=True,
):
    """What making and removing one have in common."""

    called: str
    """What the member calls it."""

    def _rows(self, now: datetime) -> list[Row]:
        return [
            Row("アカウントID", self.login),
            Row("名前", self.called),
            Row("お申し込み日", clock.day(now)),
        ]

    def _next(self) -> tuple[Link, ...]:
        settings = mail_system.to_mail_settings(self.login)
        return (settings, Link(TITLE, self.back), Link("ご契約情報一覧", f"/?open={self.login}"))


@dataclass(frozen=True)
class MakeAppPassword(OfOwnersMail, _OfAppPassword, kind="mail-password-new", name=f"{TITLE}作成"):
    """Make one. The password itself comes into being when the change is carried out.

    Whoever has it reads the mail, so one of somebody else's takes that person's consent, as a forwarding does.
    """

    def judge(self, member: Member, now: datetime) -> Refused | None:
        account = self.account(member)
        if refused := super().judge(member, now):
            return refused
        if len(account.app_passwords) >= MOST:
            return Refused(FULL)
        return Refused(TAKEN) if _called(account, self.called) else None

    def review(self, member: Member, now: datetime) -> Review:
        first = not self.account(member).app_passwords
        return Review(
            title=f"{TITLE}作成確認",
            rows=self._rows(now) + self.consent_rows(member),
            notices=(FIRST,) if first else (),
            button="作成",
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        account = self.account(member)
        new = await self._keep(member, account, now)
        called: dict[str, object] = {"called": self.called}
        await self.tell_of_it(member, now, "mail-password-new", owner=called, others=called)
        return Receipt(
            title=f"{TITLE}作成完了",
            lead="パスワードを作成しました。お使いのメールソフトに、次のとおり設定してください。",
            rows=[
                *self._rows(now),
                *self.consent_rows(member),
                Row(TITLE, SHOWN_ONCE, secret=True, whole=True),
            ],
            notices=(ONCE, *((CLOSED,) if not account.app_passwords else ())),
            guide=mail_system.program_settings(self.login, account.ucom_address or "", f"上の「{TITLE}」"),
            next=self._next(),
            revealed=new.password,
        )

    async def _keep(self, member: Member, account: Account, now: datetime) -> _New:
        """Make one and store it. Raises Refused without a mailbox, and where a constraint says no."""
        found = await database.rows(_BEFORE, account.id)
        if not found:
            raise no_address(self.login)
        taken = {own.slot for own in account.app_passwords}
        new = _make(found[0]["salt"])
        try:
            await tables.AppPassword(
                contract=member.contract.id,
                account=account.id,
                mailbox=found[0]["mailbox"],
                slot=min(set(range(1, MOST + 1)) - taken),
                name=self.called,
                selector=new.selector,
                hint=new.hint,
                hash=new.hash,
                made_at=now,
            ).save()
        except UniqueViolationError as error:  # the selector of another one, once in a billion times
            raise Refused("もう一度お試しください。") from error
        return new


# SQL for two tables that have nothing to do with each other, one of them outside the portal's own schema.
_BEFORE = """
SELECT id AS mailbox, (SELECT salt FROM mail_v1.selector_salt) AS salt
FROM mailbox WHERE account = $1 AND retired_at IS NULL
"""


@dataclass(frozen=True)
class RemoveAppPassword(
    _OfAppPassword, kind="mail-password-removal", name=f"{TITLE}削除", way_back=FORMER_PAGE
):
    """Remove one: what was set to it gets in no more."""

    id: int
    """Which one: name and slot may have been given again since."""

    def review(self, member: Member, now: datetime) -> Review:
        account = self.account(member)
        return Review(
            title=f"{TITLE}削除確認",
            rows=[*self._rows(now), Row("最後に使った日時", last_use(_own(account, self.id)))],
            notices=(STOPS, *((LAST,) if len(account.app_passwords) == 1 else ())),
            button="削除",
            danger=True,
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        account = self.account(member)
        await tables.AppPassword.delete().where(tables.AppPassword.id == self.id)
        last = len(account.app_passwords) == 1
        outcome = OPENED if last else STOPPED
        await self.tell(
            member, "mail-password-removal", login=self.login, called=self.called, outcome=outcome
        )
        return Receipt(
            title=f"{TITLE}削除完了",
            lead="パスワードを削除しました。",
            rows=self._rows(now),
            notices=(STOPPED, *((OPENED,) if last else ())),
            next=self._next(),
        )


async def end_of_account(account: Account) -> None:
    """All of them end with the mailbox that they open."""
    await tables.AppPassword.delete().where(tables.AppPassword.account == account.id)


def removal(account: Account, slot: str) -> RemoveAppPassword:
    """The change that removes the one in that slot. Raises Missing if the account ID has none there."""
    found = next((own for own in account.app_passwords if str(own.slot) == slot), None)
    if found is None:
        raise Missing(slot)
    return RemoveAppPassword(account.login, found.name, found.id)


def _own(account: Account, identity: int) -> AppPassword:
    found = next((own for own in account.app_passwords if own.id == identity), None)
    if found is None:
        raise Missing(identity)
    return found


def _called(account: Account, name: str) -> bool:
    return any(own.name == name for own in account.app_passwords)
