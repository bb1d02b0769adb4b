"""Changes and letters: what was asked for, the receipt that came of it, and the mails that tell of it.

A change is written down when its input page was sent, before anything happens. Confirmed, it is carried out, gets its
receipt and loses its data, all in one transaction, and stays as history. Its mails are put into the outbox in that
same transaction and delivered later: none tells of what did not happen, and none is forgotten.
"""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import chapter

ID = "m03_changes"

SCHEMA = r"""
CREATE TABLE change (
    id uuid PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
    account bigint REFERENCES account ON DELETE RESTRICT,
    asker text NOT NULL,
    kind text NOT NULL,
    subject text,
    asked_at timestamptz NOT NULL,
    data jsonb,
    -- The first characters of a new password, encrypted for the session that typed it.
    sealed bytea,
    applied_at timestamptz,
    receipt_number bigint UNIQUE,
    receipt jsonb,
    CHECK ((applied_at IS NULL) = (receipt_number IS NULL)),
    -- The data may hold the hash of a password; the history needs the receipt alone.
    CHECK (applied_at IS NULL OR data IS NULL)
);
CREATE SEQUENCE receipt_number START 1000000001;
CREATE INDEX change_history ON change (contract, receipt_number DESC) WHERE applied_at IS NOT NULL;
-- For housekeeping, which ends what nobody confirmed and clears what is sealed.
CREATE INDEX change_pending ON change (asked_at) WHERE applied_at IS NULL;
CREATE INDEX change_sealed ON change (asked_at) WHERE sealed IS NOT NULL;

CREATE TABLE outbox (
    id bigserial PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
    recipient text NOT NULL,
    -- A line break would begin another header of the mail.
    subject text NOT NULL CHECK (subject !~ '[\r\n]'),
    body text NOT NULL,
    message_id text NOT NULL UNIQUE,
    posted_at timestamptz NOT NULL,
    -- When the next try may be made. A deliverer that takes the mail moves it on, so that no other takes it meanwhile.
    due_at timestamptz NOT NULL,
    tries integer NOT NULL,
    sent_at timestamptz,
    refused_at timestamptz,
    problem text,
    CHECK (sent_at IS NULL OR refused_at IS NULL)
);
CREATE INDEX outbox_due ON outbox (due_at) WHERE sent_at IS NULL AND refused_at IS NULL;
"""


async def forwards() -> MigrationManager:
    return chapter(ID, SCHEMA)
