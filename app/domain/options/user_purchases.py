"""ユーザー権限によるセキュリティオプションの購入: a contract's switch (spec 1), turned by customer and admins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from app.domain.access.members import Member, Permission
from app.domain.changes.changes import FORMER_PAGE, Link, Receipt, Review, Row, edited, kind
from app.domain.tables import Contract

if TYPE_CHECKING:
    from datetime import datetime

PATH = "/accounts/user-purchase-permission"
"""Longer than any account ID."""
CHOICES = {True: "許可する", False: "許可しない"}
TITLE = "ユーザー権限によるセキュリティオプションの購入"


@kind
@dataclass(frozen=True)
class PermitUserPurchases:
    """Whether ユーザー権限 may buy security options for the own account ID."""

    kind: ClassVar[str] = "user-purchases"
    name: ClassVar[str] = "ユーザー権限による購入の設定"
    permission: ClassVar[Permission] = Permission.ACCOUNTS
    way_back: ClassVar[str] = FORMER_PAGE

    permitted: bool

    @property
    def subject(self) -> None:
        return None

    @property
    def back(self) -> str:
        return PATH

    def review(self, member: Member, now: datetime) -> Review:
        return Review(
            title=f"{self.name}変更確認",
            rows=self._rows(member),
            costs=(Row("設定の変更", "無料"),),
            button="変更",
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        await Contract.update({Contract.user_purchases: self.permitted}).where(
            Contract.id == member.contract.id
        )
        return Receipt(
            title=f"{self.name}変更完了",
            lead="設定を変更しました。",
            rows=self._rows(member),
            next=(Link("アカウントID管理", "/accounts"),),
        )

    def _rows(self, member: Member) -> list[Row]:
        return [edited(TITLE, CHOICES[member.contract.user_purchases], CHOICES[self.permitted])]
