"""The stock of licence keys (PINs) of the security products: one is taken by each purchase, never twice.

A PIN is kept encrypted, and shown on セキュリティオプション管理 alone (docs/security.md).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime

from app.domain import installation
from app.domain.catalogue import NAMES, SECURITY, Product
from app.domain.changes.words import Refused
from app.domain.options import data_keys
from app.mistake import Mistake
from app.postgres import database

BATCH = 1_000
"""Licence keys that are encrypted anew in one transaction."""

log = logging.getLogger("mypage")


class WrongDataKeys(Mistake):
    """The keys do not read what the database keeps; the text says what to do."""


def no_stock(product: Product) -> str:
    """Why the product cannot be bought, to the member."""
    return (
        f"{NAMES[product]}は、ただいまライセンスの準備中のため、購入できません。"
        "日をおいて、もう一度お試しください。料金はかかりません。"
    )


# --- the stock --------------------------------------------------------------------------------------------------------


async def any_left(product: Product) -> bool:
    """Whether there is one to take now."""
    return bool(
        await database.rows("SELECT 1 FROM licence WHERE product = $1 AND period IS NULL LIMIT 1", product)
    )


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
        log.warning("licence keys are running out: %s left of %s", left, product.value)
    if not taken:
        raise Refused(no_stock(product))


async def low() -> dict[Product, int]:
    """How many are left of each product that has fewer than operators want."""
    enough = installation.low_stock()
    return {product: left for product, left in (await _left(SECURITY, enough)).items() if left < enough}


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


_OF_ACCOUNT = """
SELECT l.product, p.started_at, p.ended_at, l.pin
FROM licence l JOIN service_period p ON p.id = l.period
WHERE p.account = $1 AND (p.ended_at IS NULL OR p.ended_at >= $2) ORDER BY p.id
"""


async def of_account(account: int, since: datetime) -> list[Licence]:
    """The account ID's keys whose purchase goes on, or ended since then; the PINs readable."""
    keys = data_keys.current()
    return [
        Licence(Product(row["product"]), row["started_at"], row["ended_at"], keys.decrypt(row["pin"]))
        for row in await database.rows(_OF_ACCOUNT, account, since)
    ]


# --- the keys that encrypt --------------------------------------------------------------------------------------------


async def recognise() -> None:
    """Raises WrongDataKeys when PINs were encrypted with a key that is not in use."""
    known = [*data_keys.current().names]
    found = await database.rows("SELECT count(*) AS number FROM licence WHERE data_key <> ALL ($1)", known)
    if found[0]["number"]:
        raise WrongDataKeys(
            f"MYPAGE_DATA_KEYS lacks a key that {found[0]['number']:,} PINs of this database are encrypted with: "
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
        old = await database.rows(
            "SELECT id, pin FROM licence WHERE data_key <> $1 ORDER BY id LIMIT $2 FOR UPDATE",
            keys.names[0],
            BATCH,
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


_RENEW = """
UPDATE licence SET data_key = $1, pin = new.pin, fingerprint = new.fingerprint
FROM unnest($2::bigint[], $3::bytea[], $4::bytea[]) AS new (id, pin, fingerprint) WHERE licence.id = new.id
"""
