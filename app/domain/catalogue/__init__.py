"""The catalogue: what the ISP sells, at what price, and how much of it a contract may have. It is data, not code.

`file.py` reads it from a TOML file and judges that, `plan.py` compares it with the one in use, `kept.py` keeps it in tables
and hands it over. Everybody else asks here: `current()`, or the short questions below it. No product is named in the code,
only kinds of products: what follows from a kind (who buys it, where it ends, what its pages are) is code.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, NewType, TypeVar, cast

import msgspec

from app.branding import BRAND
from app.mistake import Mistake

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Product = NewType("Product", str)
"""Key of what a service period is for; it is stored, and no other product ever gets it."""
Fee = NewType("Fee", str)
"""Key of what is charged once; none of a product's."""
OTHER = "other"
"""Key of the operator's other charges, which no product and no fee may have (money/other_charges.py)."""


class Kind(StrEnum):
    """What a product is like. Every page, rule and mail of a product hangs on its kind alone."""

    MAIL = "mail"
    """A contract has one of them; bought, it adds mail addresses and web spaces."""
    MAILBOX = "mailbox"
    """A bigger mailbox, for one account ID. There is at most one."""
    LICENCE = "licence"
    """Software for one account ID: a purchase takes a PIN, which works to the end of the month that it is cancelled in."""
    SUPPORT = "support"
    """Help by phone, for the contract. There is at most one."""


OF_THE_CONTRACT = frozenset({Kind.MAIL, Kind.SUPPORT})
"""Kinds that the contract buys; the others are bought for one of its account IDs."""


class Price(msgspec.Struct, frozen=True, order=True):
    """Yen with tax from a 1st on: a month of a product, or a fee once."""

    valid_from: date
    yen: int


class TaxRate(msgspec.Struct, frozen=True, order=True):
    """Consumption tax in percent, from a 1st on."""

    valid_from: date
    percent: int


class FeeEntry(msgspec.Struct, frozen=True):
    """再申し込み手数料: what a contract pays that buys a product again which it had before."""

    key: Fee
    name: str
    prices: tuple[Price, ...]


class Terms(msgspec.Struct, frozen=True):
    """サービス説明 and サービス利用規約, which whoever buys the product agrees to, in one version."""

    version: int
    dated: date
    """From which day on it is asked for."""
    about: tuple[str, ...]
    """Paragraphs: what the product is."""
    points: tuple[str, ...]
    """What one has to know before buying it, one by one."""
    conditions: tuple[str, ...]
    """サービス利用規約, one by one; none where there are no such terms."""


class ProductEntry(msgspec.Struct, frozen=True):
    """A product, as the catalogue has it."""

    key: Product
    kind: Kind
    name: str
    """As pages, mails and bills name it."""
    sold: bool
    """False: whoever has it keeps it, and nobody is offered it."""
    environment: str
    """動作環境: what it needs to work."""
    prices: tuple[Price, ...]
    terms: Terms
    again: FeeEntry | None = None
    in_contracts: str | None = None
    """Of a mail product: what the file of contracts calls it (`mail_product`)."""
    base: int = 0
    """Of a mail product: addresses and web spaces of a contract without buying it."""
    bought: int = 0
    """Of a mail product: how many more there are with it."""
    gigabytes: int = 0
    """Of a mailbox product: the size of the mailbox with it."""
    computers: int = 0
    """Of a licence product: how many computers one licence is for."""
    activation: tuple[str, ...] = ()
    """Of a licence product: アクティブ化情報, step by step."""
    former: tuple[Terms, ...] = ()
    """Older versions of its terms that were asked for, oldest first; a file has none of them."""
    installer: str | None = None
    """Of a licence product: where it is downloaded; None: MYPAGE_INSTALLERS says it."""

    def begins(self) -> date:
        """The day of its first price, before which it is neither sold nor charged."""
        return min(self.prices).valid_from


class Limits(msgspec.Struct, frozen=True):
    """How much of what costs nothing there is."""

    account_ids: int
    """That a contract may have at one time (基本 5個)."""
    mailbox_gigabytes: int
    """Of a mailbox without the option."""
    forwarding_addresses: int
    """That one mailbox forwards to."""


GIGABYTE = 1024**3
Key = Product | Fee


