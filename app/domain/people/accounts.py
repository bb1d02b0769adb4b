"""アカウントID管理 (manual 7, 8, 9): register, change and delete the account IDs of a contract."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal, Self

from asyncpg import UniqueViolationError

from app.domain import catalogue, tables
from app.domain.access import passwords
from app.domain.access.members import ROLE_NAMES, Account, Contract, Member, Period, Permission
from app.domain.access.proofs import Step
from app.domain.changes.kinds import OfAccount, OfContract
from app.domain.changes.words import (
    FORMER_PAGE,
    STARS,
    Link,
    Onward,
    Receipt,
    Refused,
    Review,
    Row,
    cost_rows,
    edited,
    parts,
)
from app.domain.fields import Wrong
from app.domain.letters.recipients import Told
from app.domain.mail import addresses as mail_addresses
from app.domain.mail import service as mail_service
from app.domain.money import billing
from app.domain.tables import Session, UsedPassword

if TYPE_CHECKING:
    from datetime import datetime

FULL = (
    f"アカウントIDは、1つのご契約につき{catalogue.ACCOUNT_IDS}個まで登録できます。"
    "登録するには、不要なアカウントIDを削除してください。"
)
USED_BEFORE = "このアカウントIDで使ったことのあるパスワードは使えません。"
TAKEN = "このアカウントIDは、すでに使われているか、過去に使われていたため登録できません。別のアカウントIDを入力してください。"

DELETION_NOTICES = (
    "アカウントIDの削除は、すぐに行われます。取り消しはできません。",
    "一度削除したアカウントIDは、二度と登録できません。",
    "このアカウントIDで利用中のメールアドレスやオプションサービスは、同時に解約となり、利用できなくなります。",
    "解約となるオプションサービスの当月分の月額利用料は、全額かかります。日割り計算はありません。",
    "同じ月に登録、削除、オプションサービスの申し込みを繰り返した場合、申し込みの回数分の月額利用料がかかります。",
    "このアカウントIDでログイン中の方は、ログアウトするまで（最長30分）画面を見ることができますが、お手続きはできません。",
)


def judge_registration(member: Member) -> Refused | None:
    """Why no further account ID can be registered, whatever is typed."""
    return Refused(FULL) if member.contract.full else None


def deleted_name(login: str) -> str:
    """Why the name of a deleted account ID of the own contract cannot be registered."""
    return (
        f"「{login}」は、このご契約で以前に削除されたアカウントIDです。"
        "一度削除したアカウントIDは、二度と登録できません。別のアカウントIDを入力してください。"
    )


async def free_name(member: Member, login: str) -> None:
    """Raise Wrong, with the reason, if the account ID was ever given to anybody."""
    found = (
        await tables.Account.select(tables.Account.contract, tables.Account.deleted_at)
        .where(tables.Account.login == login)
        .first()
    )
    if found and found["contract"] == member.contract.id and found["deleted_at"]:
        raise Wrong(deleted_name(login))
    if found:
        raise Wrong(TAKEN)


async def new_password(account: Account | None, password: str) -> passwords.NewPassword:
    """The password, hashed; raises Wrong if this account ID ever had it (None: it is about to be registered)."""
    made = await passwords.for_account(password, await _used(account.id) if account else [])
    if made is None:
        raise Wrong(USED_BEFORE)
    return made


async def _used(account: int) -> list[str]:
    used = UsedPassword.select(UsedPassword.hash).where(UsedPassword.account == account)
    return await used.order_by(UsedPassword.id, ascending=False).output(as_list=True)


@dataclass(frozen=True)
class Details:
    """What the input page of an account ID asks for, the password apart."""

    family: str
    given: str
    family_kana: str
    given_kana: str
    user_name: str
    role: Literal["user", "admin"]

    @classmethod
    def of(cls, account: Account) -> Self:
        """As the account ID is registered."""
        return cls(**{name: getattr(account, name) for name in cls.__dataclass_fields__})

    def rows(self, login: str, password: Row, now: Account | None = None) -> list[Row]:
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
            password,
            edited("アカウント権限種別", ROLE_NAMES[old.role], ROLE_NAMES[self.role]),
        ]


PASSWORD = Row("パスワード", STARS, secret=True)
KEPT = Row("パスワード", "変更しない")


@dataclass(frozen=True)
class RegisterAccount(
    OfContract,
    kind="account-registration",
    name="アカウントID登録",
    permission=Permission.ACCOUNTS,
    page="/accounts/new",
    tells=Told.CONTRACT,
):
    """アカウントIDの新規登録."""

    login: str
    details: Details
    password_hash: str

    @property
    def subject(self) -> str:
        return self.login

    def judge(self, member: Member, now: datetime) -> Refused | None:
        return judge_registration(member)

    def review(self, member: Member, now: datetime) -> Review:
        return Review(
            title="アカウントID登録／変更確認",
            rows=self.details.rows(self.login, PASSWORD),
            costs=(Row("アカウントIDの登録", "無料"),),
            button="登録",
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        try:
            await self._insert(member, now)
        except UniqueViolationError as error:
            raise Refused(TAKEN) from error
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
        await _remember_password(member, account.id, self.password_hash)


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
    page="edit",
    tells=Told.ACCOUNT_ALONE,
):
    """アカウントIDの登録情報変更; an empty password hash: the old one stays, and nobody is told."""

    details: Details
    password_hash: str

    def _leaves(self, member: Member) -> bool:
        """Whether an admin gives up the own 管理者権限 with it."""
        return (
            member.own is not None and member.own.login == self.login and self.details.role != member.own.role
        )

    def _rows(self, account: Account) -> list[Row]:
        return self.details.rows(self.login, PASSWORD if self.password_hash else KEPT, account)

    def review(self, member: Member, now: datetime) -> Review:
        account = self.account(member)
        notices = []
        if account.role != "admin" and self.details.role == "admin":
            notices.append(
                "管理者権限のアカウントIDは、お客様番号でログインしたときと同じことができるようになります。"
            )
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
            await _set_password(member, account, self.password_hash)
            await self.tell(member, "account-password-changed", login=self.login)
        return Receipt(
            title="アカウントID登録／変更完了",
            lead="アカウントIDの登録内容を変更しました。",
            rows=self._rows(account),
            onward=() if account.mail_address else (_to_mail_address(self.login),),
            next=(
                Link("ユーザー管理", "/") if self._leaves(member) else Link("アカウントID管理", "/accounts"),
            ),
        )


OTHER_SESSIONS = "パスワードを変更すると、このアカウントIDでログイン中のほかの端末は、ログアウトされます。"


@dataclass(frozen=True)
class ChangeAccountPassword(
    OfAccount,
    kind="account-password",
    name="アカウントIDパスワード変更",
    permission=Permission.ACCOUNT_PASSWORD,
    way_back=FORMER_PAGE,
    page="password",
    tells=Told.ACCOUNT_ALONE,
):
    """アカウントIDパスワードの変更, alone: what a user-role member may change of the own account ID."""

    password_hash: str

    @property
    def _rows(self) -> list[Row]:
        return [Row("アカウントID", self.login), PASSWORD]

    def review(self, member: Member, now: datetime) -> Review:
        return Review(
            title="アカウントIDパスワード変更確認",
            rows=self._rows,
            button="変更",
            notices=(OTHER_SESSIONS,),
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        await _set_password(member, self.account(member), self.password_hash)
        await self.tell(member, "account-password-changed", login=self.login)
        return Receipt(
            title="アカウントIDパスワード変更完了",
            lead="アカウントIDのパスワードを変更しました。",
            rows=self._rows,
            next=(Link("ご契約情報一覧", "/"),),
        )


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
):
    """アカウントIDの削除: at once, for ever; everything that hangs on it ends in the same transaction."""

    def review(self, member: Member, now: datetime) -> Review:
        account = self.account(member)
        ends = mail_addresses.losing(member.contract, account)
        return Review(
            title="アカウントID情報削除確認",
            rows=deletion_rows(member.contract, account),
            costs=cost_rows(billing.of_endings(_ending_with(member.contract, account), now, deleted=True))
            or (Row("アカウントIDの削除", "無料"),),
            button="削除",
            notices=(*((mail_service.ending_notice(ends),) if ends else ()), *DELETION_NOTICES),
            danger=True,
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        account = self.account(member)
        ends = mail_addresses.losing(member.contract, account)
        await tables.Account.update({tables.Account.deleted_at: now}).where(tables.Account.id == account.id)
        await mail_addresses.give_up(account, now)
        await tables.ServicePeriod.update({tables.ServicePeriod.ended_at: now}).where(
            tables.ServicePeriod.account == account.id, tables.ServicePeriod.ended_at.is_null()
        )
        if ends:
            await mail_service.end(member, ends, f"{self.login}を削除したため", now)
        await self.tell(
            member,
            "account-deleted",
            login=account.login,
            name=account.name,
            address=account.mail_address or "未登録",
            products=_names(_ending_with(member.contract, account)),
        )
        return Receipt(
            title="アカウントID削除完了",
            lead="アカウントIDの削除が完了しました。",
            rows=deletion_rows(member.contract, account),
            notices=(*mail_service.ended_notices(_ending_with(member.contract, account)), *DELETION_NOTICES),
            next=(Link("アカウントID管理", "/accounts"),),
        )

    async def told(self, member: Member) -> list[str]:
        """The person's address of another company, too: one of ours has just ended."""
        other = self.account(member).other_address
        return [*await super().told(member), *([other] if other else [])]


