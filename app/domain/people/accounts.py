"""アカウントID管理 (manual 7, 8, 9): register and change the account IDs of a contract."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from asyncpg import UniqueViolationError

from app.domain import catalogue, erased_names, reserved_names, tables
from app.domain.access.graph import Account
from app.domain.access.matrix import ADMIN_MAY, ROLE_NAMES, Permission
from app.domain.access.members import Member
from app.domain.access.proofs import Step
from app.domain.changes.kinds import OfAccount, OfContract
from app.domain.changes.words import (
    Link,
    Onward,
    Receipt,
    Refused,
    Review,
    Row,
    edited,
)
from app.domain.fields import Wrong
from app.domain.letters.recipients import Told
from app.domain.options import purchase_requests, user_purchases
from app.domain.options.purchase_requests import State
from app.domain.people.account_names import AccountNames
from app.domain.people.account_password import (
    LOGGED_OUT,
    OTHER_SESSIONS,
    PASSWORD,
    remember,
    set_password,
    to_mail_settings,
)

if TYPE_CHECKING:
    from datetime import datetime

TAKEN = "このアカウントIDは、すでに使われているか、過去に使われていたため登録できません。別のアカウントIDを入力してください。"


def too_many(member: Member) -> Refused | None:
    """Why no further account ID can be registered, whatever is typed."""
    return Refused(full()) if member.contract.full else None


def full() -> str:
    """That a contract has as many as it may."""
    return (
        f"アカウントIDは、1つのご契約につき{catalogue.limits().account_ids}個まで登録できます。"
        "登録するには、不要なアカウントIDを削除してください。"
    )


def deleted_name(login: str) -> str:
    """Why the name of a deleted account ID of the own contract cannot be registered."""
    return (
        f"「{login}」は、このご契約で以前に削除されたアカウントIDです。"
        "一度削除したアカウントIDは、二度と登録できません。別のアカウントIDを入力してください。"
    )


async def deleted_at(member: Member, login: str) -> datetime | None:
    """When an account ID of the member's own contract was deleted; None for one that lives, or is none of it."""
    account = tables.Account
    found = await account.select(account.deleted_at).where(
        account.contract == member.contract.id, account.login == login
    )
    return found[0]["deleted_at"] if found else None


async def free_name(member: Member, login: str) -> None:
    """Raise Wrong, with the reason, if the account ID was ever given to anybody, or never will be."""
    reserved_names.must_not_be(login)
    found = (
        await tables.Account.select(tables.Account.contract, tables.Account.deleted_at)
        .where(tables.Account.login == login)
        .first()
    )
    if found and found["contract"] == member.contract.id and found["deleted_at"]:
        raise Wrong(deleted_name(login))
    if found or await erased_names.is_erased("login", login):
        raise Wrong(TAKEN)


@dataclass(frozen=True)
class AccountDetails(AccountNames):
    """What the input page of an account ID asks for, the password apart."""

    role: Literal["user", "admin"]

    def rows(self, login: str, password: Row, now: Account | None = None) -> list[Row]:
        """As the pages show them; `now`: the account ID as it stands, whose values they replace."""
        old = now or self
        return [
            *self.name_rows(login, now),
            password,
            edited("アカウント権限種別", ROLE_NAMES[old.role], ROLE_NAMES[self.role]),
        ]


BECAME_ADMIN = "管理者権限になり、申請しなくても購入できるため"
KEPT = Row("パスワード", "変更しない")


@dataclass(frozen=True)
class RegisterAccount(
    OfContract,
    kind="account-registration",
    name="アカウントID登録",
    permission=Permission.ACCOUNTS,
    step=Step.RECENT,
    page="/accounts/new",
    tells=Told.CONTRACT,
    grave=True,
    a_day=20,
):
    """アカウントIDの新規登録."""

    login: str
    details: AccountDetails
    password_hash: str

    @property
    def subject(self) -> str:
        return self.login

    def judge(self, member: Member, now: datetime) -> Refused | None:
        reserved = reserved_names.reason(self.login)
        return Refused(reserved) if reserved else too_many(member)

    def review(self, member: Member, now: datetime) -> Review:
        return Review(
            title="アカウントID登録／変更確認",
            rows=self.details.rows(self.login, PASSWORD),
            costs=(Row("アカウントIDの登録", "料金はかかりません"),),
            notices=self._allows(member),
            button="登録",
        )

    def _allows(self, member: Member) -> tuple[str, ...]:
        allows = user_purchases.allows(member)
        return (allows,) if self.details.role == "user" and allows else ()

    async def apply(self, member: Member, now: datetime) -> Receipt:
        try:
            await self._insert(member, now)
        except UniqueViolationError as error:
            raise Refused(TAKEN) from error
        if await erased_names.is_erased("login", self.login):
            raise Refused(TAKEN)
        await self.tell(
            member,
            "account-registered",
            login=self.login,
            name=f"{self.details.family} {self.details.given}",
            role=ROLE_NAMES[self.details.role],
        )
        return Receipt(
            title="アカウントID登録／変更完了",
            lead="アカウントIDの登録が完了しました。",
            rows=self.details.rows(self.login, PASSWORD),
            notices=self._allows(member),
            onward=(_to_mail_address(self.login),),
            next=(Link("アカウントID管理", "/accounts"),),
        )

    async def _insert(self, member: Member, now: datetime) -> None:
        account = tables.Account(
            contract=member.contract.id,
            login=self.login,
            slot=await _free_slot(member),
            password_hash=self.password_hash,
            **asdict(self.details),
            registered_at=now,
        )
        await account.save()
        await remember(member, account.id, self.password_hash)


