"""`mypage import contracts`: loads a `contracts` file, all or nothing; the same file twice changes nothing.

The file is copied batch by batch into temporary tables of one transaction, where PostgreSQL finds what is there twice
or belongs to somebody else. The tables that members use are written last and in one go, so that nobody waits for a
lock while lines are judged or passwords hashed. Memory does not grow with the file.
"""

from __future__ import annotations

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import asyncpg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.domain import clock
from app.domain.access import passwords
from app.domain.contracts import file as contract_file
from app.domain.contracts.file import ACCOUNT_COLUMNS, CARD_COLUMNS, CONTRACT_COLUMNS
from app.domain.imports import PROBLEM_TABLE, refuse_problems
from app.postgres import database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from app.domain.contracts.file import ContractLine

BATCH = 1_000
"""Lines that are copied at a time."""
HASHES = 32
"""Plain passwords that are fetched for hashing at a time, about a second's work."""
LOCK = 7_302_020
"""Key of the advisory lock that makes imports of contracts wait for each other."""
NONCE = 12


@dataclass(frozen=True)
class ContractsImported:
    """Contracts that were loaded, and those that were left as they are because they were there already."""

    new: int
    already_there: int


async def import_contracts(path: Path, progress: Callable[[int], None]) -> ContractsImported:
    """Load the contracts of the file that are not there yet, in a transaction of its own.

    `progress` is called with the number of the line that was reached; once more from the start while plain passwords
    are hashed, which takes 20-40 ms each. The database role needs the right to make temporary tables.

    Raises ImportRefused, OSError when the file cannot be read, and what the database raises; then nothing was loaded.
    """
    seal = _Seal()
    async with database.engine().transaction() as transaction:
        connection = transaction.connection
        await connection.execute(_PREPARE)
        await _stage(connection, path, seal, progress)
        await _refuse_conflicts(connection)
        already_there = await connection.fetchval(_DROP_PRESENT)
        await _hash_plain_passwords(connection, seal, progress)
        await _load(connection)
        return ContractsImported(
            await connection.fetchval("SELECT count(*) FROM incoming_contract"), already_there
        )


# --- from the file into temporary tables ----------------------------------------------------------------------------

_PREPARE = f"""
SELECT pg_advisory_xact_lock({LOCK});
CREATE TEMPORARY TABLE incoming_contract ON COMMIT DROP AS
    SELECT 0::bigint AS line, {", ".join(CONTRACT_COLUMNS)} FROM contract WITH NO DATA;
CREATE TEMPORARY TABLE incoming_card ON COMMIT DROP AS
    SELECT 0::bigint AS line, {", ".join(CARD_COLUMNS)} FROM card WITH NO DATA;
CREATE TEMPORARY TABLE incoming_account ON COMMIT DROP AS
    SELECT 0::bigint AS line, {", ".join(ACCOUNT_COLUMNS)} FROM account WITH NO DATA;
CREATE TEMPORARY TABLE incoming_password (line bigint, slot smallint, sealed bytea) ON COMMIT DROP;
CREATE TEMPORARY TABLE made_hash (line bigint, slot smallint, hash text) ON COMMIT DROP;
{PROBLEM_TABLE}
"""  # noqa: S608 -- constants only


class _Seal:
    """Encrypts plain passwords while they wait for hashing: temporary tables are files of the database server.

    The key lives in this object only.
    """

    def __init__(self) -> None:
        self._cipher = AESGCM(AESGCM.generate_key(bit_length=128))

    def close(self, password: str) -> bytes:
        nonce = secrets.token_bytes(NONCE)
        return nonce + self._cipher.encrypt(nonce, password.encode(), None)

    def open(self, sealed: bytes) -> str:
        return self._cipher.decrypt(sealed[:NONCE], sealed[NONCE:], None).decode()


async def _stage(connection: Any, path: Path, seal: _Seal, progress: Callable[[int], None]) -> None:
    """Copy the file; of a bad line whatever can still clash with another one."""
    lines = contract_file.read(path)
    while batch := list(islice(lines, BATCH)):
        for table, records in _records(batch, seal):
            if records:
                await connection.copy_records_to_table(table, records=records)
        progress(batch[-1].number)
    await connection.execute("ANALYZE incoming_contract; ANALYZE incoming_account; ANALYZE incoming_card")


def _records(batch: list[ContractLine], seal: _Seal) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
    yield "problem", [(line.number, reason) for line in batch for reason in line.problems]
    yield "incoming_contract", [(line.number, *line.contract) for line in batch if line.contract]
    yield "incoming_card", [(line.number, *line.card) for line in batch if line.card]
    yield "incoming_account", [(line.number, *account) for line in batch for account in line.accounts]
    yield (
        "incoming_password",
        [(line.number, slot, seal.close(password)) for line in batch for slot, password in line.plain],
    )


# --- what lines may not share ---------------------------------------------------------------------------------------

