"""Consents: what came of 3-D Secure for a card that is kept, and who is told that somebody else set up their mail."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import chapter

ID = "m17_consents"

SCHEMA = """
ALTER TABLE card ADD COLUMN three_d_secure text NOT NULL DEFAULT 'unknown'
    CHECK (three_d_secure IN ('authenticated', 'attempted', 'exempted', 'not_supported', 'failed', 'unknown'));
ALTER TABLE card_check ADD COLUMN three_d_secure text NOT NULL DEFAULT 'unknown'
    CHECK (three_d_secure IN ('authenticated', 'attempted', 'exempted', 'not_supported', 'failed', 'unknown'));

-- A change that somebody else made of the account ID's mail: its owner is told until they say that they read it.
CREATE TABLE owner_notice (
    id bigserial PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
    account bigint NOT NULL REFERENCES account ON DELETE RESTRICT,
    kind text NOT NULL CHECK (kind <> ''),
    asker text NOT NULL CHECK (asker <> ''),
    happened_at timestamptz NOT NULL,
    seen_at timestamptz,
    CONSTRAINT owner_notice_of_account FOREIGN KEY (account, contract) REFERENCES account (id, contract)
);
CREATE INDEX owner_notice_unseen ON owner_notice (account, id) WHERE seen_at IS NULL;
CREATE INDEX owner_notice_contract ON owner_notice (contract);
"""


async def forwards() -> MigrationManager:
    return chapter(ID, SCHEMA)
