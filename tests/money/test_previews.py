"""What the last confirm page of a month says is what the bill of that month says, whatever is bought, cancelled, bought
again and deleted, and whenever (issue: "previews are the bill").

`make prove` takes 10,000 random lives of a contract, several months each; the suite a hundred.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.domain import catalogue
from app.domain.access.graph import Buyer, Ended, Period
from app.domain.catalogue import Product, file
from app.domain.money import billing, ledger
from app.domain.money.billing import Service
from app.domain.money.ledger import LedgerLine
from app.domain.months import Month
from tests.products import AGAIN, SECURITY, Shipped

FIRST, MONTHS = Month(2025, 11), 5
CONTRACT = (Shipped.MAIL_WEB, Shipped.REMOTE_SUPPORT)
ACCOUNT = (Shipped.MAILBOX_10GB, *SECURITY)
BY_NAME = {entry.name: entry.key for entry in catalogue.said(file.shipped()).products}
Owner = str | None
"""An account ID; None: the contract."""
Said = dict[tuple[Month, Owner, Product], int]


class Household(Buyer, frozen=True):
    """The contract as a buyer, or an account ID of it."""

    had: list[Product]

    @property
    def before(self) -> list[Product]:
        return self.had


@dataclass
class Life:
    """What a contract bought, and what the last confirm page of each month said of each product and owner."""

    services: list[Service] = field(default_factory=list)
    deleted: set[Owner] = field(default_factory=set)
    said: Said = field(default_factory=dict)

    def running(self, owner: Owner, product: Product | None = None) -> list[Service]:
        own = [one for one in self.services if one.login == owner and one.ended_at is None]
        return [one for one in own if product in (None, one.product)]

    def buyer(self, owner: Owner, now: datetime) -> Household:
        """As the graph of access/graph.py has it at that moment."""
        own = [one for one in self.services if one.login == owner]
        over = [Ended(one.product, one.started_at, one.ended_at) for one in own if one.ended_at]
        began = Month.of(now).began
        return Household(
            periods=[Period(one.product, one.started_at) for one in own if one.ended_at is None],
            ended=[one for one in over if one.ended_at >= began],
            had=[one.product for one in over if one.ended_at < began] if owner is None else [],
        )

    def toggle(self, owner: Owner, product: Product, now: datetime) -> None:
        """Buy it, or cancel it where it is bought."""
        before, month = billing.earlier(self.buyer(owner, now)), Month.of(now)
        if running := self.running(owner, product):
            costs = billing.of_ending(product, running[0].started_at, now, before=before)
            self.said[month, owner, product] = amount(r"^([\d,]+)円（税込、", costs[0].text)
            self.end(running, now)
        else:
            text = billing.price_of_purchase(product, now, before)
            self.said[month, owner, product] = amount(r"^今月 ([\d,]+)円（", text)
            self.services.append(Service(len(self.services) + 1, owner, product, now, None))

    def delete(self, owner: str, now: datetime) -> None:
        """Delete the account ID, and with it the contract's mail service."""
        ending = [*self.running(owner), *self.running(None, Shipped.MAIL_WEB)]
        mine = self.buyer(owner, now)
        before = billing.earlier(self.buyer(None, now), mine)
        costs = billing.of_endings(ending, now, deleted=True, before=before)
        costs += billing.of_cancelled(billing.earlier(mine), ending, now)
        for cost in costs:
            product = BY_NAME[cost.label]
            buyer = None if product in CONTRACT else owner
            self.said[Month.of(now), buyer, product] = amount(r"の料金：([\d,]+)円（税込、", cost.text)
        self.end(ending, now)
        self.deleted.add(owner)

    def end(self, ending: list[Service], now: datetime) -> None:
        self.services = [replace(one, ended_at=now) if one in ending else one for one in self.services]

    def bills(self) -> Iterator[LedgerLine]:
        """Every line of the months' bills, each made when its month is over and knows nothing of later ones."""
        written: list[LedgerLine] = []
        for month in FIRST.upto(FIRST.back(1 - MONTHS)):
            until = month.next.began
            known = [
                replace(one, ended_at=one.ended_at if one.ended_at and one.ended_at < until else None)
                for one in self.services
                if one.started_at < until
            ]
            written += ledger.bill(known, written, month, FIRST)
        yield from written


def amount(pattern: str, text: str) -> int:
    found = re.search(pattern, text, re.MULTILINE)
    assert found, text
    return int(found[1].replace(",", ""))


def billed(life: Life) -> Said:
    """What the bills say of each month, owner and product, its fee included."""
    sums: Said = {}
    for line in life.bills():
        assert line.billed == line.month, "a correction of what was right"
        item = Shipped.REMOTE_SUPPORT if line.item == AGAIN else Product(line.item)
        key = line.month, line.login, item
        sums[key] = sums.get(key, 0) + line.yen
    return sums


@st.composite
def moments(draw: st.DrawFn) -> datetime:
    """A moment of the months, often one at which a month or a day changes in Asia/Tokyo; in UTC, as the clock gives it."""
    month = FIRST.back(-draw(st.integers(0, MONTHS - 1)))
    seconds = int((month.next.began - month.began).total_seconds())
    after = draw(
        st.one_of(st.sampled_from([0, 1, seconds - 1, 9 * 3600, 9 * 3600 - 1]), st.integers(0, seconds - 1))
    )
    return (
        month.began + timedelta(seconds=after, microseconds=draw(st.sampled_from([0, 999_999])))
    ).astimezone(UTC)


deeds = st.one_of(
    st.tuples(st.none(), st.sampled_from(CONTRACT)),
    st.tuples(st.sampled_from(["an", "taro"]), st.sampled_from(ACCOUNT)),
    st.tuples(st.sampled_from(["an", "taro"]), st.none()),
)
"""Of whom, and which product is bought or cancelled; none: the account ID is deleted."""


lives = st.lists(st.tuples(moments(), deeds), min_size=1, max_size=25)
Done = list[tuple[datetime, tuple[Owner, Product | None]]]


def lived(life: Life, done: Done) -> Iterator[datetime]:
    """Do all of it in its order, each at a moment of its own, but for what a deleted account ID would do; the moments."""
    for number, (now, (owner, product)) in enumerate(sorted(done, key=lambda one: one[0])):
        now += timedelta(microseconds=0 if now.microsecond else number)
        if owner in life.deleted:
            continue
        if product:
            life.toggle(owner, product, now)
        elif owner:
            life.delete(owner, now)
        yield now


@given(lives)
def test_the_last_confirm_page_of_a_random_month_says_what_its_bill_says(done: Done) -> None:
    life = Life()
    for _ in lived(life, done):
        pass
    bills = billed(life)
    assert life.said == {key: bills.get(key, 0) for key in life.said}
