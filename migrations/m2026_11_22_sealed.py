"""An index of the changes that keep the first characters of a password, for housekeeping."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import by_statements

ID = "2026-11-22T18:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "sealed"

STATEMENTS = ("CREATE INDEX change_sealed ON change (asked_at) WHERE sealed IS NOT NULL",)


async def forwards() -> MigrationManager:
    return by_statements(ID, DESCRIPTION, STATEMENTS)
