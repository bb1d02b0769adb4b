"""お支払い方法: the card that a contract pays with now, and whether it can pay for what it wants to buy.

What is kept of a card comes from the payment gateway (app/gateway/); its number never gets here.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from app.domain import catalogue, clock, tables
from app.domain.access.graph import ShownCard
from app.domain.access.matrix import Permission, Role, allowed
from app.domain.cards import numbers
from app.domain.changes.words import Mend, Refused
from app.domain.clock import TOKYO
from app.domain.money import billing, offer
from app.domain.months import Month

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from app.domain.access.graph import Account, Contract
    from app.domain.access.members import Member
    from app.domain.catalogue import Product

PAGE = Mend("お支払い方法登録／変更", "/payment", Permission.PAYMENT)
NO_CARD = "お支払い方法が登録されていないため、有料のサービスは購入できません。"
EXPIRED = "登録されているクレジットカードの有効期限が切れているため、有料のサービスは購入できません。"
WAITING = (
    "お申し込みいただいたクレジットカードの名義を確認しているため、有料のサービスは購入できません。"
    "確認が終わったかどうかは、「お支払い方法登録／変更」の画面でご確認いただけます。"
)


NOT_SOLD = "新しいお申し込みの受付は、終了しました。"


class ThreeDSecure(StrEnum):
    """What came of 3-D Secure when the card was typed: whether its issuer knew the holder. For staff, not for members."""

    AUTHENTICATED = "authenticated"
    ATTEMPTED = "attempted"
    """The issuer, or the card's network for it, said that it was asked: the card or the bank takes no part yet."""
    EXEMPTED = "exempted"
    NOT_SUPPORTED = "not_supported"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """Nobody asked, as for an imported card, or the gateway does not tell."""


@dataclass(frozen=True, kw_only=True)
class KeptCard:
    """All that the portal gets to know of a card that the gateway keeps: one value from there to the table."""

    token: str = field(repr=False)
    payer: str = field(repr=False)
    """The gateway's name of who pays; empty where it has none."""
    brand: str
    last4: str
    expires: str
    """The last month that it is valid in (Month.iso)."""
    three_d_secure: ThreeDSecure = ThreeDSecure.UNKNOWN

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """As a row holds it, each part by its own name."""
        return cls(**{part.name: row[part.name] for part in fields(cls)})


# --- can the contract pay? --------------------------------------------------------------------------------------------


def cannot_pay(member: Member) -> Refused | None:
    """Why the contract can buy nothing that costs money; None if it can."""
    contract = member.contract
    if contract.waiting_card:
        return Refused(WAITING, PAGE)
    if contract.card is None:
        return Refused(NO_CARD, PAGE)
    return Refused(EXPIRED, PAGE) if expired(contract.card.expires) else None


def expired(expires: str) -> bool:
    """A card is valid to the end of its last month."""
    return Month.this() > Month.parse(expires)


def cannot_buy(member: Member, product: Product | None, now: datetime) -> Refused | None:
    """Why the member can buy no product of that name: it is not sold, or cannot be paid; None: nothing stands in the way."""
    return not_sold(product, now) or cannot_pay(member)


def not_sold(product: Product | None, now: datetime) -> Refused | None:
    """Why nobody can buy it who has it not; None: the catalogue offers it."""
    return None if catalogue.offered(product, now.astimezone(TOKYO).date()) else Refused(NOT_SOLD)


def six_rows(
    member: Member, product: Product, now: datetime, account: Account | None = None, *, kept: bool = False
) -> list[billing.Cost]:
    """What the member buys with the product, for the contract or one of its account IDs: page, panel, receipt, mail.

    `kept`: for receipt and mail, which the person of the account ID reads, too; the contract's card is named to nobody
    who may not see お支払い登録情報.
    """
    reader_may = not (kept and account) or allowed(Permission.PAYMENT, Role(account.role))
    card = offer.card_named(member.contract.card, shown=member.may(Permission.PAYMENT) and reader_may)
    return offer.six_rows(product, now, billing.earlier(account or member.contract), card)


# --- how it stands with it ---


class Standing(StrEnum):
    """お支払い方法 at a glance."""

    FINE = "ご登録済"
    SOON = "まもなく有効期限"
    EXPIRED = "有効期限切れ"
    WAITING = "名義を確認中"
    REFUSED = "承認されませんでした"
    NONE = "未登録"


SOON = timedelta(days=60)
"""A card is marked so long before its last day, when the first mail of it is sent (reminders.py), too."""


def standings(contract: Contract, today: date) -> list[tuple[Standing, tuple[str, ...]]]:
    """Each with what there is to say of its card: first of one that waits or was refused, then of the one that pays now.

    They are two cards: what is said of one is not true of the other.
    """
    said: list[tuple[Standing, tuple[str, ...]]] = []
    waiting, refused, card = contract.waiting_card, contract.refused_card, contract.card
    if waiting:
        said.append((Standing.WAITING, _at_a_glance(waiting)))
    elif refused:
        said.append(
            (Standing.REFUSED, (f"下4桁 {refused.last4}", f"{clock.day(refused.asked_at)}のお申し込み"))
        )
    if card:
        said.append((_standing(card, today), _at_a_glance(card)))
    return said or [(Standing.NONE, ())]


def _standing(card: ShownCard, today: date) -> Standing:
    last_day = Month.parse(card.expires).last_day
    if last_day < today:
        return Standing.EXPIRED
    return Standing.SOON if last_day - today <= SOON else Standing.FINE


def _at_a_glance(card: ShownCard) -> tuple[str, ...]:
    return f"{card.brand} 下4桁 {card.last4}", f"有効期限 {numbers.shown_month(card.expires)}"


# --- what is shown of a card ------------------------------------------------------------------------------------------


def card_rows(card: ShownCard | None) -> list[tuple[str, str]]:
    """現在のお支払い方法."""
    if card is None:
        return [("お支払い方法", "未登録")]
    return [
        ("お支払い方法", "カード"),
        ("カード会社", card.brand),
        ("有効期限", numbers.shown_month(card.expires) + ("（期限切れ）" if expired(card.expires) else "")),
        ("カード番号", numbers.masked(card.last4)),
    ]


def facts(card: ShownCard | KeptCard) -> dict[str, object]:
    """What a mail says of a card."""
    return {"brand": card.brand, "last4": card.last4, "expires": numbers.shown_month(card.expires)}


# --- keeping it -------------------------------------------------------------------------------------------------------


async def keep(contract: int, card: KeptCard, holder: str) -> None:
    """Make it the contract's card, as a new row, so that the mails before its expiry are its own."""
    await tables.Card.delete().where(tables.Card.contract == contract)
    await tables.Card(contract=contract, holder=holder, **asdict(card)).save()
