"""Forms that were typed and could not be taken when they were sent: the session was over, or a step came first."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import chapter

ID = "m13_kept_forms"

SCHEMA = r"""
-- For the login that typed it, half an hour long. The way back holds a name, the row its SHA-256; `sealed` is encrypted
-- with a key that comes of the name, of the browser's cookie and of a secret that is not in the database.
CREATE TABLE kept_form (
    name_hash bytea PRIMARY KEY CHECK (length(name_hash) = 32),
    contract bigint NOT NULL REFERENCES contract ON DELETE CASCADE,
    account bigint REFERENCES account ON DELETE CASCADE,
    path text NOT NULL,
    sealed bytea NOT NULL CHECK (length(sealed) <= 1000000),
    kept_at timestamptz NOT NULL,
    FOREIGN KEY (account, contract) REFERENCES account (id, contract) ON DELETE CASCADE
);
CREATE INDEX kept_form_of ON kept_form (contract, account, kept_at);
CREATE INDEX kept_form_age ON kept_form (kept_at);

-- Until now a session's row held the forms that waited for a step, and they went with it.
ALTER TABLE session DROP COLUMN typed;
"""


async def forwards() -> MigrationManager:
    return chapter(ID, SCHEMA)
