"""アカウントIDの削除 (manual 9): at once and for ever, with everything that hangs on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain import catalogue, tables
from app.domain.access import second_factor
from app.domain.access.graph import Account, Contract, Period
from app.domain.access.matrix import ROLE_NAMES, Permission
from app.domain.access.members import Member
from app.domain.access.proofs import Step
from app.domain.access.second_factor import Whose
from app.domain.changes.kinds import OfAccount
from app.domain.changes.words import (
    FORMER_PAGE,
    Link,
    Receipt,
    Review,
    Row,
    cost_rows,
)
from app.domain.letters.recipients import Told
from app.domain.mail import addresses as mail_addresses
from app.domain.mail import losses
from app.domain.mail import service as mail_service
from app.domain.money import billing, purchases
from app.domain.options import purchase_requests
from app.domain.people import ways_out

if TYPE_CHECKING:
    from datetime import datetime

REQUESTS_END = "アカウントIDが削除されたため"
DELETION_NOTICES = (
    "アカウントIDの削除は、すぐに行われます。取り消しはできません。",
    "一度削除したアカウントIDは、二度と登録できません。",
    "このアカウントIDで利用中のメールアドレスやオプションサービスは、同時に解約となり、利用できなくなります。",
    "解約となるオプションサービスの当月分の月額利用料は、全額かかります。日割り計算はありません。",
    "同じ月に登録、削除、オプションサービスの申し込みを繰り返した場合、申し込みの回数分の月額利用料がかかります。",
    "このアカウントIDでログイン中の方は、ログアウトするまで（最長30分）画面を見ることができますが、お手続きはできません。",
)
OWN = (
    "ログイン中の、ご自分のアカウントIDです。削除すると、画面の上に「削除済み」と表示されます。ログアウトするまで、"
    "最長30分間は内容を見ることができますが、お手続きはできません。その後は、このアカウントIDではログインできません。"
)
"""For whoever deletes the account ID that he or she is logged in with."""


@dataclass(frozen=True)
class DeleteAccount(
    OfAccount,
    kind="account-deletion",
    name="アカウントID削除",
    permission=Permission.ACCOUNTS,
    step=Step.RECENT,
    way_back=FORMER_PAGE,
    page="delete",
    tells=Told.LEAVING,
    grave=True,
):
    """アカウントIDの削除: at once, for ever; everything that hangs on it ends in the same transaction."""

    def review(self, member: Member, now: datetime) -> Review:
        account = self.account(member)
        ends = mail_addresses.losing(member.contract, account)
        return Review(
            title="アカウントID情報削除確認",
            rows=deletion_rows(member.contract, account),
            costs=cost_rows(_costs(member.contract, account, now))
            or (Row("アカウントIDの削除", "料金はかかりません"),),
            button="削除",
            notices=(
                *((OWN,) if member.own and member.own.login == self.login else ()),
                *((mail_service.ending_notice(ends),) if ends else ()),
                *DELETION_NOTICES,
            ),
            danger=True,
            instead=tuple(ways_out.of_account(account)),
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        account, costs = self.account(member), _costs(member.contract, self.account(member), now)
        ends = mail_addresses.losing(member.contract, account)
        await tables.Account.update({tables.Account.deleted_at: now}).where(tables.Account.id == account.id)
        await mail_addresses.give_up(account, now)
        await purchases.end_of_account(account, now)
        await purchase_requests.end_of_account(member, account, REQUESTS_END, now)
        await second_factor.forget(Whose(member.contract.id, account.id))
        if ends:
            await mail_service.end(member, ends, f"{self.login}を削除したため", now)
        await self.tell(
            member,
            "account-deleted",
            login=account.login,
            name=account.name,
            address=account.mail_address or "未登録",
            losses=losses.lines(losses.of_address(account)),
            products=_names(_ending_with(member.contract, account)),
            costs=billing.lines(costs),
        )
        return Receipt(
            title="アカウントID削除完了",
            lead="アカウントIDの削除が完了しました。",
            rows=[*deletion_rows(member.contract, account), *cost_rows(costs)],
            notices=(*mail_service.ended_notices(_ending_with(member.contract, account)), *DELETION_NOTICES),
            next=(Link("アカウントID管理", "/accounts"),),
        )


def _ending_with(contract: Contract, account: Account) -> list[Period]:
    """All that is cancelled with the account ID, the mail service of the contract included."""
    ends = mail_addresses.losing(contract, account)
    return [*([ends] if ends else []), *account.periods]


def _costs(contract: Contract, account: Account, now: datetime) -> list[billing.Cost]:
    """What this month costs of all that ends, and of what the account ID cancelled earlier in it."""
    ending = _ending_with(contract, account)
    before = billing.earlier(contract, account)
    return [
        *billing.of_endings(ending, now, deleted=True, before=before),
        *billing.of_cancelled(billing.earlier(account), ending, now),
    ]


def _names(periods: list[Period]) -> str:
    return "、".join(catalogue.name(period.product) for period in periods)


def deletion_rows(contract: Contract, account: Account) -> list[Row]:
    """What is about to be lost, or was; `contract` as it is before."""
    rows = [
        Row("アカウント", account.login),
        Row("氏名", account.name),
        Row("メールアドレス", account.mail_address or "未登録"),
        Row("アカウント権限種別", ROLE_NAMES[account.role]),
    ]
    rows += losses.of_address(account)
    rows.append(Row("同時に解約されるオプションサービス", _names(_ending_with(contract, account)) or "なし"))
    asked = "、".join(catalogue.name(request.product) for request in account.requests)
    rows += [Row("取り下げになる購入の申請", asked)] if asked else []
    usable = dict.fromkeys(
        catalogue.name(period.product) for period in account.ended if catalogue.is_licence(period.product)
    )
    return rows + ([Row("すぐに利用できなくなる解約済みのオプション", "、".join(usable))] if usable else [])
