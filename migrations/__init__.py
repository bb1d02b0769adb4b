"""Each migration says in SQL what changes: Piccolo's own language lacks checks, partial indexes and triggers."""

from __future__ import annotations

from collections.abc import Iterable

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app import database

APP_NAME = "mypage"
"""What Piccolo calls this application."""


def by_statements(identity: str, description: str, statements: Iterable[str]) -> MigrationManager:
    """A migration that runs the statements one after the other, in the transaction of `mypage migrate`."""
    manager = MigrationManager(migration_id=identity, app_name=APP_NAME, description=description)

    async def run() -> None:
        for statement in statements:
            await database.rows(statement)

    manager.add_raw(run)
    return manager
