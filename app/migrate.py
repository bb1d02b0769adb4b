"""Brings the schema up to date: all missing migrations in one transaction, one process at a time."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import pkgutil

from piccolo.apps.migrations.tables import Migration

import migrations
from app import database
from app.mistake import Mistake

LOCK = 7_302_019
"""Key of the advisory lock that migrating takes."""

OLDEST = 15
"""Major version of PostgreSQL: the first that can count nulls as equal in a unique index."""


class TooOld(Mistake):
    """The PostgreSQL server lacks what the schema needs."""


async def migrate() -> list[str]:
    """Run what is missing; returns the names of the migrations that were run. Raises TooOld."""
    # Piccolo's commands take longer to import than most of ours take to run, which only want to know what is pending
    from piccolo.apps.migrations.commands.forwards import ForwardsMigrationManager

    from app.piccolo_app import APP_CONFIG

    await _refuse_old()
    os.environ["PICCOLO_CONF"] = "app.piccolo_conf"
    Migration._meta.db = database.engine()
    async with database.engine().transaction():
        await database.rows("SELECT pg_advisory_xact_lock($1)", LOCK)
        await Migration.create_table(if_not_exists=True)
        before = await _done()
        with contextlib.redirect_stdout(io.StringIO()):  # Piccolo's own progress; the caller tells the result
            await ForwardsMigrationManager(app_name=migrations.APP_NAME).run_migrations(APP_CONFIG)
        return [name for name in await _done() if name not in before]


async def _refuse_old() -> None:
    found = await database.rows(
        "SELECT current_setting('server_version') AS name, current_setting('server_version_num')::int AS number"
    )
    if found[0]["number"] < OLDEST * 10_000:
        raise TooOld(f"the server is PostgreSQL {found[0]['name']}: {OLDEST} or newer is wanted")


async def pending() -> list[str]:
    """The migrations that the schema lacks."""
    found = await database.rows("SELECT to_regclass('migration') IS NOT NULL AS there")
    Migration._meta.db = database.engine()
    done = await _done() if found[0]["there"] else []
    modules = (
        importlib.import_module(f"migrations.{entry.name}")
        for entry in pkgutil.iter_modules(migrations.__path__)
    )
    return sorted({str(module.ID) for module in modules} - set(done))


async def _done() -> list[str]:
    names: list[str] = await Migration.get_migrations_which_ran(app_name=migrations.APP_NAME)
    return names
