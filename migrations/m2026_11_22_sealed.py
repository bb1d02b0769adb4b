"""An index of the changes that keep the first characters of a password, for housekeeping."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app import database

ID = "2026-11-22T18:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "sealed"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="mypage", description=DESCRIPTION)

    async def run() -> None:
        await database.rows("CREATE INDEX change_sealed ON change (asked_at) WHERE sealed IS NOT NULL")

    manager.add_raw(run)
    return manager
