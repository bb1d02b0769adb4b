"""Papers that a member asks for by post: ご契約内容変更申請, and ご利用ガイド・規約ご請求 (spec 15)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from asyncpg import UniqueViolationError

from app.branding import BRAND
from app.domain import clock, holders, tables
from app.domain.access.graph import Contract
from app.domain.access.matrix import Permission
from app.domain.access.members import Member
from app.domain.changes import words
from app.domain.changes.kinds import OfContract
from app.domain.changes.words import FORMER_PAGE, Link, Milestone, Progress, Receipt, Refused, Review, Row
from app.domain.letters import outbox, recipients
from app.domain.letters.recipients import Told
from app.domain.money import calls
from app.postgres import database

if TYPE_CHECKING:
    from datetime import date, datetime

OF_A_PERSON = "birth-date-and-sex"
"""A company has neither."""
APPLICATIONS = {
    "name": "氏名・名義変更の申請書",
    "address": "設置先住所の変更（移転）の申請書",
    OF_A_PERSON: "生年月日・性別の訂正の申請書",
    "payment-by-another": "ご契約者以外のカードでお支払いになるための申請書",
    "disclosure": "個人情報の開示の請求書",
    "correction": "個人情報の訂正・追加・削除の請求書",
    "suspension": "個人情報の利用停止・消去の請求書",
    "hikari-denwa-application": f"{BRAND.telephony['hikari-denwa']} 申込書",
    "hikari-denwa-cancellation": f"{BRAND.telephony['hikari-denwa']} 解約申請書",
    "gate-call-050-application": f"{BRAND.telephony['gate-call-050']} 申込書",
    "gate-call-050-cancellation": f"{BRAND.telephony['gate-call-050']} 解約申請書",
}
GATE_CALL_050 = tuple(paper for paper in APPLICATIONS if paper.startswith("gate-call-050-"))
HIKARI_DENWA = tuple(paper for paper in APPLICATIONS if paper.startswith("hikari-denwa-"))
LINE = "line-cancellation"
"""Not asked for as a paper: whoever asks that the line ends gets it (line_cancellation.py)."""
ENDING = ("gate-call-050-cancellation", "hikari-denwa-cancellation", LINE)
"""The forms by which something is cancelled."""
FORMS = {**APPLICATIONS, LINE: "インターネット回線の解約の書類"}
"""What comes back, and is entered then."""
GUIDES = {"guide": "ご利用ガイド", "terms": "利用規約"}
NAMES = {**FORMS, **GUIDES}
NOTICES = (
    "お届けまで、1週間から2週間ほどかかります。",
    "送り先は、ご登録の設置先住所です。送料はかかりません。",
)
SIGNED = (
    "届いた申請書に必要事項を記入し、同封の返信用封筒でお送りください。手続きは、書面が届いてから行います。"
)


def applications(*, company: bool) -> dict[str, str]:
    """Those that there are for a person, or a company: forms of a telephone service that is not offered are none."""
    services = calls.services()
    without = {
        *(() if "gate-call-050" in services else GATE_CALL_050),
        *(() if "hikari-denwa" in services else HIKARI_DENWA),
        *([OF_A_PERSON] if company else ()),
    }
    return {paper: name for paper, name in APPLICATIONS.items() if paper not in without}


def already(paper: str) -> str:
    """Why a paper that is on its way is not sent again."""
    return f"「{NAMES[paper]}」は、すでにご請求を受け付け、発送の準備をしています。"


STEPS = ("受付", "発送", "受領", "反映")
"""What becomes of a form that is asked for; a guide is only sent."""
SHOWN = timedelta(days=90)
"""Pages show a paper so long after its last step."""


def milestones(progress: Progress) -> tuple[Milestone, ...]:
    """The steps of a paper, with the moments of those that were reached."""
    names = STEPS if progress.what in FORMS else STEPS[:2]
    return words.milestones(names, progress.moments)


@dataclass(frozen=True)
class Requested:
    """A paper that was asked for, and how far it has come."""

    paper: str
    asked_at: datetime
    waits: bool
    """It was not sent yet."""
    milestones: tuple[Milestone, ...]

    @property
    def name(self) -> str:
        return NAMES[self.paper]


@dataclass(frozen=True)
class Desk:
    """What the input page has to know: whom the paper goes to, and what was asked for, newest first."""

    sent_to: str
    requested: list[Requested]
    company: bool
    """Whether ご契約者 is one."""

    @property
    def waiting(self) -> dict[str, datetime]:
        """The papers that are still to be sent, with the moment of asking."""
        return {one.paper: one.asked_at for one in self.requested if one.waits}


async def desk(contract: Contract, among: Collection[str] = NAMES) -> Desk:
    """One look at the contract's address and its requests of the papers named: those under way, and not long done."""
    found = await database.rows(_DESK, contract.id, list(among), clock.now() - SHOWN)
    requested = [_requested(row) for row in found if row["paper"]]
    return Desk(found[0]["sent_to"], requested, found[0]["company"])


