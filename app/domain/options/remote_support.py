"""UCOM光 リモートサポート (manual 16-18): bought and cancelled for the contract; a fee for buying it again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.domain import catalogue, clock
from app.domain.access.graph import Contract, Period
from app.domain.access.matrix import Missing, Permission
from app.domain.access.members import Member
from app.domain.cards import kept as payment
from app.domain.catalogue import Product
from app.domain.changes.kinds import OfContract
from app.domain.changes.words import FORMER_PAGE, Link, Receipt, Refused, Review, Row, cost_rows
from app.domain.letters.recipients import Told
from app.domain.money import billing, offer, purchases
from app.domain.months import Month

if TYPE_CHECKING:
    from datetime import datetime


def product() -> Product:
    """リモートサポート. Raises Missing where the catalogue has none."""
    found = catalogue.support()
    if found is None:
        raise Missing("support")
    return found


def name() -> str:
    return catalogue.name(product())


def purchase(contract: Contract) -> Period | None:
    """The contract's リモートサポート, if it is bought."""
    found = catalogue.support()
    return contract.bought(found) if found else None


def there(contract: Contract) -> bool:
    """Whether the contract is shown it: it has it, or may buy it."""
    return purchase(contract) is not None or catalogue.offered(catalogue.support(), clock.today())


def again(contract: Contract) -> bool:
    """Whether buying it is buying it again, because the contract had it before."""
    own = product()
    return own in contract.had or any(period.product == own for period in contract.ended)


def fee(now: datetime) -> str:
    """再申し込み手数料 (税込); "" where there is none."""
    month = Month.of(now)
    item = catalogue.fee_of_buying_again(product(), month.first_day)
    return f"{billing.yen(billing.tariff(item, month)[0])}（税込）" if item else ""


def _environment() -> Row:
    return Row("動作環境", offer.environment(product()))


def cancellation_notices(now: datetime) -> tuple[str, ...]:
    return (
        "解約すると、すぐにご利用いただけなくなります。解約の取り消しはできません。",
        "解約後にリモートサポート窓口へご連絡いただいても、いかなる理由でもご対応できません。",
        *(
            (f"もう一度お申し込みになるときは、再申し込み手数料 {fee(now)}がかかります。",)
            if fee(now)
            else ()
        ),
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

    @classmethod
    def there(cls) -> bool:
        return catalogue.support() is not None

    def _rows(self, now: datetime, what: str) -> list[Row]:
        return [
            Row("商品名", name()),
            Row("お申し込み内容", what),
            Row("月額利用料", purchases.monthly(product(), now)),
            Row("お申し込み日", clock.day(now)),
        ]

    async def _tell(self, member: Member, costs: list[billing.Cost], mail: str, now: datetime) -> None:
        facts = {"product": name(), "environment": _environment().value, "date": clock.day(now)}
        await self.tell(member, mail, costs=billing.lines(costs), **facts)

    def _receipt(self, lead: str, rows: list[Row], link: Link | None) -> Receipt:
        return Receipt(
            title=f"{name()}購入／解約完了",
            lead=lead,
            rows=rows,
            next=(*((link,) if link else ()), Link("ご契約情報一覧", "/")),
        )


@dataclass(frozen=True)
class BuyRemoteSupport(
    _RemoteSupport,
    kind="remote-support-purchase",
    name="リモートサポート購入",
):
    """リモートサポートの購入."""

    @classmethod
    def in_words(cls) -> str:
        return f"{name()}購入" if cls.there() else cls.name

    def consents_to(self, member: Member) -> tuple[str, ...]:
        return (product(),)

    def judge(self, member: Member, now: datetime) -> Refused | None:
        return (
            Refused(f"{name()}は、すでに購入されています。")
            if purchase(member.contract)
            else payment.cannot_buy(member, product(), now)
        )

    def review(self, member: Member, now: datetime) -> Review:
        return Review(
            title=f"{name()}購入／解約確認",
            rows=[*self._rows(now, "購入する"), _environment()],
            lead=offer.LEAD,
            offer=cost_rows(payment.six_rows(member, product(), now)),
            terms=product(),
            button="決定",
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        costs = payment.six_rows(member, product(), now)
        await purchases.start(member, None, product(), now)
        await self._tell(member, costs, "remote-support-purchased", now)
        return self._receipt(
            f"{name()}の購入が完了しました。すぐにご利用いただけます。",
            [*self._rows(now, "購入する"), _environment(), *cost_rows(costs)],
            Link("リモートサポート窓口の電話番号を見る", self.back),
        )


@dataclass(frozen=True)
class CancelRemoteSupport(_RemoteSupport, kind="remote-support-cancellation", name="リモートサポート解約"):
    """リモートサポートの解約: at once."""

    @classmethod
    def in_words(cls) -> str:
        return f"{name()}解約" if cls.there() else cls.name

    def judge(self, member: Member, now: datetime) -> Refused | None:
        return None if purchase(member.contract) else Refused(f"{name()}は、購入されていません。")

    def review(self, member: Member, now: datetime) -> Review:
        return Review(
            title=f"{name()}購入／解約確認",
            rows=self._rows(now, "解約する"),
            costs=cost_rows(_ending(member.contract, now)),
            notices=cancellation_notices(now),
            button="決定",
            danger=True,
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        costs = _ending(member.contract, now)
        await purchases.end(member, None, product(), now)
        await self._tell(member, costs, "remote-support-cancelled", now)
        receipt = self._receipt(
            f"{name()}の解約が完了しました。",
            [*self._rows(now, "解約する"), *cost_rows(costs)],
            Link(name(), self.back) if catalogue.offered(product(), clock.today()) else None,
        )
        return replace(receipt, notices=cancellation_notices(now))


def _ending(contract: Contract, now: datetime) -> list[billing.Cost]:
    """What ending the purchase costs, if there is one (judged before)."""
    bought = purchase(contract)
    before = billing.earlier(contract)
    return billing.of_ending(product(), bought.started_at, now, before=before) if bought else []
