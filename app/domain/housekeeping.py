"""What a server throws away in the background: sessions, counters and confirm pages that are over."""

from __future__ import annotations

from datetime import timedelta

from app.domain import clock
from app.domain.access import attempts, login_events, members
from app.domain.cards import reminders
from app.domain.changes.kept import VALID
from app.domain.people import contact_address
from app.postgres import database

LOCK = 7_302_021
"""Key of the advisory lock: one worker at a time."""
EVERY = timedelta(minutes=10)
EXPIRED_PAGES = timedelta(days=7)
"""How long a confirm page that expired still says so."""
SENT_MAILS = timedelta(days=30)
"""How long a delivered mail is kept; one that was refused stays for `mypage mail list`."""


async def tidy() -> bool:
    """Delete what is over; False if another worker is at it.

    A confirm page that expired stays a week, to say so to whoever comes back to it, without what was asked. The first
    characters of a password are kept no longer than its confirm page is valid, whether anybody saw the receipt or not.
    """
    now = clock.now()
    async with database.engine().transaction():
        got = await database.rows("SELECT pg_try_advisory_xact_lock($1) AS got", LOCK)
        if not got[0]["got"]:
            return False
        await database.rows(
            "DELETE FROM session WHERE seen_at <= $1 OR opened_at <= $2",
            now - members.IDLE,
            now - members.LIFETIME,
        )
        expired = now - VALID
        await database.rows(
            "UPDATE change SET data = NULL WHERE applied_at IS NULL AND asked_at < $1 AND data IS NOT NULL",
            expired,
        )
        await database.rows(
            "UPDATE change SET sealed = NULL WHERE asked_at < $1 AND sealed IS NOT NULL", expired
        )
        await database.rows(
            "DELETE FROM change WHERE applied_at IS NULL AND asked_at < $1", now - EXPIRED_PAGES
        )
        await database.rows("DELETE FROM outbox WHERE sent_at < $1", now - SENT_MAILS)
        await database.rows(_FORGOTTEN_CARDS, now - timedelta(days=1))
        await database.rows("DELETE FROM email_check WHERE asked_at < $1", now - contact_address.VALID)
        await database.rows("DELETE FROM login_event WHERE at < $1", now - login_events.KEPT)
        await attempts.forget(now)
    await reminders.post_due()
    return True


_FORGOTTEN_CARDS = """
DELETE FROM vault_card v WHERE v.kept_at < $1
    AND NOT EXISTS (SELECT 1 FROM card k WHERE k.token = v.token)
    AND NOT EXISTS (SELECT 1 FROM card_check w WHERE w.token = v.token AND w.decided_at IS NULL)
"""
"""Cards in the local vault that nobody confirmed, or that were replaced or refused."""