def _to_mail_address(login: str) -> Onward:
    """What comes next for an account ID without an address."""
    return Onward(
        "引き続き、",
        Link("メールアドレスを登録する", f"/accounts/{login}/mail-address"),
        "よりメールアドレスの登録を行ってください。",
    )


@dataclass(frozen=True)
class EditAccount(
    OfAccount,
    kind="account-edit",
    name="アカウントID変更",
    permission=Permission.ACCOUNTS,
    step=Step.RECENT,
    page="edit",
    tells=Told.ACCOUNT,
):
    """アカウントIDの登録情報変更; an empty password hash: the old one stays."""

    details: AccountDetails
    password_hash: str

    def is_grave(self, member: Member) -> bool:
        return bool(self.password_hash) or self.account(member).role != self.details.role

    def sets_own_password(self, member: Member) -> bool:
        return bool(self.password_hash) and member.own is not None and member.own.login == self.login

    def _leaves(self, member: Member) -> bool:
        """Whether an admin gives up the own 管理者権限 with it."""
        return (
            member.own is not None and member.own.login == self.login and self.details.role != member.own.role
        )

    def _rows(self, account: Account) -> list[Row]:
        return self.details.rows(self.login, PASSWORD if self.password_hash else KEPT, account)

    def _items(self, account: Account) -> str:
        """The labels of what changes, for a mail; of the role its new name, which its owner has to know."""
        rows = self._rows(account)
        changed = [row.label for row in rows if row.before is not None]
        role = f"アカウント権限種別（{ROLE_NAMES[account.role]}→{ROLE_NAMES[self.details.role]}）"
        items = [role if label == "アカウント権限種別" else label for label in changed]
        return "、".join([*items, *([PASSWORD.label] if self.password_hash else [])])

    def review(self, member: Member, now: datetime) -> Review:
        account = self.account(member)
        notices = []
        if account.role != "admin" and self.details.role == "admin":
            notices.append(f"管理者権限のアカウントIDでは、{ADMIN_MAY}")
            if account.requests:
                notices.append(f"承認を待っている購入の申請は、取り下げになります（{BECAME_ADMIN}）。")
        if account.role != "user" and self.details.role == "user":
            notices += [allows] if (allows := user_purchases.allows(member)) else []
        if self._leaves(member):
            notices.append(
                "ログイン中のアカウントIDです。登録すると、ユーザー権限の画面に切り替わり、ほかのアカウントIDの"
                "お手続きはできなくなります。"
            )
        if self.password_hash:
            notices.append(OTHER_SESSIONS)
        return Review(
            title="アカウントID登録／変更確認",
            rows=self._rows(account),
            button="登録",
            notices=tuple(notices),
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        account = self.account(member)
        await tables.Account.update(**asdict(self.details)).where(tables.Account.id == account.id)
        if self.password_hash:
            await set_password(member, account, self.password_hash)
        await self.tell(member, "account-edited", login=self.login, items=self._items(account))
        if self.details.role == "admin":
            await purchase_requests.close_all(member, State.WITHDRAWN, BECAME_ADMIN, now, account)
        return Receipt(
            title="アカウントID登録／変更完了",
            lead="アカウントIDの登録内容を変更しました。",
            rows=self._rows(account),
            notices=(LOGGED_OUT,) if self.password_hash else (),
            onward=() if account.mail_address else (_to_mail_address(self.login),),
            next=(
                *(to_mail_settings(account) if self.password_hash else ()),
                Link("ユーザー管理", "/") if self._leaves(member) else Link("アカウントID管理", "/accounts"),
            ),
        )


async def _free_slot(member: Member) -> int:
    """The lowest of the contract's slots that no living account ID takes; the contract is locked."""
    taken = tables.Account.select(tables.Account.slot).where(
        tables.Account.contract == member.contract.id, tables.Account.deleted_at.is_null()
    )
    return min(set(range(1, catalogue.limits().account_ids + 1)) - set(await taken.output(as_list=True)))
