"""What a paid service is offered for: the six rows that stand on every last screen of a purchase (spec 11).

One list, made here, is what page, panel, receipt and mail show: what one gets, for how long, for how much, how that is
paid, from when it works, and how it ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.branding import BRAND
from app.domain import installation
from app.domain.catalogue import (
    ACTIVATION,
    BOX_SIZES,
    COMPUTERS,
    FEES_OF_BUYING_AGAIN,
    MAIL_PRODUCTS,
    SECURITY,
    Product,
    name,
)
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
        Cost("数量", _quantity(product)),
        Cost("ご契約期間", TERM),
        Cost("料金", billing.price_of_purchase(product, now, before)),
        Cost("お支払い", f"{paid_with}\n{when_charged()}"),
        Cost("ご利用開始", _START.get(product, "お申し込みの完了後、すぐに利用できます")),
        Cost("解約", f"{_how_to_end(product, now)}。{NO_WAY_BACK}"),
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
    return ACTIVATION[product].systems if product in ACTIVATION else _NEEDS[product]


_MAIL_PROGRAM = "IMAPとSMTP（暗号化接続）に対応したメールソフト"
_NEEDS = {
    Product.MAIL_PACK: _MAIL_PROGRAM,
    Product.MAIL_WEB: _MAIL_PROGRAM,
    Product.MAILBOX_10GB: _MAIL_PROGRAM,
    Product.REMOTE_SUPPORT: "電話と、インターネットに接続したパソコン",
}


def _quantity(product: Product) -> str:
    if product in SECURITY:
        return f"1ライセンス、パソコン{COMPUTERS}台まで"
    if product is Product.MAILBOX_10GB:
        return f"メールボックス1個、{BOX_SIZES[False]}GBから{BOX_SIZES[True]}GBへ"
    if product is Product.REMOTE_SUPPORT:
        return "1契約"
    (mail,) = (mail for mail in MAIL_PRODUCTS.values() if mail.product is product)
    return f"1契約、メールアドレスとWebスペースをそれぞれ{mail.base + mail.bought}個まで"


_ADDRESS_NEEDED = "すぐに利用できます（アカウントIDとメールアドレスの登録が必要です）"
_INSTALL = "すぐに利用できます（インストールが必要です。インストールしない場合も料金がかかります）"
_START = {
    **dict.fromkeys(SECURITY, _INSTALL),
    Product.MAIL_PACK: _ADDRESS_NEEDED,
    Product.MAIL_WEB: _ADDRESS_NEEDED,
}


def _how_to_end(product: Product, now: datetime) -> str:
    """Where it is cancelled, until when it can be used then, and what is charged."""
    if product in SECURITY:
        return f"{BRAND.service}の「セキュリティオプション購入／解約」で、いつでも解約できます。{_SOFTWARE}"
    if product is Product.MAILBOX_10GB:
        return f"{BRAND.service}の「メールボックス容量変更」で1GBに戻すと、すぐに解約となり、{IN_FULL}"
    if product is Product.REMOTE_SUPPORT:
        fee, _ = billing.tariff(FEES_OF_BUYING_AGAIN[product], Month.of(now))
        return (
            f"{BRAND.service}の「{name(product)}」で、いつでも解約できます。解約するとすぐに利用できなくなり、{IN_FULL}。"
            f"もう一度お申し込みになるときは、再申し込み手数料 {billing.yen(fee)}（税込）がかかります"
        )
    return (
        "メールサービスだけの解約はできません。他社のメールアドレスへの変更、アカウントIDやWebスペースの削除により、"
        "メールアドレスとWebスペースがどちらも基本の個数以下になると、その日に自動的に解約され、" + IN_FULL
    )
