"""`mypage import contracts --update`: a feed of the operator's customers is compared with what is there, and applied whole
or not at all (spec 19).

The file is read twice. First each line is known by its digest: one that has not changed since it was applied last is no
news, and neither judged nor compared. What is left is judged, staged as in an import, and compared with the contracts;
what comes of that is the plan. The contracts in it are locked and compared again before anything is written, so that what
members did meanwhile counts. Memory grows with what differs, not with the file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from app.domain import clock
from app.domain.changes.by_operator import OPERATOR
from app.domain.contracts import applying, closing, differences, file, holding, importing, rules
from app.domain.contracts.differences import CARD, CLOSED_ON, OF_FEED, Difference, Fate, Known
from app.domain.contracts.erased import LeftOut
from app.domain.contracts.loading import CONTACT, SAID
from app.domain.contracts.plans import ContractPlan, Plan
from app.domain.contracts.seal import Seal
from app.domain.fields import Wrong
from app.domain.imports import ImportRefused, Problem
from app.postgres import database


class Stopped(Exception):
    """The feed would change more than a feed may unread; nothing was changed."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.plan = plan


class Moved(Exception):
    """The plan is another one than the digest that was given stands for; nothing was changed."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.plan = plan


class _Undone(Exception):
    """A dry run ends: what was staged is rolled back."""


@dataclass(frozen=True)
class Asked:
    """How a feed is to be taken. `digest`: of a plan that somebody has read; None: within the guards alone."""

    contact: bool = False
    dry_run: bool = False
    digest: str | None = None


async def feed_contracts(path: Path, progress: Callable[[int], None], asked: Asked) -> Plan:
    """Apply the file, or only plan it, in a transaction of its own; what was done, or would be.

    `progress` is called with the number of the line that was reached, for each time that the file is read.
    Raises ImportRefused, Stopped, Moved, OSError when the file cannot be read; then nothing was changed.
    """
    plan: Plan | None = None
    try:
        async with database.engine().transaction() as transaction:
            plan = await _feed(transaction.connection, path, progress, asked)
            if asked.dry_run:
                raise _Undone
    except _Undone:
        pass
    if plan is None:
        raise RuntimeError("a feed ended without a plan")
    if not asked.dry_run:
        await closing.end_due()
    return plan


async def _feed(connection: Any, path: Path, progress: Callable[[int], None], asked: Asked) -> Plan:
    seal = Seal()
    await importing.prepare(connection)
    head, left_out = await importing.read_header(path), await LeftOut.begin()
    content, lines, wanted = await _look_for_news(connection, path, progress, asked)
    await importing.must_be_next(connection, head, lines)
    await _stage_news(connection, path, seal, progress, content, wanted, asked, left_out)
    await importing.refuse_conflicts(connection, numbers=False)
    plan = replace(await _planned(connection, content, asked), erased=left_out.lines)
    if asked.dry_run:
        return plan
    if plan.stopped_by and asked.digest is None:
        raise Stopped(plan)
    plan = await _again_under_lock(connection, plan, asked)
    if asked.digest not in (None, plan.digest):
        raise Moved(plan)
    if plan.stopped_by and asked.digest is None:
        raise Stopped(plan)
    for one in plan.known:
        await _apply(one)
    await connection.execute(_REMEMBER_KNOWN, asked.contact)
    await connection.execute(importing.DROP_PRESENT)
    await importing.hash_and_load(connection, seal, progress)
    await importing.note_run(head, lines, plan.digest, plan.summary)
    return plan


# --- what is news -----------------------------------------------------------------------------------------------------


class _Number(msgspec.Struct):
    """Whose line it is."""

    customer_number: str


_number = msgspec.json.Decoder(_Number)


async def _look_for_news(
    connection: Any, path: Path, progress: Callable[[int], None], asked: Asked
) -> tuple[bytes, int, dict[int, bool]]:
    """SHA-256 of the file, how many lines it has, and which of them are not as they were applied last; True: of a contract
    that is there."""
    content, read = hashlib.sha256(), 0
    strange: set[int] = set()
    await connection.execute(_SEEN)
    lines = file.lines(path)
    while batch := list(islice(lines, importing.BATCH)):
        records = []
        for number, raw in batch:
            content.update(raw or b"")
            customer_number = _customer_number(raw)
            if customer_number is None or raw is None:
                strange.add(number)
            else:
                records.append((number, customer_number, file.digest(raw, contact=asked.contact)))
        await connection.copy_records_to_table("seen", records=records)
        read += len(batch)
        progress(batch[-1][0])
    await connection.execute("ANALYZE seen")
    await connection.execute(_TWICE)
    found = await connection.fetch(_NEWS)
    return (
        content.digest(),
        read,
        dict.fromkeys(strange, False) | {row["line"]: row["known"] for row in found},
    )


def _customer_number(raw: bytes | None) -> str | None:
    """As it is kept; None where the line has none, which its judge will say."""
    try:
        given = _number.decode(raw or b"").customer_number
        return str(rules.customer_number().check(given))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, Wrong):
        return None


async def _stage_news(
    connection: Any,
    path: Path,
    seal: Seal,
    progress: Callable[[int], None],
    content: bytes,
    wanted: dict[int, bool],
    asked: Asked,
    left_out: LeftOut,
) -> None:
    """Judge and stage the lines that are news. Raises ImportRefused for a file that was written to meanwhile."""
    again = hashlib.sha256()

    def news() -> Iterator[file.ContractLine]:
        for number, raw in file.lines(path):
            again.update(raw or b"")
            if number in wanted:
                line = file.judged(number, raw, known=wanted[number])
                yield replace(line, digest=file.digest(raw or b"", contact=asked.contact))

    await importing.stage(connection, left_out.others(news()), seal, progress)
    if again.digest() != content:
        raise ImportRefused(
            [Problem(1, "the file was changed while it was read: write it whole, then rename it")]
        )


# SQL: temporary tables, and what a whole file is compared with in one statement.
_SEEN = "CREATE TEMPORARY TABLE seen (line bigint, customer_number text, digest bytea) ON COMMIT DROP"
_TWICE = """
INSERT INTO problem SELECT line, format('customer_number: stands on line %s already; keep one of the two', first)
FROM (SELECT line, first_value(line) OVER same AS first, row_number() OVER same AS nth FROM seen
    WINDOW same AS (PARTITION BY customer_number ORDER BY line)) AS numbered
