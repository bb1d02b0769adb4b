"""Notices of the demo: a current one, whenever its clock says that it starts."""

from __future__ import annotations

from datetime import timedelta

from app.demo import notices as demo_notices
from app.domain import clock
from app.postgres import database

CURRENT = "SELECT title FROM notice WHERE starts_at <= $1 AND ends_at > $1"


async def test_there_is_always_one_current_maintenance_and_a_past_outage(empty_database: str) -> None:
    for day in (0, 1, 8, 400):
        clock.start_at(clock.now() + timedelta(days=day))
        for _ in range(2):  # a second start loads nothing again
            await demo_notices.load()
        titles = [row["title"] for row in await database.rows(CURRENT, clock.now())]
        assert titles == ["メールサーバーのメンテナンス"]
    past = await database.rows("SELECT 1 FROM notice WHERE kind = 'outage' AND ends_at < $1", clock.now())
    assert len(past) == 1, "those of a former start are gone"
