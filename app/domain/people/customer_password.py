"""お客様番号パスワードの変更 (manual 21)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain import tables
from app.domain.access import passwords
from app.domain.access.matrix import Permission
from app.domain.access.members import Member
from app.domain.access.proofs import Step
from app.domain.changes.kinds import OfContract
from app.domain.changes.words import FORMER_PAGE, STARS, Link, Receipt, Refused, Review, Row
from app.domain.fields import Wrong
from app.domain.letters.recipients import Told
from app.domain.people.account_password import may_hash

if TYPE_CHECKING:
    from datetime import datetime

USED = "以前に使ったことのあるパスワードは使えません。"


async def new_password(member: Member, password: str) -> passwords.NewPassword:
    """The password, hashed; raises Wrong if this customer number ever had it."""
    await may_hash(member)
    used = tables.UsedPassword.select(tables.UsedPassword.hash).where(
        tables.UsedPassword.contract == member.contract.id, tables.UsedPassword.account.is_null()
    )
    newest_first = await used.order_by(tables.UsedPassword.id, ascending=False).output(as_list=True)
    made = await passwords.for_customer(password, newest_first)
    if made is None:
        raise Wrong(USED)
    return made


async def set_password(member: Member, password_hash: str) -> None:
    """Give the customer number a new password, and end every other session that was opened with the old one.

    Raises Refused for one that it had before.
    """
    contract = member.contract.id
    if not await tables.UsedPassword.remember(contract, None, password_hash):
        raise Refused(USED)
    await tables.Contract.update({tables.Contract.password_hash: password_hash}).where(
        tables.Contract.id == contract
    )
    await tables.Session.delete().where(
        tables.Session.contract == contract,
        tables.Session.account.is_null(),
        tables.Session.token_hash != member.token_hash,
    )
    await tables.Session.update({tables.Session.customer_proved_at: None}).where(
        tables.Session.contract == contract, tables.Session.token_hash != member.token_hash
    )  # an admin's session that was let in with the old one stays, but not there
    await tables.Session.update({tables.Session.customer_set_here: True}).where(
        tables.Session.token_hash == member.token_hash
    )


@dataclass(frozen=True)
class ChangeCustomerPassword(
    OfContract,
    kind="customer-password",
    name="お客様番号パスワード変更",
    permission=Permission.CONTRACT,
    step=Step.HOLDER,
    way_back=FORMER_PAGE,
    page="/customer-password",
    tells=Told.CONTRACT,
    grave=True,
):
    """Set the password of the customer number and end every other session that was opened with the old one."""

    password_hash: str

    def sets_own_password(self, member: Member) -> bool:
        return member.own is None

    def review(self, member: Member, now: datetime) -> Review:
        return Review(
            title="お客様番号パスワード変更確認",
            rows=_rows(member),
            button="変更",
            notices=("変更すると、お客様番号でログイン中のほかの端末は、ログアウトされます。",),
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        await set_password(member, self.password_hash)
        await self.tell(member, "customer-password-changed", number_end=member.customer_number[-4:])
        return Receipt(
            title="お客様番号パスワード変更完了",
            lead="お客様番号パスワードの変更が完了しました。",
            rows=_rows(member),
            notices=("お客様番号でログイン中だったほかの端末は、ログアウトされました。",),
            next=(Link("ご契約情報一覧", "/"),),
        )


def _rows(member: Member) -> list[Row]:
    return [Row("お客様番号", member.customer_number), Row("新パスワード", STARS, secret=True)]
