"""Keys of the shipped catalogue, UCOM's, which the tests' stories are told with."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from app.domain import catalogue
from app.domain.catalogue import Fee, Key, Price, Product, ProductEntry


class Shipped:
    """Products."""

    MAIL_PACK = Product("mail-pack")
    MAIL_WEB = Product("mail-web")
    MAILBOX_10GB = Product("mailbox-10gb")
    REMOTE_SUPPORT = Product("remote-support")
    SECURITY_360 = Product("security-360")
    SECURITY_ONLINE = Product("security-online")
    KIDS_FILTER = Product("kids-filter")


SECURITY = (Shipped.SECURITY_360, Shipped.SECURITY_ONLINE, Shipped.KIDS_FILTER)
EVERY = (Shipped.MAIL_PACK, Shipped.MAIL_WEB, Shipped.MAILBOX_10GB, Shipped.REMOTE_SUPPORT, *SECURITY)
AGAIN = Fee("remote-support-again")


def priced(patch: pytest.MonkeyPatch, item: Key, *prices: Price) -> None:
    """The catalogue in use, in which the product or fee has these prices alone: its version stays, so nobody reads another."""

    def changed(entry: ProductEntry) -> ProductEntry:
        again = entry.again
        if again and again.key == item:
            again = msgspec.structs.replace(again, prices=prices)
        own = prices if entry.key == item else entry.prices
        return msgspec.structs.replace(entry, prices=own, again=again)

    use(patch, products=tuple(changed(entry) for entry in catalogue.current().products))


def dearer(patch: pytest.MonkeyPatch, item: Key, price: Price) -> None:
    """The catalogue in use with one more price of the product or fee."""
    (own,) = (one for one in catalogue.current().priced if one.key == item)
    priced(patch, item, *own.prices, price)


def use(patch: pytest.MonkeyPatch, **parts: Any) -> None:
    """The catalogue in use with other parts, for one test."""
    patch.setattr(catalogue, "_current", msgspec.structs.replace(catalogue.current(), **parts))
