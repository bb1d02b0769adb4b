"""What a contract costs in this month and in the next, for the first page: from the graph, without a look-up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

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
    buyers = (contract, *contract.accounts)
    running = [
        Service(NEWEST, None, period.product, period.started_at, None)
        for buyer in buyers
        for period in buyer.periods
    ]
    gone = [
        Service(0, None, over.product, over.started_at, over.ended_at) for over in contract.ended_with_account
    ]
    before = billing.earlier(*buyers)
    due = billing.charges([*before.ended, *gone, *running], this.next, this, before.had)
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
