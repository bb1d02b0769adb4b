"""`mypage bill close`: a month's charges of every contract, written to a ledger that is never edited afterwards.

The charges come from `billing.charges`, and so does the forecast of a month that is not closed: `bill` makes both.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from piccolo.query.functions import Count, Min, Sum

from app.domain import catalogue, clock, tables
from app.domain.catalogue import Key, Product
from app.domain.money import billing, issuing, other_charges
from app.domain.money.billing import Service
from app.domain.money.bills import Entry, Purchase
from app.domain.months import Month
from app.postgres import database

BATCH = 500
"""Contracts of one transaction: what a member may have to wait for, and what is done again after a kill."""
LOOK_BACK = 12
"""Months before the closed one whose charges are compared with the ledger, and corrected in the closed one."""


class NotClosable(Exception):
    """The month cannot be closed; the text says which one can."""


@dataclass(frozen=True)
class Closed:
    """What closing a month wrote; `before`: it had been closed already, and nothing changed."""

    month: Month
    charges: int
    yen: int
    before: bool


class LedgerLine(NamedTuple):
    """A line of the ledger, or what will be one: `yen` with tax, below 0 in a correction."""

    period: int
    login: str | None
    item: Key
    month: Month
    billed: Month
    yen: int
    tax_rate: int

    @property
    def key(self) -> tuple[int, str, Month]:
        """What is charged once."""
        return self.period, self.item, self.month

    def entry(self, purchase: Purchase) -> Entry:
        """As the bill shows it, in today's words."""
        name, used = catalogue.name(self.item), purchase.used(self.item, self.billed)
        return Entry(name, self.login, self.month, self.billed, *used, self.yen, self.tax_rate)


def bill(
    services: Sequence[Service], written: Iterable[LedgerLine], month: Month, since: Month
) -> list[LedgerLine]:
    """The lines of one contract's bill of the month, after those that are `written` in the ledger for earlier ones.

    They are its charges, and what has to be mended of the months from `since` on: a charge that was missed, or one
    that should not be there. A charge that is there stays as it was billed, whatever the catalogue says today.
    """
    balance: dict[tuple[int, str, Month], LedgerLine] = {}
    for line in written:
        known = balance.get(line.key)
        balance[line.key] = line._replace(yen=line.yen + known.yen) if known else line
    made, due = [], set()
    for service, product, owed in billing.owed(services, month, since):
        key = (service.id, product, owed)
        due.add(key)
        if key not in balance or not balance[key].yen:
            yen, tax_rate = billing.tariff(product, owed)
            made.append(LedgerLine(service.id, service.login, product, owed, month, yen, tax_rate))
    surplus = [
        line._replace(billed=month, yen=-line.yen)
        for key, line in balance.items()
        if line.yen and key not in due and since <= line.month < month
    ]
    return made + surplus


class Span(NamedTuple):
    """The lines of a purchase and product in the ledger, without looking at each: how many, from when to when."""

    period: int
    product: str
    first: Month
    last: Month
    lines: int
    corrected: bool


def as_owed(services: Sequence[Service], spans: Iterable[Span], month: Month, since: Month) -> bool:
    """Whether the ledger holds what is owed from `since` to before the month, so that the month's own charges are all.

    It is the quick answer for nearly every contract. What was ever corrected is not judged here: False.
    """
    owed: dict[tuple[int, str], Span] = {}
    for service, product, due in billing.owed(services, month.previous, since):
        known = owed.get((service.id, product))
        owed[service.id, product] = Span(
            service.id, product, known.first if known else due, due, known.lines + 1 if known else 1, False
        )
    return sorted(owed.values()) == sorted(spans)


# --- closing ----------------------------------------------------------------------------------------------------------


