"""What a paid service is offered for: the six rows that stand on every last screen of a purchase (spec 11).

One list, made here, is what page, panel, receipt and mail show: what one gets, for how long, for how much, how that is
paid, from when it works, and how it ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.branding import BRAND
from app.domain import catalogue, installation
from app.domain.catalogue import Kind, Product, ProductEntry
from app.domain.money import billing
from app.domain.money.billing import Cost, Earlier
from app.domain.months import Month

if TYPE_CHECKING:
    from datetime import datetime

    from app.domain.access.graph import ShownCard

LEAD = "［決定］を押すと、有料サービスのお申し込みが完了します。"
"""What every last screen of a purchase begins with."""
TERM = "定めなし。解約するまで毎月続きます"
NO_WAY_BACK = "お客様のご都合による取り消しはできません"
IN_FULL = "その月の料金は全額かかります（日割りなし）"
_SOFTWARE = f"解約した月の末日まで利用でき、{IN_FULL}"


def six_rows(product: Product, now: datetime, before: Earlier, paid_with: str) -> list[Cost]:
    """The rows of buying the product now; `before`: what the buyer had (billing.earlier), `paid_with`: `card_named`."""
    return [
        Cost("数量", _quantity(catalogue.entry(product))),
        Cost("ご契約期間", TERM),
        Cost("料金", billing.price_of_purchase(product, now, before)),
        Cost("お支払い", f"{paid_with}\n{when_charged()}"),
        Cost("ご利用開始", _START[catalogue.entry(product).kind]),
        Cost("解約", f"{_how_to_end(catalogue.entry(product), now)}。{NO_WAY_BACK}"),
    ]


def card_named(card: ShownCard | None, *, shown: bool = True) -> str:
    """The contract's card as a purchase names it; not `shown` to somebody who may not see お支払い登録情報."""
    if card is None:
        return "クレジットカード 未登録"
    return (
        f"クレジットカード {card.brand}（下4桁 {card.last4}）"
        if shown
        else "ご契約者様がご登録のクレジットカード"
    )


def when_charged() -> str:
    """When the card is debited, in the operator's words."""
    center = installation.sender()
    ask = f"{BRAND.center}でご確認ください。電話：{center.phone}、受付時間：{center.hours}"
    return f"お支払い日：{installation.payment_day() or ask}"


def environment(product: Product) -> str:
    """動作環境: what the product needs to work."""
    return catalogue.entry(product).environment


def _quantity(entry: ProductEntry) -> str:
    match entry.kind:
        case Kind.LICENCE:
            return f"1ライセンス、パソコン{entry.computers}台まで"
        case Kind.MAILBOX:
            return f"メールボックス1個、{catalogue.limits().mailbox_gigabytes}GBから{entry.gigabytes}GBへ"
        case Kind.SUPPORT:
            return "1契約"
        case Kind.MAIL:
            return f"1契約、メールアドレスとWebスペースをそれぞれ{entry.base + entry.bought}個まで"


_START = {
    Kind.LICENCE: "すぐに利用できます（インストールが必要です。インストールしない場合も料金がかかります）",
    Kind.MAIL: "すぐに利用できます（アカウントIDとメールアドレスの登録が必要です）",
    Kind.MAILBOX: "お申し込みの完了後、すぐに利用できます",
    Kind.SUPPORT: "お申し込みの完了後、すぐに利用できます",
}


def _how_to_end(entry: ProductEntry, now: datetime) -> str:
    """Where it is cancelled, until when it can be used then, and what is charged."""
    match entry.kind:
        case Kind.LICENCE:
            return (
                f"{BRAND.service}の「セキュリティオプション購入／解約」で、いつでも解約できます。{_SOFTWARE}"
            )
        case Kind.MAILBOX:
            small = catalogue.limits().mailbox_gigabytes
            return (
                f"{BRAND.service}の「メールボックス容量変更」で{small}GBに戻すと、すぐに解約となり、{IN_FULL}"
            )
        case Kind.SUPPORT:
            return (
                f"{BRAND.service}の「{entry.name}」で、いつでも解約できます。解約するとすぐに利用できなくなり、"
                f"{IN_FULL}{_again(entry, now)}"
            )
        case Kind.MAIL:
            return (
                "メールサービスだけの解約はできません。他社のメールアドレスへの変更、アカウントIDやWebスペースの削除により、"
                "メールアドレスとWebスペースがどちらも基本の個数以下になると、その日に自動的に解約され、"
                + IN_FULL
            )


def _again(entry: ProductEntry, now: datetime) -> str:
    fee = catalogue.fee_of_buying_again(entry.key, Month.of(now).first_day)
    if fee is None:
        return ""
    yen, _ = billing.tariff(fee, Month.of(now))
    return f"。もう一度お申し込みになるときは、再申し込み手数料 {billing.yen(yen)}（税込）がかかります"