WHERE nth > 1
"""
_NEWS = """
SELECT line, contract.id IS NOT NULL AS known
FROM seen LEFT JOIN contract USING (customer_number) LEFT JOIN feed_line l ON l.contract = contract.id
WHERE l.digest IS DISTINCT FROM seen.digest
"""


# --- the plan ---------------------------------------------------------------------------------------------------------


async def _planned(connection: Any, content: bytes, asked: Asked, among: list[int] | None = None) -> Plan:
    """What the staged lines come to; `among`: of these contracts alone."""
    known = [plan async for plan in _compared(connection, asked, among)]
    for contract, customer_number, field, former in await holding.overdue(clock.now()):
        if among is None or contract in among:
            ours = await holding.current(contract)
            late = Difference(field, ours[field], former, Fate.CASE, "overdue")
            known.append(ContractPlan(contract, customer_number, [late]))
    new = [row["customer_number"] for row in await connection.fetch(_NEW)]
    contracts = await connection.fetchval("SELECT count(*) FROM contract")
    return Plan(content, asked.contact, contracts, new, known, await _mails(connection, known))


async def _compared(connection: Any, asked: Asked, among: list[int] | None) -> Any:
    cursor = connection.cursor(_COMPARED, among, prefetch=importing.BATCH)
    async for row in cursor:
        found = [*differences.of(_offered(row), _known(row), contact=asked.contact)]
        if found:
            yield ContractPlan(row["id"], row["customer_number"], found)


def _offered(row: Any) -> dict[str, str | None]:
    """What the line speaks of."""
    offered: dict[str, str | None] = dict(zip((*OF_FEED, *CONTACT), row["offered"], strict=True))
    if row["says_closing"]:
        offered[CLOSED_ON] = row["offered_closing"]
    if row["offered_card"]:
        offered[CARD] = row["offered_card"]
    return offered


def _known(row: Any) -> Known:
    values = dict(zip((*OF_FEED, *CONTACT), row["ours"], strict=True))
    values |= {CLOSED_ON: row["closed_on"], CARD: row["card"]}
    said = json.loads(row["said"]) if row["said"] else {}
    if CARD not in said:  # a card that was registered here is none that the feed has ever known of
        said[CARD] = None if row["card_token"] else row["card"]
    holds = json.loads(row["holds"]) if row["holds"] else {}
    return Known(values, said, holds, row["mail_bought"])


async def _mails(connection: Any, known: list[ContractPlan]) -> int:
    """How many mails the plan sends."""
    each = {plan.contract: applying.mailed(plan.of(Fate.APPLIED)) for plan in known}
    writes = [contract for contract, number in each.items() if number]
    reached: dict[int, int] = {
        row["id"]: row["addresses"] for row in await connection.fetch(_REACHED, writes)
    }
    more: int = sum(
        bool(one.becomes) for plan in known for one in plan.of(Fate.APPLIED) if one.field == "email"
    )
    return more + sum(reached[contract] * each[contract] for contract in writes)


async def _again_under_lock(connection: Any, plan: Plan, asked: Asked) -> Plan:
    """The plan as it is once nobody else can change its contracts."""
    among = sorted(one.contract for one in plan.known)
    await connection.execute(_LOCK, among)
    return replace(await _planned(connection, plan.content, asked, among), new=plan.new, erased=plan.erased)


def _texts(table: str) -> str:
    return ", ".join(f"{table}.{name}::text" for name in (*OF_FEED, *CONTACT))


_CARD_TEXT = "concat_ws('|', {0}.brand, {0}.last4, {0}.expires, {0}.holder, {0}.token, {0}.payer)"
_COMPARED = f"""
SELECT c.id, c.customer_number, ARRAY[{_texts("i")}] AS offered, ARRAY[{_texts("c")}] AS ours,
    i.says_closing, i.closed_on::text AS offered_closing, c.closed_on::text AS closed_on,
    CASE WHEN o.token <> '' THEN {_CARD_TEXT.format("o")} END AS offered_card,
    CASE WHEN k.id IS NOT NULL THEN {_CARD_TEXT.format("k")} END AS card, coalesce(k.token, '') <> '' AS card_token,
    l.said, (SELECT json_object_agg(h.field, h.former) FROM field_hold h WHERE h.contract = c.id) AS holds,
    EXISTS (SELECT FROM service_period p WHERE p.contract = c.id AND p.account IS NULL AND p.ended_at IS NULL
        AND p.product IN (SELECT key FROM catalogue_item WHERE kind = 'mail')) AS mail_bought
