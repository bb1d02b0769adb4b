"""The catalogue as a TOML file: what each line has to be, and what has to hold between them, whatever is in use now.

docs/catalogue.md describes the file to whoever writes one; tests/catalogue/test_docs.py holds the two together.
"""

from __future__ import annotations

import hashlib
import pathlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from app.branding.shape import TELEPHONY
from app.domain.catalogue import (
    OTHER,
    Catalogue,
    Fee,
    FeeEntry,
    Kind,
    Limits,
    Price,
    Product,
    ProductEntry,
    TaxRate,
    Terms,
)
from app.domain.catalogue.reading import Reading, Table, nearest, text_of

if TYPE_CHECKING:
    from app.domain.catalogue.positions import Path

SHIPPED = pathlib.Path(__file__).parents[2] / "catalogue.toml"
"""UCOM's, which `mypage migrate` loads where there is none."""
KEY = r"[a-z](?:-?[a-z0-9]){1,31}"
MOST_YEN = 1_000_000
NAME_LENGTH = 60
TEXT_LENGTH = 1_000
PRICES = "[{ from = 2026-04-01, yen = 550 }]"
TAX_RATES = "[{ from = 2019-10-01, percent = 10 }]"
_URL = r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[!-~]*)?"


@dataclass(frozen=True)
class File:
    """A catalogue that was read, and where in its file everything stands."""

    catalogue: Catalogue
    reading: Reading

    def path(self, product: Product, *further: str | int) -> Path:
        """Where the product, or something of it, stands."""
        return ("product", [entry.key for entry in self.catalogue.products].index(product), *further)


def read(path: pathlib.Path) -> File:
    """The catalogue of the file. Raises ImportRefused with every line that is wrong, and OSError."""
    return of_text(text_of(path))


def of_text(text: str) -> File:
    """The same of its text."""
    reading = Reading(text)
    top = reading.table
    catalogue = Catalogue(
        version="",
        tax_rates=_tax_rates(top),
        limits=_limits(top),
        telephony=_telephony(top),
        virus_check=top.flag("virus_check"),
        products=tuple(_product(one) for one in top.tables("product", "a table for each: [[product]]")),
    )
    top.end()
    reading.refuse()
    file = File(named(catalogue), reading)
    _judge(file)
    reading.refuse()
    return file


@cache
def shipped() -> Catalogue:
    """UCOM's."""
    return read(SHIPPED).catalogue


def named(catalogue: Catalogue) -> Catalogue:
    """The same with the version that its content has: equal ones have an equal one, in whatever order days stand."""
    entries = [
        msgspec.structs.replace(entry, prices=_in_order(entry.prices), again=_fee_in_order(entry.again))
        for entry in catalogue.products
    ]
    plain = msgspec.structs.replace(
        catalogue,
        version="",
        products=tuple(entries),
        tax_rates=tuple(sorted(catalogue.tax_rates)),
        telephony=tuple(sorted(catalogue.telephony)),
    )
    digest = hashlib.sha256(msgspec.json.encode(plain)).hexdigest()[:16]
    return msgspec.structs.replace(plain, version=digest)


def _in_order(prices: tuple[Price, ...]) -> tuple[Price, ...]:
    return tuple(sorted(prices))


def _fee_in_order(fee: FeeEntry | None) -> FeeEntry | None:
    return msgspec.structs.replace(fee, prices=_in_order(fee.prices)) if fee else None


# --- line by line -----------------------------------------------------------------------------------------------------


def _tax_rates(top: Table) -> tuple[TaxRate, ...]:
    found = []
    for one in top.tables("tax_rates", TAX_RATES):
        found.append(TaxRate(one.day("from", first=True), one.whole("percent", 0, 99)))
        one.end()
    _once(top, "tax_rates", [rate.valid_from for rate in found])
    return tuple(found)


def _limits(top: Table) -> Limits:
    table = top.table("limits")
    if table is None:
        return Limits(0, 0, 0)
    limits = Limits(
        account_ids=table.whole("account_ids", 1, 50),
        mailbox_gigabytes=table.whole("mailbox_gigabytes", 1, 1_000),
        forwarding_addresses=table.whole("forwarding_addresses", 1, 20),
    )
    table.end()
    return limits


def _telephony(top: Table) -> tuple[str, ...]:
    """Keys; they may be left out."""
    keys = top.lines("telephony", most=32, example=next(iter(TELEPHONY)), needed=False)
    for key in dict.fromkeys(keys):
        if key not in TELEPHONY:
            top.wrong(
                "telephony", f"there is no {key!r}{nearest(key, TELEPHONY)}; there are {', '.join(TELEPHONY)}"
            )
    return tuple(dict.fromkeys(keys))


def _product(table: Table) -> ProductEntry:
    kind = Kind(table.choice("kind", Kind) or Kind.LICENCE)
    entry = ProductEntry(
        key=Product(_key(table)),
        kind=kind,
        name=table.text("name", most=NAME_LENGTH, example="セキュリティ360°"),
        sold=table.flag("sold"),
        environment=table.text("environment", most=NAME_LENGTH, example="Windows、macOS"),
        prices=_prices(table),
        terms=_terms(table),
        **_OF_KIND[kind](table),
    )
    if "kind" in table:  # without one, nobody can say what else belongs there
        table.end()
    return entry


