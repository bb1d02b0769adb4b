"""`mypage import contracts`: loads a `contracts` file, all or nothing; the same file twice changes nothing.

The file is copied batch by batch into temporary tables of one transaction, where PostgreSQL finds what is there twice
or belongs to somebody else. The tables that members use are written last and in one go, so that nobody waits for a
lock while lines are judged or passwords hashed. Memory does not grow with the file.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import asyncpg

from app.domain import clock, data_keys, installation, tables
from app.domain.access import passwords
from app.domain.contracts import clashes, header, loading
from app.domain.contracts import file as contract_file
from app.domain.contracts.erased import LeftOut
from app.domain.contracts.file import ACCOUNT_COLUMNS, CARD_COLUMNS, CONTRACT_COLUMNS
from app.domain.contracts.header import FEED, Before, Header
from app.domain.contracts.seal import Seal
from app.domain.imports import PROBLEM_TABLE, refuse_problems
from app.domain.months import Month
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


@dataclass(frozen=True)
class ContractsImported:
    """Contracts that were loaded, and those that were left as they are because they were there already."""

    new: int
    already_there: int
    erased: tuple[int, ...] = ()
    """Lines of erased contracts, which were left out."""


async def import_contracts(path: Path, progress: Callable[[int], None]) -> ContractsImported:
    """Load the contracts of the file that are not there yet, in a transaction of its own.

    `progress` is called with the number of the line that was reached; once more from the start while plain passwords
    are hashed, which takes 20-40 ms each. The database role needs the right to make temporary tables.

    Raises ImportRefused, OSError when the file cannot be read, and what the database raises; then nothing was loaded.
    """
    seal = Seal()
    async with database.engine().transaction() as transaction:
        connection = transaction.connection
        await prepare(connection)
        head, left_out = await read_header(path), await LeftOut.begin()
        lines = await stage(connection, left_out.others(contract_file.read(path)), seal, progress)
        lines += len(left_out.lines)
        await must_be_next(connection, head, lines)
        await refuse_conflicts(connection)
        already_there = await connection.fetchval(DROP_PRESENT)
        await hash_and_load(connection, seal, progress)
        done = ContractsImported(
            await connection.fetchval("SELECT count(*) FROM incoming_contract"),
            already_there,
            tuple(left_out.lines),
        )
        if head:
            await note_run(head, lines, "", f"{done.new:,} new, {done.already_there:,} left as they are")
        return done


# --- which feed it is -------------------------------------------------------------------------------------------------


async def read_header(path: Path) -> Header | None:
    """The header, if the file has one. Raises ImportRefused."""
    return contract_file.header(path)


async def must_be_next(connection: Any, head: Header | None, lines: int) -> None:
    """Note what is wrong with the header as a problem of line 1; `lines`: that follow it."""
    if head:
        last = await connection.fetchrow(_LAST_RUN, FEED)
        before = Before(last["sequence"], last["made_at"]) if last else None
        records = [(1, reason) for reason in header.problems(head, lines, before)]
        await connection.copy_records_to_table("problem", records=records)


async def note_run(head: Header | None, lines: int, digest: str, summary: str) -> None:
    """Remember that it was applied, so that the next one must follow it."""
    run = tables.FeedRun(
        feed=FEED,
        sequence=head.sequence if head else None,
        made_at=head.moment if head else None,
        lines=lines,
        digest=digest,
        applied_at=clock.now(),
        summary=summary,
    )
    await run.save()


# SQL for what is asked within an import's own transaction, whose connection is at hand.
_LAST_RUN = """
SELECT sequence, made_at FROM feed_run WHERE feed = $1 AND sequence IS NOT NULL ORDER BY sequence DESC LIMIT 1
"""

# --- from the file into temporary tables ----------------------------------------------------------------------------


async def prepare(connection: Any) -> None:
    """Make the temporary tables, once no other import is at it."""
    await connection.execute(_PREPARE)


_PREPARE = f"""
SELECT pg_advisory_xact_lock({LOCK});
CREATE TEMPORARY TABLE incoming_contract ON COMMIT DROP AS
    SELECT 0::bigint AS line, {", ".join(CONTRACT_COLUMNS)}, false AS says_closing, ''::bytea AS digest
    FROM contract WITH NO DATA;
CREATE TEMPORARY TABLE incoming_card ON COMMIT DROP AS
    SELECT 0::bigint AS line, {", ".join(CARD_COLUMNS)} FROM card WITH NO DATA;
CREATE TEMPORARY TABLE incoming_account ON COMMIT DROP AS
    SELECT 0::bigint AS line, {", ".join(ACCOUNT_COLUMNS)} FROM account WITH NO DATA;
