"""What is kept of a device, and for how long."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from app.domain import clock, housekeeping
from app.domain.access import login_events
from app.domain.access.login_events import Device, Failure, device
from app.postgres import database
from tests import households

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"


async def test_nothing_can_be_kept_but_what_has_words(empty_database: str) -> None:
    (row,) = await database.rows(
        "SELECT pg_get_constraintdef(oid) AS rule FROM pg_constraint WHERE conname = 'login_event_result_check'"
    )
    assert set(re.findall(r"'([a-z-]+)'", row["rule"])) == set(login_events.RESULTS)


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (CHROME, "Chrome（Windows）"),
        (f"{CHROME} Edg/140.0", "Edge（Windows）"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 15_0) AppleWebKit/605 Version/18.0 Safari/605",
            "Safari（Mac）",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) CriOS/140.0 Mobile Safari/604",
            "Chrome（iPhone）",
        ),
        ("Mozilla/5.0 (Android 16; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0", "Firefox（Android）"),
        ("curl/8.0 <script>", "不明なブラウザー"),
        ("", "不明なブラウザー"),
    ],
)
def test_a_browser_is_kept_in_words_and_its_version_is_not(user_agent: str, words: str) -> None:
    assert device(user_agent, "192.0.2.7").browser == words


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("192.0.2.7", "192.0.2.*"),
        ("::ffff:192.0.2.7", "192.0.2.*"),
        ("2001:db8:12:34::1", "2001:db8:12::*"),
        ("", "不明"),
        ("<b>", "不明"),
    ],
)
def test_of_an_address_the_last_part_is_not_kept(address: str, kept: str) -> None:
    assert device("", address).network == kept


async def test_a_name_that_nobody_has_leaves_nothing(empty_database: str) -> None:
    family = await households.new_household()
    await database.rows("UPDATE account SET deleted_at = $1 WHERE id = $2", clock.now(), family.son)
    for name in ("nobody", family.sons_login, "'"):
        await login_events.note(Failure("account", name, Device("", "")))
        await login_events.note(Failure("customer", name, Device("", ""), limited=True))
    assert await database.rows("SELECT 1 FROM login_event") == []


async def test_refused_attempts_are_noted_once_for_as_long_as_they_count(empty_database: str) -> None:
    family = await households.new_household()
    failure = Failure("account", family.sons_login, Device("", ""), limited=True)
    start = clock.now()
    for minutes in (0, 1, 14, 16, 17):
        clock.start_at(start + timedelta(minutes=minutes))
        await login_events.note(failure)
    assert len(await database.rows("SELECT 1 FROM login_event")) == 2


async def test_logins_are_forgotten_after_a_year(empty_database: str) -> None:
    family = await households.new_household()
    await login_events.note(Failure("account", family.sons_login, Device("", "")))
    start = clock.now()
    clock.start_at(start + timedelta(days=364))
    await housekeeping.tidy()
    assert len(await database.rows("SELECT 1 FROM login_event")) == 1
    clock.start_at(start + timedelta(days=366))
    await housekeeping.tidy()
    assert await database.rows("SELECT 1 FROM login_event") == []


async def test_a_database_that_is_away_costs_no_answer(
    empty_database: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def away(*_: object) -> list[object]:
        raise OSError("away")

    monkeypatch.setattr(database, "rows", away)
    await login_events.note(Failure("account", "anybody", Device("", "")))
    assert "could not be noted" in caplog.text
