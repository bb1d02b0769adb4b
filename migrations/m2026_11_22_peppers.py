"""Peppers: how the database knows those again that its password hashes were made with."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import by_statements

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
    return by_statements(ID, DESCRIPTION, STATEMENTS)
