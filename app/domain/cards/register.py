"""お支払い方法 (manual 19): the contract's card, the name check, and whether a contract can pay for what it wants to buy.

What is kept of a card comes from the payment gateway (app/gateway/); its number never gets here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app import database
from app.domain import clock
from app.domain.access.graph import Card, Contract, ShownCard
from app.domain.access.matrix import Permission
from app.domain.access.members import Member
from app.domain.access.proofs import Step
from app.domain.cards import numbers, roman_names
from app.domain.changes.kinds import OfContract
from app.domain.changes.words import Decision, Link, Mend, Receipt, Refused, Review, Row, edited
from app.domain.letters import recipients
from app.domain.letters.recipients import Told
from app.domain.months import Month

if TYPE_CHECKING:
    from datetime import datetime

PAGE = Mend("お支払い方法登録／変更", "/payment", Permission.PAYMENT)
NO_CARD = "お支払い方法が登録されていないため、有料のサービスは購入できません。"
EXPIRED = "登録されているクレジットカードの有効期限が切れているため、有料のサービスは購入できません。"
WAITING = (
    "お申し込みいただいたクレジットカードの名義を確認しているため、有料のサービスは購入できません。"
    "確認が終わったかどうかは、「お支払い方法登録／変更」の画面でご確認いただけます。"
)
NAME_DIFFERS = (
    "カード名義が、ご契約者様のお名前と一致することを確認できません。"
    "登録までにお時間をいただく場合や、登録できない場合があります。"
    "確認が終わるまで、有料のサービスは購入できません。"
)
DECIDED = {
    "approved": "お申し込みのカードの確認が終わり、{day}にお支払い方法の登録が完了しました。",
    "refused": (
        "お申し込みのカードは、名義がご契約者様のお名前と一致することを確認できなかったため、"
        "登録できませんでした（{day}）。"
    ),
    "replaced": (
        "お申し込みのカードは、確認が終わる前に別のカードのお申し込みがあったため、登録されませんでした（{day}）。"
    ),
}
"""What the receipt of a card that waited says since it was decided."""
NOT_MAILED = (
    "メールアドレスが登録されていないため、確認の結果をメールでお知らせできません。"
    "「お支払い方法登録／変更」の画面でご確認ください。"
)


def judge(member: Member) -> Refused | None:
    """Why the contract can buy nothing that costs money; None if it can."""
    contract = member.contract
    if contract.waiting_card:
        return Refused(WAITING, PAGE)
    if contract.card is None:
        return Refused(NO_CARD, PAGE)
    return Refused(EXPIRED, PAGE) if expired(contract.card.expires) else None


def expired(expires: str) -> bool:
    """A card is valid to the end of its last month, YYYY-MM."""
    return Month.this() > Month.parse(expires)


def card_rows(card: ShownCard | None) -> list[tuple[str, str]]:
    """現在のお支払い方法."""
    if card is None:
        return [("お支払い方法", "登録されていません")]
    return [
        ("お支払い方法", "カード"),
        ("カード会社", card.brand),
        ("有効期限", numbers.shown_month(card.expires) + ("（期限切れ）" if expired(card.expires) else "")),
        ("カード番号", numbers.masked(card.last4)),
    ]


def refusal(contract: Contract) -> str | None:
    """What came of the card that was asked for last, if staff refused it."""
    card = contract.refused_card
    if card is None:
        return None
    return (
        f"{clock.day(card.asked_at)}にお申し込みのカード（下4桁 {card.last4}）は、"
        "名義を確認できなかったため登録できませんでした。"
    )


async def is_contractor(contract: Contract, holder: str) -> bool:
    """Whether the name on the card can be the contractor's, who is known in kana."""
    found = await database.rows("SELECT family_kana, given_kana FROM contract WHERE id = $1", contract.id)
    return roman_names.may_be(holder, found[0]["family_kana"], found[0]["given_kana"])


