"""Asking for a security option, and what comes of it (spec 1): ユーザー権限 asks and may take it back, whoever pays approves
or refuses.

An approval is the ordinary purchase, made by whoever approves: its rules, its price, its licence key, its bill.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from app.branding import BRAND
from app.domain import catalogue, clock, installation
from app.domain.access.graph import Account, PendingRequest
from app.domain.access.matrix import Missing, Permission
from app.domain.access.members import Member
from app.domain.cards import kept as payment
from app.domain.catalogue import Product
from app.domain.changes.kinds import OfAccount
from app.domain.changes.words import FORMER_PAGE, Decision, Link, Mend, Receipt, Refused, Review, Row
from app.domain.letters.recipients import Told
from app.domain.money import purchases
from app.domain.options import purchase_requests, security
from app.domain.options.purchase_requests import State
from app.domain.options.security import BuySecurity

NO_NEED = "このご契約では、申請しなくても、ご自分で購入できます。"
REACHED = (
    f"ご契約者様と管理者権限の方に、{BRAND.service}の画面でお知らせします。"
    "メールアドレスが登録されている方には、メールでもお知らせします。"
)
NOT_REACHED = (
    "ご契約者様と管理者権限の方のメールアドレスが、どれも登録されていないため、メールではお知らせできません。"
    f"{BRAND.service}の画面には表示されますので、申請したことを、ご契約者様か管理者権限の方に直接お伝えください。"
)
A_DAY = 5
"""Requests of one account ID in 24 hours: one for each product, and two again. Each mails everybody who may decide."""
ASKING = (
    "承認されると、その時に購入になります。購入後の取り消しはできません。",
    "期限までに承認されない場合は、購入にならずに終わります。申請は、承認されるまで取り下げることができます。",
    f"申請は、取り下げたものも含めて、24時間に{A_DAY}回までです。",
)
DECIDED = {
    State.APPROVED: "この申請は、{moment}に承認され、購入されました。",
    State.REFUSED: "この申請は、{moment}に却下されました。購入されていません。",
    State.WITHDRAWN: "この申請は、{moment}に取り下げられました。購入されていません。",
    State.LAPSED: "この申請は、{moment}までに承認されなかったため、期限切れになりました。購入されていません。",
}


def told(member: Member) -> str:
    """Who hears of a request, and what its asker has to do where no mail reaches anybody."""
    return REACHED if member.contract.payers_reached else NOT_REACHED


def waits_for(member: Member, account: Account, product: Product, now: datetime) -> str:
    """What stands in the way of approving a request now, for who has to ask; "" where nothing does."""
    if not security.must_ask(member):
        return ""
    missing = security.no_pin(member, account, product, now)
    return f"{missing.reason}いま申請しても、購入できるようになるまで承認されません。" if missing else ""


def _asked(account: Account, request: uuid.UUID, product: Product) -> PendingRequest | None:
    """The request for the product, if it waits."""
    return next((one for one in account.requests if (one.id, one.product) == (request, product)), None)


# --- of who asks ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RequestPurchase(
    OfAccount,
    kind="purchase-request",
    name="セキュリティオプション購入の申請",
    permission=Permission.SECURITY,
    way_back=FORMER_PAGE,
    page="security",
    tells=Told.PAYERS,
    a_day=A_DAY,
):
    """Ask whoever pays to buy a product for the own account ID. It costs nothing and buys nothing."""

    product: Product

    @classmethod
    def there(cls) -> bool:
        return bool(catalogue.licences())

    def judge(self, member: Member, now: datetime) -> Refused | None:
        account = self.account(member)
        option = security.option(account, security.product_named(self.product))
        if option.bought:
            return Refused(f"{option.name}は、すでに購入されています。")
        if option.request:
            return purchase_requests.already_asked(self.product)
        if security.may_buy(member):
            return Refused(NO_NEED, Mend("セキュリティオプションを購入する", self.back, Permission.SECURITY))
        return payment.not_sold(self.product, now) or security.cannot_buy(member, account)

    def consents_to(self, member: Member) -> tuple[str, ...]:
        return (self.product,)

    def review(self, member: Member, now: datetime) -> Review:
        return Review(
            title="セキュリティオプション購入の申請確認",
            rows=self._rows(now),
            costs=self._costs(now),
            notices=(*self._notices(member, now), *ASKING),
            in_panel=security.CONSENT,
            terms=self.product,
            button="決定",
            inline=Link(f"{catalogue.name(self.product)}の購入の申請", self._inline),
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        account = self.account(member)
        request = await purchase_requests.ask(member, account, self.product, now)
        await self.tell(
            member,
            "purchase-requested",
            login=self.login,
            name=account.name,
            product=catalogue.name(self.product),
            price=purchases.monthly(self.product, now),
            until=clock.minute(now + purchase_requests.LAPSES),
            url=f"{installation.base_url()}{purchase_requests.path(request)}",
        )
        return Receipt(
            title="セキュリティオプション購入の申請受付完了",
            lead="購入の申請を受け付けました。まだ購入されていません。承認または却下されると、"
            f"{account.mail_address} 宛にお知らせします。",
            rows=[*self._rows(now, clock.minute(now + purchase_requests.LAPSES)), *self._costs(now)],
            next=(
                Link("申請の内容と状態を確認する", purchase_requests.path(request)),
                Link("ご契約情報一覧", f"/?open={self.login}"),
            ),
            notices=(*self._notices(member, now), *ASKING),
            decided=False,
            inline=self._inline,
        )

    def _notices(self, member: Member, now: datetime) -> tuple[str, ...]:
        waiting = waits_for(member, self.account(member), self.product, now)
        return (*((waiting,) if waiting else ()), told(member))

    @classmethod
    def once_decided(cls, receipt: Receipt, decision: Decision) -> Receipt:
        """The receipt as it reads since the request was decided, or has lapsed."""
        state = State(decision.outcome)
        lead = DECIDED[state].format(moment=clock.minute(decision.decided_at))
        why = (f"理由：{decision.reason}",) if decision.reason else ()
        return replace(receipt, lead=lead, notices=why, decided=state is State.APPROVED)

    @property
    def _inline(self) -> str:
        return f"{self.back}?product={self.product}"

    def _rows(
        self, now: datetime, until: str = f"［決定］を押してから{purchase_requests.LAPSES.days}日間"
    ) -> list[Row]:
        """`until`: on the confirm page without a moment, which would be another one when the button is pressed."""
        return [
            Row("アカウントID", self.login),
            Row("商品名", catalogue.name(self.product)),
            Row("お申し込み内容", "購入を申請する"),
            Row("申請日", clock.day(now)),
            Row("申請の期限", until),
        ]

    def _costs(self, now: datetime) -> tuple[Row, ...]:
        monthly = purchases.monthly(self.product, now)
        return (
            Row("申請するだけのとき", "料金はかかりません"),
            Row("承認されて購入になったとき", f"{monthly}を、ご契約者様のお支払い方法に請求します"),
        )


@dataclass(frozen=True)
class _OfRequest(OfAccount):
    """What is done about the request of the account ID; `page` is what its input page is called below the request's."""

    product: Product
    request: uuid.UUID

    @classmethod
    def there(cls) -> bool:
        return bool(catalogue.licences())

    @property
    def back(self) -> str:
        return f"{purchase_requests.path(self.request)}{self.page}"

    def judge(self, member: Member, now: datetime) -> Refused | None:
        asked = _asked(self.account(member), self.request, self.product)
        return None if asked else purchase_requests.over(self.request)

    def _rows(self, account: Account) -> list[Row]:
        return [
            Row("申請した方", f"{account.login}（{account.name}）"),
            Row("商品名", catalogue.name(self.product)),
        ]

    def _receipt(self, title: str, lead: str, rows: list[Row]) -> Receipt:
        return Receipt(
            title=title,
            lead=lead,
            rows=rows,
            next=(
                Link("購入の申請", purchase_requests.PATH),
                Link("ご契約情報一覧", f"/?open={self.login}"),
            ),
        )


