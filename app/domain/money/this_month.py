"""What a contract costs in this month and in the next, for the first page: from the graph, without a look-up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

from app.domain import clock
from app.domain.access.graph import Contract
from app.domain.money import billing, other_charges
from app.domain.money.billing import NEWEST, Service
from app.domain.money.other_charges import OtherLine, Version
from app.domain.months import Month


@dataclass(frozen=True)
class ThisMonth:
    """Yen with tax, as the contract is now."""

    month: Month
    yen: int
    """What the month's bill says of the options."""
    other_yen: int
    """What it says beside them, of the operator's other charges (other_charges.py); 0 for who may not see the bill."""
    next_yen: int
    """What that of the next month will say if nothing changes."""
    on_trial: bool
    """Something was bought in this month that costs nothing in it unless it is cancelled in it."""


def of(contract: Contract, now: datetime) -> ThisMonth:
    """Of a contract whose account IDs are all seen, so not by a user role. Raises NoPrice."""
    this = Month.of(now)
    running = _running(contract, None)
    due = _due(contract, running, this, this.next)
    return ThisMonth(
        month=this,
        yen=sum(charge.yen for charge in due if charge.month == this),
        other_yen=sum(line.yen for line in _others(contract, this)),
        next_yen=sum(charge.yen for charge in due if charge.month == this.next),
        on_trial=any(Month.of(service.started_at) == this for service in running),
    )


def _others(contract: Contract, this: Month) -> list[OtherLine]:
    closed = Month.of_day(contract.billed_upto) if contract.billed_upto else None
    return other_charges.forecast([Version.of(other) for other in contract.others], closed, this)


def until(contract: Contract, last: date, now: datetime) -> list[tuple[Month, int]]:
    """Yen with tax by month, from this one to that of the day, if all options end with that day. Likewise."""
    this, end = Month.of(now), Month.of_day(last)
    ending = _running(contract, datetime.combine(last, time(23, 59, 59), clock.TOKYO))
    due = _due(contract, ending, this, end)
    return [(month, sum(charge.yen for charge in due if charge.month == month)) for month in this.upto(end)]


def _running(contract: Contract, end: datetime | None) -> list[Service]:
    """What is bought, with the end that it is to have."""
    return [
        Service(NEWEST, None, period.product, period.started_at, end)
        for buyer in (contract, *contract.accounts)
        for period in buyer.periods
    ]


def _due(contract: Contract, running: list[Service], since: Month, upto: Month) -> list[billing.Charge]:
    """The charges of the months, with what was ended before."""
    gone = [
        Service(0, None, over.product, over.started_at, over.ended_at) for over in contract.ended_with_account
    ]
    before = billing.earlier(contract, *contract.accounts)
    return billing.charges([*before.ended, *gone, *running], upto, since, before.had)
