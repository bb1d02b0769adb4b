"""Who is erased, and when: by an order, or because the time of a closed contract is over.

An erasing takes all that is known of a person, so it waits for whatever still needs it: the months in which the customer
reads, bills that are not made, a card that waits, and what the law wants kept. Only that last one may be kept elsewhere,
which whoever orders says. `--due` judges again what was ordered: a contract may have begun anew since.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.domain import clock, erased_names, installation, keeping, tables
from app.domain.access import closed
from app.domain.months import Month
from app.domain.retention import erasing
from app.postgres import database

BATCH = 100
"""Contracts that are looked for at a time; each is erased in a transaction of its own."""
REASON = 200
"""Characters of a reason."""


class NotErasable(Exception):
    """The contract cannot be erased now; the text names all that stands in the way."""


class Unknown(NotErasable):
    """There is no such contract."""


@dataclass(frozen=True)
class Done:
    """What `--due` did: contracts that were erased, orders that have to wait and why, names on old bills that went."""

    erased: int
    waiting: tuple[str, ...]
    names: int


# --- what stands in the way -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Found:
    """A contract as far as erasing asks."""

    id: int
    closed_on: date | None
    ended_at: datetime | None
    erased_at: datetime | None
    bought: bool
    unbilled: bool
    closed_upto: date | None
    last_bill: date | None
    last_change: datetime | None
    card_waits: bool


async def _find(contract: int) -> _Found:
    (row,) = await database.rows(_FIND, contract)
    return _Found(**row)


def _problems(found: _Found, *, kept_elsewhere: bool) -> Iterator[str]:
    """Why it cannot be erased now."""
    if found.erased_at is not None:
        yield f"it was erased on {_day(found.erased_at)}"
        return
    if found.closed_on is None:
        yield "it is open: close it first, by closed_on in the feed"
        return
    if found.ended_at is None:
        yield f"it is closed on {found.closed_on}, and goes on until the end of that day"
        return
    today, until = clock.today(), closed.readable_until(found.closed_on)
    if today <= until:
        yield f"its customer reads bills and own data until {until} (MYPAGE_CLOSED_MONTHS)"
    if missing := _unclosed(found):
        yield f"{missing.iso} is not closed, and may have charges of it: run `mypage bill close {missing.iso}` first"
    if found.unbilled:
        yield "a charge that was loaded for it stands on no bill yet: the next `mypage bill close` puts it there"
    if found.card_waits:
        yield "a card of it waits for a name check: `mypage payments list`, then approve or refuse it"
    if not kept_elsewhere:
        yield from _by_law(found, today)


def _unclosed(found: _Found) -> Month | None:
    """The first month that may charge it and is not closed."""
    if found.closed_on is None or not (found.bought or found.unbilled):
        return None
    last = Month.of_day(found.closed_on)
    if found.closed_upto is None:
        return last
    reached = Month.of_day(found.closed_upto)
    return reached.next if reached < last else None


def _by_law(found: _Found, today: date) -> Iterator[str]:
    for keep, until in _law(found).items():
        if today <= until:
            yield (
                f"{keep.what} are kept until {until} ({keep.variable}: {keep.why}); order it with --kept-elsewhere if you keep "
                "them outside of the portal"
            )


def _law(found: _Found) -> dict[keeping.Keep, date]:
    """The last days on which what the law wants kept is kept."""
    last: dict[keeping.Keep, date] = {}
    if found.last_bill:
        last[keeping.BILLS] = last_day_of_bill(Month.of_day(found.last_bill))
    if found.last_change:
        changed = found.last_change.astimezone(clock.TOKYO).date()
        last[keeping.CHANGES] = installation.kept(keeping.CHANGES).after(changed)
    return last


def last_day_of_bill(month: Month) -> date:
    """Until when it is kept whom the bill of the month was for."""
    begun = keeping.LAW_BEGINS.after(month.last_day)
    return installation.kept(keeping.BILLS).after(begun)


def _day(moment: datetime) -> str:
    return moment.astimezone(clock.TOKYO).date().isoformat()


# SQL for what stands in eight tables, in one answer; the ledger is asked by its indexes, which begin with the month.
_FIND = """
SELECT c.id, c.closed_on, c.ended_at, c.erased_at,
    EXISTS (SELECT FROM service_period p WHERE p.contract = c.id)
        OR EXISTS (SELECT FROM other_charge o WHERE o.contract = c.id) AS bought,
    EXISTS (SELECT FROM other_charge o WHERE o.contract = c.id AND o.billed IS NULL) AS unbilled,
    (SELECT max(b.month) FROM bill_close b WHERE b.closed_at IS NOT NULL) AS closed_upto,
    (SELECT max(n.month) FROM bill_name n
        WHERE n.contract = c.id AND n.month = ANY (ARRAY(SELECT b.month FROM bill_close b))) AS last_bill,
    (SELECT max(h.applied_at) FROM change h WHERE h.contract = c.id) AS last_change,
    EXISTS (SELECT FROM card_check k WHERE k.contract = c.id AND k.decided_at IS NULL) AS card_waits
