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
    """End the period that goes on."""
    bearer = (
        tables.ServicePeriod.account.is_null()
        if account is None
        else tables.ServicePeriod.account == account.id
    )
    await tables.ServicePeriod.update({tables.ServicePeriod.ended_at: now}).where(
        tables.ServicePeriod.contract == member.contract.id,
        bearer,
        tables.ServicePeriod.product == product,
        tables.ServicePeriod.ended_at.is_null(),
    )


def monthly(product: Product, now: datetime) -> str:
    """月額利用料 (税込), of the first month that buying it now is charged for."""
    price = catalogue.price(product, Month.of(now).next.first_day)
    return f"{billing.yen(price)}／月（税込）"
