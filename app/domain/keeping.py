"""What is kept how long (spec 19): one list, from which settings, housekeeping, erasing, documents and pages take it.

A period is a number of days, months or years, as an operator writes it: `90d`, `25m`, `7y`. Where the law or the portal
itself needs a time, a shorter one is refused. What staff leave (audit, their logins, notes) belongs in this list, too, when
there is a desk.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

_TOKYO = ZoneInfo("Asia/Tokyo")
_FORM = re.compile(r"([1-9][0-9]{0,3})([dmy])")
LONGEST_YEARS = 100


@dataclass(frozen=True)
class Duration:
    """A length of time by the calendar of Asia/Tokyo; either months or days."""

    months: int = 0
    days: int = 0

    @classmethod
    def parse(cls, text: str) -> Duration | None:
        """`90d`, `25m`, `7y`; None for anything else, and for more than 100 years."""
        found = _FORM.fullmatch(text.strip().lower())
        if not found:
            return None
        number, unit = int(found[1]), found[2]
        period = cls(days=number) if unit == "d" else cls(months=number * (12 if unit == "y" else 1))
        return period if period.at_least <= LONGEST_YEARS * 366 else None

    @property
    def at_least(self) -> int:
        """Days that it lasts at least, by which two of them are compared; a month has 28, a year 365."""
        years, months = divmod(self.months, 12)
        return self.days + years * 365 + months * 28

    @property
    def written(self) -> str:
        """As a setting has it."""
        if self.days:
            return f"{self.days}d"
        return f"{self.months}m" if self.months % 12 else f"{self.months // 12}y"

    @property
    def in_words(self) -> str:
        """For members."""
        if self.days:
            return f"{self.days}日"
        return f"{self.months}か月" if self.months % 12 else f"{self.months // 12}年"

    @property
    def in_english(self) -> str:
        """For operators."""
        number, unit = (self.days, "day") if self.days else (self.months, "month")
        if not self.days and self.months % 12 == 0:
            number, unit = self.months // 12, "year"
        return f"{number} {unit}{'' if number == 1 else 's'}"

    def after(self, day: date) -> date:
        """The last day of a period that begins with the end of that day."""
        return _shifted(day, self.months) + timedelta(days=self.days)

    def before(self, moment: datetime) -> datetime:
        """The moment so long before: what is older is over."""
        local = moment.astimezone(_TOKYO)
        day = _shifted(local.date(), -self.months) - timedelta(days=self.days)
        return datetime.combine(day, local.timetz())


def _shifted(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


@dataclass(frozen=True)
class Keep:
    """One kind of thing: by what setting, how long by default and at least, and from when on that counts."""

    name: str
    variable: str
    what: str
    """For operators."""
    title: str
    """For members."""
    default: Duration
    least: Duration
    why: str
    """Why no shorter time is taken."""
    since: str
    """What the time is counted from."""


CALLS = Keep(
    "calls",
    "MYPAGE_KEEP_CALLS",
    "telephone calls",
    "通話明細",
    Duration(months=25),
    Duration(months=24),
    "members read the calls of 24 months",
    "the call",
)
BILLS = Keep(
    "bills",
    "MYPAGE_KEEP_BILLS",
    "bills: whom they were for",
    "月額請求明細",
    Duration(months=84),
    Duration(months=84),
    "copies of qualified invoices are kept 7 years by law (消費税法施行令 70条の13)",
    "14 months after the bill's month, by when the law's 7 years have begun whatever the business year is",
)
CHANGES = Keep(
    "changes",
    "MYPAGE_KEEP_CHANGES",
    "changes (お手続き履歴) with what was agreed to, requests of options, cards that were looked at",
    "お手続き履歴",
    Duration(months=84),
    Duration(months=84),
    "applications and contracts are kept 7 years by law (法人税法施行規則 59条)",
    "the change",
)
LOGINS = Keep(
    "logins",
    "MYPAGE_KEEP_LOGINS",
    "login events (ログイン履歴)",
    "ログイン履歴",
    Duration(months=12),
    Duration(days=30),
    "a browser is new to a login by them",
    "the login",
)
SENT_MAILS = Keep(
    "sent_mails",
    "MYPAGE_KEEP_SENT_MAILS",
    "mails that were sent",
    "お送りしたメール",
    Duration(days=30),
    Duration(days=7),
    "somebody has to be able to say whether a mail left",
    "the sending",
)
REFUSED_MAILS = Keep(
    "refused_mails",
    "MYPAGE_KEEP_REFUSED_MAILS",
    "mails that were refused or discarded",
    "お届けできなかったメール",
    Duration(days=90),
    Duration(days=7),
    "somebody has to see them in `mypage mail list`",
    "the refusal",
)
PAPERS = Keep(
    "papers",
    "MYPAGE_KEEP_PAPERS",
    "papers that members asked for; those that are not sent, or came back and are not entered, stay",
    "書類のご請求",
    Duration(months=24),
    Duration(days=90),
    "members see what became of a paper for 90 days",
    "its last step",
)
EVENTS = Keep(
    "events",
    "MYPAGE_KEEP_EVENTS",
    "events that every reader has read",
    "ほかのシステムへの通知",
    Duration(days=90),
    Duration(days=7),
    "a reader that stood still for a week must find them",
    "the event",
)
FEEDS = Keep(
    "feeds",
    "MYPAGE_KEEP_FEEDS",
    "feeds that were applied, and cases (照合) that are settled; the last sequence stays",
    "運営会社の情報との照合",
    Duration(days=90),
    Duration(days=7),
    "somebody has to be able to look at last week's feed",
    "the feed, or the decision",
)
CONTRACTS = Keep(
    "contracts",
    "MYPAGE_KEEP_CONTRACTS",
    "contracts that are closed; then `mypage contracts erase --due` erases them",
    "終了したご契約",
    Duration(months=84),
    Duration(months=1),
    "the last bill has to be made",
    "`closed_on`, and not before the time of its last bill and its last change is over",
)
KEPT = (CALLS, BILLS, CHANGES, LOGINS, SENT_MAILS, REFUSED_MAILS, PAPERS, EVENTS, FEEDS, CONTRACTS)
"""All of it. A place for the desk's: audit, staff logins and recognitions, notes."""
DEFAULTS: Mapping[str, Duration] = MappingProxyType({one.name: one.default for one in KEPT})

LAW_BEGINS = Duration(months=14)
"""The law counts the time of a bill from two months after the end of the business year that it is of."""


def too_short(keep: Keep, period: Duration) -> str | None:
    """Why the period is refused; None for one that is long enough."""
    if period.at_least >= keep.least.at_least:
        return None
    return f"{keep.variable} is {period.written}: {keep.least.written} or more is wanted, since {keep.why}"
