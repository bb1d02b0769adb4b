"""メールサービス (manual 12, 13): bought for the contract, never cancelled alone, ends by itself when it is not needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain import catalogue, clock
from app.domain.access.graph import Contract, Period
from app.domain.access.matrix import Permission, Role
from app.domain.access.members import Member
from app.domain.cards import kept as payment
from app.domain.changes.kinds import OfContract
from app.domain.changes.words import FORMER_PAGE, Link, Mend, Onward, Receipt, Refused, Review, Row, cost_rows
from app.domain.letters import outbox, recipients
from app.domain.letters.recipients import Told
from app.domain.money import billing, offer, purchases

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

BOUGHT = "メールサービスは、すでに購入されています。"
PAGE = Mend("メールサービスの購入", "/mail-service", Permission.MAIL_SERVICE)


def purchase(contract: Contract) -> Period | None:
    """The contract's mail service, if it is bought."""
    return contract.bought(contract.mail.key)


def offered(contract: Contract) -> bool:
    """Whether it can be bought at all, as far as the catalogue goes."""
    return catalogue.offered(contract.mail.key, clock.today())


def there(contract: Contract) -> bool:
    """Whether the contract is shown it: it has it, or may buy it."""
    return purchase(contract) is not None or offered(contract)


@dataclass(frozen=True)
class BuyMailService(
    OfContract,
    kind="mail-service-purchase",
    name="メールサービス購入",
    permission=Permission.MAIL_SERVICE,
    way_back=FORMER_PAGE,
    page="/mail-service",
    tells=Told.CONTRACT,
):
    """メールサービスの購入: as a service period of the contract's own product."""

    def judge(self, member: Member, now: datetime) -> Refused | None:
        return Refused(BOUGHT) if purchase(member.contract) else self._cannot_buy(member, now)

    def _cannot_buy(self, member: Member, now: datetime) -> Refused | None:
        return payment.cannot_buy(member, member.contract.mail.key, now)

    def consents_to(self, member: Member) -> tuple[str, ...]:
        return (member.contract.mail.key,)

    def review(self, member: Member, now: datetime) -> Review:
        product = member.contract.mail.key
        return Review(
            title="メールサービス購入確認",
            rows=_rows(member.contract, now),
            lead=offer.LEAD,
            offer=cost_rows(payment.six_rows(member, product, now)),
            terms=product,
            button="決定",
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        contract = member.contract
        bought = payment.six_rows(member, contract.mail.key, now)
        await purchases.start(member, None, contract.mail.key, now)
        await self.tell(
            member,
            "mail-service-purchased",
            product=catalogue.name(contract.mail.key),
            environment=offer.environment(contract.mail.key),
            costs=billing.lines(bought),
            date=clock.day(now),
        )
        return Receipt(
            title="メールサービス購入完了",
            lead="メールサービスの購入が完了しました。",
            rows=[*_rows(contract, now), *cost_rows(bought)],
            onward=ONWARD,
        )


ONWARD = (
    Onward(
        "メールアドレスの登録には、アカウントIDが必要です。",
        Link("アカウントIDを登録する", "/accounts/new"),
        "よりアカウントIDを登録の後、メールアドレスの登録を行ってください。",
    ),
    Onward(
        "すでにアカウントIDをお持ちの方は、",
        Link("登録済みのアカウントIDを確認する", "/accounts"),
        "から契約アカウント情報を確認し、メールアドレスの登録を行ってください。",
    ),
)


def _rows(contract: Contract, now: datetime) -> list[Row]:
    return [
        Row("商品名", catalogue.name(contract.mail.key)),
        Row("お申込み内容", "購入する"),
        Row("月額利用料", purchases.monthly(contract.mail.key, now)),
        Row("お申込み日", clock.day(now)),
        Row("動作環境", offer.environment(contract.mail.key)),
    ]


# --- the automatic end ------------------------------------------------------------------------------------------------


def ending(contract: Contract, *, addresses: int = 0, spaces: int = 0) -> Period | None:
    """The mail service that ends when the contract loses so many UCOM addresses and web spaces; None if it goes on.

    It ends when a loss brings both to the base number or below (spec 6).
    """
    base = contract.mail.base
    lost = addresses or spaces
    needed = contract.mail_addresses - addresses > base or contract.web_spaces - spaces > base
    return purchase(contract) if lost and not needed else None


def ending_notice(period: Period) -> str:
    """What a confirm page says of it before."""
    name = catalogue.name(period.product)
    return f"このお手続きと同時に、不要になるメールサービス（{name}）は自動的に解約されます。"


def ended_notices(ended: Iterable[Period]) -> tuple[str, ...]:
    """What a complete page says of the purchases that ended with it."""
    names = "、".join(catalogue.name(period.product) for period in ended)
    return (f"次のオプションサービスは、同時に解約されました：{names}",) if names else ()


async def end(member: Member, period: Period, cause: str, now: datetime) -> None:
    """End the mail service in the transaction of what caused it, and write to the customer.

    The contract's admins are told as well when a user-role member caused it.
    """
    contract = member.contract
    await purchases.end(member, None, period.product, now)
    told = recipients.admins_and_contact if member.role is Role.USER else recipients.of_contract
    await outbox.post(
        contract.id,
        await told(contract.id),
        "mail-service-ended",
        by=outbox.done_by(member),
        product=catalogue.name(period.product),
        cause=cause,
        costs=billing.lines(
            billing.of_ending(period.product, period.started_at, now, before=billing.earlier(contract))
        ),
    )
