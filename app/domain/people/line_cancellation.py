"""ご解約 without a phone: somebody asks in writing that the line ends on a day, and the desk does the rest.

When it was received counts (受付日時). What it takes from there is a paper on its way (papers.py): sent, received, entered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from asyncpg import UniqueViolationError

from app.branding import BRAND
from app.domain import clock, tables
from app.domain.access.graph import Contract
from app.domain.access.matrix import Permission
from app.domain.access.members import Member
from app.domain.access.proofs import Step
from app.domain.changes.kinds import OfContract
from app.domain.changes.words import FORMER_PAGE, Link, Milestone, Progress, Receipt, Refused, Review, Row
from app.domain.fields import Wrong, day
from app.domain.letters.recipients import Told
from app.domain.money import billing, calls, this_month
from app.domain.months import Month
from app.domain.people import papers

LONGEST = timedelta(days=180)
"""A day that is further away is asked for later."""
WHAT = "インターネット回線と、すべてのオプションサービス"
ALREADY = "解約のお申し出を、すでに受け付けています。取り消しや変更は、お問い合わせ窓口へご連絡ください。"
LINE_COSTS = (
    f"この画面の金額に含まれません。回線と電話の料金、機器の返却や撤去に費用がかかる場合は、受け付けた後に、{BRAND.center}から"
    "ご案内します。"
)
NO_COSTS = "かかりません（ご購入中のオプションサービスがありません）"


def _notices() -> tuple[str, ...]:
    phone = "、電話サービス" if calls.services() else ""
    return (
        "受付日時を、解約のお申し出の日時として扱います。",
        f"確認のため、{BRAND.center}からご連絡し、必要な書類をお送りします。",
        f"回線を解約すると、メールアドレス、Webスペース、オプションサービス{phone}も利用できなくなります。",
        "必要なメールやファイルは、解約日の前に保存してください。",
    )


def wanted_day(text: str) -> date:
    """ご希望の解約日: from today on, and not too far away. Raises Wrong."""
    wanted = day(text)
    if why := _not_fit(wanted, clock.today()):
        raise Wrong(why)
    return wanted


def _not_fit(wanted: date, today: date) -> str | None:
    if wanted < today:
        return "今日から後の日付を入力してください。"
    if wanted > today + LONGEST:
        return f"{LONGEST.days}日後までの日付を入力してください。"
    return None


def at_most(contract: Contract, wanted: date, now: datetime) -> tuple[Row, ...]:
    """What the options cost until the line ends, if nothing of them is ended before. Raises NoPrice."""
    due = [(month, yen) for month, yen in this_month.until(contract, wanted, now) if yen]
    total = f"合計 {billing.yen(sum(yen for _, yen in due))}（税込、日割りなし）" if due else NO_COSTS
    return (
        Row(
            "オプションサービスの料金（最大）",
            "\n".join([*(f"{month}分 {billing.yen(yen)}" for month, yen in due), total]),
        ),
        Row(f"{Month.of_day(wanted).next}分からの料金", "かかりません"),
        Row("回線と電話の料金", LINE_COSTS),
    )


@dataclass(frozen=True)
class RequestLineCancellation(
    OfContract,
    kind="line-cancellation",
    name="インターネット回線の解約のお申し出",
    permission=Permission.BY_PHONE,
    step=Step.RECENT,
    way_back=FORMER_PAGE,
    page="/cancellation",
    tells=Told.CONTRACT,
    grave=True,
    a_day=5,
):
    """Ask that the line ends; one request at a time."""

    wanted_on: date

    def judge(self, member: Member, now: datetime) -> Refused | None:
        why = _not_fit(self.wanted_on, now.astimezone(clock.TOKYO).date())
        return Refused(why) if why else None

    def review(self, member: Member, now: datetime) -> Review:
        return Review(
            title=f"{self.name}確認",
            rows=self._rows,
            lead="［決定］を押すと、解約のお申し出を受け付けます。",
            costs=at_most(member.contract, self.wanted_on, now),
            notices=_notices(),
            button="決定",
            danger=True,
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        try:
            await tables.PaperRequest(
                contract=member.contract.id,
                account=member.account_id,
                paper=papers.LINE,
                wanted_on=self.wanted_on,
                asked_at=now,
            ).save()
        except UniqueViolationError as error:
            raise Refused(ALREADY) from error
        costs = at_most(member.contract, self.wanted_on, now)
        await self.tell(
            member,
            "line-cancellation",
            received=now,
            wanted=self.wanted_on,
            most=costs[0].value.split("\n")[-1],
        )
        return Receipt(
            title=f"{self.name}受付完了",
            lead="解約のお申し出を受け付けました。まだ解約は完了していません。",
            rows=[*self._rows, *costs],
            notices=_notices(),
            next=(Link("ご契約情報一覧", "/"), Link("ご解約", self.page)),
            decided=False,
        )

    @classmethod
    def milestones(cls, progress: Progress) -> tuple[Milestone, ...]:
        return papers.milestones(progress)

    @property
    def _rows(self) -> list[Row]:
        return [Row("解約するもの", WHAT), Row("ご希望の解約日", f"{self.wanted_on:%Y/%m/%d}")]
