"""メールボックス容量変更: 1 GB ⇄ 10 GB for a fee, per account ID with a UCOM address (spec 7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from app.domain import clock
from app.domain.access.members import Account, Member, Period, Permission
from app.domain.cards import register as payment
from app.domain.catalogue import BOX_SIZES, GIGABYTE, Product
from app.domain.changes.changes import (
    FORMER_PAGE,
    Link,
    Receipt,
    Refused,
    Review,
    Row,
    cost_rows,
    edited,
    kind,
)
from app.domain.letters import outbox, recipients
from app.domain.money import billing, purchases

if TYPE_CHECKING:
    from datetime import datetime

NO_ADDRESS = "UCOM光のメールアドレスを登録すると、ご利用いただけます。"
IN_USE = (
    "メールボックスの使用量が1GBを超えているため、1GBに変更できません。"
    "メールを減らしてから、もう一度お試しください。"
)


def large(account: Account) -> Period | None:
    """The purchase of the bigger mailbox, if there is one."""
    return account.bought(Product.MAILBOX_10GB)


def size(account: Account) -> str:
    """The mailbox's size in words; "" without one."""
    return f"{BOX_SIZES[large(account) is not None]}GB" if account.ucom_address else ""


def refuse(member: Member, account: Account) -> None:
    """Raises Refused when the size cannot be changed to the other one."""
    if account.ucom_address is None:
        raise Refused(NO_ADDRESS)
    if large(account) is None:
        payment.must_be_able_to_pay(member)
    elif (account.mailbox_bytes or 0) > GIGABYTE:
        raise Refused(IN_USE)


@kind
@dataclass(frozen=True)
class ChangeBoxSize:
    """To 10 GB (`to_large`), or back to 1 GB."""

    kind: ClassVar[str] = "mailbox-size"
    name: ClassVar[str] = "メールボックス容量変更"
    permission: ClassVar[Permission] = Permission.MAIL_SERVICE
    way_back: ClassVar[str] = FORMER_PAGE

    login: str
    to_large: bool

    @property
    def subject(self) -> str:
        return self.login

    @property
    def back(self) -> str:
        return f"/accounts/{self.login}/mailbox"

    def _refuse(self, member: Member, account: Account) -> None:
        if self.to_large == (large(account) is not None):
            raise Refused(f"メールボックスの容量は、すでに{BOX_SIZES[self.to_large]}GBです。")
        refuse(member, account)

    def review(self, member: Member, now: datetime) -> Review:
        account = member.account(self.login)
        self._refuse(member, account)
        return Review(
            title="メールボックス容量変更確認",
            rows=self._rows(now),
            costs=cost_rows(_costs(account, now)),
            terms=Product.MAILBOX_10GB.value,
            button="決定",
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        account = member.account(self.login)
        self._refuse(member, account)
        turn = purchases.start if self.to_large else purchases.end
        await turn(member, account, Product.MAILBOX_10GB, now)
        await outbox.post(
            member.contract.id,
            await recipients.of_account(account),
            "mailbox-size",
            by=outbox.done_by(member),
            login=self.login,
            size=f"{BOX_SIZES[self.to_large]}GB",
            costs=billing.lines(_costs(account, now)[:2]),
        )
        return Receipt(
            title="メールボックス容量変更完了",
            lead="メールボックスの容量を変更しました。",
            rows=self._rows(now),
            next=(Link("ご契約情報一覧", f"/?open={self.login}"),),
        )

    def _rows(self, now: datetime) -> list[Row]:
        return [
            Row("アカウントID", self.login),
            edited(
                "メールボックス容量", f"{BOX_SIZES[not self.to_large]}GB", f"{BOX_SIZES[self.to_large]}GB"
            ),
            Row("お申し込み日", clock.day(now)),
        ]


def _costs(account: Account, now: datetime) -> list[billing.Cost]:
    period = large(account)
    if period is None:
        return billing.of_purchase(Product.MAILBOX_10GB, now)
    return billing.of_ending(Product.MAILBOX_10GB, period.started_at, now)
