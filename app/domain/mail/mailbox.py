"""メールボックス容量変更: 1 GB ⇄ 10 GB for a fee, per account ID with a UCOM address (spec 7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.branding import BRAND
from app.domain import catalogue, clock
from app.domain.access.graph import Account, Period
from app.domain.access.matrix import Missing, Permission
from app.domain.access.members import Member
from app.domain.cards import kept as payment
from app.domain.catalogue import GIGABYTE, Product
from app.domain.changes.kinds import OfAccount
from app.domain.changes.words import FORMER_PAGE, Link, Mend, Receipt, Refused, Review, Row, cost_rows, edited
from app.domain.letters.recipients import Told
from app.domain.mail import losses
from app.domain.money import billing, offer, purchases

if TYPE_CHECKING:
    from datetime import datetime

NO_ADDRESS = f"{BRAND.prefix}のメールアドレスを登録すると、ご利用いただけます。"
SMALLER = "保存されているメール（{used}）は残ります。{size}に戻した後は、使用量が{size}に達すると、新しいメールを受け取れません。"
IN_USE = (
    "メールボックスの使用量が{size}を超えているため、{size}に変更できません。"
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
    product = catalogue.mailbox()
    return account.bought(product) if product else None


def sizes() -> tuple[str, str]:
    """The mailbox's sizes in words: without the option, and with it."""
    return f"{catalogue.limits().mailbox_gigabytes}GB", f"{gigabytes()}GB"


def gigabytes() -> int:
    """Of a mailbox with the option, if there is one; else of every mailbox."""
    product = catalogue.mailbox()
    return catalogue.entry(product).gigabytes if product else catalogue.limits().mailbox_gigabytes


def size(account: Account) -> str:
    """The mailbox's size in words; "" without one."""
    return sizes()[large(account) is not None] if account.ucom_address else ""


def there(account: Account) -> bool:
    """Whether the account ID is shown the option: it has it, or may buy it."""
    return large(account) is not None or catalogue.offered(catalogue.mailbox(), clock.today())


def product() -> Product:
    """The option. Raises Missing where the catalogue has none."""
    found = catalogue.mailbox()
    if found is None:
        raise Missing("mailbox")
    return found


@dataclass(frozen=True)
class ChangeBoxSize(
    OfMailbox,
    kind="mailbox-size",
    name="メールボックス容量変更",
    permission=Permission.MAIL_SERVICE,
    way_back=FORMER_PAGE,
    page="mailbox",
    tells=Told.ACCOUNT,
):
    """To 10 GB (`to_large`), or back to 1 GB."""

    to_large: bool

    @classmethod
    def there(cls) -> bool:
        return catalogue.mailbox() is not None

    def consents_to(self, member: Member) -> tuple[str, ...]:
        return (product(),)

    def judge(self, member: Member, now: datetime) -> Refused | None:
        account, option, small = self.account(member), product(), catalogue.limits().mailbox_gigabytes
        if self.to_large == (large(account) is not None):
            return Refused(f"メールボックスの容量は、すでに{sizes()[self.to_large]}です。")
        if self.to_large:
            return super().judge(member, now) or payment.cannot_buy(member, option, now)
        too_full = (account.mailbox_bytes or 0) > small * GIGABYTE
        return super().judge(member, now) or (
            Refused(IN_USE.format(size=sizes()[False])) if too_full else None
        )

    def review(self, member: Member, now: datetime) -> Review:
        costs = cost_rows(self._costs(member, now))
        return Review(
            title="メールボックス容量変更確認",
            rows=self._rows(now),
            lead=offer.LEAD if self.to_large else "",
            offer=costs if self.to_large else (),
            costs=() if self.to_large else costs,
            notices=self._notices(self.account(member)),
            terms=product(),
            button="決定",
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        account, costs = self.account(member), self._costs(member, now, kept=True)
        turn = purchases.start if self.to_large else purchases.end
        await turn(member, account, product(), now)
        await self.tell(
            member,
            "mailbox-size",
            login=self.login,
            size=sizes()[self.to_large],
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
        return () if self.to_large else (SMALLER.format(used=losses.used(account), size=sizes()[False]),)

    def _rows(self, now: datetime) -> list[Row]:
        return [
            Row("アカウントID", self.login),
            edited("メールボックス容量", sizes()[not self.to_large], sizes()[self.to_large]),
            Row("お申し込み日", clock.day(now)),
            *([Row("動作環境", offer.environment(product()))] if self.to_large else []),
        ]

    def _costs(self, member: Member, now: datetime, *, kept: bool = False) -> list[billing.Cost]:
        account = self.account(member)
        period = large(account)
        if period is None:
            return payment.six_rows(member, product(), now, account, kept=kept)
        before = billing.earlier(account)
        return billing.of_ending(product(), period.started_at, now, before=before)
