"""What the database holds that operators watch: one statement, asked at a scrape, kept for some seconds, given up after two.

A scrape harms no member, and is answered while the database is away: then `mypage_database_up` is 0, and what the
database alone knows is left out rather than told as it was.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from app.domain import clock
from app.postgres import database

log = logging.getLogger("mypage")

KEPT = 5.0
"""Seconds for which a reading is told again, however often somebody asks."""
MOST = 10_000
"""Licence keys of a product that are counted; a bigger stock is told as so many."""

PLAIN = {
    "outbox_waiting": "Mails that wait to be sent",
    "outbox_oldest_age_seconds": "Since when the oldest of them waits; 0: none waits",
    "outbox_held": "Mails that are held (MYPAGE_MAIL_HOLD)",
    "cards_waiting": "Cards that wait for a name check (mypage payments list)",
    "cards_oldest_age_seconds": "Since when the oldest of them waits; 0: none waits",
    "papers_waiting": "Papers that wait to be sent (mypage requests list)",
    "papers_oldest_age_seconds": "Since when the oldest of them waits; 0: none waits",
    "purchase_requests_waiting": "Security options that members ask their contractor to buy",
    "purchase_requests_oldest_age_seconds": "Since when the oldest of them waits; 0: none waits",
    "last_closed_month_timestamp_seconds": "First day of the last month that was closed, in Japan, as Unix time",
    "feed_cases_open": "照合: what the feed and the desk do not agree on",
    "events_unnumbered": "Events that have no position yet",
    "events_unnumbered_oldest_age_seconds": "Since when the oldest of them waits; 0: none waits",
}
"""Gauges of one value, by the column of READ; a column that is NULL is left out."""
LISTS = {
    "licences_left": ("product", f"Licence keys in stock of a product that is sold, counted up to {MOST:,}"),
    "feed_last_run_timestamp_seconds": ("feed", "When a feed was last applied, as Unix time"),
    "feed_last_run_lines": ("feed", "Lines that it had"),
    "events_reader_behind": ("reader", "Events that a reader has not read yet"),
    "events_reader_lost": ("reader", "1: it stands in another epoch and has to begin anew"),
}
"""Gauges by one label. A column of READ is an object of values by label, NULL where there are none."""

# SQL for many tables in one round trip. What waits is found by the partial indexes of what waits, which are small.
READ = """
WITH waiting AS (
    SELECT coalesce(released_at, posted_at) AS since FROM outbox
    WHERE sent_at IS NULL AND refused_at IS NULL AND held_at IS NULL
), epoch AS (
    SELECT epoch, given FROM event_epoch ORDER BY id DESC LIMIT 1
), reader AS (
    SELECT name, CASE WHEN r.epoch = e.epoch THEN e.given - r.position END AS behind
    FROM events_v1.reader r LEFT JOIN epoch e ON true
), feed AS (
    SELECT DISTINCT ON (feed) feed, applied_at, lines FROM feed_run ORDER BY feed, id DESC
)
SELECT outbox.*, cards.*, papers.*, requests.*, events.*,
    (SELECT count(*) FROM outbox WHERE sent_at IS NULL AND refused_at IS NULL AND held_at IS NOT NULL) AS outbox_held,
    (SELECT extract(epoch FROM max(month)::timestamp AT TIME ZONE 'Asia/Tokyo') FROM bill_close
        WHERE closed_at IS NOT NULL) AS last_closed_month_timestamp_seconds,
    (SELECT count(*) FROM feed_case WHERE settled_at IS NULL) AS feed_cases_open,
    (SELECT jsonb_object_agg(item.key, (SELECT count(*) FROM (SELECT FROM licence
        WHERE licence.product = item.key AND period IS NULL LIMIT $2) AS few))
        FROM catalogue_item item WHERE kind = 'licence' AND sold AND listed) AS licences_left,
    (SELECT jsonb_object_agg(feed, extract(epoch FROM applied_at)) FROM feed) AS feed_last_run_timestamp_seconds,
    (SELECT jsonb_object_agg(feed, lines) FROM feed) AS feed_last_run_lines,
    (SELECT jsonb_object_agg(name, behind) FROM reader WHERE behind IS NOT NULL) AS events_reader_behind,
    (SELECT jsonb_object_agg(name, (behind IS NULL)::int) FROM reader) AS events_reader_lost