FROM incoming_contract i JOIN contract c USING (customer_number)
LEFT JOIN incoming_card o ON o.line = i.line LEFT JOIN card k ON k.contract = c.id
LEFT JOIN feed_line l ON l.contract = c.id
WHERE $1::bigint[] IS NULL OR c.id = ANY ($1) ORDER BY i.line
"""  # noqa: S608 - names of columns
_NEW = """
SELECT customer_number FROM incoming_contract i
WHERE NOT EXISTS (SELECT FROM contract c WHERE c.customer_number = i.customer_number) ORDER BY line
"""
_REACHED = """
SELECT c.id, CASE WHEN c.email <> '' THEN 1 ELSE (
    SELECT count(*) FROM account a LEFT JOIN mail_address m ON m.account = a.id AND m.released_at IS NULL
    WHERE a.contract = c.id AND a.role = 'admin' AND a.deleted_at IS NULL
        AND coalesce(m.address, a.other_address) <> '') END AS addresses
FROM contract c WHERE c.id = ANY ($1)
"""
_LOCK = "SELECT 1 FROM contract WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE"

# --- applying ---------------------------------------------------------------------------------------------------------


async def _apply(plan: ContractPlan) -> None:
    now = clock.now()
    if applied := plan.of(Fate.APPLIED):
        await applying.carry_out(plan.contract, applied, OPERATOR, now)
    for one in plan.of(Fate.CASE):
        await holding.open_case(plan.contract, one, now)
    for one in plan.of(Fate.AGREED):
        await holding.agreed(plan.contract, one.field, now)


_REMEMBER_KNOWN = f"""
INSERT INTO feed_line AS known (contract, digest, said)
SELECT c.id, i.digest, {SAID}
FROM incoming_contract i JOIN contract c USING (customer_number) LEFT JOIN incoming_card k ON k.line = i.line
ON CONFLICT (contract) DO UPDATE SET digest = excluded.digest,
    said = known.said || CASE WHEN $1 THEN excluded.said ELSE excluded.said - '{{{",".join(CONTACT)}}}'::text[] END
"""  # noqa: S608 - names of columns