async def close(month: Month, progress: Callable[[int, int], None]) -> Closed:
    """Write the month's charges of every contract, batch by batch; a close that was cut off goes on where it was.

    `progress` is called with the contracts that are done and those that have bought anything. Raises NotClosable, NoPrice.
    """
    before = await _may_be_closed(month)
    if not before:
        first = await first_month()
        begun = tables.BillClose(month=month.first_day, reached=0, closed_at=None)
        await tables.BillClose.insert(begun).on_conflict(action="DO NOTHING")
        await issuing.name_issuer()
        contracts, done = (await database.rows(_CONTRACTS, month.first_day))[0]
        while batch := await _close_batch(month, max(first, month.back(LOOK_BACK))):
            done += batch
            progress(min(done, contracts), contracts)
        await tables.BillClose.update({tables.BillClose.closed_at: clock.now()}).where(
            tables.BillClose.month == month.first_day, tables.BillClose.closed_at.is_null()
        )
    written = tables.Charge.select(Count(), Sum(tables.Charge.yen))
    (sums,) = await written.where(tables.Charge.billed == month.first_day)
    return Closed(month, sums["count"], sums["sum"] or 0, before)


# SQL for two counts, the second with a FILTER.
_CONTRACTS = """
SELECT count(*), count(*) FILTER (WHERE contract <= reached)
FROM (SELECT contract FROM service_period UNION SELECT contract FROM other_charge) AS c, bill_close WHERE month = $1
"""


async def _may_be_closed(month: Month) -> bool:
    """Whether it is closed already. Raises NotClosable for a month that is not over, and for one out of order."""
    days_closed = tables.BillClose.select(tables.BillClose.month).where(
        tables.BillClose.closed_at.is_not_null()
    )
    closed = [Month.of_day(row["month"]) for row in await days_closed.order_by(tables.BillClose.month)]
    if month in closed:
        return True
    this = Month.this()
    if month >= this:
        raise NotClosable(
            f"{month.iso} is not over: {this.previous.iso} is the last month that can be closed"
        )
    expected = closed[-1].next if closed else await first_month()
    if month > expected:
        raise NotClosable(f"months are closed in order: close {expected.iso} first")
    if month < expected:
        begins = closed[0] if closed else expected
        raise NotClosable(f"{month.iso} is before {begins.iso}, with which the ledger begins")
    return False


async def first_month() -> Month:
    """The month that the ledger begins with: the first one closed, else that of what is charged first or, if that is
    earlier, the last one that is over. A typing error cannot make it begin years ago, which nobody could undo."""
    months = tables.BillClose.select(Min(tables.BillClose.month))
    (closed,) = await months.where(tables.BillClose.closed_at.is_not_null())
    if closed["min"]:
        return Month.of_day(closed["min"])
    (bought,) = await database.rows(_FIRST_BOUGHT)
    (loaded,) = await tables.OtherCharge.select(Min(tables.OtherCharge.month))
    first = [Month.of(bought["first"])] if bought["first"] else []
    first += [Month.of_day(loaded["min"])] if loaded["min"] else []
    return min([*first, Month.this().previous])


# SQL for coalesce(): what was bought before the portal is charged from a later month on.
_FIRST_BOUGHT = """
SELECT min(coalesce(charged_from::timestamp AT TIME ZONE 'Asia/Tokyo', started_at)) AS first FROM service_period
"""


async def _close_batch(month: Month, since: Month) -> int:
    """The next contracts in one transaction, with how far the close has come; how many there were.

    The close's row makes two closes of one month take turns. The contracts are locked, so that a change that began
    before the month was over is seen here.
    """
    async with database.engine().transaction() as transaction:
        connection = transaction.connection
        await connection.execute(_BY_INDEX)
        its_row = tables.BillClose.month == month.first_day
        (its,) = await tables.BillClose.select(tables.BillClose.reached).where(its_row).lock_rows("UPDATE")
        contracts = [row["contract"] for row in await connection.fetch(_NEXT, its["reached"], BATCH)]
        if not contracts:
            return 0
        await connection.execute(_LOCK, contracts)
        purchases = _by_contract(await connection.fetch(_PURCHASES, contracts), _purchase)
        services = {
            contract: [service for service, _ in bought if service.started_at < month.next.began]
            for contract, bought in purchases.items()
        }
        before = days(since, month)
        spans = _by_contract(await connection.fetch(_SPANS, contracts, before), _span)
        odd = {c for c in contracts if not as_owed(services.get(c, []), spans.get(c, []), month, since)}
        written = _by_contract(await connection.fetch(_LINES, list(odd), before), _written)
        made = {
            contract: bill(
                services.get(contract, []),
                written.get(contract, []),
                month,
                since if contract in odd else month,
            )
            for contract in contracts
        }
        await _write(connection, month, made, purchases)
        await tables.BillClose.update({tables.BillClose.reached: contracts[-1]}).where(its_row)
        return len(contracts)


