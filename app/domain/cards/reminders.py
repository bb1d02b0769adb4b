"""Mails 60 and 30 days before a card expires: each once for a card, however many workers look (spec 11)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from app.domain import clock
from app.domain.access.graph import ShownCard
from app.domain.cards import kept
from app.domain.letters import outbox, recipients
from app.domain.months import Month
from app.postgres import database

DAYS = (kept.SOON.days, 30)
"""Before the last day that the card is valid on."""
BATCH = 200
"""Cards of one transaction."""


async def post_due() -> int:
    """Post what is due; how many cards were noted. A card that is registered later than a mail would be due gets the next one
    only, and nobody is told of a day before the contract's import or the portal's first start (letters/by_date.py)."""
    posted, today = 0, clock.today()
    for days, months in due(today).items():
        while batch := await _post(days, months):
            posted += batch
    return posted


def due(today: date) -> dict[int, list[str]]:
    """The months, YYYY-MM, whose cards get the mail of so many days before on that day."""
    found: dict[int, list[str]] = {days: [] for days in DAYS}
    for month in Month.of_day(today).upto(Month.of_day(today + timedelta(days=DAYS[0]))):
        left = (month.last_day - today).days
        nearest = min((days for days in DAYS if left <= days), default=None)
        if nearest:
            found[nearest].append(month.iso)
    return found


async def _post(days: int, months: list[str]) -> int:
    """One batch, noted and posted in one transaction: another worker waits at the constraint and then finds it done."""
    async with database.engine().transaction():
        noted = await database.rows(_NOTE, days, months, clock.now(), BATCH)
        for row in noted:
            told = await recipients.of_contract(row["contract"])
            card = ShownCard(brand=row["brand"], last4=row["last4"], expires=row["expires"])
            day = Month.parse(card.expires).last_day - timedelta(days=days)
            due = datetime.combine(day, time(), clock.TOKYO)
            await outbox.post_due(row["contract"], told, "payment-expiring", due, **kept.facts(card))
        return len(noted)


# SQL for INSERT … SELECT with a limit, and the cards of what was noted with it.
_NOTE = """
WITH noted AS (
    INSERT INTO card_reminder (contract, card, days, posted_at)
    SELECT k.contract, k.id, $1, $3 FROM card k
    JOIN contract c ON c.id = k.contract AND c.closed_on IS NULL
    WHERE k.expires = ANY($2)
        AND NOT EXISTS (SELECT 1 FROM card_reminder r WHERE r.card = k.id AND r.days = $1)
    ORDER BY k.id LIMIT $4
    ON CONFLICT DO NOTHING RETURNING card
)
SELECT k.contract, k.brand, k.last4, k.expires FROM noted JOIN card k ON k.id = noted.card
"""
