"""Papers that a member asks for by post: ご契約内容変更申請, and ご利用ガイド・規約ご請求 (spec 15)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from asyncpg import UniqueViolationError

from app.domain import clock, tables
from app.domain.access.graph import Contract
from app.domain.access.matrix import Permission
from app.domain.access.members import Member
from app.domain.changes.kinds import OfContract
from app.domain.changes.words import FORMER_PAGE, Link, Receipt, Refused, Review, Row
from app.domain.letters import outbox, recipients
from app.domain.letters.recipients import Told
from app.postgres import database

if TYPE_CHECKING:
    from datetime import datetime

APPLICATIONS = {
    "name": "氏名・名義変更の申請書",
    "address": "設置先住所の変更（移転）の申請書",
    "birth-date-and-sex": "生年月日・性別の訂正の申請書",
    "payment-by-another": "ご契約者以外のカードでお支払いになるための申請書",
    "gate-call-050-application": "GATE CALL050 申込書",
    "gate-call-050-cancellation": "GATE CALL050 解約申請書",
}
GUIDES = {"guide": "ご利用ガイド", "terms": "利用規約"}
NAMES = {**APPLICATIONS, **GUIDES}
NOTICES = (
    "お届けまで、1週間から2週間ほどかかります。",
    "送り先は、ご登録の設置先住所です。送料はかかりません。",
)
SIGNED = (
    "届いた申請書に必要事項を記入し、同封の返信用封筒でお送りください。手続きは、書面が届いてから行います。"
)


def already(paper: str) -> str:
    """Why a paper that is on its way is not sent again."""
    return f"「{NAMES[paper]}」は、すでにご請求を受け付け、発送の準備をしています。"


@dataclass(frozen=True)
class Desk:
    """What the input page has to know: whom the paper goes to, and those on their way with the moment of asking."""

    sent_to: str
    waiting: dict[str, datetime]


async def desk(contract: Contract) -> Desk:
    """One look at the contract's address and its open requests."""
    found = await database.rows(_DESK, contract.id)
    return Desk(found[0]["sent_to"], {row["paper"]: row["asked_at"] for row in found if row["paper"]})


# SQL for the left join: the address of the contract, and each request that is open, if there is one.
_DESK = """
SELECT c.address || '　' || c.family || ' ' || c.given || ' 様' AS sent_to, p.paper, p.asked_at
FROM contract c LEFT JOIN paper_request p ON p.contract = c.id AND p.done_at IS NULL WHERE c.id = $1
"""


@dataclass(frozen=True)
class RequestPaper(
    OfContract,
    kind="paper-request",
    name="ご契約内容変更申請",
    permission=Permission.CONTRACT,
    way_back=FORMER_PAGE,
    page="/application",
    tells=Told.CONTRACT,
):
    """Have a paper sent by post; one that is on its way is not asked for twice."""

    paper: str
    sent_to: str

    @property
    def back(self) -> str:
        return f"{self.page}?paper={self.paper}"

    def review(self, member: Member, now: datetime) -> Review:
        return Review(
            title=f"{self.name}確認",
            rows=self._rows(now),
            costs=(Row("書類と送料", "料金はかかりません"),),
            notices=self._notices,
            button="決定",
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        contract = member.contract.id
        try:
            await tables.PaperRequest(
                contract=contract, account=member.account_id, paper=self.paper, asked_at=now
            ).save()
        except UniqueViolationError as error:
            raise Refused(already(self.paper)) from error
        where = await recipients.in_words(contract)
        await self.tell(member, "paper-requested", paper=NAMES[self.paper])
        return Receipt(
            title=f"{self.name}完了",
            lead="書類のご請求を受け付けました。"
            + (f"発送しましたら、{where}にお知らせします。" if where else ""),
            rows=self._rows(now),
            notices=self._notices,
            next=(Link("ご契約情報一覧", "/"),),
        )

    @property
    def _notices(self) -> tuple[str, ...]:
        return (*NOTICES, SIGNED) if self.paper in APPLICATIONS else NOTICES

    def _rows(self, now: datetime) -> list[Row]:
        return [
            Row("書類", NAMES[self.paper]),
            Row("送り先", self.sent_to),
            Row("お申し込み日", clock.day(now)),
        ]


@dataclass(frozen=True)
class RequestGuide(
    RequestPaper, kind="guide-request", name="ご利用ガイド・規約ご請求", page="/guide-request"
):
    """The same for ご利用ガイド and 利用規約, under the name of their page."""


# --- for staff --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class WaitingPaper:
    """A request that somebody has to put into an envelope."""

    id: int
    asked_at: datetime
    customer_number: str
    sent_to: str
    paper: str

    @property
    def name(self) -> str:
        return NAMES[self.paper]


class NotWaiting(Exception):
    """No request of that number waits: there is none, or it is done."""


async def waiting() -> list[WaitingPaper]:
    """All open requests, oldest first."""
    return [WaitingPaper(**row) for row in await database.rows(_WAITING)]


async def done(identity: int) -> None:
    """The paper was sent: note it and write to the customer, in the caller's transaction. Raises NotWaiting."""
    found = await database.rows(_DONE, identity, clock.now())
    if not found:
        raise NotWaiting(identity)
    contract = found[0]["contract"]
    told = await recipients.of_contract(contract)
    asked = clock.day(found[0]["asked_at"])
    await outbox.post(contract, told, "paper-sent", paper=NAMES[found[0]["paper"]], date=asked)


# SQL for the text that is put together of four columns.
_WAITING = """
SELECT p.id, p.asked_at, c.customer_number, c.address || '　' || c.family || ' ' || c.given || ' 様' AS sent_to, p.paper
FROM paper_request p JOIN contract c ON c.id = p.contract WHERE p.done_at IS NULL ORDER BY p.id
"""
# SQL for greatest(): a clock that was set back must not let it be done before it was asked for.
_DONE = """
UPDATE paper_request SET done_at = greatest($2, asked_at) WHERE id = $1 AND done_at IS NULL RETURNING contract, paper, asked_at
"""