_CUSTOMER_NUMBER_TWICE = """
INSERT INTO problem SELECT line, format('customer_number: stands on line %s already; keep one of the two', first)
FROM (SELECT line, first_value(line) OVER same AS first, row_number() OVER same AS nth FROM incoming_contract
    WHERE customer_number IS NOT NULL WINDOW same AS (PARTITION BY customer_number ORDER BY line)) AS numbered
WHERE nth > 1
"""
_LOGIN_TWICE = """
INSERT INTO problem
SELECT line, format('accounts[%s].login: stands on line %s already; give one of the two another', slot - 1, first)
FROM (SELECT line, slot, first_value(line) OVER same AS first, row_number() OVER same AS nth FROM incoming_account
    WHERE login IS NOT NULL WINDOW same AS (PARTITION BY login ORDER BY line, slot)) AS numbered
WHERE nth > 1
"""
_LOGIN_OF_ANOTHER = """
INSERT INTO problem
SELECT line, format(
    'accounts[%s].login: belongs to another contract, or did and was deleted there; give another', incoming.slot - 1)
FROM incoming_account incoming JOIN incoming_contract USING (line)
JOIN account ON account.login = incoming.login JOIN contract ON contract.id = account.contract
WHERE contract.customer_number <> incoming_contract.customer_number
"""


async def _refuse_conflicts(connection: Any) -> None:
    """Raise ImportRefused for bad lines, those included that clash with each other or with what is there."""
    await refuse_problems(connection, _CUSTOMER_NUMBER_TWICE, _LOGIN_TWICE, _LOGIN_OF_ANOTHER)


# --- passwords ------------------------------------------------------------------------------------------------------

_DROP_PRESENT = """
WITH present AS (
    DELETE FROM incoming_contract USING contract
    WHERE contract.customer_number = incoming_contract.customer_number RETURNING 1
) SELECT count(*) FROM present
"""
_WAITING_PASSWORDS = """
DECLARE waiting_password NO SCROLL CURSOR FOR SELECT line, slot, sealed
FROM incoming_password JOIN incoming_contract USING (line) ORDER BY line, slot
"""


async def _hash_plain_passwords(connection: Any, seal: _Seal, progress: Callable[[int], None]) -> None:
    loop = asyncio.get_running_loop()
    await connection.execute(_WAITING_PASSWORDS)
    with ThreadPoolExecutor(max_workers=2) as threads:
        while waiting := await connection.fetch(f"FETCH {HASHES} FROM waiting_password"):
            made = await asyncio.gather(
                *(loop.run_in_executor(threads, _hash, seal, slot, sealed) for _, slot, sealed in waiting)
            )
            records = [(line, slot, hashed) for (line, slot, _), hashed in zip(waiting, made, strict=True)]
            await connection.copy_records_to_table("made_hash", records=records)
            progress(waiting[-1]["line"])


def _hash(seal: _Seal, slot: int, sealed: bytes) -> str:
    """Slot 0 is the customer number, whose hashes carry the pepper."""
    return passwords.hash_now(seal.open(sealed), peppered=slot == 0)


# --- into the tables of the members ---------------------------------------------------------------------------------


def _listed(columns: tuple[str, ...], table: str = "") -> str:
    """The columns but the password hash, for a statement."""
    return ", ".join(table + column for column in columns if column != "password_hash")


# A password hash is the one that the file gave, else the one that was made. Ids follow the order of the file.

_LOAD_CONTRACTS = f"""
INSERT INTO contract ({_listed(CONTRACT_COLUMNS)}, password_hash)
SELECT {_listed(CONTRACT_COLUMNS)}, coalesce(password_hash, hash)
FROM incoming_contract i LEFT JOIN made_hash m ON m.line = i.line AND m.slot = 0 ORDER BY i.line
"""  # noqa: S608 -- constants only, as below
_NOTE_LOADED = """
CREATE TEMPORARY TABLE loaded ON COMMIT DROP AS
    SELECT line, contract.id, contract.password_hash, contract.opened_on
    FROM incoming_contract JOIN contract USING (customer_number);
ANALYZE loaded;
"""
_LOAD_CARDS = f"""
INSERT INTO card (contract, {_listed(CARD_COLUMNS)})
SELECT loaded.id, {_listed(CARD_COLUMNS)} FROM incoming_card JOIN loaded USING (line) ORDER BY line
"""  # noqa: S608
_LOAD_ACCOUNTS = f"""
INSERT INTO account (contract, {_listed(ACCOUNT_COLUMNS)}, password_hash, registered_at)
SELECT loaded.id, {_listed(ACCOUNT_COLUMNS, "i.")}, coalesce(i.password_hash, hash),
    least(loaded.opened_on::timestamp AT TIME ZONE 'Asia/Tokyo', $1)
FROM incoming_account i JOIN loaded USING (line)
LEFT JOIN made_hash m ON m.line = i.line AND m.slot = i.slot ORDER BY i.line, i.slot
"""  # noqa: S608
_LOAD_USED_PASSWORDS = """
INSERT INTO used_password (contract, hash) SELECT id, password_hash FROM loaded ORDER BY line;
INSERT INTO used_password (contract, account, hash)
SELECT loaded.id, account.id, account.password_hash
FROM loaded JOIN account ON account.contract = loaded.id ORDER BY account.id;
"""


async def _load(connection: Any) -> None:
    """Raises ImportRefused when a member registered one of the account IDs since they were compared."""
    try:
        async with database.engine().transaction():
            await connection.execute(_LOAD_CONTRACTS)
            await connection.execute(_NOTE_LOADED)
            await connection.execute(_LOAD_CARDS)
            await connection.execute(_LOAD_ACCOUNTS, clock.now())
            await connection.execute(_LOAD_USED_PASSWORDS)
    except asyncpg.IntegrityConstraintViolationError as error:
        database.without_detail(error)
        if isinstance(error, asyncpg.UniqueViolationError):
            await _refuse_conflicts(connection)
        raise
