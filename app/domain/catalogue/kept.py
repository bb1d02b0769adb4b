"""The catalogue in tables: how it is loaded into a process, and how another one takes its place.

Every page reads its version together with the member (access/members.py) and calls `follow`: whoever has another one in
memory loads the one in use, in that page. So every process shows an import with its next page, and no page asks for more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from app.domain import catalogue, clock, tables
from app.domain.catalogue import (
    Catalogue,
    FeeEntry,
    Kind,
    Limits,
    Price,
    Product,
    ProductEntry,
    TaxRate,
    Terms,
)
from app.domain.catalogue import file as files
from app.domain.catalogue import plan as plans
from app.domain.catalogue.file import File
from app.domain.catalogue.plan import CataloguePlan, Item, KnownCatalogue
from app.domain.imports import ImportRefused, Problem
from app.domain.json_objects import json_list, json_object, json_one
from app.mistake import Mistake
from app.postgres import database

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Mapping
    from datetime import datetime

LOCK = 7_302_027
"""Key of the advisory lock that makes imports of a catalogue wait for each other."""
VERSION = "(SELECT version FROM catalogue)"
"""For a statement that a page sends anyway: the version of the catalogue in use."""


class NoCatalogue(Mistake):
    """The database has none."""

    def __init__(self) -> None:
        super().__init__("no catalogue was loaded: run `mypage migrate`, or `mypage import catalogue FILE`")


# --- loading ----------------------------------------------------------------------------------------------------------

# The last row of an item and day counts: one that had not begun may have been corrected.
_PRICES = json_list(
    json_object(Price, tables.CataloguePrice, "p"),
    "FROM (SELECT DISTINCT ON (valid_from) * FROM catalogue_price WHERE item = {item}.key ORDER BY valid_from, id DESC) p",
    "p.valid_from",
)
_TAX_RATES = json_list(
    json_object(TaxRate, tables.CatalogueTax, "t"),
    "FROM (SELECT DISTINCT ON (valid_from) * FROM catalogue_tax ORDER BY valid_from, id DESC) t",
    "t.valid_from",
)
_TERMS = json_object(Terms, tables.CatalogueTerms, "t")
_FEE = json_object(FeeEntry, tables.CatalogueItem, "f", prices=_PRICES.format(item="f"))
_ENTRY = json_object(
    ProductEntry,
    tables.CatalogueItem,
    "i",
    prices=_PRICES.format(item="i"),
    terms=json_one(_TERMS, "FROM catalogue_terms t WHERE t.product = i.key ORDER BY t.version DESC LIMIT 1"),
    former=json_list(
        _TERMS,
        "FROM catalogue_terms t WHERE t.product = i.key"
        " AND t.version < (SELECT max(n.version) FROM catalogue_terms n WHERE n.product = i.key)",
        "t.version",
    ),
    again=json_one(_FEE, "FROM catalogue_item f WHERE f.fee_of = i.key AND f.listed"),
)
_LIMITS = json_object(Limits, tables.CatalogueInUse, "c")
_CATALOGUE = json_object(
    Catalogue,
    tables.CatalogueInUse,
    "c",
    products=json_list(
        _ENTRY, "FROM catalogue_item i WHERE i.listed AND i.kind NOT IN ('fee', 'other')", "i.place"
    ),
    tax_rates=_TAX_RATES,
    limits=_LIMITS,
    telephony="(SELECT coalesce(json_agg(s.key ORDER BY s.key), '[]') FROM telephone_service s WHERE s.offered)",
)
# SQL for all of it as one value, of one moment.
_LOAD = f"SELECT {_CATALOGUE} AS catalogue FROM catalogue c WHERE c.version <> ''"  # noqa: S608 - constants
_decode = msgspec.json.Decoder(Catalogue).decode


async def load() -> None:
    """Read the catalogue in use and use it in this process. Raises NoCatalogue."""
    catalogue.use(await read())


async def read() -> Catalogue:
    """The catalogue in use. Raises NoCatalogue."""
    found = await database.rows(_LOAD)
    if not found:
        raise NoCatalogue
    return _decode(found[0]["catalogue"])


async def follow(version: str) -> None:
    """Load it where the database's is another one than this process has; a page tells the version that it read."""
    if version != catalogue.version():
        await load()


