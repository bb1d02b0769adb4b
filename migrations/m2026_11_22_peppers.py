"""Peppers: how the database knows those again that its password hashes were made with."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app import database

ID = "2026-11-22T17:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "peppers"

STATEMENTS = (
    """
    CREATE TABLE pepper (
        version integer PRIMARY KEY,
        fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32)
    )
    """,
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="mypage", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await database.rows(statement)

    manager.add_raw(run)
    return manager
