"""ユーザー権限によるセキュリティオプションの購入: a contract's switch (spec 1), turned by customer and admins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain import tables
from app.domain.access.matrix import Permission, UserPurchases
from app.domain.access.members import Member
from app.domain.changes.kinds import OfContract
from app.domain.changes.words import FORMER_PAGE, Link, Receipt, Review, Row, edited
from app.domain.fields import Wrong
from app.domain.letters.recipients import Told

if TYPE_CHECKING:
    from datetime import datetime

PATH = "/accounts/user-purchase-permission"
"""Longer than any account ID."""
CHOICES = {
    UserPurchases.YES: "許可する",
    UserPurchases.ASK: "申請してもらい承認する",
    UserPurchases.NO: "許可しない",
}
HINTS = {
    UserPurchases.YES: "ユーザー権限の方が、ご自分で購入できます。購入は、そのつどメールでお知らせします。",
    UserPurchases.ASK: "ユーザー権限の方は、購入を申請します。ご契約者様か管理者権限の方が承認すると、購入になります。",
    UserPurchases.NO: "ユーザー権限の方は、購入も申請もできません。",
}
TITLE = "ユーザー権限によるセキュリティオプションの購入"


def choice(text: str) -> UserPurchases:
    """The choice of a form. Raises Wrong."""
    if text not in tuple(UserPurchases):
        raise Wrong("許可するかどうかを選択してください。")
    return UserPurchases(text)


@dataclass(frozen=True)
class PermitUserPurchases(
    OfContract,
    kind="user-purchases",
    name="ユーザー権限による購入の設定",
    permission=Permission.ACCOUNTS,
    way_back=FORMER_PAGE,
    page=PATH,
    tells=Told.CONTRACT,
    grave=True,
):
    """Whether ユーザー権限 may buy security options for the own account ID, or ask for them."""

    permitted: UserPurchases

    def review(self, member: Member, now: datetime) -> Review:
        return Review(
            title=f"{self.name}変更確認",
            rows=self._rows(member),
            costs=(Row("設定の変更", "料金はかかりません"),),
            button="変更",
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        await tables.Contract.update({tables.Contract.user_purchases: self.permitted.value}).where(
            tables.Contract.id == member.contract.id
        )
        before, after = CHOICES[member.contract.user_purchases], CHOICES[self.permitted]
        await self.tell(member, "user-purchases", before=before, after=after)
        return Receipt(
            title=f"{self.name}変更完了",
            lead="設定を変更しました。",
            rows=self._rows(member),
            next=(Link("アカウントID管理", "/accounts"),),
        )

    def _rows(self, member: Member) -> list[Row]:
        return [edited(TITLE, CHOICES[member.contract.user_purchases], CHOICES[self.permitted])]