@dataclass(frozen=True)
class WithdrawRequest(
    _OfRequest,
    kind="purchase-request-withdrawal",
    name="セキュリティオプション購入の申請の取り下げ",
    permission=Permission.PURCHASE_REQUESTS,
    way_back=FORMER_PAGE,
    page="",
    tells=Told.PAYERS,
    a_day=20,
):
    """Take the own request back. Whoever pays refuses it instead."""

    def judge(self, member: Member, now: datetime) -> Refused | None:
        if member.own is None or member.own.login != self.login:
            raise Missing(self.request)
        return super().judge(member, now)

    def review(self, member: Member, now: datetime) -> Review:
        return Review(
            title="購入の申請の取り下げ確認",
            rows=self._rows(self.account(member)),
            notices=(f"取り下げた後も、もう一度申請できます。申請は、24時間に{A_DAY}回までです。",),
            button="決定",
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        await purchase_requests.withdraw(member, self.request, now)
        await self.tell(member, "purchase-withdrawn", login=self.login, product=catalogue.name(self.product))
        rows = self._rows(self.account(member))
        return self._receipt("購入の申請の取り下げ完了", "購入の申請を取り下げました。", rows)


# --- of who pays ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Approved(BuySecurity):
    """The purchase that an approval makes: its mail says so, before all that the mail of a purchase says."""

    async def tell(self, member: Member, mail: str, told: list[str] | None = None, /, **facts: Any) -> None:
        await super().tell(member, "purchase-approved", told, **facts)


@dataclass(frozen=True)
class ApproveRequest(
    _OfRequest,
    kind="purchase-approval",
    name="セキュリティオプション購入の申請の承認",
    permission=Permission.PURCHASE_DECISIONS,
    read_with=Permission.PURCHASE_REQUESTS,
    way_back=FORMER_PAGE,
    page="/decision",
    tells=Told.ACCOUNT,
):
    """Buy what was asked for: the ordinary purchase, with the rules and the bill of whoever approves."""

    @property
    def _purchase(self) -> _Approved:
        return _Approved(self.login, self.product)

    def judge(self, member: Member, now: datetime) -> Refused | None:
        return super().judge(member, now) or self._purchase.judge(member, now)

    def consents_to(self, member: Member) -> tuple[str, ...]:
        return self._purchase.consents_to(member)

    def review(self, member: Member, now: datetime) -> Review:
        review = self._purchase.review(member, now)
        # Whoever approves has ticked nothing either.
        asked_by, consent = self._asked_by(member), (security.CONSENT,)
        return replace(review, rows=[*asked_by, *review.rows], notices=consent, in_panel="", inline=None)

    async def apply(self, member: Member, now: datetime) -> Receipt:
        asked_by = self._asked_by(member)
        await purchase_requests.hold(self.request, now)
        receipt = await self._purchase.apply(member, now)
        return replace(receipt, rows=[*asked_by, *receipt.rows], inline="")

    def _asked_by(self, member: Member) -> list[Row]:
        account = self.account(member)
        asked = _asked(account, self.request, self.product)
        when = f"、{clock.minute(asked.asked_at)}" if asked else ""
        return [Row("承認する申請", f"{account.login}（{account.name}）{when}")]


@dataclass(frozen=True)
class RefuseRequest(
    _OfRequest,
    kind="purchase-refusal",
    name="セキュリティオプション購入の申請の却下",
    permission=Permission.PURCHASE_DECISIONS,
    read_with=Permission.PURCHASE_REQUESTS,
    way_back=FORMER_PAGE,
    page="/decision",
    tells=Told.ACCOUNT,
):
    """Do not buy what was asked for, for a reason that its asker reads."""

    reason: str

    def review(self, member: Member, now: datetime) -> Review:
        return Review(
            title="購入の申請の却下確認",
            rows=self._rows(self.account(member)),
            notices=("理由は、申請した方の画面とメールに、このまま表示されます。",),
            button="決定",
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        await purchase_requests.refuse(member, self.request, self.reason, now)
        await self.tell(
            member,
            "purchase-refused",
            login=self.login,
            product=catalogue.name(self.product),
            reason=tuple(self.reason.split("\n")),
        )
        rows = self._rows(self.account(member))
        return self._receipt("購入の申請の却下完了", "購入の申請を却下しました。購入されていません。", rows)

    def _rows(self, account: Account) -> list[Row]:
        return [*super()._rows(account), Row("却下の理由", self.reason)]
