"""お支払い方法登録／変更 (manual 19): another card for the contract, at once or after a name check."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.domain import clock, tables
from app.domain.access.graph import Card, Contract
from app.domain.access.matrix import Permission
from app.domain.access.members import Member
from app.domain.access.proofs import Step
from app.domain.cards import checks, kept, numbers, roman_names
from app.domain.cards.kept import KeptCard
from app.domain.changes.kinds import OfContract
from app.domain.changes.words import Decision, Link, Receipt, Refused, Review, Row, edited
from app.domain.letters import recipients
from app.domain.letters.recipients import Told

if TYPE_CHECKING:
    from datetime import datetime

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
    """Whether the name on the card can be the contractor's, who is known in kana; of a company its own, or the person's
    that is registered beside it."""
    c = tables.Contract
    columns = c.select(c.family_kana, c.given_kana, c.company_kana)
    (kana,) = await columns.where(c.id == contract.id)
    return roman_names.may_be(holder, kana["family_kana"], kana["given_kana"]) or roman_names.may_be(
        holder, kana["company_kana"], ""
    )


@dataclass(frozen=True)
class RegisterCard(
    OfContract,
    kind="card",
    name="お支払い方法登録／変更",
    permission=Permission.PAYMENT,
    step=Step.RECENT,
    page="/payment",
    tells=Told.CONTRACT,
    consents=("card",),
):
    """Register a card that the gateway keeps. Where the gateway asked for the name, it is whole and `family` is empty."""

    card: KeptCard
    given: str
    family: str
    name_differs: bool
    """As it was when the card was typed, for the confirm page; what happens is judged again then."""

    @property
    def holder(self) -> str:
        return f"{self.given} {self.family}".strip()

    def judge(self, member: Member, now: datetime) -> Refused | None:
        return Refused(numbers.EXPIRED) if kept.expired(self.card.expires) else None

    def review(self, member: Member, now: datetime) -> Review:
        return Review(
            title="お支払い方法登録／変更確認",
            rows=self._rows(None if self.name_differs else member.contract.card),
            terms="card",
            button="登録",
            notices=(NAME_DIFFERS,) if self.name_differs else (),
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        contract = member.contract.id
        await checks.replace(contract, now)
        if not await is_contractor(member.contract, self.holder):
            await checks.wait(contract, self.card, self.holder, now)
            await self._tell(member, "payment-waiting")
            return self._receipt_of_waiting(await recipients.in_words(contract))
        await kept.keep(contract, self.card, self.holder)
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

    def _rows(self, former: Card | None = None) -> list[Row]:
        """As the pages show it; `former`: the card that it replaces."""
        new = self.card
        old = former or new
        return [
            Row("お支払い方法", "カード"),
            edited("カード会社", old.brand, new.brand),
            edited("有効期限", numbers.shown_month(old.expires), numbers.shown_month(new.expires)),
            Row("カード名義", f"（名）{self.given}（姓）{self.family}" if self.family else self.given),
            edited("カード番号", numbers.masked(old.last4), numbers.masked(new.last4)),
        ]

    async def _tell(self, member: Member, mail: str) -> None:
        await self.tell(member, mail, **kept.facts(self.card))
