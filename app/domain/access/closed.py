"""Whether a contract is over, and what its customer number may still do: read, for some months (spec 19)."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, time, timedelta

from app.domain import clock, installation


class ContractOver(Exception):
    """Nobody logs in here any more, though the password was right; the text is for whoever typed it."""


def is_over(closed_on: date | None) -> bool:
    """From the first moment of the day after on, in Asia/Tokyo."""
    return closed_on is not None and closed_on < clock.today()


def end_of(day: date) -> datetime:
    """The last moment of the day in Asia/Tokyo, which is still in its month."""
    return datetime.combine(day + timedelta(days=1), time(), clock.TOKYO) - timedelta(microseconds=1)


def readable_until(closed_on: date) -> date:
    """The last day on which the customer number of a contract that ended then logs in."""
    index = closed_on.year * 12 + closed_on.month - 1 + installation.closed_months()
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(closed_on.day, monthrange(year, month)[1]))


def must_log_in(closed_on: date | None, *, account: bool) -> None:
    """Raises ContractOver for an account ID of a contract that is over, and for its customer number when reading is, too."""
    if closed_on is None or not is_over(closed_on):
        return
    until = readable_until(closed_on)
    if clock.today() > until:
        raise ContractOver(
            f"このご契約は、{closed_on:%Y/%m/%d}に終了しました。料金明細などをご覧いただける期間も、{until:%Y/%m/%d}に終わりました。"
        )
    if account:
        raise ContractOver(
            f"このご契約は、{closed_on:%Y/%m/%d}に終了したため、アカウントIDではログインできません。"
            f"料金明細などは、{until:%Y/%m/%d}まで、お客様番号でログインするとご覧いただけます。"
        )
