"""Issuing bills, in the transaction that writes their lines: what stands beside the ledger, and mails of corrections.

Nothing of it is ever edited (migrations/m16_bills.py). The name is in a table of its own, so that an erased person's can go.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import astuple
from datetime import date
from typing import Any

from app.domain import clock, holders, installation, tables
from app.domain.letters import outbox, recipients
from app.domain.money import bills, other_charges
from app.domain.money.billing import yen
from app.domain.money.bills import Correction, Entry
from app.domain.money.other_charges import Version
from app.domain.months import Month
from app.postgres import database


async def name_issuer() -> None:
    """Write down who issues the bills of the months that are being closed, and of closed ones that do not say it yet."""
    await database.rows(f"{_ISSUER_OF} {_ONCE}", *astuple(installation.issuer()))


async def name_issuer_of_closed() -> None:
    """The same for closed months alone, by a server: what it shows of them while nobody is named is frozen before its
    settings can change. A month that is being closed is the close's."""
    await database.rows(f"{_ISSUER_OF} WHERE closed_at IS NOT NULL {_ONCE}", *astuple(installation.issuer()))


async def nobody_named() -> list[Month]:
    """The closed months that do not say who issued their bills: they were closed before it was written down."""
    close, named = tables.BillClose, tables.BillIssuer
    months = close.select(close.month).where(close.closed_at.is_not_null()).order_by(close.month)
    known = {row["month"] for row in await named.select(named.month)}
    return [Month.of_day(row["month"]) for row in await months if row["month"] not in known]


# SQL for a row for each month that has none.
_ISSUER_OF = """
INSERT INTO bill_issuer (month, name, address, phone, hours, invoice_number, payment_day, elsewhere)
SELECT month, $1, $2, $3, $4, $5, $6, $7 FROM bill_close
"""
_ONCE = "ON CONFLICT DO NOTHING"


async def issue(connection: Any, month: Month, made: Mapping[int, Sequence[Entry]]) -> None:
    """Write down what the month's bills say beside their lines, `made` by contract; a bill without lines is none.

    Contracts whose bill corrects an earlier one of theirs get a mail.
    """
    contracts = [contract for contract, entries in made.items() if entries]
    sums = [
        (contract, month.first_day, *astuple(tax))
        for contract in contracts
        for tax in bills.taxes(made[contract])
    ]
    await connection.copy_records_to_table("bill_tax", records=sums, columns=_TAX)
    await connection.execute(_NAMES, contracts, month.first_day, Month.this().iso)
    late = {c: made[c] for c in contracts if any(entry.late for entry in made[c])}
    issued_on = await _issued(connection, late) if late else {}
    for contract, entries in late.items():
        found = bills.corrections(entries, issued_on.get(contract, {}))
        if any(one.issued_on for one in found):
            await _tell(contract, month, entries, found)


# SQL for COPY, and for rows that are made of other rows.
_TAX = ("contract", "month", "tax_rate", "yen", "tax")
_NAMES = f"""
INSERT INTO bill_name (contract, month, customer_number, recipient, honorific, card_brand, card_last4)
SELECT c.id, $2, c.customer_number, {holders.NAME}, {holders.HONORIFIC}, d.brand, d.last4
FROM contract c LEFT JOIN card d ON d.contract = c.id AND d.expires >= $3
WHERE c.id = ANY($1) AND c.erased_at IS NULL ORDER BY c.id
"""  # noqa: S608 - a constant


async def _issued(connection: Any, late: Mapping[int, Sequence[Entry]]) -> dict[int, dict[Month, date]]:
    """By contract, the days of its bills of the months that its entries are for; a month may have none."""
    months = {entry.month.first_day for entries in late.values() for entry in entries}
    found: dict[int, dict[Month, date]] = {}
    for row in await connection.fetch(_ISSUED, list(late), list(months)):
        issued_on = row["closed_at"].astimezone(clock.TOKYO).date()
        found.setdefault(row["contract"], {})[Month.of_day(row["month"])] = issued_on
    return found


# SQL for two keys that come as arrays, as the index of bill_tax looks them up.
_ISSUED = """
SELECT DISTINCT t.contract, t.month, b.closed_at FROM bill_tax t JOIN bill_close b USING (month)
WHERE t.month = ANY($2) AND t.contract = ANY($1) AND b.closed_at IS NOT NULL
"""


async def _tell(
    contract: int, month: Month, entries: Sequence[Entry], corrected: Sequence[Correction]
) -> None:
    said = [
        line
        for correction in corrected
        for line in (
            f"{correction.sentence}。",
            *(f"・{entry.name}：{yen(entry.yen)}" for entry in correction.entries),
        )
    ]
    told = await recipients.of_contract(contract)
    total = yen(sum(entry.yen for entry in entries))
    await outbox.post(contract, told, "bill-corrected", month=str(month), said=tuple(said), total=total)


# --- the operator's other charges -------------------------------------------------------------------------------------


async def open_others(connection: Any, contracts: Collection[int]) -> dict[int, list[Version]]:
    """By contract, every version of the refs that still have to reach a bill."""
    found: dict[int, list[Version]] = {}
    for row in await connection.fetch(_OTHERS, contracts):
        found.setdefault(row["contract"], []).append(
            Version(
                row["id"],
                row["ref"],
                Month.of_day(row["month"]),
                *(
                    row["label"],
                    row["yen"],
                    row["tax_rate"],
                    row["started_on"],
                    row["ended_on"],
                    row["written"],
                ),
            )
        )
    return found


async def settle_others(connection: Any, seen: Iterable[Sequence[Version]], month: Month) -> None:
    """Note that the month's bills have taken these into account, `seen` by contract.

    What was loaded since they were read is not among them, and waits for the next bill.
    """
    done = [version.id for versions in seen for version in other_charges.settled(versions, month)]
    await connection.execute(_SETTLE, done, month.first_day)


# SQL: open refs come from the partial index, the versions of each by its own index, with what the ledger holds of them.
_OTHERS = """
WITH open AS (SELECT DISTINCT contract, ref FROM other_charge WHERE contract = ANY($1) AND billed IS NULL)
SELECT o.contract, o.id, o.ref, o.month, o.label, o.yen, o.tax_rate, o.started_on, o.ended_on,
    (SELECT coalesce(sum(h.yen), 0)::int FROM charge h WHERE h.other = o.id) AS written
FROM open JOIN other_charge o USING (contract, ref) ORDER BY o.id
"""
_SETTLE = "UPDATE other_charge SET billed = $2 WHERE id = ANY($1) AND billed IS NULL"


def other_record(contract: int, line: other_charges.OtherLine) -> tuple[object, ...]:
    """A line of the ledger, as `ledger.COLUMNS` has them."""
    return (contract, None, line.version.id, other_charges.ITEM, *_said(line.entry))


def record(contract: int, period: int, product: str, entry: Entry) -> tuple[object, ...]:
    """The same for a purchase."""
    return (contract, period, None, product, *_said(entry))


COLUMNS = (
    *("contract", "period", "other", "product"),
    *("name", "login", "month", "billed", "started_on", "ended_on", "yen", "tax_rate"),
)


def _said(entry: Entry) -> tuple[object, ...]:
    return (
        *(entry.name, entry.login, entry.month.first_day, entry.billed.first_day),
        *(entry.started_on, entry.ended_on, entry.yen, entry.tax_rate),
    )
