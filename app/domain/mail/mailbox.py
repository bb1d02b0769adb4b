"""メールボックス容量変更: 1 GB ⇄ 10 GB for a fee, per account ID with a UCOM address (spec 7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.branding import BRAND
from app.domain import clock
from app.domain.access.graph import Account, Period
from app.domain.access.matrix import Permission
from app.domain.access.members import Member
from app.domain.cards import kept as payment
from app.domain.catalogue import BOX_SIZES, GIGABYTE, Product
from app.domain.changes.kinds import OfAccount
from app.domain.changes.words import FORMER_PAGE, Link, Mend, Receipt, Refused, Review, Row, cost_rows, edited
from app.domain.letters.recipients import Told
from app.domain.mail import losses
from app.domain.money import billing, offer, purchases

if TYPE_CHECKING:
    from datetime import datetime

NO_ADDRESS = f"{BRAND.prefix}のメールアドレスを登録すると、ご利用いただけます。"
SMALLER = "保存されているメール（{}）は残ります。1GBに戻した後は、使用量が1GBに達すると、新しいメールを受け取れません。"
IN_USE = (
    "メールボックスの使用量が1GBを超えているため、1GBに変更できません。"
    "メールを減らしてから、もう一度お試しください。"
)


@dataclass(frozen=True)
class OfMailbox(OfAccount):
    """A change that needs a mailbox: a UCOM address."""

    def judge(self, member: Member, now: datetime) -> Refused | None:
        return no_address(self.login) if self.account(member).ucom_address is None else None


def no_address(login: str) -> Refused:
    """The account ID has no address yet, and where one registers it."""
    mend = Mend("メールアドレスを登録する", f"/accounts/{login}/mail-address", Permission.MAIL_ADDRESS)
    return Refused(NO_ADDRESS, mend)


def large(account: Account) -> Period | None:
    """The purchase of the bigger mailbox, if there is one."""
    return account.bought(Product.MAILBOX_10GB)


def size(account: Account) -> str:
    """The mailbox's size in words; "" without one."""
    return f"{BOX_SIZES[large(account) is not None]}GB" if account.ucom_address else ""


@dataclass(frozen=True)
class ChangeBoxSize(
    OfMailbox,
    kind="mailbox-size",
    name="メールボックス容量変更",
    permission=Permission.MAIL_SERVICE,
    way_back=FORMER_PAGE,
    page="mailbox",
    tells=Told.ACCOUNT,
    consents=(Product.MAILBOX_10GB.value,),
):
    """To 10 GB (`to_large`), or back to 1 GB."""

    to_large: bool

    def judge(self, member: Member, now: datetime) -> Refused | None:
        account = self.account(member)
        if self.to_large == (large(account) is not None):
            return Refused(f"メールボックスの容量は、すでに{BOX_SIZES[self.to_large]}GBです。")
        if self.to_large:
            return super().judge(member, now) or payment.cannot_pay(member)
        too_full = (account.mailbox_bytes or 0) > GIGABYTE
        return super().judge(member, now) or (Refused(IN_USE) if too_full else None)

    def review(self, member: Member, now: datetime) -> Review:
        costs = cost_rows(self._costs(member, now))
        return Review(
            title="メールボックス容量変更確認",
            rows=self._rows(now),
            lead=offer.LEAD if self.to_large else "",
            offer=costs if self.to_large else (),
            costs=() if self.to_large else costs,
            notices=self._notices(self.account(member)),
            terms=Product.MAILBOX_10GB.value,
            button="決定",
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        account, costs = self.account(member), self._costs(member, now, kept=True)
        turn = purchases.start if self.to_large else purchases.end
        await turn(member, account, Product.MAILBOX_10GB, now)
        await self.tell(
            member,
            "mailbox-size",
            login=self.login,
            size=f"{BOX_SIZES[self.to_large]}GB",
            costs=billing.lines(costs),
        )
        return Receipt(
            title="メールボックス容量変更完了",
            lead="メールボックスの容量を変更しました。",
            rows=[*self._rows(now), *cost_rows(costs)],
            notices=self._notices(account),
            next=(Link("ご契約情報一覧", f"/?open={self.login}"),),
        )

    def _notices(self, account: Account) -> tuple[str, ...]:
        return () if self.to_large else (SMALLER.format(losses.used(account)),)

    def _rows(self, now: datetime) -> list[Row]:
        return [
            Row("アカウントID", self.login),
            edited(
                "メールボックス容量", f"{BOX_SIZES[not self.to_large]}GB", f"{BOX_SIZES[self.to_large]}GB"
            ),
            Row("お申し込み日", clock.day(now)),
            *([Row("動作環境", offer.environment(Product.MAILBOX_10GB))] if self.to_large else []),
        ]

    def _costs(self, member: Member, now: datetime, *, kept: bool = False) -> list[billing.Cost]:
        account = self.account(member)
        period = large(account)
        if period is None:
            return payment.six_rows(member, Product.MAILBOX_10GB, now, account, kept=kept)
        before = billing.earlier(account)
        return billing.of_ending(Product.MAILBOX_10GB, period.started_at, now, before=before)
