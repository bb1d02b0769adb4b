"""メール転送 of an account ID with a UCOM address: up to five addresses, with a copy kept or not (spec 8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain import tables
from app.domain.access.graph import Account
from app.domain.access.matrix import Permission
from app.domain.access.members import Member
from app.domain.access.proofs import Step
from app.domain.changes.words import Link, Receipt, Refused, Review, Row, edited
from app.domain.fields import Wrong, mail_address
from app.domain.letters.recipients import Told
from app.domain.mail import ours
from app.domain.mail.consent import OfOwnersMail
from app.postgres import database

if TYPE_CHECKING:
    from datetime import datetime

NOT_KEPT = "サーバーに残さない設定では、転送先で受け取れなかったメールは戻せません。"
ITSELF = "ご自分のメールアドレスには転送できません。"
TWICE = "同じ転送先が2回入力されています。"
NEW_ADDRESS_LOOPS = (
    "このアカウントIDのメール転送の設定により、このメールアドレスに届いたメールの転送が繰り返されるため、登録できません。"
    "先に、メール転送の設定を変更してください。"
)


def target(account: Account, text: str) -> str:
    """One address to forward to; raises Wrong for the account ID's own, with a + or without."""
    address = mail_address(text)
    if ours.mailbox_of(address) == account.ucom_address:
        raise Wrong(ITSELF)
    return address


def loop_reason(address: str) -> str:
    """Why an address that forwards back cannot be a target."""
    return f"{address} からは、このアカウントIDのメールアドレスへ転送されています。転送が繰り返されるため、登録できません。"


async def loops(contract: int, account: Account, addresses: list[str], own: str | None = None) -> list[str]:
    """Those of the addresses that forward back to the account ID, over other account IDs of the contract.

    `own`: the address that it is about to have, instead of the one that it has.
    """
    found = await database.rows(_OF_CONTRACT, contract, account.id)
    onward = {row["address"]: [ours.mailbox_of(target) for target in row["addresses"]] for row in found}
    wanted = own or account.ucom_address
    return [address for address in addresses if wanted in _reached(ours.mailbox_of(address), onward)]


async def must_not_loop(contract: int, account: Account, own: str) -> None:
    """Raises Wrong if mail to the new address would be forwarded to it again, as forwarding is set now."""
    set_now = _addresses(account)
    if set_now and await loops(contract, account, set_now, own):
        raise Wrong(NEW_ADDRESS_LOOPS)


# SQL for a join of two tables that know the account ID, and not each other.
_OF_CONTRACT = """
SELECT m.address, f.addresses FROM forwarding f JOIN mail_address m ON m.account = f.account AND m.released_at IS NULL
WHERE f.contract = $1 AND f.account <> $2
"""


def _reached(address: str, onward: dict[str, list[str]]) -> set[str]:
    """Every address that mail to `address` gets to."""
    reached: set[str] = set()
    waiting = [address]
    while waiting:
        here = waiting.pop()
        if here not in reached:
            reached.add(here)
            waiting += onward.get(here, [])
    return reached


@dataclass(frozen=True)
class SetForwarding(
    OfOwnersMail,
    kind="forwarding",
    name="メール転送設定",
    permission=Permission.FORWARDING,
    step=Step.RECENT,
    page="forwarding",
    tells=Told.ACCOUNT,
    grave=True,
    private=("転送先",),
):
    """Forward to the addresses; none: no forwarding."""

    addresses: list[str]
    keep_copy: bool

    def changes(self, account: Account) -> bool:
        """Whether it is anything else than what is set; without an address nothing else counts."""
        old = account.forwarding
        if old is None or not self.addresses:
            return bool(self.addresses or old)
        return (old.addresses, old.keep_copy) != (self.addresses, self.keep_copy)

    def review(self, member: Member, now: datetime) -> Review:
        account = self.account(member)
        dropped = [one for one in _addresses(account) if one not in self.addresses]
        return Review(
            title="メール転送設定確認",
            rows=self._rows(account) + self.consent_rows(member),
            notices=(
                *((f"次の転送先には、転送しなくなります：{_listed(dropped)}",) if dropped else ()),
                *self._not_kept,
            ),
            button="登録",
        )

    @property
    def _not_kept(self) -> tuple[str, ...]:
        return (NOT_KEPT,) if self.addresses and not self.keep_copy else ()

    async def apply(self, member: Member, now: datetime) -> Receipt:
        account = self.account(member)
        looping = await loops(member.contract.id, account, self.addresses)
        if looping:
            raise Refused(loop_reason(looping[0]))
        if nobodys := await ours.nobody_behind(self.addresses):
            raise Refused(ours.nobody_reason(min(nobodys)))
        await tables.Forwarding.delete().where(tables.Forwarding.account == account.id)
        if self.addresses:
            await tables.Forwarding(
                contract=member.contract.id,
                account=account.id,
                addresses=self.addresses,
                keep_copy=self.keep_copy,
            ).save()
        rows = self._rows(account)
        kept = tuple(f"{row.label}：{row.value}" for row in rows[3:])
        await self.tell_of_it(
            member,
            now,
            "forwarding",
            owner={"settings": (f"転送先：{_listed(self.addresses)}", *kept)},
            others={"settings": (f"転送先：{_counted(self.addresses)}", *kept)},
            elsewhere=self._no_longer_read(account),
        )
        return Receipt(
            title="メール転送設定完了",
            lead="メール転送の設定を登録しました。",
            rows=rows + self.consent_rows(member),
            notices=self._not_kept,
            next=(Link("ご契約情報一覧", f"/?open={self.login}"),),
        )

    def _no_longer_read(self, account: Account) -> list[str]:
        """Where the owner read the mail until now: without a copy in the box, the targets that are dropped.

        With one, the owner reads in the box, and a target may be anybody's.
        """
        old = account.forwarding
        return (
            [one for one in old.addresses if one not in self.addresses] if old and not old.keep_copy else []
        )

    def _rows(self, account: Account) -> list[Row]:
        old = account.forwarding
        rows = [
            Row("アカウントID", self.login),
            Row("メールアドレス", account.ucom_address or ""),
            edited("転送先", _listed(_addresses(account)), _listed(self.addresses)),
        ]
        if not self.addresses:
            return rows
        kept, was_kept = _kept(self.keep_copy), _kept(old.keep_copy) if old else ""
        return [*rows, edited("サーバーのメール", was_kept or kept, kept)]


def _addresses(account: Account) -> list[str]:
    return account.forwarding.addresses if account.forwarding else []


def _listed(addresses: list[str]) -> str:
    return "、".join(addresses) or "転送しない"


def _counted(addresses: list[str]) -> str:
    """For whoever is told of it and does not own the mailbox."""
    return f"{len(addresses)}件" if addresses else "転送しない"


def _kept(keep_copy: bool) -> str:
    return "残す" if keep_copy else "残さない"
