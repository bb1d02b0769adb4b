"""What a server does in the background: it throws away sessions, counters and confirm pages that are over, and the like."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.domain import clock, tables
from app.domain.access import attempts, challenges, members, typed
from app.domain.cards import reminders
from app.domain.changes.kept import NOT_TYPED, SECRETS, VALID
from app.domain.contracts import closing
from app.domain.letters import by_date, recipients
from app.domain.mail import consent
from app.domain.money import issuing
from app.domain.options import purchase_requests
from app.domain.people import contact_address, forgotten, new_password
from app.domain.retention import pruning
from app.postgres import database

LOCK = 7_302_021
"""Key of the advisory lock: one worker at a time."""
EVERY = timedelta(minutes=10)
EXPIRED_PAGES = timedelta(days=7)
"""How long a confirm page that expired still says so."""
ENDED_SESSIONS = timedelta(days=1)
"""How long a session that was too old still says so to whoever comes back to it (members.how_it_ended)."""


async def tidy() -> bool:
    """Delete what is over; False if another worker is at it.

    A confirm page that expired stays a week, to say so to whoever comes back to it and to fill the input page again, without
    the password that was to be set. The first characters of a password are kept no longer than its confirm page is valid,
    whether anybody saw the receipt or not. What is due is done, too: mails, requests that lapse, and closed bills that do
    not say who issued them. What is kept for longer is deleted in batches of its own (retention/pruning.py).
    """
    now = clock.now()
    async with database.engine().transaction():
        got = await database.rows(_TRY_LOCK, LOCK)
        if not got[0]["got"]:
            return False
        await _forget_sessions(now)
        await _forget_changes(now)
        await database.rows(_FORGOTTEN_CARDS, now - timedelta(days=1))
        await tables.EmailCheck.delete().where(tables.EmailCheck.asked_at < now - contact_address.VALID)
        former = tables.FormerAddress.replaced_at < now - recipients.FORMER
        await tables.FormerAddress.delete().where(former)
        await attempts.forget(now)
        await forgotten.tidy(now)
        await new_password.tidy(now)
        await challenges.forget(now)
        await typed.tidy(now)
        await consent.tidy(now)
    await by_date.note_first_start(now)
    with by_date.only():
        await closing.end_due()
        await issuing.name_issuer_of_closed()
        await reminders.post_due()
        await purchase_requests.lapse_due()
    await pruning.prune(now)
    return True


async def _forget_sessions(now: datetime) -> None:
    """A day after their end: until then they say how they ended."""
    idle = tables.Session.seen_at <= now - members.IDLE - ENDED_SESSIONS
    old = tables.Session.opened_at <= now - members.LIFETIME - ENDED_SESSIONS
    await tables.Session.delete().where(idle | old)


async def _forget_changes(now: datetime) -> None:
    """Of what expired first what is secret, then all; of what was applied the first characters of a password."""
    pending = tables.Change.applied_at.is_null()
    expired = tables.Change.asked_at < now - VALID
    await database.rows(_FORGET_SECRETS, now - VALID, sorted(SECRETS), sorted(NOT_TYPED))
    await tables.Change.update({tables.Change.sealed: None}).where(
        expired, tables.Change.sealed.is_not_null()
    )
    await tables.Change.delete().where(pending, tables.Change.asked_at < now - EXPIRED_PAGES)


# SQL for a lock that is no row.
_TRY_LOCK = "SELECT pg_try_advisory_xact_lock($1) AS got"
# SQL for keys within JSON.
_FORGET_SECRETS = """
UPDATE change SET data = CASE WHEN NOT data ?| $3::text[] THEN jsonb_set(
    data || coalesce((SELECT jsonb_object_agg(name, '') FROM unnest($2::text[]) name WHERE data ? name), '{}'),
    '{card,token}', '""', false) END
WHERE applied_at IS NULL AND asked_at < $1 AND data IS NOT NULL AND (data ?| $3::text[] OR data #>> '{card,token}' <> ''
    OR EXISTS (SELECT FROM unnest($2::text[]) name WHERE data ? name AND data ->> name <> ''))
"""
# SQL for what is in neither of two other tables.
_FORGOTTEN_CARDS = """
DELETE FROM vault_card v WHERE v.kept_at < $1
    AND NOT EXISTS (SELECT 1 FROM card k WHERE k.token = v.token)
    AND NOT EXISTS (SELECT 1 FROM card_check w WHERE w.token = v.token AND w.decided_at IS NULL)
"""
"""Cards in the local vault that nobody confirmed, or that were replaced or refused."""