class Catalogue(msgspec.Struct, frozen=True, dict=True):
    """All of it, as it is in use at one time."""

    version: str
    """Digest of its content: a process that has another one than the database reads that (kept.py)."""
    products: tuple[ProductEntry, ...]
    """In the order of pages and lists."""
    tax_rates: tuple[TaxRate, ...]
    limits: Limits
    telephony: tuple[str, ...]
    """The telephone services that are offered: hikari-denwa, gate-call-050. The brand has their names."""
    virus_check: bool
    """Whether the mail server refuses viruses; only then are members told so."""

    @cached_property
    def by_key(self) -> dict[Product, ProductEntry]:
        return {entry.key: entry for entry in self.products}

    @cached_property
    def fees(self) -> dict[Fee, FeeEntry]:
        return {entry.again.key: entry.again for entry in self.products if entry.again}

    @cached_property
    def by_kind(self) -> dict[Kind, tuple[Product, ...]]:
        return {kind: tuple(one.key for one in self.products if one.kind is kind) for kind in Kind}

    @cached_property
    def mail_products(self) -> dict[str, ProductEntry]:
        """By the `mail_product` of a contract."""
        return {one.in_contracts: one for one in self.products if one.in_contracts}

    @property
    def priced(self) -> list[ProductEntry | FeeEntry]:
        """All that has a price."""
        return [*self.products, *self.fees.values()]

    @cached_property
    def _prices(self) -> dict[str, list[Price]]:
        """Of each product and fee, the newest first."""
        return {one.key: sorted(one.prices, reverse=True) for one in self.priced}

    @cached_property
    def _tax_rates(self) -> list[TaxRate]:
        return sorted(self.tax_rates, reverse=True)

    def price(self, item: Key, day: date) -> int | None:
        """Yen with tax as valid on the day; None: there is no price yet."""
        found = _valid(self._prices.get(item, ()), day)
        return found.yen if found else None

    def tax_rate(self, day: date) -> int | None:
        """Percent of consumption tax on the day, likewise."""
        found = _valid(self._tax_rates, day)
        return found.percent if found else None


D = TypeVar("D", Price, TaxRate)


def _valid(newest_first: Sequence[D], day: date) -> D | None:
    return next((one for one in newest_first if one.valid_from <= day), None)


# --- the one in use ---------------------------------------------------------------------------------------------------


class NotRead(ConnectionError):
    """No catalogue was read yet: the database was away when the program began, as far as one can tell."""


_current: Catalogue | None = None


def use(catalogue: Catalogue) -> None:
    """Make it the one in use in this process, from the next question on: its texts with the brand's words."""
    global _current
    _current = said(catalogue)


def said(catalogue: Catalogue) -> Catalogue:
    """The same, in which {prefix}, {short} and {service} are what the brand calls them; it keeps its version."""
    return cast("Catalogue", _said(catalogue))


def _said(value: object) -> object:
    """A value of a catalogue, whatever it is made of."""
    if type(value) is str:  # and no key of an enumeration
        return BRAND.said(value)
    if isinstance(value, tuple):
        return tuple(_said(one) for one in value)
    if isinstance(value, msgspec.Struct):
        parts = {name: _said(getattr(value, name)) for name in value.__struct_fields__}
        return msgspec.structs.replace(value, **parts)
    return value


def current() -> Catalogue:
    """The one in use. Raises NotRead."""
    if _current is None:
        raise NotRead("the catalogue was not read yet")
    return _current


def version() -> str | None:
    """Of the one in use, to compare it with the database's."""
    return _current.version if _current else None


# --- what there is ----------------------------------------------------------------------------------------------------


class Unknown(LookupError):
    """The catalogue has no such product."""


def entry(product: Product) -> ProductEntry:
    """All that the catalogue says of the product. Raises Unknown."""
    found = current().by_key.get(product)
    if found is None:
        raise Unknown(product)
    return found


def current_entry(name: str) -> ProductEntry | None:
    """The same of a text that may be no product's key."""
    return current().by_key.get(Product(name))


def name(item: Key) -> str:
    """As pages, mails and statements name it. Raises Unknown."""
    fee = current().fees.get(Fee(item))
    return fee.name if fee else entry(Product(item)).name


def is_fee(item: Key) -> bool:
    """Whether it is charged once, and no product."""
    return item in current().fees


def licences() -> tuple[Product, ...]:
    """The security products, those that are sold no more included."""
    return current().by_kind[Kind.LICENCE]


def is_licence(product: Product) -> bool:
    return entry(product).kind is Kind.LICENCE


def mailbox() -> Product | None:
    """The bigger mailbox, if there is one."""
    return next(iter(current().by_kind[Kind.MAILBOX]), None)


def support() -> Product | None:
    """リモートサポート, if there is one."""
    return next(iter(current().by_kind[Kind.SUPPORT]), None)


def offered(product: Product | None, day: date) -> bool:
    """Whether anybody may buy it on the day: it is sold, and has a price in the month."""
    found = current().by_key.get(product) if product else None
    return found is not None and found.sold and found.begins() <= day.replace(day=1)


def limits() -> Limits:
    return current().limits


# --- what it costs ----------------------------------------------------------------------------------------------------


class NoPrice(Mistake, LookupError):
    """The catalogue lacks a price or a tax rate for a day; the text names the product."""


def price(item: Key, day: date) -> int:
    """Yen with tax, as valid on the day (of a charged month: its 1st). Raises NoPrice."""
    found = current().price(item, day)
    if found is None:
        raise NoPrice(f"no price of {item} on {day}")
    return found


def tax_rate(day: date) -> int:
    """Percent of consumption tax on the day. Raises NoPrice."""
    found = current().tax_rate(day)
    if found is None:
        raise NoPrice(f"no tax rate on {day}")
    return found


def fee_of_buying_again(product: Product, day: date) -> Fee | None:
    """What a contract pays on that day that buys the product again which it had before; None: nothing."""
    fee = entry(product).again
    return fee.key if fee and min(fee.prices).valid_from <= day.replace(day=1) else None


def lacking(products: Iterable[Product], day: date) -> list[Product]:
    """Those of the products that have no price on the day."""
    return [product for product in products if current().price(product, day) is None]