def _ending_with(contract: Contract, account: Account) -> list[Period]:
    """All that is cancelled with the account ID, the mail service of the contract included."""
    ends = mail_addresses.losing(contract, account)
    return [*([ends] if ends else []), *account.periods]


def _names(periods: list[Period]) -> str:
    return "、".join(catalogue.NAMES[period.product] for period in periods)


def deletion_rows(contract: Contract, account: Account) -> list[Row]:
    """What is about to be lost, or was; `contract` as it is before."""
    rows = [
        Row("アカウント", account.login),
        Row("氏名", account.name),
        Row("メールアドレス", account.mail_address or "未登録"),
        Row("アカウント権限種別", ROLE_NAMES[account.role]),
    ]
    rows.append(Row("同時に解約されるオプションサービス", _names(_ending_with(contract, account)) or "なし"))
    usable = dict.fromkeys(
        catalogue.NAMES[period.product] for period in account.ended if period.product in catalogue.SECURITY
    )
    return rows + ([Row("すぐに利用できなくなる解約済みのオプション", "、".join(usable))] if usable else [])


async def _free_slot(member: Member) -> int:
    """The lowest of the contract's slots that no living account ID takes; the contract is locked."""
    taken = tables.Account.select(tables.Account.slot).where(
        tables.Account.contract == member.contract.id, tables.Account.deleted_at.is_null()
    )
    return min(set(range(1, catalogue.ACCOUNT_IDS + 1)) - set(await taken.output(as_list=True)))


async def _set_password(member: Member, account: Account, password_hash: str) -> None:
    """Give the account ID a new password, and end every other session that was opened with the old one."""
    await _remember_password(member, account.id, password_hash)
    await tables.Account.update({tables.Account.password_hash: password_hash}).where(
        tables.Account.id == account.id
    )
    await Session.delete().where(Session.account == account.id, Session.token_hash != member.token_hash)


async def _remember_password(member: Member, account: int, password_hash: str) -> None:
    try:
        await UsedPassword(contract=member.contract.id, account=account, hash=password_hash).save()
    except UniqueViolationError as error:
        raise Refused(USED_BEFORE) from error
