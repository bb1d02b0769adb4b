"""Calendar months, which are counted in Asia/Tokyo."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, datetime, time
from typing import NamedTuple, Self

from app.domain import clock

_ISO = re.compile(r"([1-9][0-9]{3})-(0[1-9]|1[0-2])")


class Month(NamedTuple):
    """A calendar month in Asia/Tokyo."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """From 2026-01. Raises ValueError."""
        found = _ISO.fullmatch(text)
        if not found:
            raise ValueError(f"{text!r} is no month: write it as 2026-01")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def this(cls) -> Self:
        """The current one."""
        return cls.of(clock.now())

    @classmethod
    def of(cls, moment: datetime) -> Self:
        return cls.of_day(moment.astimezone(clock.TOKYO))

    @classmethod
    def of_day(cls, day: date) -> Self:
        return cls(day.year, day.month)

    @classmethod
    def of_optional(cls, day: date | None) -> Self | None:
        """The month of a day that may be none."""
        return cls.of_day(day) if day else None

    @property
    def next(self) -> Month:
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def previous(self) -> Month:
        return self.back(1)

    def back(self, months: int) -> Month:
        """So many months before."""
        index = self.year * 12 + self.month - 1 - months
        return Month(index // 12, index % 12 + 1)

    def upto(self, last: Month) -> list[Month]:
        """The months from this one to the last one; none when that is before."""
        months = []
        month: Month = self
        while month <= last:
            months.append(month)
            month = month.next
        return months

    @property
    def first_day(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def last_day(self) -> date:
        return date(self.year, self.month, monthrange(self.year, self.month)[1])

    @property
    def began(self) -> datetime:
        """Its first moment."""
        return datetime.combine(self.first_day, time(), clock.TOKYO)

    @property
    def iso(self) -> str:
        """As in a path and in the database: 2026-01."""
        return f"{self.year:04}-{self.month:02}"

    @property
    def on_card(self) -> str:
        """有効期限 as every page shows it."""
        return f"{self.month:02}月 / {self.year}年"

    def __str__(self) -> str:
        return f"{self.year}年{self.month}月"