CREATE TEMPORARY TABLE incoming_mail (line bigint, slot smallint, address text, reserved boolean, web_space text,
    forwarding text[], keep_copy boolean) ON COMMIT DROP;
CREATE TEMPORARY TABLE incoming_service (line bigint, index smallint, slot smallint, product text, started_on date,
    pin bytea, fingerprint bytea, older bytea[]) ON COMMIT DROP;
CREATE TEMPORARY TABLE incoming_password (line bigint, slot smallint, sealed bytea) ON COMMIT DROP;
CREATE TEMPORARY TABLE made_hash (line bigint, slot smallint, hash text) ON COMMIT DROP;
{PROBLEM_TABLE}
"""  # noqa: S608 -- constants only


async def stage(
    connection: Any, lines: Iterator[ContractLine], seal: Seal, progress: Callable[[int], None]
) -> int:
    """Copy the lines; of a bad one whatever can still clash with another one. How many there were."""
    read = 0
    while batch := list(islice(lines, BATCH)):
        for table, records in _records(batch, seal):
            if records:
                await connection.copy_records_to_table(table, records=records)
        read += len(batch)
        progress(batch[-1].number)
    await connection.execute(
        "ANALYZE incoming_contract; ANALYZE incoming_account; ANALYZE incoming_card; ANALYZE incoming_mail;"
        "ANALYZE incoming_service"
    )
    return read


def _records(batch: list[ContractLine], seal: Seal) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
    yield "problem", [(line.number, reason) for line in batch for reason in line.problems]
    yield (
        "incoming_contract",
        [(line.number, *line.contract, line.says_closing, line.digest) for line in batch if line.contract],
    )
    yield "incoming_card", [(line.number, *line.card) for line in batch if line.card]
    yield "incoming_account", [(line.number, *account) for line in batch for account in line.accounts]
    yield (
        "incoming_mail",
        [
            (
                line.number,
                *(one.slot, one.address, one.reserved, one.web_space),
                list(one.forwarding),
                one.keep_copy,
            )
            for line in batch
            for one in line.mail
        ],
    )
    yield "incoming_service", [record for line in batch for record in _services(line)]
    yield (
        "incoming_password",
        [(line.number, slot, seal.close(password)) for line in batch for slot, password in line.plain],
    )


def _services(line: ContractLine) -> Iterator[tuple[object, ...]]:
    """What was bought before, with each PIN encrypted already."""
    for one in line.services:
        pin, newest, older = None, None, []
        if one.pin is not None:
            keys = data_keys.current()
            newest, *older = keys.fingerprints(one.pin)
            pin = keys.encrypt(one.pin)
        yield (line.number, *(one.index, one.slot, one.product, one.started_on), pin, newest, older)


# --- what lines may not share ---------------------------------------------------------------------------------------


async def refuse_conflicts(connection: Any, *, numbers: bool = True) -> None:
    """Raise ImportRefused for bad lines, those included that clash with each other or with what is there.

    `numbers`: look for customer numbers that stand twice, too.
    """
    domain = installation.mail_domain() if installation.given("mail_domain") else ""
    await refuse_problems(connection, *clashes.among_them(domain, numbers=numbers))


# --- passwords ------------------------------------------------------------------------------------------------------

DROP_PRESENT = """
WITH present AS (
    DELETE FROM incoming_contract USING contract
    WHERE contract.customer_number = incoming_contract.customer_number RETURNING 1
) SELECT count(*) FROM present
"""
_WAITING_PASSWORDS = """
DECLARE waiting_password NO SCROLL CURSOR FOR SELECT line, slot, sealed
FROM incoming_password JOIN incoming_contract USING (line) ORDER BY line, slot
"""


async def _hash_plain_passwords(connection: Any, seal: Seal, progress: Callable[[int], None]) -> None:
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


def _hash(seal: Seal, slot: int, sealed: bytes) -> str:
    """Slot 0 is the customer number, whose hashes carry the pepper."""
    return passwords.hash_now(seal.open(sealed), peppered=slot == 0)


# --- into the tables of the members ---------------------------------------------------------------------------------


async def hash_and_load(connection: Any, seal: Seal, progress: Callable[[int], None]) -> None:
    """Hash what has to be hashed, then load all that is staged."""
    await _hash_plain_passwords(connection, seal, progress)
    await _load(connection)


async def _load(connection: Any) -> None:
    """Raises ImportRefused when a member registered one of the account IDs since they were compared."""
    try:
        async with database.engine().transaction():
            keys = data_keys.current().names[0] if installation.given("data_keys") else None
            await loading.load(connection, clock.now(), Month.this(), keys)
    except asyncpg.IntegrityConstraintViolationError as error:
        database.without_detail(error)
        if isinstance(error, asyncpg.UniqueViolationError):
            await refuse_conflicts(connection)
        raise
