"""Terms: which version of which text a member agreed to, beside the change that asked for it."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import chapter

ID = "m14_terms"

SCHEMA = r"""
-- The words of each version are known by its number alone (app/domain/changes/consents.py).
CREATE TABLE consent (
    id bigserial PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
    change uuid NOT NULL REFERENCES change ON DELETE CASCADE,
    text text NOT NULL,
    version smallint NOT NULL CHECK (version > 0),
    dated date NOT NULL,
    agreed_at timestamptz NOT NULL,
    UNIQUE (change, text)
);
CREATE INDEX consent_contract ON consent (contract);
"""


async def forwards() -> MigrationManager:
    return chapter(ID, SCHEMA)
