"""お支払い方法: whether a contract can pay for what it wants to buy (spec 11)."""

from __future__ import annotations

from app.domain import clock
from app.domain.changes import Refused
from app.domain.members import Card, Member

NO_CARD = "お支払い方法が登録されていないため、有料のサービスは購入できません。"
EXPIRED = "登録されているクレジットカードの有効期限が切れているため、有料のサービスは購入できません。"


def hindrance(member: Member) -> str | None:
    """Why the contract can buy nothing that costs money; None if it can."""
    card = member.contract.card
    if card is None:
        return NO_CARD
    return EXPIRED if _expired(card) else None


def must_be_able_to_pay(member: Member) -> None:
    """Raises Refused with the reason."""
    reason = hindrance(member)
    if reason:
        raise Refused(reason)


def _expired(card: Card) -> bool:
    """A card is valid to the end of its last month."""
    return f"{clock.today():%Y-%m}" > card.expires
