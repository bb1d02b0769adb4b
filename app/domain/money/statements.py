"""月額請求明細照会: the bills of the last 84 months. A closed month says what was written then, another is a forecast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

import msgspec

from app.domain import clock, installation
from app.domain.access.matrix import Missing
from app.domain.access.members import Member
from app.domain.installation import Issuer
from app.domain.money import bill_rows, bills, ledger, other_charges
from app.domain.money.bill_rows import MONTHS
from app.domain.money.billing import Service
from app.domain.money.bills import Correction, Entry, Purchase, Recipient, TaxSum
from app.domain.money.ledger import LOOK_BACK, LedgerLine
from app.domain.money.other_charges import Version
from app.domain.months import Month

CLOSED, FORECAST, NONE = "確定", "見込み", "請求なし"
"""What a month is: closed with a bill, not closed yet, or without any charge for good."""


@dataclass(frozen=True)
class Listed:
    """A month of the list."""

    month: Month
    state: str
    total: int
    corrected_by: list[Month]
    """The months whose bills correct it, or hold what was not charged in it."""
    free: bool = False
    """Something is in its free month, which it will not have been if it is cancelled in it."""
    empty: bool = False
    """Nothing is charged in it, no other bill says anything of it, and it is over."""

    @property
    def billed(self) -> bool:
        """It has a bill that can be corrected."""
        return self.state == CLOSED

    @property
    def forecast(self) -> bool:
        return self.state == FORECAST


Row = list[Listed]
"""A row of the list, the newest month first: one, or several that are empty one after the other."""


def folded(listed: Sequence[Listed]) -> list[Row]:
    """The rows of the list: empty months that follow each other are one."""
    made: list[Row] = []
    for one in listed:
        if made and made[-1][-1].empty and one.empty:
            made[-1].append(one)
        else:
            made.append([one])
    return made


RECENT = 24
"""Months that the list begins with; older ones stand below their year."""


def recent(listed: Sequence[Listed]) -> list[Row]:
    """Of the last RECENT months."""
    oldest = Month.this().back(RECENT - 1)
    return folded([one for one in listed if one.month >= oldest])


def older(listed: Sequence[Listed]) -> list[tuple[int, list[Row]]]:
    """What is older, by year, the newest first; years without any charge are left out."""
    oldest = Month.this().back(RECENT - 1)
    by_year = groupby((one for one in listed if one.month < oldest), lambda one: one.month.year)
    years = [(year, list(months)) for year, months in by_year]
    return [(year, folded(months)) for year, months in years if not all(one.empty for one in months)]


@dataclass(frozen=True)
class Statement:
    """The bill of a month. Of a closed one all but `corrected_by` is as it was written when it was closed."""

    month: Month
    state: str
    closed_on: date | None
    issuer: Issuer
    recipient: Recipient | None
    """None: the month is closed without a bill, or the person was erased."""
    entries: list[Entry]
    taxes: list[TaxSum]
    """By rate, the highest first."""
    corrections: list[Correction]
    corrected_by: list[tuple[Month, date | None]]
    """Bills that correct this one, or hold what was not charged in its month, with their days; None: a forecast."""
    free: bool = False
    """Something is in its free month, as in `Listed`."""

    @property
    def forecast(self) -> bool:
        return self.state == FORECAST

    @property
    def billed(self) -> bool:
        """It can be corrected."""
        return self.state == CLOSED

    @property
    def issued(self) -> bool:
        """It is from somebody for somebody; a month that is closed without a bill names nobody."""
        return self.state != NONE

    @property
    def ordinary(self) -> list[Entry]:
        """The lines of the month itself."""
        return [entry for entry in self.entries if not entry.late]

    @property
    def total(self) -> int:
        return sum(tax.yen for tax in self.taxes)

    @property
    def tax(self) -> int:
        return sum(tax.tax for tax in self.taxes)

    @property
    def subtotal(self) -> int:
        """Without tax."""
        return self.total - self.tax

    @property
    def sum_name(self) -> str:
        """今月のご請求 is said of the whole of what a member owes for a month."""
        return "今月のご請求（オプションサービス分）" if self.issuer.elsewhere else "今月のご請求"


async def listing(member: Member) -> list[Listed]:
    """The months of the last 84, the newest first; none from before the contract, unless it was billed."""
    now = clock.now()
    found = await bill_rows.read(member, now)
    return _listed(found, now, _forecasts(found, now))


async def find(member: Member, month: Month) -> Statement:
    """The bill of a month. Raises Missing for one of the future, from before the contract or more than 84 months ago."""
    now = clock.now()
    found = await bill_rows.read(member, now, month)
    forecasts = _forecasts(found, now)
    listed = next((one for one in _listed(found, now, forecasts) if one.month == month), None)
    if listed is None:
        raise Missing(month.iso)
    closed = _closed(found)
    corrected_by = [(billed, closed.get(billed)) for billed in listed.corrected_by]
    if found.bill:
        return _as_written(found, found.bill, listed, corrected_by)
    return _forecast(found, member, now, listed, forecasts.get(month, []), corrected_by)


def _listed(found: bill_rows.Found, now: datetime, forecasts: dict[Month, list[Entry]]) -> list[Listed]:
    this = Month.of(now)
    closed, begins, free = _closed(found), _begins(found, this), _free(found, this)
    sums: dict[Month, int] = {}
    for one in found.sums:
        month = Month.of_day(one.month)
        sums[month] = sums.get(month, 0) + one.yen
    corrected_by = _corrected_by(found, forecasts)
    made = []
    for month in this.back(MONTHS - 1).upto(this):
        if month in sums:
            state, total = CLOSED, sums[month]
        elif month < Month.of_day(found.opened_on):
            continue
        elif month in closed or month < begins:
            state, total = NONE, 0
        else:
            state, total = FORECAST, sum(entry.yen for entry in forecasts[month])
        others = corrected_by.get(month, [])
        empty = month != this and month not in sums and not forecasts.get(month) and not others
        made.append(Listed(month, state, total, others, free and month == this, empty))
    return made[::-1]


def _closed(found: bill_rows.Found) -> dict[Month, date]:
    """The closed months with their days."""
    return {Month.of_day(one.month): one.closed_at.astimezone(clock.TOKYO).date() for one in found.closed}


def _issued(found: bill_rows.Found) -> dict[Month, date]:
    """The closed months that the contract has a bill of, with its day."""
    closed, issued = _closed(found), {Month.of_day(one.month) for one in found.closed if one.issued}
    return {month: closed[month] for month in closed if month in issued}


def _free(found: bill_rows.Found, this: Month) -> bool:
    """Whether this month is the free one of something that goes on."""
    return any(p.ended_at is None and Month.of(p.started_at) == this for p in found.purchases)


def _begins(found: bill_rows.Found, this: Month) -> Month:
    """The ledger's first month; while nothing is closed, that of what the contract is charged first."""
    if found.begins:
        return Month.of_day(found.begins)
    first = [Month.of_optional(p.charged_from) or Month.of(p.started_at) for p in found.purchases]
    return min([*first, *(Month.of_day(other.month) for other in found.others)], default=this)


