"""Webスペース of an account ID with a UCOM address: a name, and with it a home page (spec 8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from asyncpg import UniqueViolationError

from app.domain import catalogue, tables
from app.domain.access.members import Account, Member, Permission
from app.domain.changes.changes import FORMER_PAGE, Link, Receipt, Refused, Review, Row, cost_rows, kind
from app.domain.fields import Wrong
from app.domain.letters import outbox, recipients
from app.domain.mail import service as mail_service
from app.domain.mail import system as mail_system
from app.domain.mail.mailbox import NO_ADDRESS
from app.domain.money import billing

if TYPE_CHECKING:
    from datetime import datetime

TAKEN = "この名前は、すでに使われているか、過去に使われていたため登録できません。別の名前を入力してください。"
THERE = "Webスペースは、1つのアカウントIDに1つだけ登録できます。"
NONE = "このWebスペースは、登録されていません。"


def hindrance(member: Member, account: Account) -> str | None:
    """Why the account ID can register no web space; None if it can."""
    contract = member.contract
    if account.web_space:
        return THERE
    if account.ucom_address is None:
        return NO_ADDRESS
    if contract.web_spaces < contract.mail_limit:
        return None
    if mail_service.purchase(contract):
        return f"登録できるWebスペースの数（{contract.mail_limit}個）に達しています。"
    return f"登録するには、メールサービス（{catalogue.NAMES[contract.mail.product]}）の購入が必要です。"


async def must_be_free(name: str) -> None:
    """Raises Wrong if the name was ever given to anybody."""
    if await tables.WebSpace.exists().where(tables.WebSpace.name == name):
        raise Wrong(TAKEN)


@kind
@dataclass(frozen=True)
class RegisterWebSpace:
    """Webスペースの登録."""

    kind: ClassVar[str] = "web-space-registration"
    name: ClassVar[str] = "Webスペース登録"
    permission: ClassVar[Permission] = Permission.WEB_SPACE

    login: str
    space: str

    @property
    def subject(self) -> str:
        return self.login

    @property
    def back(self) -> str:
        return f"/accounts/{self.login}/web-space"

    def review(self, member: Member, now: datetime) -> Review:
        self._refuse(member, member.account(self.login))
        return Review(
            title="Webスペース登録確認",
            rows=_rows(self.login, self.space),
            costs=(Row("Webスペースの登録", "無料（メールサービスに含まれます）"),),
            button="登録",
        )

    def _refuse(self, member: Member, account: Account) -> None:
        reason = hindrance(member, account)
        if reason:
            raise Refused(reason)

    async def apply(self, member: Member, now: datetime) -> Receipt:
        account = member.account(self.login)
        self._refuse(member, account)
        try:
            await tables.WebSpace(
                contract=member.contract.id, account=account.id, name=self.space, registered_at=now
            ).save()
        except UniqueViolationError as error:
            raise Refused(TAKEN) from error
        await _tell(member, account, "登録", self.space)
        return Receipt(
            title="Webスペース登録完了",
            lead="Webスペースの登録が完了しました。",
            rows=_rows(self.login, self.space),
            next=(Link("ご契約情報一覧", f"/?open={self.login}"),),
        )


@kind
@dataclass(frozen=True)
class DeleteWebSpace:
    """Webスペースの削除: its name is never given again; it may end the mail service."""

    kind: ClassVar[str] = "web-space-deletion"
    name: ClassVar[str] = "Webスペース削除"
    permission: ClassVar[Permission] = Permission.WEB_SPACE
    way_back: ClassVar[str] = FORMER_PAGE

    login: str
    space: str
    """The one that the member saw: a later one is not deleted instead of it."""

    @property
    def subject(self) -> str:
        return self.login

    @property
    def back(self) -> str:
        return f"/accounts/{self.login}/web-space"

    def review(self, member: Member, now: datetime) -> Review:
        self._refuse(member.account(self.login))
        ends = mail_service.ending(member.contract, spaces=1)
        lost = "Webスペースのファイルはすべて失われます。同じ名前は二度と登録できません。"
        return Review(
            title="Webスペース削除確認",
            rows=_rows(self.login, self.space),
            costs=cost_rows(billing.of_endings([ends] if ends else [], now))
            or (Row("Webスペースの削除", "無料"),),
            notices=(lost, *((mail_service.ending_notice(ends),) if ends else ())),
            button="削除",
            danger=True,
        )

    def _refuse(self, account: Account) -> None:
        if account.web_space != self.space:
            raise Refused(NONE)

    async def apply(self, member: Member, now: datetime) -> Receipt:
        account = member.account(self.login)
        self._refuse(account)
        ends = mail_service.ending(member.contract, spaces=1)
        await tables.WebSpace.update({tables.WebSpace.released_at: now}).where(
            tables.WebSpace.account == account.id, tables.WebSpace.released_at.is_null()
        )
        if ends:
            await mail_service.end(member, ends, f"{self.login}のWebスペースを削除したため", now)
        await _tell(member, account, "削除", self.space)
        return Receipt(
            title="Webスペース削除完了",
            lead="Webスペースを削除しました。",
            rows=_rows(self.login, self.space),
            notices=mail_service.ended_notices([ends] if ends else []),
            next=(Link("ご契約情報一覧", f"/?open={self.login}"),),
        )


async def _tell(member: Member, account: Account, state: str, space: str) -> None:
    await outbox.post(
        member.contract.id,
        await recipients.of_account(account),
        "web-space",
        by=outbox.done_by(member),
        login=account.login,
        state=state,
        url=mail_system.current().home_page(space),
    )


def _rows(login: str, space: str) -> list[Row]:
    return [
        Row("アカウントID", login),
        Row("Webスペース名", space),
        Row("ホームページアドレス", mail_system.current().home_page(space)),
    ]