def _key(table: Table) -> str:
    return table.text("key", most=32, form=KEY, example="security-360")


def _prices(table: Table) -> tuple[Price, ...]:
    found = []
    for one in table.tables("prices", PRICES):
        found.append(Price(one.day("from", first=True), one.whole("yen", 1, MOST_YEN)))
        one.end()
    _once(table, "prices", [price.valid_from for price in found])
    return tuple(found)


def _once(table: Table, name: str, days: Sequence[date]) -> None:
    for day, number in Counter(days).items():
        if number > 1:
            table.wrong(name, f"there are {number} from {day}: keep one of them")


def _terms(table: Table) -> Terms:
    its = table.table("terms")
    if its is None:
        return Terms(0, date.min, (), (), ())
    terms = Terms(
        version=its.whole("version", 1, 999),
        dated=its.day("dated"),
        about=its.lines("about", most=TEXT_LENGTH, example="…するサービスです。", needed=False),
        points=its.lines("points", most=TEXT_LENGTH, example="解約した月の料金は、全額かかります。"),
        conditions=its.lines("conditions", most=TEXT_LENGTH, example="複製はできません。", needed=False),
    )
    its.end()
    return terms


# --- what belongs to each kind of product -----------------------------------------------------------------------------


def _mail(table: Table) -> dict[str, Any]:
    named_so = table.text("in_contracts", most=32, form=r"[a-z](?:[_-]?[a-z0-9]){1,31}", example="mail_pack")
    return {
        "in_contracts": named_so,
        "base": table.whole("base", 0, 50),
        "bought": table.whole("bought", 0, 50),
    }


def _mailbox(table: Table) -> dict[str, Any]:
    return {"gigabytes": table.whole("gigabytes", 1, 10_000)}


def _licence(table: Table) -> dict[str, Any]:
    installer = table.text(
        "installer", most=500, form=_URL, example="https://download.example.jp/setup", needed=False
    )
    return {
        "computers": table.whole("computers", 1, 100),
        "activation": table.lines("activation", most=TEXT_LENGTH, example="［ダウンロード］を押します。"),
        "installer": installer or None,
    }


def _support(table: Table) -> dict[str, Any]:
    fee = table.table("again", needed=False)
    if fee is None:
        return {}
    name = fee.text("name", most=NAME_LENGTH, example="再申し込み手数料")
    again = FeeEntry(Fee(_key(fee)), name, _prices(fee))
    fee.end()
    return {"again": again}


_OF_KIND: dict[Kind, Callable[[Table], dict[str, Any]]] = {
    Kind.MAIL: _mail,
    Kind.MAILBOX: _mailbox,
    Kind.LICENCE: _licence,
    Kind.SUPPORT: _support,
}


# --- between the lines ------------------------------------------------------------------------------------------------


def _judge(file: File) -> None:
    """Note what does not fit together."""
    catalogue, reading = file.catalogue, file.reading
    _judge_keys(file)
    for kind, most in ((Kind.MAILBOX, 1), (Kind.SUPPORT, 1)):
        for index, entry in [(i, one) for i, one in enumerate(catalogue.products) if one.kind is kind][most:]:
            reading.wrong(
                ("product", index, "kind"),
                f"kind: {entry.key} is the second product of the kind {kind}, of which there is one: take one away",
            )
    if not catalogue.by_kind[Kind.MAIL]:
        reading.wrong(
            ("product",),
            "product: there is none of the kind mail, and every contract has one: add one (base: addresses that are free)",
        )
    first_rate = min((rate.valid_from for rate in catalogue.tax_rates), default=date.max)
    for index, entry in enumerate(catalogue.products):
        place: Path = ("product", index)
        if entry.prices and entry.begins() < first_rate:
            reading.wrong(
                (*place, "prices"),
                f"prices: {entry.key} has one from {entry.begins()}, and there is no tax rate before {first_rate}: "
                "begin tax_rates with an earlier one",
            )
        if entry.kind is Kind.MAILBOX and entry.gigabytes <= catalogue.limits.mailbox_gigabytes:
            reading.wrong(
                (*place, "gigabytes"),
                f"gigabytes: is {entry.gigabytes}, which is no more than limits.mailbox_gigabytes: make it larger",
            )


def _judge_keys(file: File) -> None:
    """Keys, names and the names that contracts use stand for one thing each."""
    taken: dict[tuple[str, str], int] = {("key", OTHER): 0}
    reading = file.reading
    for index, entry in enumerate(file.catalogue.products):
        place: Path = ("product", index)
        of_fee = (
            [((*place, "again"), "key", entry.again.key), ((*place, "again"), "name", entry.again.name)]
            if entry.again
            else []
        )
        own = [
            (place, "key", entry.key),
            (place, "name", entry.name),
            (place, "in_contracts", entry.in_contracts or ""),
        ]
        for where, what, value in (*own, *of_fee):
            if value and (what, value) in taken:
                first = taken[what, value]
                kept = f"stands on line {first} already" if first else "is kept for other charges"
                reading.wrong((*where, what), f"{what}: {value!r} {kept}: give this one another")
            taken.setdefault((what, value), reading.positions.line((*where, what)))
