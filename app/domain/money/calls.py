"""通話明細照会: the calls of a contract by service and month, as `mypage import calls` loaded them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import phonenumbers

from app.branding import BRAND
from app.domain import catalogue
from app.domain.access.matrix import Missing
from app.domain.access.members import Member
from app.domain.months import Month
from app.postgres import database


def services() -> dict[str, str]:
    """The telephone services that the catalogue has, as the brand calls them, by their names in paths and files."""
    return {key: BRAND.telephony[key] for key in catalogue.current().telephony}


MONTHS = 24
"""That can be looked at, the current one included."""
PAGE = 100
"""Calls on one page of a month."""


@dataclass(frozen=True)
class Sums:
    """What calls come to; yen with tax."""

    calls: int
    seconds: int
    yen: int


@dataclass(frozen=True)
class Call:
    """One call."""

    started_at: datetime
    number: str
    seconds: int
    yen: int


@dataclass(frozen=True)
class CallList:
    """Calls of a month, a page of them or all, with the sums of the whole month."""

    month: Month
    sums: Sums
    calls: list[Call]
    page: int = 1

    @property
    def pages(self) -> int:
        return max(1, -(-self.sums.calls // PAGE))


def title(service: str) -> str:
    """Of the service's pages. Raises Missing."""
    try:
        return f"{services()[service]}通話明細照会"
    except KeyError as error:
        raise Missing(service) from error


def duration(seconds: int) -> str:
    """In words: 1時間2分3秒."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{f'{hours}時間' if hours else ''}{f'{minutes}分' if hours or minutes else ''}{rest}秒"


def hyphened(number: str) -> str:
    """A number of Japan as it is written there, 03-1234-5678; one that is none, or of abroad, as the file had it."""
    try:
        parsed = phonenumbers.parse(number, "JP")
    except phonenumbers.NumberParseException:
        return number
    if not phonenumbers.is_valid_number(parsed):
        return number
    written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    return written if written.replace("-", "") == number.replace("-", "") else number


async def months(member: Member, service: str) -> list[tuple[Month, Sums]]:
    """The months of the last 24 that have calls, the newest first."""
    oldest = Month.this().back(MONTHS - 1)
    found = await database.rows(_MONTHS, member.contract.id, service, oldest.began)
    return [(Month.of_day(row["month"]), _sums(row)) for row in found]


async def in_month(member: Member, service: str, month: Month, page: int = 1) -> CallList:
    """A page of the month's calls, in order of time. Raises Missing for a month or page that is not there."""
    found = await _read(member, service, month, PAGE, (page - 1) * PAGE)
    if not found and page > 1:
        raise Missing(str(page))
    return CallList(month, *_listed(found), page)


async def all_in_month(member: Member, service: str, month: Month) -> CallList:
    """Every call of the month. Raises Missing."""
    return CallList(month, *_listed(await _read(member, service, month, None, 0)))


async def _read(member: Member, service: str, month: Month, most: int | None, skip: int) -> list[Any]:
    this = Month.this()
    if not this.back(MONTHS - 1) <= month <= this:
        raise Missing(month.iso)
    when = month.began, month.next.began
    return await database.rows(_CALLS, member.contract.id, service, *when, most, skip)


def _listed(found: Sequence[Any]) -> tuple[Sums, list[Call]]:
    calls = [Call(row["started_at"], row["number"], row["own_seconds"], row["own_yen"]) for row in found]
    return _sums(found[0]) if found else Sums(0, 0, 0), calls


def _sums(row: Any) -> Sums:
    return Sums(row["calls"], row["seconds"], row["yen"])


# SQL for sums by month in Asia/Tokyo, and for those of the whole month beside each call of a page.
_MONTHS = """
SELECT date_trunc('month', started_at AT TIME ZONE 'Asia/Tokyo')::date AS month, count(*) AS calls,
    sum(seconds)::bigint AS seconds, sum(yen)::bigint AS yen
FROM call WHERE contract = $1 AND service = $2 AND started_at >= $3 GROUP BY 1 ORDER BY 1 DESC
"""
_CALLS = """
SELECT started_at, number, seconds AS own_seconds, yen AS own_yen, count(*) OVER whole AS calls,
    (sum(seconds) OVER whole)::bigint AS seconds, (sum(yen) OVER whole)::bigint AS yen
FROM call WHERE contract = $1 AND service = $2 AND started_at >= $3 AND started_at < $4
WINDOW whole AS () ORDER BY started_at, number LIMIT $5 OFFSET $6
"""
