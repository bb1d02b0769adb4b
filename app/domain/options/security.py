"""セキュリティオプション (manual 14, 15): bought and cancelled per account ID, with a licence key for each purchase."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from app.domain import catalogue, clock
from app.domain.access.graph import Account, PendingRequest, Period
from app.domain.access.matrix import Missing, Permission, Role, UserPurchases
from app.domain.access.members import Member
from app.domain.cards import kept as payment
from app.domain.catalogue import Product
from app.domain.changes.kinds import OfAccount
from app.domain.changes.words import FORMER_PAGE, Link, Mend, Onward, Receipt, Refused, Review, Row, cost_rows
from app.domain.letters.recipients import Told
from app.domain.money import billing, offer, purchases
from app.domain.months import Month
from app.domain.options import licences, purchase_requests

PURCHASES_A_MONTH = 3
"""Of one product by one account ID: each takes a PIN out of the stock that is given to nobody else."""
NO_ADDRESS = "セキュリティオプションを購入するには、このアカウントIDにメールアドレスの登録が必要です。"
NOT_ALLOWED = (
    "このご契約では、ユーザー権限によるセキュリティオプションの購入が許可されていません。"
    "ご契約者様、または管理者権限をお持ちの方にご相談ください。"
)
ASK_FIRST = (
    "このご契約では、ユーザー権限の方がセキュリティオプションを購入するには、申請が必要です。"
    "お手数ですが、前の画面から申請してください。"
)
CONSENT = "［決定］を押すと、サービス利用規約に同意したことになります。"
NO_WAY_BACK = (
    "解約の取り消しはできません。ご解約月の月額利用料は、お申し込み月に解約するときも、全額かかります。"
)


def product_named(name: str) -> Product:
    """The security product. Raises Missing."""
    product = Product(name)
    if product not in catalogue.licences():
        raise Missing(name)
    return product


def there(account: Account) -> bool:
    """Whether the account ID is shown any security product."""
    return bool(options(account))


# --- what there is ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Option:
    """One product of an account ID: whether it is bought, and until when a cancelled one can be used."""

    product: Product
    bought: Period | None
    usable_until: date | None
    request: PendingRequest | None = None
    """Its owner asked for it, and nobody has decided yet."""

    @property
    def name(self) -> str:
        return catalogue.name(self.product)

    @property
    def known(self) -> bool:
        """Whether the account ID has anything of it, so that it is shown although nobody else is offered it."""
        return bool(self.bought or self.usable_until or self.request)

    @property
    def state(self) -> str:
        """現在のご契約状態."""
        if self.bought:
            return BOUGHT
        state = _cancelled(self.usable_until) if self.usable_until else "未購入"
        return f"{state}・購入の申請中" if self.request else state


BOUGHT = "購入済"


def _cancelled(usable_until: date) -> str:
    return f"解約済（{usable_until:%Y/%m/%d}まで利用可）"


def state_of(key: licences.Licence) -> str:
    """The state of the purchase that a licence key belongs to."""
    if key.ended_at is None:
        return BOUGHT
    return _cancelled(billing.last_usable_day(key.product, key.ended_at))


def options(account: Account) -> list[Option]:
    """Every security product that is sold, or that the account ID has, as it has it. A deleted account ID's ended at once."""
    today = clock.today()
    every = [option(account, product) for product in catalogue.licences()]
    return [one for one in every if one.known or catalogue.offered(one.product, today)]


def option(account: Account, product: Product) -> Option:
    until = [
        billing.last_usable_day(product, period.ended_at)
        for period in account.ended
        if period.product == product and account.deleted_at is None
    ]
    asked = next((request for request in account.requests if request.product == product), None)
    return Option(product, account.bought(product), max(until, default=None), asked)


async def keys_of(account: Account) -> list[licences.Licence]:
    """The licence keys that the account ID can use now, those of cancelled options included."""
    if account.deleted_at:
        return []
    return await licences.of_account(account.id, Month.this().began)


# --- what stands in the way -------------------------------------------------------------------------------------------


def cannot_buy(member: Member, account: Account) -> Refused | None:
    """Why the member can buy no security option at all for the account ID, nor ask for one; None if he can."""
    if not (may_buy(member) or must_ask(member)):
        return Refused(NOT_ALLOWED)
    if account.mail_address is None:
        path = f"/accounts/{account.login}/mail-address"
        return Refused(NO_ADDRESS, Mend("メールアドレスを登録する", path, Permission.MAIL_ADDRESS))
    return None if must_ask(member) else payment.cannot_pay(member)


def must_ask(member: Member) -> bool:
    """Whether the contract lets a member of this role ask for a purchase that whoever pays then makes (its switch)."""
    return member.role is Role.USER and member.contract.user_purchases is UserPurchases.ASK


def cannot_buy_now(member: Member, account: Account, product: Product, now: datetime) -> Refused | None:
    """Why this product, which is not bought, cannot be bought for the account ID now; None if it can.

    Whoever has to ask for it may: whoever pays buys it later (`no_pin` says what stands in the way until then).
    """
    if refused := payment.not_sold(product, now) or cannot_buy(member, account):
        return refused
    return None if must_ask(member) else no_pin(member, account, product, now)


def no_pin(member: Member, account: Account, product: Product, now: datetime) -> Refused | None:
    """Why nobody can buy this product for the account ID now, whoever pays; None if there is a PIN for it.

    A purchase takes one for ever, so those of this month count that are over.
    """
    this = Month.of(now)
    over = [one.started_at for one in account.ended if one.product == product]
    if sum(Month.of(start) == this for start in over) >= PURCHASES_A_MONTH:
        return Refused(_too_often(product, this.next))
    if product in member.contract.out_of_stock:
        return Refused(licences.no_stock(product))
    return None


