"""Products and limits, as data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

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
    Product.REMOTE_SUPPORT: "UCOM光 リモートサポート",
    Product.SECURITY_360: "セキュリティ360°",
    Product.SECURITY_ONLINE: "セキュリティオンライン",
    Product.KIDS_FILTER: "安心 Kidsフィルター",
}


@dataclass(frozen=True)
class Price:
    """Yen a month with tax, from a day on."""

    product: Product
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
)


def price(product: Product, day: date) -> int:
    """Yen a month, with tax, as valid on the day (of a charged month: its 1st). LookupError if there is none."""
    valid = [row for row in PRICES if row.product is product and row.valid_from <= day]
    if not valid:
        raise LookupError(f"no price of {product} on {day}")
    return max(valid, key=lambda row: row.valid_from).yen


SECURITY = (Product.SECURITY_360, Product.SECURITY_ONLINE, Product.KIDS_FILTER)


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
