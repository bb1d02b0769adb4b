"""Erasing one contract: what its tables hold of a person goes, in one transaction; keyed hashes of its names stay.

Sums, products and days of the ledger stay, and so do purchases, account IDs and addresses as tombstones without a name
(fates.py). Imports wait, so that a feed never sees a contract half erased or brings it back meanwhile.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.domain import clock, erased_names, installation, tables
from app.domain.contracts import importing
from app.domain.erased_names import Kind
from app.domain.money import call_import, charge_import
from app.domain.retention import fates
from app.postgres import database

IMPORTS = (importing.LOCK, charge_import.LOCK, call_import.LOCK)
"""Files that bring rows of contracts: one that found the contract before would write a person to it afterwards."""


async def lock(contract: int) -> None:
    """Stand in line with IMPORTS, and with whatever changes this contract, to the end of the transaction."""
    for key in IMPORTS:
        await database.rows("SELECT pg_advisory_xact_lock($1)", key)
    await database.rows("SELECT 1 FROM contract WHERE id = $1 FOR UPDATE", contract)


async def erase(contract: int, now: datetime) -> None:
    """Erase it, in the caller's transaction, which has locked it (`lock`). The contract has ended."""
    await _remember(contract, now)
    first = fates.statement(tables.Contract)
    others = [fates.statement(table) for table in fates.FATES if table is not tables.Contract]
    for statement in (first, *others, *fates.OUTSIDE.values()):
        if statement:
            await database.rows(statement, *([contract, now] if "$2" in statement else [contract]))


async def _remember(contract: int, now: datetime) -> None:
    """Keep what its names are known again by. One that is known already stays."""
    made = [
        tables.ErasedName(
            hash=erased_names.hashed(kind, name),
            kind=kind,
            pepper=installation.peppers().newest,
            erased_on=now.astimezone(clock.TOKYO).date(),
            closed_on=closed_on,
        )
        for kind, name, closed_on in await names_of(contract)
    ]
    await tables.ErasedName.insert(*made).on_conflict(tables.ErasedName.hash, "DO NOTHING")


async def names_of(contract: int) -> list[tuple[Kind, str, Any]]:
    """Kind and name of all that the contract is or was called, with its last day beside the number."""
    rows = await database.rows(_NAMES, contract)
    return [(row["kind"], row["name"], row["closed_on"]) for row in rows]


# SQL for four tables in one answer.
_NAMES = """
SELECT 'number' AS kind, customer_number AS name, closed_on FROM contract WHERE id = $1
UNION ALL SELECT 'login', login, NULL FROM account WHERE contract = $1
UNION ALL SELECT 'address', address, NULL FROM mail_address WHERE contract = $1
UNION ALL SELECT 'web_space', name, NULL FROM web_space WHERE contract = $1
"""
