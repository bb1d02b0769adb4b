"""連絡用メールアドレス: a new one takes the place of the old when its owner, logged in, answers a mailed link (spec 12).

Opening the link changes nothing: mail scanners do that. A button does, on a page that asks for a login, so that
somebody who got the mail by a mistyped address can do nothing with it, nor who reads the outbox.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain import clock, installation, tables
from app.domain.access.matrix import Permission
from app.domain.access.members import Member
from app.domain.access.proofs import Step
from app.domain.changes.kinds import OfContract
from app.domain.changes.words import Link, Receipt, Refused, Review, edited
from app.domain.letters import outbox, recipients
from app.domain.letters.recipients import Told
from app.postgres import database

VALID = timedelta(hours=24)
MOST = 10
"""お客様情報変更 of one contract in a day that may send a link: nobody is to flood a stranger's mailbox from here."""
TOO_OFTEN = "確認のメールを何度も送っているため、受け付けを止めています。24時間後に、もう一度お試しください。"
UNUSABLE = (
    "このリンクは使えません。24時間の有効期間が過ぎたか、すでに使われたか、"
    "その後に別のメールアドレスが入力されたか、別のご契約でログインしている可能性があります。"
)
OPEN_AGAIN = "お手数ですが、メールのリンクを、もう一度開いてください。まだ登録されていません。"
"""Instead of a link: a login in between has lost it."""


@dataclass(frozen=True)
class WaitingAddress:
    """An address that waits, and until when."""

    email: str
    asked_at: datetime

    @property
    def until(self) -> datetime:
        return self.asked_at + VALID


def confirm_notice(email: str) -> str:
    """What the confirm page says of a new address."""
    return (
        f"新しい連絡用メールアドレス {email} は、まだ登録されません。このメールアドレスに、確認のメールを送ります。"
        "24時間以内に、メールのリンクを開いて確認してください。"
    )


def receipt_notice(email: str, now: datetime) -> str:
    """What the complete page says of it, in words that are true whenever it is opened again."""
    return (
        f"新しい連絡用メールアドレス {email} に、確認のメールを送りました。{clock.minute(now + VALID)}までに、"
        "メールのリンクを開いて確認してください。確認するまで、連絡用メールアドレスは変わりません。"
        "その前に連絡用メールアドレスをもう一度変更すると、このメールのリンクは使えなくなります。"
        "現在の登録内容は、「お客様情報変更」の画面でご確認いただけます。"
    )


async def ask(contract: int, email: str, now: datetime) -> None:
    """Mail the link to the new address, in the transaction of the change; an earlier link of the contract is dead.

    Raises Refused when too many were asked for.
    """
    change = tables.Change
    times = await change.count().where(
        change.contract == contract, change.kind == "customer", change.applied_at > now - VALID
    )
    if times > MOST:  # this one is among them
        raise Refused(TOO_OFTEN)
    token = secrets.token_urlsafe(32)
    await tables.EmailCheck.renew(contract, email, link_hash(token), now)
    url = f"{installation.base_url()}/customer/email?token={token}"
    await outbox.post(contract, [email], "contact-address-check", url=url)


async def forget(contract: int) -> None:
    """No address waits any more."""
    await tables.EmailCheck.delete().where(tables.EmailCheck.contract == contract)


async def of_link(member: Member, token: str) -> VerifyAddress | None:
    """What the link's button does; None for a link that is used, too old, replaced, or another contract's."""
    found = await database.rows(_OF_LINK, member.contract.id, link_hash(token), clock.now() - VALID)
    return VerifyAddress(found[0]["email"], found[0]["before"]) if found else None


@dataclass(frozen=True)
class VerifyAddress(
    OfContract,
    kind="contact-address",
    name="連絡用メールアドレスの確認",
    permission=Permission.CONTRACT,
    step=Step.RECENT,
    page="/customer",
    tells=Told.OLD_AND_NEW_ADDRESS,
    grave=True,
):
    """Make the address that waits the contract's own."""

    email: str
    before: str

    def review(self, member: Member, now: datetime) -> Review:
        rows = [edited("連絡用メールアドレス", self.before, self.email)]
        return Review(title="連絡用メールアドレスの確認", rows=rows, button=self.deed)

    async def apply(self, member: Member, now: datetime) -> Receipt:
        contract = member.contract.id
        told = await self.told(member)  # before the old address is replaced
        if not await tables.EmailCheck.take(contract, self.email, now - VALID):
            raise Refused(UNUSABLE)
        await tables.Contract.update({tables.Contract.email: self.email}).where(
            tables.Contract.id == contract
        )
        await recipients.replaced(contract, None, self.before, now)
        await self.tell(member, "contact-address-changed", told)
        return Receipt(
            title=f"連絡用メールアドレス{self.deed}完了",
            lead=f"連絡用メールアドレスの{self.deed}が完了しました。",
            rows=self.review(member, now).rows,
            next=(Link("お客様情報を確認する", "/customer"), Link("ご契約情報一覧", "/")),
        )

    @property
    def deed(self) -> str:
        """What the button does: an address that is there is replaced."""
        return "変更" if self.before else "登録"

    @property
    def new_address(self) -> str:
        return self.email


def link_hash(token: str) -> bytes:
    """What is kept of the token of a mailed link."""
    return hashlib.sha256(token.encode()).digest()


# SQL for a join from the child's end: Piccolo would name the contract's column by a path of its own.
_OF_LINK = """
SELECT k.email, c.email AS before FROM email_check k JOIN contract c ON c.id = k.contract
WHERE k.contract = $1 AND k.token_hash = $2 AND k.asked_at > $3
"""
