"""ユーザー権限によるセキュリティオプションの購入: a contract's switch (spec 1), turned by customer and admins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain import catalogue, tables
from app.domain.access.matrix import Permission, UserPurchases
from app.domain.access.members import Member
from app.domain.changes.kinds import OfContract
from app.domain.changes.words import FORMER_PAGE, Link, Receipt, Review, Row, edited
from app.domain.fields import Wrong
from app.domain.letters.recipients import Told
from app.domain.options import purchase_requests
from app.domain.options.purchase_requests import STATES, State

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
ALLOWS = {
    UserPurchases.YES: "セキュリティオプションを、ご自分のアカウントIDに購入できます。料金は、ご契約者様に請求されます。",
    UserPurchases.ASK: "セキュリティオプションの購入には申請が必要で、ご契約者様か管理者権限の方が承認すると購入になります。",
    UserPurchases.NO: "セキュリティオプションの購入も、購入の申請もできません。",
}
ENDS = {
    UserPurchases.YES: (State.WITHDRAWN, "申請しなくても購入できる設定に変わったため"),
    UserPurchases.NO: (State.REFUSED, "ユーザー権限の方の購入を許可しない設定に変わったため"),
}
"""What becomes of the requests that wait when the switch leaves 申請してもらい承認する, and why, to who asked."""
TITLE = "ユーザー権限によるセキュリティオプションの購入"


def choice(text: str) -> UserPurchases:
    """The choice of a form. Raises Wrong."""
    if text not in tuple(UserPurchases):
        raise Wrong("許可するかどうかを選択してください。")
    return UserPurchases(text)


def there() -> bool:
    """Whether there are security options at all."""
    return bool(catalogue.licences())


def allows(member: Member) -> str:
    """What ユーザー権限 may buy in the member's contract now, for whoever gives it to somebody; "" where there is nothing."""
    if not there():
        return ""
    chosen = member.contract.user_purchases
    return (
        f"ユーザー権限の方は、{ALLOWS[chosen]}（現在の設定：{CHOICES[chosen]}。"
        "「アカウントID管理」で変更できます。）"
    )


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

    @classmethod
    def there(cls) -> bool:
        return bool(catalogue.licences())

    def review(self, member: Member, now: datetime) -> Review:
        return Review(
            title=f"{self.name}変更確認",
            rows=self._rows(member),
            costs=(Row("設定の変更", "料金はかかりません"),),
            notices=self._notices(member, "なります"),
            button="変更",
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        await tables.Contract.update({tables.Contract.user_purchases: self.permitted.value}).where(
            tables.Contract.id == member.contract.id
        )
        before, after = CHOICES[member.contract.user_purchases], CHOICES[self.permitted]
        await self.tell(member, "user-purchases", before=before, after=after)
        if self.permitted in ENDS:
            await purchase_requests.close_all(member, *ENDS[self.permitted], now)
        return Receipt(
            title=f"{self.name}変更完了",
            lead="設定を変更しました。",
            rows=self._rows(member),
            notices=self._notices(member, "なりました"),
            next=(Link("アカウントID管理", "/accounts"),),
        )

    def _notices(self, member: Member, becomes: str) -> tuple[str, ...]:
        """What becomes, or became, of the requests that wait, in words."""
        waiting = [
            f"{account.login}：{catalogue.name(request.product)}"
            for account in member.accounts
            for request in account.requests
        ]
        if not waiting or self.permitted not in ENDS:
            return ()
        state, _ = ENDS[self.permitted]
        return (f"承認を待っている購入の申請は、{STATES[state]}に{becomes}（{'、'.join(waiting)}）。",)

    def _rows(self, member: Member) -> list[Row]:
        return [edited(TITLE, CHOICES[member.contract.user_purchases], CHOICES[self.permitted])]
