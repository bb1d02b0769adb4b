"""The schema, told in chapters: each file makes the tables of one subject, in the order that foreign keys ask for.

A chapter is SQL, since Piccolo's own language for migrations lacks checks, partial indexes and triggers.
tests/postgres/test_migrations.py compares what comes of it with the table classes of app/domain/tables/.

A chapter that was released is never edited. What changes the schema afterwards is a file of its own with the next
number. The ID of a migration is its file's name, because Piccolo runs them in the order of their IDs. A name begins
with `m` and the number, because Piccolo imports a migration by the bare name of its file: `mail.py` could hide another
module that is called mail.
"""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.postgres import database

APP_NAME = "mypage"
"""What Piccolo calls this application."""


def chapter(identity: str, schema: str) -> MigrationManager:
    """A migration that runs the statements of `schema`, in the transaction of `mypage migrate`."""
    manager = MigrationManager(migration_id=identity, app_name=APP_NAME)

    async def run() -> None:
        async with database.engine().transaction() as transaction:
            await transaction.connection.execute(schema)

    manager.add_raw(run)
    return manager
