"""Brings the schema up to date: all missing migrations in one transaction, one process at a time."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import pkgutil

from piccolo.apps.migrations.tables import Migration

import migrations
from app.mistake import Mistake
from app.postgres import database, rights

LOCK = 7_302_019
"""Key of the advisory lock that migrating takes."""

OLDEST = 15
"""Major version of PostgreSQL: the first that can count nulls as equal in a unique index."""


class TooOld(Mistake):
    """The PostgreSQL server lacks what the schema needs."""


class Unreleased(Mistake):
    """The database was made by other migrations than those that are here."""


async def migrate() -> list[str]:
    """Run what is missing, and give the portal's role its rights; returns the names of the migrations that were run.

    Raises TooOld, Unreleased, or rights.NotOwner.
    """
    # Piccolo's commands take longer to import than most of ours take to run, which only want to know what is pending
    from piccolo.apps.migrations.commands.forwards import ForwardsMigrationManager

    from app.postgres.piccolo_app import APP_CONFIG

    await _refuse_old()
    await rights.must_own()
    os.environ["PICCOLO_CONF"] = "app.postgres.piccolo_conf"
    Migration._meta.db = database.engine()
    async with database.engine().transaction():
        await database.rows("SELECT pg_advisory_xact_lock($1)", LOCK)
        await Migration.create_table(if_not_exists=True)
        before = await _done()
        _refuse_unreleased(set(before))
        with contextlib.redirect_stdout(io.StringIO()):  # Piccolo's own progress; the caller tells the result
            await ForwardsMigrationManager(app_name=migrations.APP_NAME).run_migrations(APP_CONFIG)
        done = await _done()
        if not set(done) - _known():  # a newer version has granted what its servers need
            await rights.grant()
        return [name for name in done if name not in before]


async def _refuse_old() -> None:
    found = await database.rows(
        "SELECT current_setting('server_version') AS name, current_setting('server_version_num')::int AS number"
    )
    if found[0]["number"] < OLDEST * 10_000:
        raise TooOld(f"the server is PostgreSQL {found[0]['name']}: {OLDEST} or newer is wanted")


def _refuse_unreleased(done: set[str]) -> None:
    """Raise Unreleased when other migrations were run in the place of ours, which would make the same tables again.

    A database that has all of ours and more is a newer version's, and fine.
    """
    ours = _known()
    strange = done - ours
    if strange and ours - done:
        raise Unreleased(
            f"the database was made by an unreleased version of this program (it ran {min(strange)}), and cannot be "
            "brought up to date: make a new one. For a demo, delete its folder or give another --data-dir"
        )


async def pending() -> list[str]:
    """The migrations that the schema lacks."""
    found = await database.rows("SELECT to_regclass('migration') IS NOT NULL AS there")
    Migration._meta.db = database.engine()
    done = await _done() if found[0]["there"] else []
    return sorted(_known() - set(done))


def _known() -> set[str]:
    """The migrations of this program."""
    modules = (
        importlib.import_module(f"migrations.{entry.name}")
        for entry in pkgutil.iter_modules(migrations.__path__)
    )
    return {str(module.ID) for module in modules}


async def _done() -> list[str]:
    names: list[str] = await Migration.get_migrations_which_ran(app_name=migrations.APP_NAME)
    return names
