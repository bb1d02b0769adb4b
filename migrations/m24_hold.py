"""Nothing leaves before it should: mails that are held until an operator releases them, and since when a contract is here.

A mail is held while `held_at` is set. `released_at` says that an operator let it go: it leaves although MYPAGE_MAIL_HOLD may
still be on. What is told by date is not told where it was due before the import of its contract, or before the portal's first
start: contracts that are here already have no such moment, and a portal that has run before had its first start long ago.
"""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import chapter

ID = "m24_hold"

HOLD = """
ALTER TABLE outbox
    -- Its text, as partials/mails/ names it; empty: it was posted before this was kept.
    ADD COLUMN kind text NOT NULL DEFAULT '',
    ADD COLUMN held_at timestamptz,
    ADD COLUMN released_at timestamptz,
    ADD CONSTRAINT outbox_held CHECK (held_at IS NULL OR released_at IS NULL);
-- Whoever delivers passes over thousands of held mails without reading them.
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (due_at) WHERE sent_at IS NULL AND refused_at IS NULL AND held_at IS NULL;
CREATE INDEX outbox_held ON outbox (posted_at) WHERE sent_at IS NULL AND refused_at IS NULL AND held_at IS NOT NULL;
"""

DUE = """
ALTER TABLE contract ADD COLUMN imported_at timestamptz;
CREATE TABLE first_start (
    id smallint PRIMARY KEY CHECK (id = 1),
    at timestamptz NOT NULL
);
INSERT INTO first_start (id, at) SELECT 1, '2000-01-01 00:00+00'
WHERE EXISTS (SELECT FROM login_event) OR EXISTS (SELECT FROM change) OR EXISTS (SELECT FROM outbox)
    OR EXISTS (SELECT FROM card_reminder);
"""


async def forwards() -> MigrationManager:
    return chapter(ID, HOLD + DUE)
