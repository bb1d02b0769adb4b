"""UCOM光 リモートサポート (manual 16-18): bought and cancelled for the contract; a fee for buying it again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.domain import clock
from app.domain.access.graph import Contract, Period
from app.domain.access.matrix import Permission
from app.domain.access.members import Member
from app.domain.cards import kept as payment
from app.domain.catalogue import FEES_OF_BUYING_AGAIN, NAMES, Product, price
from app.domain.changes.kinds import OfContract
from app.domain.changes.words import FORMER_PAGE, Link, Receipt, Refused, Review, Row, cost_rows
from app.domain.letters.recipients import Told
from app.domain.money import billing, offer, purchases
from app.domain.months import Month

if TYPE_CHECKING:
    from datetime import datetime

PRODUCT = Product.REMOTE_SUPPORT
NAME = NAMES[PRODUCT]
BOUGHT = f"{NAME}は、すでに購入されています。"
ENVIRONMENT = Row("動作環境", offer.environment(PRODUCT))
NOT_BOUGHT = f"{NAME}は、購入されていません。"


def purchase(contract: Contract) -> Period | None:
    """The contract's リモートサポート, if it is bought."""
    return contract.bought(PRODUCT)


def again(contract: Contract) -> bool:
    """Whether buying it costs the fee, because the contract had it before."""
    return PRODUCT in contract.had or any(period.product is PRODUCT for period in contract.ended)


def fee(now: datetime) -> str:
    """再申し込み手数料 (税込)."""
    return f"{billing.yen(price(FEES_OF_BUYING_AGAIN[PRODUCT], Month.of(now).first_day))}（税込）"


def cancellation_notices(now: datetime) -> tuple[str, ...]:
    return (
        "解約すると、すぐにご利用いただけなくなります。解約の取り消しはできません。",
        "解約後にリモートサポート窓口へご連絡いただいても、いかなる理由でもご対応できません。",
        f"もう一度お申し込みになるときは、再申し込み手数料 {fee(now)}がかかります。",
    )


@dataclass(frozen=True)
class _RemoteSupport(
    OfContract,
    permission=Permission.REMOTE_SUPPORT,
    way_back=FORMER_PAGE,
    page="/remote-support",
    tells=Told.CONTRACT,
):
    """What buying and cancelling have in common."""

    def _rows(self, now: datetime, what: str) -> list[Row]:
        return [
            Row("商品名", NAME),
            Row("お申し込み内容", what),
            Row("月額利用料", purchases.monthly(PRODUCT, now)),
            Row("お申し込み日", clock.day(now)),
        ]

    async def _tell(self, member: Member, costs: list[billing.Cost], mail: str, now: datetime) -> None:
        facts = {"product": NAME, "environment": ENVIRONMENT.value, "date": clock.day(now)}
        await self.tell(member, mail, costs=billing.lines(costs), **facts)

    def _receipt(self, lead: str, rows: list[Row], link: Link) -> Receipt:
        return Receipt(
            title=f"{NAME}購入／解約完了",
            lead=lead,
            rows=rows,
            next=(link, Link("ご契約情報一覧", "/")),
        )


@dataclass(frozen=True)
class BuyRemoteSupport(
    _RemoteSupport,
    kind="remote-support-purchase",
    name=f"{NAME}購入",
    consents=(PRODUCT.value,),
):
    """リモートサポートの購入."""

    def judge(self, member: Member, now: datetime) -> Refused | None:
        return Refused(BOUGHT) if purchase(member.contract) else payment.cannot_pay(member)

    def review(self, member: Member, now: datetime) -> Review:
        return Review(
            title=f"{NAME}購入／解約確認",
            rows=[*self._rows(now, "購入する"), ENVIRONMENT],
            lead=offer.LEAD,
            offer=cost_rows(payment.six_rows(member, PRODUCT, now)),
            terms=PRODUCT.value,
            button="決定",
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        costs = payment.six_rows(member, PRODUCT, now)
        await purchases.start(member, None, PRODUCT, now)
        await self._tell(member, costs, "remote-support-purchased", now)
        return self._receipt(
            f"{NAME}の購入が完了しました。すぐにご利用いただけます。",
            [*self._rows(now, "購入する"), ENVIRONMENT, *cost_rows(costs)],
            Link("リモートサポート窓口の電話番号を見る", self.back),
        )


@dataclass(frozen=True)
class CancelRemoteSupport(_RemoteSupport, kind="remote-support-cancellation", name=f"{NAME}解約"):
    """リモートサポートの解約: at once."""

    def judge(self, member: Member, now: datetime) -> Refused | None:
        return None if purchase(member.contract) else Refused(NOT_BOUGHT)

    def review(self, member: Member, now: datetime) -> Review:
        return Review(
            title=f"{NAME}購入／解約確認",
            rows=self._rows(now, "解約する"),
            costs=cost_rows(_ending(member.contract, now)),
            notices=cancellation_notices(now),
            button="決定",
            danger=True,
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        costs = _ending(member.contract, now)
        await purchases.end(member, None, PRODUCT, now)
        await self._tell(member, costs, "remote-support-cancelled", now)
        receipt = self._receipt(
            f"{NAME}の解約が完了しました。",
            [*self._rows(now, "解約する"), *cost_rows(costs)],
            Link(NAME, self.back),
        )
        return replace(receipt, notices=cancellation_notices(now))


def _ending(contract: Contract, now: datetime) -> list[billing.Cost]:
    """What ending the purchase costs, if there is one (judged before)."""
    bought = purchase(contract)
    before = billing.earlier(contract)
    return billing.of_ending(PRODUCT, bought.started_at, now, before=before) if bought else []