async def _write(
    connection: Any,
    month: Month,
    made: dict[int, list[LedgerLine]],
    purchases: dict[int, list[tuple[Service, Purchase]]],
) -> None:
    """Write the lines of a batch by contract, with what their bills say beside them."""
    others = await issuing.open_others(connection, list(made))
    entries: dict[int, list[Entry]] = {}
    records = []
    for contract, lines in made.items():
        bought = {service.id: purchase for service, purchase in purchases.get(contract, [])}
        said = [(line, line.entry(bought[line.period])) for line in lines]
        beside = other_charges.bill(others.get(contract, []), month)
        records += [issuing.record(contract, line.period, line.item, entry) for line, entry in said]
        records += [issuing.other_record(contract, line) for line in beside]
        entries[contract] = [entry for _, entry in said] + [line.entry for line in beside]
    await connection.copy_records_to_table("charge", records=records, columns=issuing.COLUMNS)
    await issuing.issue(connection, month, entries)
    await issuing.settle_others(connection, others.values(), month)


# SQL for what a batch reads and writes: keys come as one array, rows become values at once, and locks have an order.
# The ledger grows while it is being closed: a plan from when it was small would read all of it for every batch.
_BY_INDEX = "SET LOCAL enable_seqscan = off"
_NEXT = """
(SELECT DISTINCT contract FROM service_period WHERE contract > $1 ORDER BY contract LIMIT $2) UNION
(SELECT DISTINCT contract FROM other_charge WHERE contract > $1 AND billed IS NULL ORDER BY contract LIMIT $2)
ORDER BY contract LIMIT $2
"""
_LOCK = "SELECT 1 FROM contract WHERE id = ANY($1) ORDER BY id FOR SHARE"
_PURCHASES = """
SELECT p.contract, p.id, a.login, p.product, p.started_at, p.ended_at, p.charged_from, a.deleted_at
FROM service_period p LEFT JOIN account a ON a.id = p.account WHERE p.contract = ANY($1) ORDER BY p.id
"""
_SPANS = """
SELECT contract, period, product, min(month) AS first, max(month) AS last, count(*) AS lines,
    bool_or(billed <> month) AS corrected
FROM charge WHERE contract = ANY($1) AND month = ANY($2) AND period IS NOT NULL GROUP BY contract, period, product
"""
_LINES = """
SELECT contract, period, login, product, month, billed, yen, tax_rate
FROM charge WHERE contract = ANY($1) AND month = ANY($2) AND period IS NOT NULL ORDER BY id
"""


def days(since: Month, upto: Month) -> list[date]:
    """The first days of the months, as the ledger's indexes look them up."""
    return [month.first_day for month in since.upto(upto)]


def _by_contract(rows: Collection[Any], make: Callable[[Any], Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row["contract"], []).append(make(row))
    return found


def _purchase(row: Any) -> tuple[Service, Purchase]:
    product, when = Product(row["product"]), (row["started_at"], row["ended_at"])
    charged_from = Month.of_optional(row["charged_from"])
    return Service(row["id"], row["login"], product, *when, charged_from), Purchase(
        product, *when, row["deleted_at"]
    )


def _span(row: Any) -> Span:
    first, last = Month.of_day(row["first"]), Month.of_day(row["last"])
    return Span(row["period"], row["product"], first, last, row["lines"], row["corrected"])


def _written(row: Any) -> LedgerLine:
    return LedgerLine(
        row["period"],
        row["login"],
        Product(row["product"]),
        Month.of_day(row["month"]),
        Month.of_day(row["billed"]),
        row["yen"],
        row["tax_rate"],
    )
