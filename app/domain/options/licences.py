"""The stock of licence keys (PINs) of the security products: one is taken by each purchase, never twice.

A PIN is kept encrypted, and shown on セキュリティオプション管理 alone (docs/security.md).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime

from app.domain import catalogue, data_keys, installation, tables
from app.domain.catalogue import Product
from app.domain.changes.words import Refused
from app.postgres import database

BATCH = 1_000
"""Licence keys that are encrypted anew in one transaction."""

log = logging.getLogger("mypage")


def no_stock(product: Product) -> str:
    """Why the product cannot be bought, to the member."""
    return (
        f"{catalogue.name(product)}は、ただいまライセンスの準備中のため、購入できません。"
        "日をおいて、もう一度お試しください。料金はかかりません。"
    )


# --- the stock --------------------------------------------------------------------------------------------------------


# SQL for an UPDATE of the row that is found free, and for FOR UPDATE SKIP LOCKED in it.
_TAKE, _WAIT_AND_TAKE = (
    f"""
    WITH free AS (
        SELECT id FROM licence WHERE product = $1 AND period IS NULL ORDER BY id LIMIT 1 {lock}
    )
    UPDATE licence SET contract = $2, period = $3 FROM free WHERE licence.id = free.id RETURNING licence.id
    """  # noqa: S608 - constants
    for lock in ("FOR UPDATE SKIP LOCKED", "FOR UPDATE")
)


async def take(product: Product, contract: int, period: int) -> None:
    """Give the purchase a key of its own, in the caller's transaction. Raises Refused when there is none.

    Keys that other purchases are taking are passed over; when no other is left, they are waited for, because what
    holds them may give them back.
    """
    taken = await database.rows(_TAKE, product, contract, period) or await database.rows(
        _WAIT_AND_TAKE, product, contract, period
    )
    enough = installation.low_stock()
    left = (await _left([product], enough))[product]
    if left < enough or not taken:
        log.warning("licence keys are running out: %s left of %s", left, product)
    if not taken:
        raise Refused(no_stock(product))


async def low() -> dict[Product, int]:
    """How many are left of each product that has fewer than operators want."""
    enough = installation.low_stock()
    return {
        product: left
        for product, left in (await _left(catalogue.licences(), enough)).items()
        if left < enough
    }


# SQL for a count of each product that stops at a limit.
_LEFT = """
SELECT product, (SELECT count(*) FROM (
    SELECT FROM licence WHERE licence.product = wanted.product AND period IS NULL LIMIT $2) AS few) AS number
FROM unnest($1::text[]) AS wanted (product)
"""


async def _left(products: list[Product] | tuple[Product, ...], limit: int) -> dict[Product, int]:
    """Free keys of each product, counted up to a limit: a big stock is not read whole."""
    return {Product(row["product"]): row["number"] for row in await database.rows(_LEFT, [*products], limit)}


# --- what a member has ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Licence:
    """A key that a purchase was given, with the purchase's time."""

    product: Product
    started_at: datetime
    ended_at: datetime | None
    pin: str = field(repr=False)
    """"" where the portal does not know it: it was bought before."""


async def of_account(account: int, since: datetime) -> list[Licence]:
    """The account ID's keys whose purchase goes on, or ended since then; the PINs readable."""
    keys = data_keys.current()
    found = await database.rows(_OF_ACCOUNT, account, since, [*catalogue.licences()])
    return [
        Licence(
            Product(row["product"]),
            row["started_at"],
            row["ended_at"],
            keys.decrypt(row["pin"]) if row["pin"] is not None else "",
        )
        for row in found
    ]


# SQL for the left join: what was bought before the portal may have its PIN elsewhere.
_OF_ACCOUNT = """
SELECT p.product, p.started_at, p.ended_at, l.pin FROM service_period p LEFT JOIN licence l ON l.period = p.id
WHERE p.account = $1 AND (p.ended_at IS NULL OR p.ended_at >= $2) AND p.product = ANY ($3) ORDER BY p.id
"""


# --- the keys that encrypt --------------------------------------------------------------------------------------------


async def recognise() -> None:
    """Raises data_keys.WrongDataKeys when PINs were encrypted with a key that is not in use."""
    known = [*data_keys.current().names]
    unread = await tables.Licence.count().where(tables.Licence.data_key.not_in(known))
    if unread:
        raise data_keys.WrongDataKeys(
            f"MYPAGE_DATA_KEYS lacks a key that {unread:,} PINs of this database are encrypted with: "
            "put it back behind the newer ones (`mypage licences renew` makes it needless)"
        )


async def renew() -> int:
    """Encrypt with the newest key what older ones encrypted, batch by batch; how many that were.

    The older keys can then be dropped.
    """
    done = 0
    while number := await _renew_some():
        done += number
    return done


async def _renew_some() -> int:
    keys = data_keys.current()
    async with database.engine().transaction():
        old = await (
            tables.Licence.select(tables.Licence.id, tables.Licence.pin)
            .where(tables.Licence.data_key != keys.names[0])
            .order_by(tables.Licence.id)
            .limit(BATCH)
            .lock_rows("UPDATE")
        )
        pins = [keys.decrypt(row["pin"]) for row in old]
        await database.rows(
            _RENEW,
            keys.names[0],
            [row["id"] for row in old],
            [keys.encrypt(pin) for pin in pins],
            [keys.fingerprints(pin)[0] for pin in pins],
        )
    return len(old)


# SQL for many rows that change in one statement.
_RENEW = """
UPDATE licence SET data_key = $1, pin = new.pin, fingerprint = new.fingerprint
FROM unnest($2::bigint[], $3::bytea[], $4::bytea[]) AS new (id, pin, fingerprint) WHERE licence.id = new.id
"""
