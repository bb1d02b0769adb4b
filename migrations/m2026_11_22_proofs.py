"""Proofs: when a session's person last typed a password again (proofs.py)."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import by_statements

ID = "2026-11-22T18:05:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "proofs"

STATEMENTS = (
    # It once had another migration's id, so a database may have the columns and not know of it.
    """
    ALTER TABLE session ADD COLUMN IF NOT EXISTS proved_at timestamptz,
        ADD COLUMN IF NOT EXISTS customer_proved_at timestamptz
    """,
)


async def forwards() -> MigrationManager:
    return by_statements(ID, DESCRIPTION, STATEMENTS)
