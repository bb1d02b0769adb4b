"""Products and limits, as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

ACCOUNT_IDS = 5
"""Account IDs a contract may have at one time (基本 5個)."""


class Product(StrEnum):
    """What a service period is for; the value is stored."""

    MAIL_PACK = "mail-pack"
    MAIL_WEB = "mail-web"
    REMOTE_SUPPORT = "remote-support"
    SECURITY_360 = "security-360"
    SECURITY_ONLINE = "security-online"
    KIDS_FILTER = "kids-filter"


NAMES = {
    Product.MAIL_PACK: "メールパック",
    Product.MAIL_WEB: "メール&Webスペース",
    Product.REMOTE_SUPPORT: "UCOM光 リモートサポート",
    Product.SECURITY_360: "セキュリティ360°",
    Product.SECURITY_ONLINE: "セキュリティオンライン",
    Product.KIDS_FILTER: "安心 Kidsフィルター",
}

SECURITY = (Product.SECURITY_360, Product.SECURITY_ONLINE, Product.KIDS_FILTER)


@dataclass(frozen=True)
class MailProduct:
    """What a contract's mail product gives without and with its purchase (addresses and web spaces alike)."""

    product: Product
    base: int
    bought: int


MAIL_PRODUCTS = {
    "mail_pack": MailProduct(Product.MAIL_PACK, base=1, bought=4),
    "mail_web": MailProduct(Product.MAIL_WEB, base=0, bought=5),
}
"""By the `mail_product` of a contract."""
