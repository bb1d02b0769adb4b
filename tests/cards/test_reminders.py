"""Mails before a card expires: the right days, each once, however many workers look."""

from __future__ import annotations

import asyncio
from calendar import monthrange
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import clock
from app.domain.cards import reminders
from app.domain.cards.reminders import due, post_due
from app.domain.clock import TOKYO
from app.postgres import database


def at(day: date) -> None:
    clock.start_at(datetime(day.year, day.month, day.day, 9, tzinfo=TOKYO))


@pytest.mark.parametrize(
    ("today", "days"),
    [
        (date(2029, 12, 1), None),
        (date(2029, 12, 2), 60),
        (date(2029, 12, 31), 60),
        (date(2030, 1, 1), 30),
        (date(2030, 1, 31), 30),
        (date(2030, 2, 1), None),
    ],
)
def test_a_card_to_january_2030_is_told_of_from_the_days_that_are_60_and_30_before_its_last(
    today: date, days: int | None
) -> None:
    found = {months: days for days, listed in due(today).items() for months in listed}
    assert found.get("2030-01") == days


@given(st.dates(date(2025, 1, 1), date(2060, 1, 1)))
def test_on_any_day_a_month_is_due_for_the_nearest_mail_only(today: date) -> None:
    listed = [(days, month) for days, months in due(today).items() for month in months]
    assert len({month for _, month in listed}) == len(listed)
    for days, month in listed:
        year, number = map(int, month.split("-"))
        left = (date(year, number, monthrange(year, number)[1]) - today).days
        assert 0 <= left <= days
        assert days == 30 or left > 30


async def posted() -> list[str]:
    found = await database.rows("SELECT recipient FROM outbox WHERE subject LIKE '%有効期限%' ORDER BY id")
    return [row["recipient"] for row in found]


async def test_a_card_is_told_of_twice_in_its_life_and_another_one_anew(filled_database: str) -> None:
    await database.rows("DELETE FROM card WHERE expires <> '2030-01'")
    at(date(2029, 12, 1))
    assert await post_due() == 0
    for day in (date(2029, 12, 2), date(2029, 12, 20), date(2030, 1, 5), date(2030, 1, 31), date(2030, 2, 5)):
        at(day)
        await post_due()
    assert len(await posted()) == 2
    await database.rows("DELETE FROM card")
    await database.rows(
        "INSERT INTO card (contract, brand, last4, expires, holder) VALUES (1, 'JCB', '0001', '2030-03', 'AN')"
    )
    await post_due()
    assert len(await posted()) == 3


async def test_workers_that_look_at_the_same_time_post_each_mail_once(
    filled_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reminders, "BATCH", 1)
    await database.rows("UPDATE card SET expires = '2030-01'")
    cards = len(await database.rows("SELECT 1 FROM card"))
    assert cards > 2
    at(date(2030, 1, 10))
    await asyncio.gather(*(post_due() for _ in range(4)))
    await post_due()
    told = await posted()
    assert len(told) == len(set(told)) == cards


async def test_a_contract_without_an_address_is_noted_and_nobody_is_written_to(filled_database: str) -> None:
    await database.rows("UPDATE card SET expires = '2030-01'")
    await database.rows("UPDATE contract SET email = ''")
    await database.rows("UPDATE account SET other_address = NULL")
    at(date(2030, 1, 10))
    assert await post_due() > 0
    assert await post_due() == 0
    assert await posted() == []


def test_the_days_are_the_same_in_every_hour_of_tokyo() -> None:
    clock.start_at(datetime(2029, 12, 2, tzinfo=TOKYO) + timedelta(minutes=1))
    assert "2030-01" in due(clock.today())[60]