def _requested(row: Any) -> Requested:
    moments = (row["asked_at"], row["done_at"], row["received_at"], row["entered_at"])
    return Requested(
        row["paper"], row["asked_at"], row["done_at"] is None, milestones(Progress(row["paper"], moments))
    )


# SQL for the left join: the address of the contract, and each request, if there is one.
_DESK = f"""
SELECT c.address || '　' || {holders.ADDRESSED} AS sent_to, c.holder_kind = '{holders.COMPANY}' AS company,
    p.paper, p.asked_at, p.done_at, p.received_at, p.entered_at
FROM contract c LEFT JOIN paper_request p ON p.contract = c.id AND p.paper = ANY ($2)
    AND (p.done_at IS NULL OR greatest(p.done_at, p.received_at, p.entered_at) > $3)
WHERE c.id = $1 ORDER BY p.asked_at DESC, p.id DESC
"""  # noqa: S608 - a constant


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

    @classmethod
    def milestones(cls, progress: Progress) -> tuple[Milestone, ...]:
        return milestones(progress)

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
    wanted_on: date | None

    @property
    def name(self) -> str:
        wanted = f"（ご希望の解約日 {self.wanted_on:%Y/%m/%d}）" if self.wanted_on else ""
        return f"{NAMES[self.paper]}{wanted}"


@dataclass(frozen=True)
class SentPaper:
    """A form that was sent: it is to come back, or what it asks for is to be done."""

    id: int
    asked_at: datetime
    done_at: datetime
    received_at: datetime | None
    customer_number: str
    paper: str

    @property
    def name(self) -> str:
        return NAMES[self.paper]


class NotWaiting(Exception):
    """No request of that number waits for this: there is none, it is not as far, or it is past that."""


async def waiting() -> list[WaitingPaper]:
    """All open requests, oldest first."""
    return [WaitingPaper(**row) for row in await database.rows(_WAITING)]


async def sent() -> list[SentPaper]:
    """All forms that were sent and are not done with, oldest first."""
    return [SentPaper(**row) for row in await database.rows(_SENT, list(FORMS))]


async def done(identity: int) -> None:
    """The paper was sent: note it and write to the customer, in the caller's transaction. Raises NotWaiting."""
    await _note(_DONE, identity, NAMES, "paper-sent")


async def received(identity: int) -> None:
    """The form came back, filled in: likewise."""
    await _note(_RECEIVED, identity, FORMS, "paper-received")


async def entered(identity: int) -> None:
    """What the form asks for was done: likewise."""
    await _note(_ENTERED, identity, FORMS, "paper-entered")


async def _note(statement: str, identity: int, among: Collection[str], mail: str) -> None:
    found = await database.rows(statement, identity, clock.now(), list(among))
    if not found:
        raise NotWaiting(identity)
    contract = found[0]["contract"]
    told = await recipients.of_contract(contract)
    asked = clock.day(found[0]["asked_at"])
    await outbox.post(contract, told, mail, paper=NAMES[found[0]["paper"]], date=asked)


# SQL for the text that is put together of four columns.
_WAITING = f"""
SELECT p.id, p.asked_at, c.customer_number, c.address || '　' || {holders.ADDRESSED} AS sent_to, p.paper, p.wanted_on
FROM paper_request p JOIN contract c ON c.id = p.contract WHERE p.done_at IS NULL ORDER BY p.id
"""  # noqa: S608 - a constant
# SQL for the join of two columns only.
_SENT = """
SELECT p.id, p.asked_at, p.done_at, p.received_at, c.customer_number, p.paper
FROM paper_request p JOIN contract c ON c.id = p.contract
WHERE p.done_at IS NOT NULL AND p.entered_at IS NULL AND p.paper = ANY ($1) ORDER BY p.id
"""
# SQL for greatest(): a clock that was set back must not let a step be taken before the one before it.
_DONE, _RECEIVED, _ENTERED = (
    f"""
UPDATE paper_request SET {step} = greatest($2, {before})
WHERE id = $1 AND {before} IS NOT NULL AND {step} IS NULL AND paper = ANY ($3) RETURNING contract, paper, asked_at
"""  # noqa: S608 - the only text put in is the names of columns
    for before, step in (("asked_at", "done_at"), ("done_at", "received_at"), ("received_at", "entered_at"))
)
