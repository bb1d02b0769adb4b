"""メールアドレス登録／変更 (manual 10, 11): A, an address of ours, or B, one of another company."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from asyncpg import UniqueViolationError

from app.branding import BRAND
from app.domain import catalogue, clock, erased_names, reserved_names, tables
from app.domain.access.graph import Account, Contract, Period
from app.domain.access.matrix import Permission
from app.domain.access.members import Member
from app.domain.access.proofs import Step
from app.domain.changes.kinds import OfAccount
from app.domain.changes.words import Link, Receipt, Refused, Review, Row, cost_rows, edited
from app.domain.fields import Wrong
from app.domain.letters import recipients
from app.domain.letters.recipients import Told
from app.domain.mail import app_passwords, forwarding, losses, mailbox
from app.domain.mail import service as mail_service
from app.domain.mail import system as mail_system
from app.domain.money import billing, purchases
from app.domain.money.billing import Cost
from app.postgres import database

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

UCOM = f"{BRAND.short}の提供するメールアドレスを取得する"
OTHER = "他社のメールを利用する"
TAKEN = "このメールアドレスは、すでに使われているか、過去に使われていたため登録できません。別の文字列を入力してください。"
AGAIN = "現在と同じメールアドレスです。もう一度登録すると、「メールアドレス登録完了メール」を送り直します。"
NO_MORE = "これまでのメールアドレス（{}）は使えなくなりました。二度と登録できません。"
SAME = "現在のメールアドレスと同じです。"
OURS = "当社のメールアドレスは、「他社のメールを利用する」では登録できません。"
LOSSES = (
    f"これまでの{BRAND.prefix}のメールアドレスは使えなくなり、保存されているメールはすべて失われます。",
    "メール転送、自動返信の設定、メールソフト用パスワードと、Webスペースも失われます。元に戻すことはできません。",
)

ASK = "ご契約者様、または管理者権限をお持ちの方にご相談ください。"


async def free_address(member: Member, account: Account, local_part: str) -> str:
    """The whole address; raises Wrong if it was ever given to anybody, or mail to it would go round."""
    address = mail_system.current().address(local_part)
    if address == account.ucom_address:
        raise Wrong(SAME)
    reserved_names.must_not_be(local_part)
    taken = await tables.MailAddress.exists().where(tables.MailAddress.address == address)
    if taken or await erased_names.is_erased("address", address):
        raise Wrong(TAKEN)
    await forwarding.must_not_loop(member.contract.id, account, address)
    return address


async def of_another_company(address: str) -> str:
    """The address; raises Wrong for one at a domain of ours, today's or an earlier one's.

    The account ID's own is taken: whoever got no メールアドレス登録完了メール registers it again (manual 11).
    """
    domain = address.rpartition("@")[2]
    if domain == mail_system.current().domain or await database.rows(_EARLIER_DOMAIN, domain):
        raise Wrong(OURS)
    return address


# SQL for split_part(), by which the index of the domains is asked.
_EARLIER_DOMAIN = "SELECT 1 FROM mail_address WHERE split_part(address, '@', 2) = $1 LIMIT 1"


def _free(contract: Contract) -> str:
    if mail_service.purchase(contract):
        return "料金はかかりません（メールサービスの月額利用料だけがかかります）"
    return "料金はかかりません（基本の登録可能数に含まれます）"


@dataclass(frozen=True)
class _RegisterAddress(
    OfAccount,
    name="メールアドレス登録",
    permission=Permission.MAIL_ADDRESS,
    step=Step.RECENT,
    page="mail-address",
    tells=Told.NEW_ADDRESS,
    grave=True,
    a_day=10,
):
    """What A and B have in common."""

    address: str

    @property
    def new_address(self) -> str:
        return self.address

    async def _remember_former(self, member: Member, account: Account, now: datetime) -> None:
        """One of another company goes on to be read there; one of ours ends with the change."""
        if account.other_address != self.address:
            await recipients.replaced(member.contract.id, account.id, account.other_address, now)

    async def _tell(
        self,
        member: Member,
        which: str,
        ended: Sequence[Period] = (),
        costs: Sequence[Cost] = (),
        lost: tuple[str, ...] = (),
    ) -> None:
        """The メールアドレス登録完了メール.

        It tells of the purchases that ended and what they cost; the contract's mail service has a mail of its own beside.
        """
        products = "、".join(catalogue.name(period.product) for period in ended)
        facts = {
            "login": self.login,
            "address": self.address,
            "kind": which,
            "products": products,
            "costs": billing.lines(costs),
            "losses": lost,
            "deed": _deed(self.account(member), self.address),
        }
        await self.tell(member, "mail-address-registered", **facts)


@dataclass(frozen=True)
class RegisterUcomAddress(_RegisterAddress, kind="mail-address-ucom", consents=("mail-address",)):
    """A: get an address of ours, or change the one that the account ID has."""

    def judge(self, member: Member, now: datetime) -> Refused | None:
        """Changing the address that the account ID has takes none away."""
        contract = member.contract
        if reserved := reserved_names.reason(self.address.partition("@")[0]):
            return Refused(reserved)
        if self.account(member).ucom_address or contract.mail_addresses < contract.mail_limit:
            return None
        ask = "" if member.may(Permission.MAIL_SERVICE) else ASK
        if mail_service.purchase(contract) or not mail_service.offered(contract):
            return Refused(f"登録できるメールアドレスの数（{contract.mail_limit}個）に達しています。{ask}")
        name = catalogue.name(contract.mail.key)
        return Refused(f"取得するには、メールサービス（{name}）の購入が必要です。{ask}", mail_service.PAGE)

    def review(self, member: Member, now: datetime) -> Review:
        account = self.account(member)
        replaced = f"これまでのメールアドレス（{account.ucom_address}）は使えなくなり、二度と登録できません。"
        return Review(
            title="メールアドレス登録／変更確認",
            rows=_rows(account, UCOM, self.address, now),
            costs=(Row(f"メールアドレスの{_deed(account, self.address)}", _free(member.contract)),),
            notices=(replaced,) if account.ucom_address else (),
            terms="mail-address",
            button="登録",
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        account = self.account(member)
        try:
            await forwarding.must_not_loop(member.contract.id, account, self.address)
        except Wrong as wrong:
            raise Refused(wrong.reason) from wrong
        await _release_address(account, now)
        try:
            await tables.MailAddress(
                contract=member.contract.id, account=account.id, address=self.address, registered_at=now
            ).save()
        except UniqueViolationError as error:
            raise Refused(TAKEN) from error
        if await erased_names.is_erased("address", self.address):
            raise Refused(TAKEN)
        if account.ucom_address is None:
            await tables.Mailbox(contract=member.contract.id, account=account.id, opened_at=now).save()
        await tables.Account.update({tables.Account.other_address: None}).where(
            tables.Account.id == account.id
        )
        await self._remember_former(member, account, now)
        await self._tell(member, "ours")
        return Receipt(
            title="メールアドレス登録／変更完了",
            lead=f"メールアドレスの{_deed(account, self.address)}が完了しました。"
            "メールソフトの設定は、下の「ご案内」をご覧ください。",
            rows=_rows(account, UCOM, self.address, now),
            notices=(NO_MORE.format(account.ucom_address),) if account.ucom_address else (),
            guide=mail_system.program_settings(self.login, self.address, app_passwords.wanted(account)),
            next=(
                mail_system.to_mail_settings(self.login),
                Link(app_passwords.TITLE, f"/accounts/{self.login}/mail-passwords"),
                Link("ご契約情報一覧", f"/?open={self.login}"),
            ),
        )


@dataclass(frozen=True)
class RegisterOtherAddress(_RegisterAddress, kind="mail-address-other", consents=("other-address",)):
    """B: use an address of another company; what the account ID had of ours is lost."""

    def review(self, member: Member, now: datetime) -> Review:
        account = self.account(member)
        ends = losing(member.contract, account)
        return Review(
            title="メールアドレス登録／変更確認",
            rows=_rows(account, OTHER, self.address, now) + losses.of_address(account),
            costs=cost_rows(self._costs(member, now))
            or (Row(f"メールアドレスの{_deed(account, self.address)}", "料金はかかりません"),),
            notices=(
                *((AGAIN,) if account.other_address == self.address else ()),
                *(LOSSES if account.ucom_address else ()),
                *((mail_service.ending_notice(ends),) if ends else ()),
            ),
            terms="other-address",
            button="登録",
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        account, costs = self.account(member), self._costs(member, now)
        ends = losing(member.contract, account)
        await give_up(account, now)
        await tables.Account.update({tables.Account.other_address: self.address}).where(
            tables.Account.id == account.id
        )
        await self._remember_former(member, account, now)
        if ends:
            await mail_service.end(
                member, ends, f"{self.login}のメールアドレスを他社のものに変更したため", now
            )
        lost = losses.of_address(account)
        await self._tell(member, "他社", lost_periods(account, ends), costs, losses.lines(lost))
        return Receipt(
            title="メールアドレス登録／変更完了",
            lead=f"メールアドレスの{_deed(account, self.address)}が完了しました。"
            f"{self.address} 宛に、「メールアドレス登録完了メール」を送信しました。"
            "メールが届かないときは、もう一度登録してください。",
            rows=[*_rows(account, OTHER, self.address, now), *lost, *cost_rows(costs)],
            notices=(
                *((NO_MORE.format(account.ucom_address),) if account.ucom_address else ()),
                *mail_service.ended_notices(lost_periods(account, ends)),
            ),
            next=(Link("ご契約情報一覧", f"/?open={self.login}"),),
        )

    def _costs(self, member: Member, now: datetime) -> list[Cost]:
        """What this month costs of all that ends with the UCOM address."""
        account = self.account(member)
        ended = lost_periods(account, losing(member.contract, account))
        return billing.of_endings(ended, now, before=billing.earlier(member.contract, account))


def _deed(account: Account, address: str) -> str:
    """What that address does to the account ID as it is before: one that is there is replaced, or registered again."""
    return "登録" if account.mail_address in (None, address) else "変更"


def losing(contract: Contract, account: Account) -> Period | None:
    """The mail service that ends when the account ID gives up its UCOM address and web space."""
    return mail_service.ending(
        contract, addresses=int(account.ucom_address is not None), spaces=int(account.web_space is not None)
    )


def lost_periods(account: Account, ends: Period | None) -> list[Period]:
    """The purchases that end with the UCOM address: the mail service, the bigger mailbox."""
    return [period for period in (ends, mailbox.large(account)) if period]


async def give_up(account: Account, now: datetime) -> None:
    """Everything that hangs on the UCOM address ends: address, mailbox and its passwords, settings, web space, bigger box."""
    await _release_address(account, now)
    await app_passwords.end_of_account(account)
    await tables.Mailbox.update({tables.Mailbox.retired_at: now}).where(
        tables.Mailbox.account == account.id, tables.Mailbox.retired_at.is_null()
    )
    await tables.WebSpace.update({tables.WebSpace.released_at: now}).where(
        tables.WebSpace.account == account.id, tables.WebSpace.released_at.is_null()
    )
    await tables.Forwarding.delete().where(tables.Forwarding.account == account.id)
    await tables.AutoReply.delete().where(tables.AutoReply.account == account.id)
    if large := mailbox.large(account):
        await purchases.end_of_account(account, now, large.product)


async def _release_address(account: Account, now: datetime) -> None:
    await tables.MailAddress.update({tables.MailAddress.released_at: now}).where(
        tables.MailAddress.account == account.id, tables.MailAddress.released_at.is_null()
    )


def _rows(account: Account, use: str, address: str, now: datetime) -> list[Row]:
    return [
        Row("アカウントID", account.login),
        Row("利用メール", use),
        edited("メールアドレス", account.mail_address or "未登録", address),
        Row("お申込み日", clock.day(now)),
    ]
