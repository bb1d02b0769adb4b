"""People of a contract whose user has to ask for a security option, and what they do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.domain import clock, tables
from app.domain.access.matrix import UserPurchases
from app.domain.access.members import Member
from app.domain.catalogue import Product
from app.domain.changes import asking
from app.domain.changes.kinds import Change
from app.domain.options.approvals import ApproveRequest, RefuseRequest, RequestPurchase, WithdrawRequest
from app.postgres import database
from tests import households
from tests.households import Household
from tests.options.test_licences import load
from tests.products import Shipped

P360 = Shipped.SECURITY_360
SONS, MOTHERS, CONTACT = "son@example.com", "mother@example.com", "contact@example.com"
CARD: dict[str, Any] = {
    "token": "t",
    "payer": "",
    "brand": "JCB",
    "last4": "0000",
    "expires": "2100-01",
    "holder": "AN",
}


@dataclass(frozen=True)
class People:
    """The customer, the mother with 管理者権限 and the son, who asks; each logged in."""

    family: Household
    customer: Member
    mother: Member
    son: Member


async def new_people(name: str = "family") -> People:
    """A contract with a card and 連絡用メールアドレス, whose two account IDs have addresses."""
    family = await households.new_household(name)
    await tables.Contract.update(
        {tables.Contract.email: CONTACT, tables.Contract.user_purchases: UserPurchases.ASK.value}
    ).where(tables.Contract.id == family.contract)
    for account, address in ((family.son, SONS), (family.mother, MOTHERS)):
        await tables.Account.update({tables.Account.other_address: address}).where(
            tables.Account.id == account
        )
    await tables.Card(contract=family.contract, **CARD).save()
    if not await tables.Licence.exists().where(tables.Licence.product == P360):
        await load(20)
    return People(
        family,
        await households.log_in(family.contract),
        await households.log_in(family.contract, family.mother),
        await households.log_in(family.contract, family.son),
    )


async def do(member: Member, change: Change) -> UUID:
    """Ask for a change and carry it out."""
    identity = await asking.ask(member, change)
    await asking.confirm(member, identity)
    return identity


async def ask(people: People, product: Product = P360) -> UUID:
    """The son asks for a product; the request."""
    await do(people.son, RequestPurchase(people.family.sons_login, product))
    (row,) = await database.rows(
        "SELECT id FROM purchase_request WHERE product = $1 AND state = 'pending' AND account = $2",
        product,
        people.family.son,
    )
    identity: UUID = row["id"]
    return identity


def approval(people: People, request: UUID, product: Product = P360) -> ApproveRequest:
    return ApproveRequest(people.family.sons_login, product, request)


def refusal(people: People, request: UUID, product: Product = P360) -> RefuseRequest:
    return RefuseRequest(people.family.sons_login, product, request, "いまは必要ないと思います。")


def withdrawal(people: People, request: UUID, product: Product = P360) -> WithdrawRequest:
    return WithdrawRequest(people.family.sons_login, product, request)


async def states() -> list[str]:
    """What became of every request, in the order that they were asked for."""
    return [
        row["state"] for row in await database.rows("SELECT state FROM purchase_request ORDER BY asked_at")
    ]


async def charged() -> int:
    """Purchases and licence keys that were taken, which are as many."""
    periods = int(await tables.ServicePeriod.count())
    assert await tables.Licence.count().where(tables.Licence.period.is_not_null()) == periods
    return periods


async def mailed() -> list[tuple[str, str]]:
    """Recipient and subject of each mail, without the name of the place that sends them."""
    rows = await database.rows("SELECT recipient, subject FROM outbox ORDER BY id")
    return [(row["recipient"], row["subject"].removeprefix("【マイページ】")) for row in rows]


def later(**by: float) -> None:
    """Move the clock on."""
    clock.start_at(clock.now() + timedelta(**by))