# --- another one ------------------------------------------------------------------------------------------------------


async def must_be_there() -> bool:
    """Load the catalogue that is shipped into a database that has none, then use the one there; whether it did."""
    async with database.engine().transaction():
        known = await _known()
        if first := not known.version:
            await _change(files.read(files.SHIPPED), known, clock.now())
    await load()
    return first


async def import_catalogue(
    path: pathlib.Path, installers: Mapping[str, str], *, dry_run: bool = False
) -> CataloguePlan:
    """Make the file's the catalogue in use, all or nothing; what changes by that. The same file twice changes nothing.

    `installers`: addresses by product that the settings give. `dry_run`: nothing is changed. Raises ImportRefused, OSError
    when the file cannot be read, and what the database raises; then nothing was loaded.
    """
    file = files.read(path)
    _must_have_installers(file, installers)
    async with database.engine().transaction():
        known = await _known()
        before = await read() if known.version else None
        plan = plans.plan(file, before, known, clock.today())
        if plan.lines and not dry_run:
            await _change(file, known, clock.now())
    if plan.lines and not dry_run:
        await load()
    return plan


def _must_have_installers(file: File, installers: Mapping[str, str]) -> None:
    lacking = [
        entry.key
        for entry in file.catalogue.products
        if entry.kind is Kind.LICENCE and not entry.installer and entry.key not in installers
    ]
    if lacking:
        raise ImportRefused(
            [
                Problem(
                    file.reading.positions.line(file.path(Product(key), "installer")),
                    f'installer: nobody could download {key}: write installer = "https://…", or set MYPAGE_INSTALLERS',
                )
                for key in lacking
            ]
        )


_ITEM = json_object(
    Item,
    tables.CatalogueItem,
    "i",
    prices=_PRICES.format(item="i"),
    terms=json_list(_TERMS, "FROM catalogue_terms t WHERE t.product = i.key", "t.version"),
    has="(SELECT count(*) FROM service_period s WHERE s.product = i.key AND s.ended_at IS NULL)",
    had="""(EXISTS (SELECT FROM service_period s WHERE s.product = i.key) OR EXISTS (SELECT FROM charge h WHERE h.product = i.key)
        OR EXISTS (SELECT FROM licence l WHERE l.product = i.key) OR EXISTS (SELECT FROM consent o WHERE o.text = i.key)
        OR EXISTS (SELECT FROM purchase_request q WHERE q.product = i.key))""",
    contracts="(SELECT count(*) FROM contract k WHERE k.mail_product = i.in_contracts)",
    first_bought="(SELECT min(s.started_at AT TIME ZONE 'Asia/Tokyo')::date FROM service_period s WHERE s.product = i.key)",
)
_KNOWN = json_object(
    KnownCatalogue,
    tables.CatalogueInUse,
    "c",
    in_use="catalogue_in_use()",
    closed="(SELECT max(month) FROM bill_close WHERE closed_at IS NOT NULL)",
    items=json_list(_ITEM, "FROM catalogue_item i", "i.place, i.key"),
    tax_rates=_TAX_RATES,
)
# SQL for a lock that other imports wait for, and for one value of one moment.
_LOCK = f"SELECT pg_advisory_xact_lock({LOCK})"
_READ_KNOWN = f"SELECT {_KNOWN} AS known FROM catalogue c"  # noqa: S608 - constants
_decode_known = msgspec.json.Decoder(KnownCatalogue).decode


async def _known() -> KnownCatalogue:
    """What is there, kept from other imports to the end of the transaction."""
    await database.rows(_LOCK)
    return _decode_known((await database.rows(_READ_KNOWN))[0]["known"])


