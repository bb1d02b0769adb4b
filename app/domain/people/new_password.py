"""パスワードの再設定: a new password in the place of one that was lost, by a mailed link or after a one-time password.

It is a change like any other, without a confirm page, so お手続き履歴 holds it, and its receipt says from which device.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from app.branding import BRAND
from app.domain import tables
from app.domain.access.login_events import Device
from app.domain.access.matrix import Permission
from app.domain.access.members import Member, Stage
from app.domain.access.names import Name
from app.domain.changes.kinds import Change, OfAccount, OfContract
from app.domain.changes.words import STARS, Link, Receipt, Refused, Review, Row
from app.domain.letters import outbox
from app.domain.letters.recipients import Told
from app.domain.people import account_password, customer_password
from app.postgres import database

Way = Literal["link", "one-time"]
"""What stood in for the password that was lost."""
BY: dict[Way, str] = {"link": "メールのリンクを開いた方", "one-time": "仮パスワードでログインした方"}
PAGE = "/new-password"
TITLE, DONE = "パスワードの再設定", "パスワードを再設定しました。"
DONE_ALREADY = "パスワードは、すでに再設定されています。新しいパスワードで、もう一度ログインしてください。"


def change_of(member: Member, password_hash: str, way: Way, device: Device) -> Change:
    """The change that gives the member's own login that password."""
    typed = password_hash, way, device.browser, device.network
    return ResetAccountPassword(member.own.login, *typed) if member.own else ResetCustomerPassword(*typed)


@dataclass(frozen=True)
class ResetCustomerPassword(
    OfContract,
    kind="customer-password-reset",
    name="お客様番号パスワードの再設定",
    permission=Permission.CONTRACT,
    page=PAGE,
    tells=Told.CONTRACT,
    grave=True,
    passes=Stage.NEW_PASSWORD,
):
    """Set the password of the customer number."""

    password_hash: str
    way: Way
    browser: str
    network: str

    @property
    def _rows(self) -> list[Row]:
        return _rows(self.way, self.browser, self.network)

    def review(self, member: Member, now: datetime) -> Review:
        rows = [Row("お客様番号", member.customer_number), *self._rows]
        return Review(title=TITLE, rows=rows, button="変更")

    async def apply(self, member: Member, now: datetime) -> Receipt:
        _must_be_its_stage(member, self.way)
        await customer_password.set_password(member, self.password_hash)
        await _finish(member)
        await _tell(member, await self.told(member), Name("customer", member.customer_number), self)
        return _receipt(self.review(member, now).rows)


@dataclass(frozen=True)
class ResetAccountPassword(
    OfAccount,
    kind="account-password-reset",
    name="アカウントIDパスワードの再設定",
    permission=Permission.ACCOUNT_PASSWORD,
    page="password",
    tells=Told.ACCOUNT,
    grave=True,
    passes=Stage.NEW_PASSWORD,
):
    """Set the password of the account ID that is meant."""

    password_hash: str
    way: Way
    browser: str
    network: str

    @property
    def back(self) -> str:
        return PAGE

    def review(self, member: Member, now: datetime) -> Review:
        rows = [Row("アカウントID", self.login), *_rows(self.way, self.browser, self.network)]
        return Review(title=TITLE, rows=rows, button="変更")

    async def apply(self, member: Member, now: datetime) -> Receipt:
        _must_be_its_stage(member, self.way)
        await account_password.set_password(member, self.account(member), self.password_hash)
        await _finish(member)
        await _tell(member, await self.told(member), Name("account", self.login), self)
        return _receipt(self.review(member, now).rows)


def _rows(way: Way, browser: str, network: str) -> list[Row]:
    return [
        Row("新パスワード", STARS, secret=True),
        Row("再設定した方", BY[way]),
        Row("端末", browser),
        Row("接続元", network),
    ]


def _receipt(rows: list[Row]) -> Receipt:
    return Receipt(
        title=f"{TITLE}完了", lead=DONE, rows=rows, next=(Link(f"{BRAND.service}の最初の画面", "/"),)
    )


def _must_be_its_stage(member: Member, way: Way) -> None:
    """Raises Refused for a second press after a one-time password was replaced."""
    if way == "one-time" and Stage.NEW_PASSWORD not in member.stages:
        raise Refused(DONE_ALREADY)


async def _finish(member: Member) -> None:
    """Nothing stands in for the password any more."""
    whose = member.contract.id, member.account_id
    await database.rows(_NO_LINK, *whose)
    await database.rows(_NO_ONE_TIME, *whose)


async def _tell(
    member: Member, told: list[str], name: Name, done: ResetCustomerPassword | ResetAccountPassword
) -> None:
    facts = {"login": name.in_words, "browser": done.browser, "network": done.network, "by": BY[done.way]}
    await outbox.post(member.contract.id, told, "new-password", **facts)


# SQL for IS NOT DISTINCT FROM.
_NO_LINK = "DELETE FROM password_link WHERE contract = $1 AND account IS NOT DISTINCT FROM $2"
_NO_ONE_TIME = "DELETE FROM one_time_password WHERE contract = $1 AND account IS NOT DISTINCT FROM $2"


async def tidy(now: datetime) -> None:
    """Forget one-time passwords that have expired."""
    await tables.OneTimePassword.delete().where(tables.OneTimePassword.expires_at < now)
