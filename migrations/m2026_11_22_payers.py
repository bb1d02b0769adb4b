"""Who pays, at the gateway, of each visit to its page: so that cards which are no longer needed are dropped there."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import by_statements

ID = "2026-11-22T18:45:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "payers"

STATEMENTS = (
    "ALTER TABLE card_visit ADD COLUMN payer text NOT NULL DEFAULT ''",
    "CREATE INDEX card_visit_contract ON card_visit (contract, asked_at)",
)


async def forwards() -> MigrationManager:
    return by_statements(ID, DESCRIPTION, STATEMENTS)
