"""Buying and ending a product, as a service period of the contract or of one of its account IDs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain import catalogue, tables
from app.domain.money import billing
from app.domain.months import Month

if TYPE_CHECKING:
    from datetime import datetime

    from app.domain.access.graph import Account
    from app.domain.access.members import Member
    from app.domain.catalogue import Product


async def start(member: Member, account: Account | None, product: Product, now: datetime) -> int:
    """The key of the new period, which two at once cannot make: the database refuses overlapping ones."""
    period = tables.ServicePeriod(
        contract=member.contract.id, account=account and account.id, product=product, started_at=now
    )
    await period.save()
    return int(period.id)


async def end(member: Member, account: Account | None, product: Product, now: datetime) -> None:
    """End the product of the account ID, or of the contract."""
    if account:
        await end_of_account(account, now, product)
    else:
        own = tables.ServicePeriod.contract == member.contract.id, tables.ServicePeriod.account.is_null()
        await tables.ServicePeriod.end(now, *own, tables.ServicePeriod.product == product)


async def end_of_account(account: Account, now: datetime, product: Product | None = None) -> None:
    """End the product of the account ID; None: all that it has bought."""
    its_own = tables.ServicePeriod.account == account.id
    which = (its_own, tables.ServicePeriod.product == product) if product else (its_own,)
    await tables.ServicePeriod.end(now, *which)


async def end_of_contract(contract: int, moment: datetime) -> None:
    """End all that the contract and its account IDs have bought."""
    await tables.ServicePeriod.end_with_contract(contract, moment)


def monthly(product: Product, now: datetime) -> str:
    """月額利用料 (税込), of the first month that buying it now is charged for."""
    price = catalogue.price(product, Month.of(now).next.first_day)
    return f"{billing.yen(price)}／月（税込）"