def _forecasts(found: bill_rows.Found, now: datetime) -> dict[Month, list[Entry]]:
    """What the months that are not closed come to, each after the one before it."""
    this, closed = Month.of(now), _closed(found)
    begins = _begins(found, this)
    purchases = {p.id: Purchase(p.product, p.started_at, p.ended_at, p.deleted_at) for p in found.purchases}
    services = [
        Service(p.id, p.login, p.product, p.started_at, p.ended_at, Month.of_optional(p.charged_from))
        for p in found.purchases
    ]
    written, others = [_line(line) for line in found.written], [Version.of(other) for other in found.others]
    made: dict[Month, list[Entry]] = {}
    for month in begins.upto(this):
        if month not in closed:
            bought = [service for service in services if service.started_at < month.next.began]
            written += ledger.bill(bought, written, month, max(begins, month.back(LOOK_BACK)))
            beside = other_charges.bill(others, month)
            others = other_charges.carried(others, beside)
            lines = [line.entry(purchases[line.period]) for line in written if line.billed == month]
            made[month] = lines + [line.entry for line in beside]
    return made


def _corrected_by(found: bill_rows.Found, forecasts: dict[Month, list[Entry]]) -> dict[Month, list[Month]]:
    """By month, those whose bills correct it, or hold what is for it, or will as it looks now."""
    pairs = {(Month.of_day(one.month), Month.of_day(one.billed)) for one in found.corrected}
    pairs |= {(e.month, e.billed) for entries in forecasts.values() for e in entries if e.late}
    made: dict[Month, list[Month]] = {}
    for month, billed in sorted(pairs):
        made.setdefault(month, []).append(billed)
    return made


def _as_written(
    found: bill_rows.Found,
    bill: bill_rows.Bill,
    listed: Listed,
    corrected_by: list[tuple[Month, date | None]],
) -> Statement:
    entries = [
        Entry(
            line.name, line.login, Month.of_day(line.month), Month.of_day(line.billed),
            line.started_on, line.ended_on, line.yen, line.tax_rate,
        )
        for line in bill.lines
    ]  # fmt: skip
    name, issuer = bill.name, bill.issuer
    return Statement(
        listed.month,
        listed.state,
        _closed(found)[listed.month],
        Issuer(**msgspec.structs.asdict(issuer)) if issuer else installation.issuer(),
        Recipient(
            name.customer_number, name.recipient, name.honorific, bills.card(name.card_brand, name.card_last4)
        )
        if name
        else None,
        entries,
        [TaxSum(tax.tax_rate, tax.yen, tax.tax) for tax in bill.taxes],
        bills.corrections(entries, _issued(found)),
        corrected_by,
    )


def _forecast(
    found: bill_rows.Found,
    member: Member,
    now: datetime,
    listed: Listed,
    entries: list[Entry],
    corrected_by: list[tuple[Month, date | None]],
) -> Statement:
    """Of a month that is not closed; of one without a bill nothing that could change."""
    contract = member.contract
    card = contract.card if contract.card and contract.card.expires >= Month.of(now).iso else None
    named = bills.card(card.brand, card.last4) if card else None
    recipient = Recipient(contract.customer_number, found.recipient, found.honorific, named)
    return Statement(
        listed.month,
        listed.state,
        _closed(found).get(listed.month),
        installation.issuer(),
        recipient if listed.state == FORECAST else None,
        entries,
        bills.taxes(entries),
        bills.corrections(entries, _issued(found)),
        corrected_by,
        listed.free,
    )


def _line(row: bill_rows.Written) -> LedgerLine:
    return LedgerLine(
        row.period,
        row.login,
        row.product,
        Month.of_day(row.month),
        Month.of_day(row.billed),
        row.yen,
        row.tax_rate,
    )
