"""The plan of a feed: what it would do, for a person to read, in numbers, and as a digest that stands for exactly that."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from app.domain.contracts import applying, differences, guards
from app.domain.contracts.differences import CLOSED_ON, LABELS, Difference, Fate
from app.domain.contracts.guards import Counts

LISTED = 1_000
"""Contracts whose changes a plan lists; it counts the others."""
REASONS = {
    "third": "the portal holds another value",
    "overdue": "held for 14 days",
    "bought": "the mail service of the former one goes on",
}


@dataclass(frozen=True)
class ContractPlan:
    """What the feed does to one contract."""

    contract: int
    customer_number: str
    found: Sequence[Difference]

    def of(self, fate: Fate) -> list[Difference]:
        return [one for one in self.found if one.fate is fate]


@dataclass(frozen=True)
class Plan:
    """What a feed does. `content`: SHA-256 of the file; `contracts`: how many the portal has before."""

    content: bytes
    contact: bool
    contracts: int
    new: list[str]
    """Customer numbers of contracts that are not there yet."""
    known: list[ContractPlan] = field(repr=False)
    mails: int = 0
    erased: list[int] = field(default_factory=list)
    """Lines of erased contracts, which are left out."""

    @property
    def counts(self) -> Counts:
        applied = [(plan, one) for plan in self.known for one in plan.of(Fate.APPLIED)]
        ends = [one for _, one in applied if one.field == CLOSED_ON]
        return Counts(
            contracts=self.contracts,
            new=len(self.new),
            changed=len({plan.contract for plan, _ in applied}),
            closed=sum(one.becomes is not None for one in ends),
            reopened=sum(one.becomes is None for one in ends),
            held=sum(len(plan.of(Fate.HELD)) for plan in self.known),
            cases=sum(len(plan.of(Fate.CASE)) for plan in self.known),
            mails=self.mails,
            emptied=Counter(one.field for _, one in applied if differences.emptied(one)),
        )

    @property
    def digest(self) -> str:
        """The same for the same file on the same database, as far as the two are compared."""
        compared = [
            (
                plan.customer_number,
                [(one.field, one.was, one.becomes, one.fate, one.reason) for one in plan.found],
            )
            for plan in sorted(self.known, key=lambda plan: plan.contract)
        ]
        whole = (self.content.hex(), self.contact, sorted(self.new), compared)
        return hashlib.sha256(msgspec.json.encode(whole)).hexdigest()[:32]

    @property
    def stopped_by(self) -> list[str]:
        """Why the feed is stopped unless somebody who has read this says yes."""
        return guards.reasons(self.counts)

    @property
    def summary(self) -> str:
        counts = self.counts
        numbers = {
            "new": counts.new,
            "changed": counts.changed,
            "closed": counts.closed,
            "reopened": counts.reopened,
            "held": counts.held,
            "for somebody to decide (照合)": counts.cases,
            "mails": counts.mails,
        }
        if self.erased:
            numbers["of erased contracts, left out"] = len(self.erased)
        return ", ".join(f"{number:,} {what}" for what, number in numbers.items())

    def lines(self) -> Iterator[str]:
        """For a person: each contract's changes, then how often each field changes, then the numbers and the digest."""
        listed = [line for plan in self.known[:LISTED] for line in _said(plan)]
        yield from (f"line {line}: its contract was erased; left out" for line in self.erased[:LISTED])
        yield from (f"{number}: new" for number in self.new[:LISTED])
        yield from listed
        more = max(0, len(self.new) - LISTED) + max(0, len(self.known) - LISTED)
        if more:
            yield f"and {more:,} more contracts"
        fields = Counter(one.field for plan in self.known for one in plan.of(Fate.APPLIED))
        if fields:
            yield "by field: " + ", ".join(f"{name} {number:,}" for name, number in fields.most_common())
        yield f"{self.summary}; of {self.contracts:,} contracts"
        yield f"digest: {self.digest}"


def _said(plan: ContractPlan) -> Iterator[str]:
    for one in plan.found:
        was, becomes = applying.shown(one.field, one.was), applying.shown(one.field, one.becomes)
        beside = {
            Fate.APPLIED: "",
            Fate.HELD: " (held: stays as it is)",
            Fate.AGREED: " (no longer held: both say the same)",
            Fate.CASE: f" (stays as it is, for somebody to decide: {REASONS.get(one.reason, '')})",
        }[one.fate]
        yield f"{plan.customer_number}: {one.field} ({LABELS[one.field]}): {was} -> {becomes}{beside}"
