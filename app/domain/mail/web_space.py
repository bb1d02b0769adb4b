"""Webスペース of an account ID with a UCOM address: a name, and with it a home page (spec 8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from asyncpg import UniqueViolationError

from app.domain import catalogue, erased_names, reserved_names, tables
from app.domain.access.matrix import Permission
from app.domain.access.members import Member
from app.domain.changes.kinds import OfAccount
from app.domain.changes.words import FORMER_PAGE, Link, Mend, Receipt, Refused, Review, Row, cost_rows
from app.domain.fields import Wrong
from app.domain.letters.recipients import Told
from app.domain.mail import service as mail_service
from app.domain.mail import system as mail_system
from app.domain.mail.mailbox import no_address
from app.domain.money import billing
from app.domain.money.billing import Cost

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.domain.access.graph import Contract

TAKEN = "この名前は、すでに使われているか、過去に使われていたため登録できません。別の名前を入力してください。"
THERE = "Webスペースは、1つのアカウントIDに1つだけ登録できます。"
LOST = "Webスペースのファイルはすべて失われます。同じ名前は二度と登録できません。"
GONE = "Webスペースのファイルはすべて失われました。同じ名前は二度と登録できません。"
NONE = "このWebスペースは、登録されていません。"


def none_yet(login: str) -> Refused:
    """The account ID has no web space yet, and where one registers it."""
    mend = Mend("Webスペースを登録する", f"/accounts/{login}/web-space", Permission.WEB_SPACE)
    return Refused("Webスペースを登録すると、ご利用いただけます。", mend)


async def must_be_free(name: str) -> None:
    """Raises Wrong if the name was ever given to anybody, or never will be."""
    reserved_names.must_not_be(name)
    taken = await tables.WebSpace.exists().where(tables.WebSpace.name == name)
    if taken or await erased_names.is_erased("web_space", name):
        raise Wrong(TAKEN)


@dataclass(frozen=True)
class _OfWebSpace(OfAccount, permission=Permission.WEB_SPACE, page="web-space", tells=Told.ACCOUNT):
    """What registering and deleting have in common."""

    space: str

    async def _tell(self, member: Member, state: str, costs: Sequence[Cost] = ()) -> None:
        """`costs`: of the mail service, where it ends with the web space."""
        url = mail_system.current().home_page(self.space)
        facts = {"login": self.login, "state": state, "url": url, "costs": billing.lines(costs)}
        await self.tell(member, "web-space", **facts)


@dataclass(frozen=True)
class RegisterWebSpace(_OfWebSpace, kind="web-space-registration", name="Webスペース登録"):
    """Webスペースの登録."""

    def judge(self, member: Member, now: datetime) -> Refused | None:
        contract, account = member.contract, self.account(member)
        if account.web_space:
            return Refused(THERE)
        if account.ucom_address is None:
            return no_address(self.login)
        if reserved := reserved_names.reason(self.space):
            return Refused(reserved)
        if contract.web_spaces < contract.mail_limit:
            return None
        if mail_service.purchase(contract) or not mail_service.offered(contract):
            return Refused(f"登録できるWebスペースの数（{contract.mail_limit}個）に達しています。")
        name = catalogue.name(contract.mail.key)
        return Refused(f"登録するには、メールサービス（{name}）の購入が必要です。", mail_service.PAGE)

    def review(self, member: Member, now: datetime) -> Review:
        return Review(
            title="Webスペース登録確認",
            rows=_rows(self.login, self.space),
            costs=(Row("Webスペースの登録", "料金はかかりません（メールサービスに含まれます）"),),
            button="登録",
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        account = self.account(member)
        try:
            await tables.WebSpace(
                contract=member.contract.id, account=account.id, name=self.space, registered_at=now
            ).save()
        except UniqueViolationError as error:
            raise Refused(TAKEN) from error
        if await erased_names.is_erased("web_space", self.space):
            raise Refused(TAKEN)
        await self._tell(member, "登録")
        return Receipt(
            title="Webスペース登録完了",
            lead="Webスペースの登録が完了しました。",
            rows=_rows(self.login, self.space),
            next=(
                mail_system.to_web_settings(self.login),
                Link("ご契約情報一覧", f"/?open={self.login}"),
            ),
        )


@dataclass(frozen=True)
class DeleteWebSpace(_OfWebSpace, kind="web-space-deletion", name="Webスペース削除", way_back=FORMER_PAGE):
    """Webスペースの削除: its name is never given again; it may end the mail service.

    `space` is the one that the member saw: a later one is not deleted instead of it.
    """

    def judge(self, member: Member, now: datetime) -> Refused | None:
        return Refused(NONE) if self.account(member).web_space != self.space else None

    def review(self, member: Member, now: datetime) -> Review:
        ends = mail_service.ending(member.contract, spaces=1)
        return Review(
            title="Webスペース削除確認",
            rows=_rows(self.login, self.space),
            costs=cost_rows(_costs(member.contract, now))
            or (Row("Webスペースの削除", "料金はかかりません"),),
            notices=(LOST, *((mail_service.ending_notice(ends),) if ends else ())),
            button="削除",
            danger=True,
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        account, costs = self.account(member), _costs(member.contract, now)
        ends = mail_service.ending(member.contract, spaces=1)
        await tables.WebSpace.update({tables.WebSpace.released_at: now}).where(
            tables.WebSpace.account == account.id, tables.WebSpace.released_at.is_null()
        )
        if ends:
            await mail_service.end(member, ends, f"{self.login}のWebスペースを削除したため", now)
        await self._tell(member, "削除", costs)
        return Receipt(
            title="Webスペース削除完了",
            lead="Webスペースを削除しました。",
            rows=[*_rows(self.login, self.space), *cost_rows(costs)],
            notices=(GONE, *mail_service.ended_notices([ends] if ends else [])),
            next=(Link("ご契約情報一覧", f"/?open={self.login}"),),
        )


def _costs(contract: Contract, now: datetime) -> list[Cost]:
    """What this month costs of the mail service, where it ends with the web space."""
    ends = mail_service.ending(contract, spaces=1)
    return billing.of_endings([ends] if ends else [], now, before=billing.earlier(contract))


def _rows(login: str, space: str) -> list[Row]:
    return [
        Row("アカウントID", login),
        Row("Webスペース名", space),
        Row("ホームページアドレス", mail_system.current().home_page(space)),
    ]