FROM
    (SELECT count(*) AS outbox_waiting, extract(epoch FROM $1 - min(since)) AS outbox_oldest_age_seconds FROM waiting)
        AS outbox,
    (SELECT count(*) AS cards_waiting, extract(epoch FROM $1 - min(asked_at)) AS cards_oldest_age_seconds
        FROM card_check WHERE decided_at IS NULL) AS cards,
    (SELECT count(*) AS papers_waiting, extract(epoch FROM $1 - min(asked_at)) AS papers_oldest_age_seconds
        FROM paper_request WHERE done_at IS NULL) AS papers,
    (SELECT count(*) AS purchase_requests_waiting,
            extract(epoch FROM $1 - min(asked_at)) AS purchase_requests_oldest_age_seconds
        FROM purchase_request WHERE state = 'pending') AS requests,
    (SELECT count(*) AS events_unnumbered, extract(epoch FROM $1 - min(at)) AS events_unnumbered_oldest_age_seconds
        FROM event WHERE position IS NULL) AS events
"""


class Reading(Collector):
    """What the database said at one moment; `row`: None where it said nothing; `up`: whether it could be reached."""

    def __init__(self, row: Mapping[str, Any] | None, *, up: bool) -> None:
        self.row, self.up = row, up

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield GaugeMetricFamily("mypage_database_up", UP, value=int(self.up))
        yield GaugeMetricFamily("mypage_figures_up", COMPLETE, value=int(self.row is not None))
        if self.row is None:
            return
        for name, what in PLAIN.items():
            value = self.row[name]
            if value is None and name.endswith("_age_seconds"):
                value = 0
            if value is not None:
                yield GaugeMetricFamily(f"mypage_{name}", what, value=max(float(value), 0))
        for name, (label, what) in LISTS.items():
            family = GaugeMetricFamily(f"mypage_{name}", what, labels=[label])
            for key, number in json.loads(self.row[name] or "{}").items():
                family.add_metric([key], number)
            yield family


UP = "1: the database answers; 0: it is away, and what it alone knows is missing here"
COMPLETE = "1: what the database knows is here; 0: it is missing, and the log says why"


class Readings:
    """The readings of one process."""

    def __init__(self) -> None:
        self._asking = asyncio.Lock()
        self._read_at = float("-inf")
        self._last = Reading(None, up=False)
        self._said = ""

    async def now(self) -> Reading:
        """A reading that is at most KEPT seconds old; those who ask at once wait for one and the same."""
        async with self._asking:
            if time.monotonic() - self._read_at > KEPT:
                self._last = await self._ask()
                self._read_at = time.monotonic()
            return self._last

    async def _ask(self) -> Reading:
        try:
            (row,) = await database.rows(READ, clock.now(), MOST)
        except Exception as error:
            # Whatever it is, a schema that is older than this program, say: what the processes counted is told.
            self._say(f"the figures of the database are missing: {error!r}", error)
            return Reading(None, up=not database.unavailable(error))
        self._say("")
        return Reading(row, up=True)

    def _say(self, what: str, error: Exception | None = None) -> None:
        """What is wrong, and that it is no more; each once, not at every scrape."""
        if what == self._said:
            return
        self._said = what
        if error is None:
            log.warning("metrics: the figures of the database are there again")
        elif database.unavailable(error):
            log.warning("metrics: %s", what)
        else:
            log.error("metrics: %s", what, exc_info=database.without_detail(error))
