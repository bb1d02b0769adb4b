"""The names of an account ID (manual 6): its owner corrects them, whatever the role; they open nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Self

from app.domain import tables
from app.domain.access.graph import Account
from app.domain.access.matrix import Permission
from app.domain.access.members import Member
from app.domain.changes.kinds import OfAccount
from app.domain.changes.words import NOTHING, Link, Receipt, Refused, Review, Row, edited, parts
from app.domain.letters.recipients import Told

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True)
class AccountNames:
    """氏名, 氏名カナ and ユーザーネーム."""

    family: str
    given: str
    family_kana: str
    given_kana: str
    user_name: str

    @classmethod
    def of(cls, account: Account) -> Self:
        """As the account ID is registered."""
        return cls(**{name: getattr(account, name) for name in cls.__dataclass_fields__})

    def name_rows(self, login: str, now: Account | None = None) -> list[Row]:
        """As the pages show them; `now`: the account ID as it stands, whose values they replace."""
        old = now or self
        return [
            Row("アカウントID", login),
            edited("氏名", parts(old.family, old.given), parts(self.family, self.given)),
            edited(
                "氏名カナ",
                parts(old.family_kana, old.given_kana, "カナ"),
                parts(self.family_kana, self.given_kana, "カナ"),
            ),
            edited("ユーザーネーム", old.user_name, self.user_name),
        ]


@dataclass(frozen=True)
class EditNames(
    OfAccount,
    kind="account-names",
    name="氏名・ユーザーネーム変更",
    permission=Permission.ACCOUNT_NAMES,
    page="edit",
    tells=Told.ACCOUNT,
):
    """Correct the own names: of all that アカウントID変更 changes what ユーザー権限 may (spec 1)."""

    names: AccountNames

    def judge(self, member: Member, now: datetime) -> Refused | None:
        return Refused(NOTHING) if AccountNames.of(self.account(member)) == self.names else None

    def review(self, member: Member, now: datetime) -> Review:
        return Review(
            title="氏名・ユーザーネーム変更確認",
            rows=self.names.name_rows(self.login, self.account(member)),
            button="登録",
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        account = self.account(member)
        rows = self.names.name_rows(self.login, account)
        await tables.Account.update(**asdict(self.names)).where(tables.Account.id == account.id)
        items = "、".join(row.label for row in rows if row.before is not None)
        await self.tell(member, "account-edited", login=self.login, items=items)
        return Receipt(
            title="氏名・ユーザーネーム変更完了",
            lead="登録内容を変更しました。",
            rows=rows,
            next=(Link("ご契約情報一覧", "/"),),
        )
