"""What is chosen, counted or dated."""

from __future__ import annotations

import re
from datetime import date
from typing import Literal

from app.domain import clock
from app.domain.fields import reading
from app.domain.fields.reading import Wrong

HOUSEHOLD = 20
EARLIEST = date(1900, 1, 1)
OCCUPATIONS = ("会社員", "自営業", "学生", "主婦", "その他")
SEXES = ("男性", "女性")
_DAY = re.compile(r"([0-9]{4})(?:[-/.]([0-9]{1,2})[-/.]|年([0-9]{1,2})月)([0-9]{1,2})日?")


def role(text: str) -> Literal["user", "admin"]:
    """アカウント権限種別."""
    if text == "user":
        return "user"
    if text == "admin":
        return "admin"
    raise Wrong("アカウント権限種別を選んでください。")


def on_or_off(text: str) -> bool:
    """A choice between 利用する and 利用しない."""
    if text not in ("on", "off"):
        raise Wrong("利用するかどうかを選んでください。")
    return text == "on"


def agreement(text: str) -> bool:
    """「上記の内容に同意する」: must be ticked."""
    if not text:
        raise Wrong(
            "同意のチェックが入っていません。内容をお読みのうえ、同意する場合はチェックしてください。"
        )
    return True


def day(text: str) -> date:
    """A day from 1900 on, year first: as YYYY-MM-DD, or as people write it (2026/1/10, 2026年1月10日)."""
    found = _DAY.fullmatch(reading.compact(text))
    if not found:
        raise Wrong("日付は、2026/01/10 のように入力してください。")
    try:
        value = date(int(found[1]), int(found[2] or found[3]), int(found[4]))
    except ValueError as error:
        raise Wrong("この日付はありません。") from error
    if value < EARLIEST:
        raise Wrong(f"{EARLIEST.year}年以降の日付を入力してください。")
    return value


def optional_day(text: str) -> date | None:
    """The same, or nothing."""
    return day(text) if reading.shows(text) else None


def past_date(text: str) -> date:
    """A day from 1900 to today in Asia/Tokyo."""
    value = day(text)
    if value > clock.today():
        raise Wrong("今日までの日付を入力してください。")
    return value


def occupation(text: str) -> str:
    """職業, one of OCCUPATIONS."""
    if text not in OCCUPATIONS:
        raise Wrong("職業を選んでください。")
    return text


def shown_occupation(text: str) -> str:
    """職業 as pages show it: what an operator's file calls otherwise is その他."""
    return text if text in OCCUPATIONS or not text else OCCUPATIONS[-1]


def household(text: str) -> int:
    """同居人数: 0 to 20."""
    value = reading.half_width(text)
    if not re.fullmatch(r"[0-9]{1,2}", value) or int(value) > HOUSEHOLD:
        raise Wrong(f"同居人数は0から{HOUSEHOLD}までの数字で入力してください。")
    return int(value)


def optional_household(text: str) -> int | None:
    """同居人数, or nothing."""
    return household(text) if reading.shows(text) else None


def sex(text: str) -> str:
    """性別, one of SEXES."""
    if text not in SEXES:
        raise Wrong("性別を選んでください。")
    return text
