"""Products, prices, tax rates and limits, as data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.branding import BRAND
from app.mistake import Mistake

ACCOUNT_IDS = 5
"""Account IDs a contract may have at one time (基本 5個)."""


class Product(StrEnum):
    """What a service period is for; the value is stored."""

    MAIL_PACK = "mail-pack"
    MAIL_WEB = "mail-web"
    MAILBOX_10GB = "mailbox-10gb"
    REMOTE_SUPPORT = "remote-support"
    SECURITY_360 = "security-360"
    SECURITY_ONLINE = "security-online"
    KIDS_FILTER = "kids-filter"


NAMES = {
    Product.MAIL_PACK: "メールパック",
    Product.MAIL_WEB: "メール&Webスペース",
    Product.MAILBOX_10GB: "メールボックス 10GB",
    Product.REMOTE_SUPPORT: BRAND.named("リモートサポート"),
    Product.SECURITY_360: "セキュリティ360°",
    Product.SECURITY_ONLINE: "セキュリティオンライン",
    Product.KIDS_FILTER: "安心 Kidsフィルター",
}


class Fee(StrEnum):
    """What is charged once; the value is stored."""

    REMOTE_SUPPORT_AGAIN = "remote-support-again"


FEE_NAMES = {Fee.REMOTE_SUPPORT_AGAIN: BRAND.named("リモートサポート 再申し込み手数料")}
FEES_OF_BUYING_AGAIN = {Product.REMOTE_SUPPORT: Fee.REMOTE_SUPPORT_AGAIN}
"""What a contract pays that buys a product again which it had before."""


@dataclass(frozen=True)
class Price:
    """Yen with tax, from a day on: a month of a product, or a fee once."""

    product: Product | Fee
    valid_from: date
    yen: int


PRICES = (
    Price(Product.MAIL_PACK, date(2014, 1, 1), 330),
    Price(Product.MAIL_WEB, date(2014, 1, 1), 275),
    Price(Product.MAILBOX_10GB, date(2014, 1, 1), 220),
    Price(Product.REMOTE_SUPPORT, date(2014, 1, 1), 550),
    Price(Product.SECURITY_360, date(2014, 1, 1), 550),
    Price(Product.SECURITY_ONLINE, date(2014, 1, 1), 330),
    Price(Product.KIDS_FILTER, date(2014, 1, 1), 330),
    Price(Fee.REMOTE_SUPPORT_AGAIN, date(2014, 1, 1), 3_300),
)


@dataclass(frozen=True)
class TaxRate:
    """Consumption tax in percent, from a day on."""

    valid_from: date
    percent: int


TAX_RATES = (TaxRate(date(1997, 4, 1), 5), TaxRate(date(2014, 4, 1), 8), TaxRate(date(2019, 10, 1), 10))


class NoPrice(Mistake, LookupError):
    """The catalogue lacks a price or a tax rate for a day; the text names the product."""


def name(item: Product | Fee) -> str:
    """As a statement names it."""
    return FEE_NAMES[item] if isinstance(item, Fee) else NAMES[item]


def price(product: Product | Fee, day: date) -> int:
    """Yen with tax, as valid on the day (of a charged month: its 1st). Raises NoPrice."""
    valid = [row for row in PRICES if row.product is product and row.valid_from <= day]
    if not valid:
        raise NoPrice(f"no price of {product} on {day}")
    return max(valid, key=lambda row: row.valid_from).yen


def tax_rate(day: date) -> int:
    """Percent of consumption tax on the day. Raises NoPrice."""
    valid = [row for row in TAX_RATES if row.valid_from <= day]
    if not valid:
        raise NoPrice(f"no tax rate on {day}")
    return max(valid, key=lambda row: row.valid_from).percent


def check(day: date) -> None:
    """Raises NoPrice that names every product and fee without a price on the day, the first it can be charged for."""
    missing = []
    for item in (*Product, *Fee):
        try:
            price(item, day)
        except NoPrice:
            missing.append(item.value)
    if missing:
        raise NoPrice(
            f"the catalogue has no price on {day} of {', '.join(missing)}: see PRICES in {__name__}"
        )
    tax_rate(day)


SECURITY = (Product.SECURITY_360, Product.SECURITY_ONLINE, Product.KIDS_FILTER)
COMPUTERS = 3
"""Computers that one licence of a security product is for."""


@dataclass(frozen=True)
class Activation:
    """アクティブ化情報: where a security product runs, and how its PIN makes it work."""

    systems: str
    steps: tuple[str, ...]


_INSTALL = "［ダウンロード］を押して、インストーラーをパソコンに保存し、実行します。"
_CONNECTED = "インターネットにつながっていることを確認します。認証が終わると、すぐに保護が始まります。"
ACTIVATION = {
    Product.SECURITY_360: Activation(
        "Windows、macOS",
        (_INSTALL, "「アクティブ化」の画面が開いたら、PIN番号を入力し、［次へ］を押します。", _CONNECTED),
    ),
    Product.SECURITY_ONLINE: Activation(
        "Windows",
        (_INSTALL, "「ライセンスの登録」の画面で、PIN番号を入力し、［登録］を押します。", _CONNECTED),
    ),
    Product.KIDS_FILTER: Activation(
        "Windows、macOS",
        (
            _INSTALL,
            "保護者の方が管理用のパスワードを決め、「シリアル番号」の欄にPIN番号を入力します。",
            "お子さまの年齢に合わせて、フィルターの強さを選びます。",
        ),
    ),
}


@dataclass(frozen=True)
class MailProduct:
    """What a contract's mail product gives without and with its purchase (addresses and web spaces alike)."""

    product: Product
    base: int
    bought: int


GIGABYTE = 1024**3
BOX_SIZES = {False: 1, True: 10}
"""Gigabytes of a mailbox, without and with the option."""
FORWARDING_ADDRESSES = 5

MAIL_PRODUCTS = {
    "mail_pack": MailProduct(Product.MAIL_PACK, base=1, bought=4),
    "mail_web": MailProduct(Product.MAIL_WEB, base=0, bought=5),
}
"""By the `mail_product` of a contract."""