async def _change(file: File, known: KnownCatalogue, now: datetime) -> None:
    """Make the tables say what the file says, in the caller's transaction."""
    new = file.catalogue
    if known.free:
        await _clear(known)
        known = await _known()
    await database.rows("UPDATE catalogue_item SET listed = false WHERE kind <> 'other'")
    for place, entry in enumerate(new.products, 1):
        await _put(entry, place)
    items = {item.key: item for item in known.items}
    prices = [
        (one.key, price.valid_from, price.yen)
        for one in new.priced
        for price in one.prices
        if one.key not in items or price not in items[one.key].prices
    ]
    await database.rows(_ADD_PRICES, *_columns(prices, 3), now)
    rates = [(rate.valid_from, rate.percent) for rate in new.tax_rates if rate not in known.tax_rates]
    await database.rows(_ADD_RATES, *_columns(rates, 2), now)
    for entry in new.products:
        its = items.get(entry.key)
        if its is None or entry.terms not in its.terms:
            terms = entry.terms
            words = [*terms.about], [*terms.points], [*terms.conditions]
            await database.rows(_ADD_TERMS, entry.key, terms.version, terms.dated, *words, now)
    await database.rows(_SERVICES, [*new.telephony])
    await database.rows(_IN_USE, new.version, now, *msgspec.structs.astuple(new.limits), new.virus_check)


def _columns(rows: list[Any], number: int) -> list[list[Any]]:
    return [[row[index] for row in rows] for index in range(number)]


async def _clear(known: KnownCatalogue) -> None:
    """Take away what nothing hangs on."""
    if not known.in_use:
        for table in ("catalogue_price", "catalogue_tax", "catalogue_terms"):
            await database.rows(f"DELETE FROM {table}")  # noqa: S608 - names of tables
        gone = [item.key for item in known.items if not item.contracts and item.kind != "other"]
        await database.rows("DELETE FROM catalogue_item WHERE key = ANY ($1) AND kind = 'fee'", gone)
        await database.rows("DELETE FROM catalogue_item WHERE key = ANY ($1)", gone)


async def _put(entry: ProductEntry, place: int) -> None:
    await database.rows(
        _PUT,
        *(entry.key, entry.kind.value, place, entry.name, entry.sold, entry.environment, entry.in_contracts),
        *(entry.base, entry.bought, entry.gigabytes, entry.computers, [*entry.activation], entry.installer),
        None,
    )
    if fee := entry.again:
        await database.rows(
            _PUT, fee.key, "fee", place, fee.name, entry.sold, "", None, 0, 0, 0, 0, [], None, entry.key
        )


# SQL for ON CONFLICT with every column, and for rows that come as arrays.
_PUT = """
INSERT INTO catalogue_item (key, kind, place, name, sold, environment, in_contracts, base, bought, gigabytes, computers,
    activation, installer, fee_of, listed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, true)
ON CONFLICT (key) DO UPDATE SET kind = $2, place = $3, name = $4, sold = $5, environment = $6, in_contracts = $7, base = $8,
    bought = $9, gigabytes = $10, computers = $11, activation = $12, installer = $13, fee_of = $14, listed = true
"""
_ADD_PRICES = """
INSERT INTO catalogue_price (item, valid_from, yen, loaded_at)
SELECT item, valid_from, yen, $4 FROM unnest($1::text[], $2::date[], $3::integer[]) AS new (item, valid_from, yen)
"""
_ADD_RATES = """
INSERT INTO catalogue_tax (valid_from, percent, loaded_at)
SELECT valid_from, percent, $3 FROM unnest($1::date[], $2::smallint[]) AS new (valid_from, percent)
"""
_ADD_TERMS = """
INSERT INTO catalogue_terms (product, version, dated, about, points, conditions, loaded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_SERVICES = """
WITH gone AS (UPDATE telephone_service SET offered = false WHERE key <> ALL ($1))
INSERT INTO telephone_service (key, offered) SELECT key, true FROM unnest($1::text[]) AS wanted (key)
ON CONFLICT (key) DO UPDATE SET offered = true
"""
_IN_USE = """
UPDATE catalogue SET version = $1, loaded_at = $2, account_ids = $3, mailbox_gigabytes = $4, forwarding_addresses = $5,
    virus_check = $6
"""
