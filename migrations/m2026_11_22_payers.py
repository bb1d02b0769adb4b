"""Who pays, at the gateway, of each visit to its page: so that cards which are no longer needed are dropped there."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app import database

ID = "2026-11-22T18:45:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "payers"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="mypage", description=DESCRIPTION)

    async def run() -> None:
        await database.rows("ALTER TABLE card_visit ADD COLUMN payer text NOT NULL DEFAULT ''")
        await database.rows("CREATE INDEX card_visit_contract ON card_visit (contract, asked_at)")

    manager.add_raw(run)
    return manager