@dataclass(frozen=True)
class RegisterCard(
    OfContract,
    kind="card",
    name="お支払い方法登録／変更",
    permission=Permission.PAYMENT,
    step=Step.RECENT,
    page="/payment",
    tells=Told.CONTRACT,
):
    """Register a card that the gateway keeps. Where the gateway asked for the name, it is whole and `family` is empty."""

    token: str
    payer: str
    brand: str
    last4: str
    expires: str
    given: str
    family: str
    name_differs: bool
    """As it was when the card was typed, for the confirm page; what happens is judged again then."""

    @property
    def holder(self) -> str:
        return f"{self.given} {self.family}".strip()

    def judge(self, member: Member, now: datetime) -> Refused | None:
        return Refused(numbers.EXPIRED) if expired(self.expires) else None

    def review(self, member: Member, now: datetime) -> Review:
        return Review(
            title="お支払い方法登録／変更確認",
            rows=self._rows(None if self.name_differs else member.contract.card),
            button="登録",
            notices=(NAME_DIFFERS,) if self.name_differs else (),
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        contract = member.contract.id
        await database.rows(_REPLACED, contract, now)
        if not await is_contractor(member.contract, self.holder):
            await database.rows(_WAIT, contract, *self._kept(), now)
            await self._tell(member, "payment-waiting")
            return self._receipt_of_waiting(await recipients.in_words(contract))
        await keep(contract, *self._kept())
        await self._tell(member, "payment-changed")
        return Receipt(
            title="お支払い方法登録／変更完了",
            lead="お支払い方法の登録が完了しました。お支払い方法の登録が必要なサービスを、引き続きお申し込みいただけます。",
            rows=self._rows(member.contract.card),
            next=(Link("ご契約情報一覧", "/"),),
        )

    @classmethod
    def once_decided(cls, receipt: Receipt, decision: Decision) -> Receipt:
        """The receipt of a card that waited, as it reads since it was decided."""
        lead = DECIDED[decision.outcome].format(day=clock.day(decision.decided_at))
        return replace(receipt, lead=lead, notices=(), decided=decision.outcome == "approved")

    def _receipt_of_waiting(self, told: str) -> Receipt:
        """`told`: where the mail with the result goes, if it can go anywhere."""
        mailed = f"確認の結果は、{told}にお知らせします。" if told else NOT_MAILED
        return Receipt(
            title="お支払い方法登録／変更受付完了",
            lead="お支払い方法の登録を受け付けました。まだ登録は完了していません。" + NAME_DIFFERS,
            rows=self._rows(),
            notices=(mailed,),
            next=(Link("お支払い方法の状態を確認する", "/payment"), Link("ご契約情報一覧", "/")),
            decided=False,
        )

    def _kept(self) -> tuple[str, ...]:
        return self.token, self.payer, self.brand, self.last4, self.expires, self.holder

    def _rows(self, former: Card | None = None) -> list[Row]:
        """As the pages show it; `former`: the card that it replaces."""
        old: RegisterCard | Card = former or self
        return [
            Row("お支払い方法", "カード"),
            edited("カード会社", old.brand, self.brand),
            edited("有効期限", numbers.shown_month(old.expires), numbers.shown_month(self.expires)),
            Row("カード名義", f"（名）{self.given}（姓）{self.family}" if self.family else self.given),
            edited("カード番号", numbers.masked(old.last4), numbers.masked(self.last4)),
        ]

    async def _tell(self, member: Member, mail: str) -> None:
        await self.tell(member, mail, **facts(self.brand, self.last4, self.expires))


def facts(brand: str, last4: str, expires: str) -> dict[str, object]:
    """What a mail says of a card."""
    return {"brand": brand, "last4": last4, "expires": numbers.shown_month(expires)}


async def keep(
    contract: int, token: str, payer: str, brand: str, last4: str, expires: str, holder: str
) -> None:
    """Make it the contract's card, as a new row, so that the mails before its expiry are its own."""
    await database.rows("DELETE FROM card WHERE contract = $1", contract)
    await database.rows(_KEEP, contract, token, payer, brand, last4, expires, holder)


_KEEP = """
INSERT INTO card (contract, token, payer, brand, last4, expires, holder) VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_REPLACED = """
UPDATE card_check SET decided_at = greatest($2, asked_at), outcome = 'replaced' WHERE contract = $1 AND decided_at IS NULL
"""
_WAIT = """
INSERT INTO card_check (contract, token, payer, brand, last4, expires, holder, asked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
