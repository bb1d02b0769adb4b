"""What the database knows: each figure by the rows that it counts, cheaply, and nothing that holds a scrape up."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain import clock, events
from app.metrics import figures
from app.metrics.figures import LISTS, PLAIN, READ, Reading, Readings
from app.postgres import database
from app.postgres.engine import Engine
from tests.roles import as_portal

NOW = datetime(2026, 1, 20, 1, tzinfo=UTC)
OURS = "(SELECT id FROM contract WHERE customer_number = '90000000000000')"


def told(reading: Reading) -> dict[str, Any]:
    """The figures without mypage_; of a list by its label."""
    found: dict[str, Any] = {}
    for family in reading.collect():
        for sample in family.samples:
            name = sample.name.removeprefix("mypage_")
            label = next(iter(sample.labels.values()), None)
            if label is None:
                found[name] = sample.value
            else:
                found.setdefault(name, {})[label] = sample.value
    return found


async def read() -> dict[str, Any]:
    with as_portal():
        return told(await Readings().now())


def mail(number: int, posted: str, more: str = "NULL, NULL, NULL, NULL") -> str:
    """sent_at, refused_at, held_at, released_at"""
    return (
        "INSERT INTO outbox (contract, recipient, subject, body, message_id, posted_at, due_at, tries, kind,"
        f" sent_at, refused_at, held_at, released_at) VALUES ({OURS}, 'a@example.jp', 's', 'b', '<{number}@x>',"
        f" '2026-01-20 {posted}+09', now(), 0, 'x', {more})"
    )


AT = "'2026-01-20 09:00+09'"
ROWS = (
    mail(1, "09:00"),
    mail(2, "09:30"),
    mail(3, "08:00", f"{AT}, NULL, NULL, NULL"),
    mail(4, "08:00", f"NULL, {AT}, NULL, NULL"),
    mail(5, "08:00", f"NULL, NULL, {AT}, NULL"),
    mail(6, "08:00", f"NULL, NULL, NULL, {AT}"),
    "INSERT INTO card_check (contract, token, payer, brand, last4, expires, holder, asked_at, decided_at, outcome)"
    f" VALUES ({OURS}, 't', '', 'JCB', '0000', '2040-01', 'KICHI', '2026-01-18 10:00+09', NULL, NULL),"
    f" ({OURS}, 't', '', 'JCB', '0000', '2040-01', 'KICHI', '2026-01-01', {AT}, 'refused')",
    "INSERT INTO paper_request (contract, paper, asked_at, done_at)"
    f" VALUES ({OURS}, 'name', '2026-01-17 10:00+09', NULL), ({OURS}, 'guide', '2026-01-01', {AT})",
    "INSERT INTO purchase_request (id, contract, account, product, asked_at, lapses_at, state, decided_at)"
    f" SELECT gen_random_uuid(), contract, id, 'kids-filter', {AT}, '2026-02-01', s, CASE s WHEN 'lapsed' THEN now() END"
    " FROM account, unnest(ARRAY['pending', 'lapsed']) AS s WHERE login = 'arteri-an-001'",
    "INSERT INTO licence (product, pin, data_key, fingerprint, loaded_at)"
    " SELECT 'kids-filter', '', '12345678', sha256(n::text::bytea), now() FROM generate_series(1, 3) n",
    "UPDATE catalogue_item SET sold = false WHERE key = 'security-online'",
    "INSERT INTO bill_close (month, reached, closed_at)"
    f" VALUES ('2025-11-01', 0, {AT}), ('2025-12-01', 0, {AT}), ('2026-01-01', 0, NULL)",
    "INSERT INTO feed_run (feed, lines, digest, applied_at, summary)"
    f" VALUES ('core', 9, '', '2026-01-19', ''), ('core', 8, '', {AT}, ''), ('other', 7, '', '2026-01-01', '')",
    "INSERT INTO feed_case (contract, field, reason, opened_at, settled_at, outcome)"
    f" VALUES ({OURS}, 'a', 'third', {AT}, NULL, NULL), ({OURS}, 'b', 'third', {AT}, {AT}, 'feed')",
)
HOUR = 3600.0
EXPECTED = {
    "database_up": 1,
    "figures_up": 1,
    "outbox_waiting": 3,
    "outbox_oldest_age_seconds": HOUR,
    "outbox_held": 1,
    "cards_waiting": 1,
    "cards_oldest_age_seconds": 48 * HOUR,
    "papers_waiting": 1,
    "papers_oldest_age_seconds": 72 * HOUR,
    "purchase_requests_waiting": 1,
    "purchase_requests_oldest_age_seconds": HOUR,
    "licences_left": {"kids-filter": 23, "security-360": 20},
    "last_closed_month_timestamp_seconds": datetime(2025, 11, 30, 15, tzinfo=UTC).timestamp(),
    "feed_last_run_timestamp_seconds": {
        "core": datetime(2026, 1, 20, tzinfo=UTC).timestamp(),
        "other": datetime(2026, 1, 1, tzinfo=UTC).timestamp(),
    },
    "feed_last_run_lines": {"core": 8, "other": 7},
    "feed_cases_open": 1,
}


async def test_each_figure_counts_what_waits_and_nothing_else(filled_database: str) -> None:
    for statement in ROWS:
        await database.rows(statement)
    clock.start_at(NOW)
    found = await read()
    of_events = {name for name in found if name.startswith("events_")}
    close = {
        name: pytest.approx(value, abs=5) if name.endswith("age_seconds") else value
        for name, value in EXPECTED.items()
    }
    assert {name: value for name, value in found.items() if name not in of_events} == close
    assert found.keys() | {"events_reader_behind", "events_reader_lost"} == {
        "database_up",
        "figures_up",
        *PLAIN,
        *LISTS,
    }


async def test_the_lag_of_events_and_of_their_readers(empty_database: str) -> None:
    made = (
        "INSERT INTO event (at, kind, version, data) SELECT now() - interval '1 minute', 'closed_month', 1, '{}'"
        " FROM generate_series(1, $1::int)"
    )
    await database.rows(made, 3)
    assert (await read())["events_unnumbered"] == 3
    assert (await read())["events_unnumbered_oldest_age_seconds"] == pytest.approx(60, abs=10)
    await events.number()
    reader = "INSERT INTO events_v1.reader (name, epoch, position) VALUES ('crm', (SELECT epoch FROM events_v1.reach), 1)"
    await database.rows(reader)
    await database.rows(
        "INSERT INTO events_v1.reader (name, epoch, position) VALUES ('old', gen_random_uuid(), 1)"
    )
    found = await read()
    assert (found["events_unnumbered"], found["events_unnumbered_oldest_age_seconds"]) == (0, 0)
    assert found["events_reader_behind"] == {"crm": 2}
    assert found["events_reader_lost"] == {"crm": 0, "old": 1}


async def test_nothing_is_there_is_told_as_nothing_and_no_month_is_no_figure(empty_database: str) -> None:
    found = await read()
    assert found["outbox_oldest_age_seconds"] == found["cards_waiting"] == 0
    assert "last_closed_month_timestamp_seconds" not in found


async def test_no_big_table_is_read_whole(filled_database: str) -> None:
    """A portal keeps a million mails and events; what waits is found by an index of what waits."""
    async with database.engine().transaction() as transaction:
        await transaction.connection.execute("SET LOCAL enable_seqscan = off")
        plan = await transaction.connection.fetch(
            f"EXPLAIN {READ.replace('$1', 'now()').replace('$2', '10000')}"
        )
    read_whole = set(re.findall(r"Seq Scan on (\w+)", "\n".join(row[0] for row in plan)))
    assert read_whole <= {"bill_close", "catalogue_item", "event_epoch", "feed_run", "reader"}


async def test_who_asks_often_or_at_once_gets_one_reading(
    filled_database: str, round_trips: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    readings = Readings()
    await asyncio.gather(*(readings.now() for _ in range(5)))
    assert len(round_trips) == 1
    monkeypatch.setattr(figures, "KEPT", 0.0)
    await readings.now()
    assert len(round_trips) == 2


async def test_a_scrape_gives_a_database_up_that_is_locked_and_says_so_once(
    filled_database: str,
    server: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(figures, "KEPT", 0.0)
    impatient = Engine({**server, "database": filled_database}, patience=0.5)
    monkeypatch.setattr(database, "_current", impatient)
    readings = Readings()
    holder = Engine({**server, "database": filled_database}, patience=None)
    async with holder.transaction() as held:
        await held.connection.execute("LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        for _ in range(2):
            assert told(await readings.now()) == {"database_up": 0, "figures_up": 0}
        assert time.monotonic() - began < 5
    assert told(await readings.now())["database_up"] == 1
    assert [entry.levelname for entry in caplog.records] == ["WARNING", "WARNING"]
    assert "there again" in caplog.messages[-1]


@pytest.mark.own_database
async def test_a_schema_that_is_another_is_no_database_that_is_away(
    filled_database: str, caplog: pytest.LogCaptureFixture
) -> None:
    await database.rows("ALTER TABLE outbox RENAME COLUMN held_at TO held")
    assert await read() == {"database_up": 1, "figures_up": 0}
    [entry] = caplog.records
    assert (entry.levelno, "held_at" in caplog.text) == (logging.ERROR, True)


def test_a_clock_that_was_put_back_makes_no_age_below_nothing() -> None:
    row = {
        **dict.fromkeys([*PLAIN, *LISTS]),
        "outbox_oldest_age_seconds": timedelta(seconds=-3).total_seconds(),
    }
    assert told(Reading(row, up=True))["outbox_oldest_age_seconds"] == 0