FROM contract c WHERE c.id = $1
"""

# --- ordering ---------------------------------------------------------------------------------------------------------


async def order(customer_number: str, reason: str, *, kept_elsewhere: bool) -> None:
    """Write down that the contract is to be erased. Raises NotErasable, Unknown."""
    contract = await find(customer_number)
    if len(reason) > REASON:
        raise NotErasable(f"the reason is longer than {REASON} characters")
    async with database.engine().transaction():
        await tables.Contract.lock(contract)
        problems = list(_problems(await _find(contract), kept_elsewhere=kept_elsewhere))
        if problems:
            raise NotErasable("\n".join(f"  {one}" for one in problems))
        await database.rows(_ORDER, contract, clock.now(), reason, kept_elsewhere)


async def find(customer_number: str) -> int:
    """The contract's key. Raises Unknown, which says so where the number was erased."""
    contract = tables.Contract
    found = await contract.select(contract.id).where(contract.customer_number == customer_number).first()
    if found:
        return int(found["id"])
    if await erased_names.is_erased("number", customer_number):
        raise Unknown("  the contract of that number was erased")
    raise Unknown("  no contract has that number")


# SQL for an order that takes the place of one that waits.
_ORDER = """
INSERT INTO erasure (contract, ordered_at, reason, kept_elsewhere) VALUES ($1, $2, $3, $4)
ON CONFLICT (contract) DO UPDATE SET ordered_at = excluded.ordered_at, reason = excluded.reason,
    kept_elsewhere = excluded.kept_elsewhere
"""

# --- what is due ------------------------------------------------------------------------------------------------------


async def due() -> list[int]:
    """Contracts that `erase_due` would erase now: ordered ones, and closed ones whose time is over."""
    over = installation.kept(keeping.CONTRACTS).before(clock.now()).date()
    rows = await database.rows(_CANDIDATES, over)
    found = []
    for row in rows:
        its = await _find(row["id"])
        if not list(_problems(its, kept_elsewhere=row["kept_elsewhere"] or False)):
            found.append(row["id"])
    return found


async def erase_due() -> Done:
    """Erase them, each whole or not at all, and take the names from bills whose time is over."""
    erased = 0
    for contract in await due():
        erased += await _erase(contract)
    names = await _forget_names()
    return Done(erased, tuple([one async for one in _waiting()]), names)


async def _erase(contract: int) -> bool:
    """One contract; False where it began anew, or was erased, meanwhile."""
    async with database.engine().transaction():
        await erasing.lock(contract)
        ordered = await tables.Erasure.select().where(tables.Erasure.contract == contract).first()
        elsewhere = bool(ordered and ordered["kept_elsewhere"])
        if list(_problems(await _find(contract), kept_elsewhere=elsewhere)):
            return False
        await erasing.erase(contract, clock.now())
    return True


async def _waiting() -> Any:
    """Orders that cannot be carried out yet, in words; whose they are is said by the number, which is there still."""
    for row in await database.rows(_ORDERED):
        problems = _problems(await _find(row["contract"]), kept_elsewhere=row["kept_elsewhere"])
        yield f"{row['customer_number']}: " + "; ".join(problems)


async def _forget_names() -> int:
    """Delete whom bills were for that are older than is kept, month by month in batches; how many."""
    forgotten = 0
    for row in await database.rows(_MONTHS_WITH_NAMES):
        if clock.today() <= last_day_of_bill(Month.of_day(row["month"])):
            break
        while deleted := len(await database.rows(_FORGET_NAMES, row["month"], BATCH)):
            forgotten += deleted
    return forgotten


# SQL for two tables at once, and for deleting in batches.
_CANDIDATES = """
SELECT c.id, e.kept_elsewhere FROM contract c JOIN erasure e ON e.contract = c.id AND e.done_at IS NULL
UNION
SELECT c.id, e.kept_elsewhere FROM contract c LEFT JOIN erasure e ON e.contract = c.id AND e.done_at IS NULL
WHERE c.closed_on < $1 AND c.erased_at IS NULL
ORDER BY id
"""
_ORDERED = """
SELECT e.contract, e.kept_elsewhere, c.customer_number
FROM erasure e JOIN contract c ON c.id = e.contract WHERE e.done_at IS NULL ORDER BY e.ordered_at
"""
_MONTHS_WITH_NAMES = """
SELECT b.month FROM bill_close b WHERE EXISTS (SELECT FROM bill_name n WHERE n.month = b.month) ORDER BY b.month
"""
_FORGET_NAMES = """
DELETE FROM bill_name WHERE id IN (SELECT id FROM bill_name WHERE month = $1 ORDER BY contract LIMIT $2) RETURNING id
"""