def _too_often(product: Product, again: Month) -> str:
    return (
        f"{catalogue.name(product)}の購入は、1つのアカウントIDにつき、1か月に{PURCHASES_A_MONTH}回までです。"
        f"{again.first_day:%Y/%m/%d}から、もう一度購入できます。"
    )


def may_buy(member: Member) -> bool:
    """Whether the contract lets a member of this role buy at all (its switch)."""
    return member.role is not Role.USER or member.contract.user_purchases is UserPurchases.YES


# --- buying and cancelling --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Security(
    OfAccount,
    permission=Permission.SECURITY,
    way_back=FORMER_PAGE,
    page="security",
    tells=Told.ACCOUNT,
):
    """What buying and cancelling have in common."""

    product: Product

    @classmethod
    def there(cls) -> bool:
        return bool(catalogue.licences())

    @property
    def _inline(self) -> str:
        return f"{self.back}?product={self.product}"

    def _rows(self, now: datetime, what: str) -> list[Row]:
        return [
            Row("アカウントID", self.login),
            Row("商品名", catalogue.name(self.product)),
            Row("お申し込み内容", what),
            Row("月額利用料", purchases.monthly(self.product, now)),
            Row("お申し込み日", clock.day(now)),
        ]

    def _receipt(self, account: Account, rows: list[Row], *links: Link) -> Receipt:
        told = (
            f"{account.mail_address} 宛に、「申込み完了メール」を送信しました。"
            if account.mail_address
            else ""
        )
        return Receipt(
            title="セキュリティオプション購入／解約完了",
            lead=f"お申し込みいただきました内容につきまして手続きが完了しました。{told}",
            rows=rows,
            next=(*links, Link("ご契約情報一覧", f"/?open={self.login}")),
            inline=self._inline,
        )


@dataclass(frozen=True)
class BuySecurity(_Security, kind="security-purchase", name="セキュリティオプション購入"):
    """セキュリティオプションの購入: a service period and a licence key, both or none."""

    def judge(self, member: Member, now: datetime) -> Refused | None:
        account, product = self.account(member), product_named(self.product)
        if option(account, product).bought:
            return Refused(f"{catalogue.name(product)}は、すでに購入されています。")
        return Refused(ASK_FIRST) if must_ask(member) else cannot_buy_now(member, account, self.product, now)

    def consents_to(self, member: Member) -> tuple[str, ...]:
        return (self.product,)

    def review(self, member: Member, now: datetime) -> Review:
        return Review(
            title="セキュリティオプション購入／解約確認",
            rows=self._bought(now),
            lead=offer.LEAD,
            offer=cost_rows(payment.six_rows(member, self.product, now, self.account(member))),
            in_panel=CONSENT,
            terms=self.product,
            button="決定",
            inline=Link(f"{catalogue.name(self.product)}の購入", self._inline),
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        account = self.account(member)
        costs = payment.six_rows(member, self.product, now, account, kept=True)
        period = await purchases.start(member, account, self.product, now)
        await licences.take(self.product, member.contract.id, period)
        await purchase_requests.bought(member, account, self.product, period, now)
        await self.tell(
            member,
            "security-purchased",
            login=self.login,
            product=catalogue.name(self.product),
            environment=offer.environment(self.product),
            costs=billing.lines(costs),
            date=clock.day(now),
        )
        status = Link("セキュリティオプション管理", f"{self.back}/status")
        download = Onward(
            "引き続き、", status, "からオプションのダウンロードとインストールを行ってください。"
        )
        rows = [*self._bought(now), *cost_rows(costs)]
        return replace(self._receipt(account, rows), onward=(download,))

    def _bought(self, now: datetime) -> list[Row]:
        return [*self._rows(now, "購入する"), Row("動作環境", offer.environment(self.product))]


@dataclass(frozen=True)
class CancelSecurity(_Security, kind="security-cancellation", name="セキュリティオプション解約"):
    """セキュリティオプションの解約: usable to the end of the month, which is charged in full."""

    def judge(self, member: Member, now: datetime) -> Refused | None:
        if option(self.account(member), product_named(self.product)).bought:
            return None
        return Refused(f"{catalogue.name(self.product)}は、購入されていません。")

    def review(self, member: Member, now: datetime) -> Review:
        return Review(
            title="セキュリティオプション購入／解約確認",
            rows=self._rows(now, "解約する"),
            costs=cost_rows(self._costs(self.account(member), now)),
            notices=(NO_WAY_BACK,),
            button="決定",
            danger=True,
            inline=Link(f"{catalogue.name(self.product)}の解約", self._inline),
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        account = self.account(member)
        costs = self._costs(account, now)
        await purchases.end(member, account, self.product, now)
        await self.tell(
            member,
            "security-cancelled",
            login=self.login,
            product=catalogue.name(self.product),
            costs=billing.lines(costs[:2]),
            last_day=f"{billing.last_usable_day(self.product, now):%Y/%m/%d}",
        )
        rows = [*self._rows(now, "解約する"), *cost_rows(costs)]
        receipt = self._receipt(account, rows, Link("セキュリティオプション管理", f"{self.back}/status"))
        return replace(receipt, notices=(NO_WAY_BACK,))

    def _costs(self, account: Account, now: datetime) -> list[billing.Cost]:
        """What ending the purchase costs, if there is one (judged before)."""
        bought = option(account, self.product).bought
        before = billing.earlier(account)
        return billing.of_ending(self.product, bought.started_at, now, before=before) if bought else []
