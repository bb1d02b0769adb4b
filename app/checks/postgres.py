"""The database: whether it is there, fit for this program, and does not lose what it has acknowledged."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import asyncpg

from app.checks.finding import Finding, Looked, failure, ok, warning
from app.checks.running import Check
from app.mistake import Mistake
from app.postgres import database, migrate, rights, server_log, wire
from app.postgres.engine import POOL_SIZE
from app.postgres.rights import PORTAL, DatabaseRole

INTERNAL = 4
"""Connections of the internal listener (app/internal.py)."""
BESIDE_POOL = 2
"""Of each worker: one that listens for mails, one in reserve for a command."""


def reachable(looked: Looked) -> Iterator[Finding]:
    """Whether anything answers, and what."""
    if looked.unreached:
        yield failure(
            "database",
            f"it cannot be asked: {looked.unreached}",
            "without it every page answers 503, and what is looked at in it was not",
            "start it, let this machine in, or mend DATABASE_URL",
        )
        return
    yield from checked("database", _server, _version)(looked)


def checked(
    name: str, question: Callable[[], Awaitable[Any]], judge: Callable[[Looked, Any], Iterator[Finding]]
) -> Check:
    """A check that asks the database, where there is one that answers."""

    def check(looked: Looked) -> Iterator[Finding]:
        if looked.asked is None or looked.unreached:
            return
        try:
            found = looked.asked(question)
        except (Mistake, asyncpg.PostgresError, OSError, TimeoutError) as error:
            yield failure(
                name,
                f"it could not be looked at: {database.without_detail(error)}",
                "what cannot be read cannot be served either",
                "run `mypage migrate` as the role that owns the tables, then `mypage check` again",
            )
            return
        yield from judge(looked, found)

    return check


# --- the server -------------------------------------------------------------------------------------------------------


async def _server() -> Any:
    (row,) = await database.rows(_SERVER)
    return row


def _version(looked: Looked, row: Any) -> Iterator[Finding]:
    if row["number"] < migrate.OLDEST * 10_000:
        yield failure(
            "database",
            f"PostgreSQL is {row['version']}",
            "the schema needs what older ones lack",
            f"bring it to {migrate.OLDEST} or newer",
        )
    else:
        yield ok("database", f"PostgreSQL {row['version']} answers, as {row['role']}")


def _text(looked: Looked, row: Any) -> Iterator[Finding]:
    if row["encoding"] != "UTF8":
        yield failure(
            "encoding",
            f"the database's encoding is {row['encoding']}",
            "names with rarer 漢字 cannot be stored",
            "make a new one with `createdb -E UTF8 -T template0`, and load a dump into it",
        )
    else:
        yield ok("encoding", f"UTF8, locale {row['locale']}")


def _durability(looked: Looked, row: Any) -> Iterator[Finding]:
    lost = [name for name in ("fsync", "full_page_writes", "synchronous_commit") if row[name] == "off"]
    if lost:
        yield failure(
            "durability",
            f"{' and '.join(lost)} {'is' if len(lost) == 1 else 'are'} off",
            "a power cut loses changes that members were told are done, or the whole database",
            f"switch {' and '.join(lost)} on, for the server, the database and the role",
        )
    else:
        yield ok("durability", "what is acknowledged is on disk")


def _connections(looked: Looked, row: Any) -> Iterator[Finding]:
    pool = looked.settings.pool_size if looked.settings else POOL_SIZE
    internal = INTERNAL if looked.settings and looked.settings.internal else 0
    needed = looked.workers * (pool + BESIDE_POOL) + internal
    said = f"{looked.workers} workers with {pool} each may take {needed} connections, of {row['room']} that there are"
    remedy = "raise max_connections (or the limit of role or database), lower MYPAGE_POOL_SIZE, or put PgBouncer between"
    if needed > row["room"]:
        yield failure("connections", said, "when it is busy pages answer 503", remedy)
    elif 2 * needed + row["others"] > row["room"]:
        why = f"a second server does not fit beside it during an upgrade, with {row['others']} of other programs"
        yield warning("connections", said, why, remedy)
    else:
        yield ok("connections", said)


# SQL for settings and catalogues. Of the limits the lowest counts; -1 is none.
_SERVER = """
SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number,
    current_user::text AS role, current_setting('server_encoding') AS encoding, d.datcollate::text AS locale,
    current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes,
    current_setting('synchronous_commit') AS synchronous_commit,
    (SELECT min(room) FROM unnest(ARRAY[
        current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
            - coalesce(current_setting('reserved_connections', true)::int, 0),
        nullif(r.rolconnlimit, -1), nullif(d.datconnlimit, -1)]) AS room) AS room,
    (SELECT count(*) FROM pg_stat_activity WHERE usename IS NOT NULL AND application_name <> 'mypage') AS others
FROM pg_roles r, pg_database d WHERE r.rolname = current_user AND d.datname = current_database()
"""
encoding = checked("encoding", _server, _text)
durability = checked("durability", _server, _durability)
connections = checked("connections", _server, _connections)


# --- schema and rights ------------------------------------------------------------------------------------------------


def _schema(looked: Looked, missing: list[str]) -> Iterator[Finding]:
    if missing:
        yield failure(
            "schema",
            f"it lacks {', '.join(missing)}",
            "no server starts on it",
            "run `mypage migrate` as the role that owns the tables",
        )
    else:
        yield ok("schema", "up to date")


async def _rights() -> tuple[DatabaseRole, bool, tuple[rights.Difference, ...]]:
    here = await rights.standing()
    there = bool(await database.rows("SELECT 1 FROM pg_roles WHERE rolname = $1", PORTAL))
    return here, there, await rights.of(PORTAL) if there and here.owns else here.differences


def _role(
    looked: Looked, found: tuple[DatabaseRole, bool, tuple[rights.Difference, ...]]
) -> Iterator[Finding]:
    here, there, differences = found
    if looked.embedded:
        yield ok("database role", "the embedded PostgreSQL has one for all")
    elif here.superuser:
        yield failure(
            "database role",
            f"{here.role} is a superuser",
            "a hole in a page would open the whole cluster and its machine",
            "make the two roles (`mypage roles`), and give neither servers nor commands a superuser's DATABASE_URL",
        )
    elif here.owns:
        yield from _owning(here, there)
    elif here.makes:
        yield warning(
            "database role",
            f"{here.role} may make {', '.join(here.makes)}",
            "a server makes nothing, and a hole in a page should not either",
            "run `mypage roles | psql` in this database again, and ALTER ROLE what is left",
        )
    else:
        yield ok("database role", f"{here.role} serves and owns nothing")
    yield from _tables(PORTAL if here.owns else here.role, differences)


def _owning(here: DatabaseRole, there: bool) -> Iterator[Finding]:
    if there:
        yield warning(
            "database role",
            f"{here.role} owns the tables",
            "that is right for migrating, importing, closing and erasing; a server with it could drop the ledger",
            f"let servers have the DATABASE_URL of {PORTAL}",
        )
    else:
        yield warning(
            "database role",
            f"{here.role} owns the tables, and there is no role {PORTAL}",
            "a hole in a page could drop the ledger",
            "run `mypage roles | psql` as a superuser, then `mypage migrate`, and let servers log in as that role",
        )


def _tables(role: str, differences: tuple[rights.Difference, ...]) -> Iterator[Finding]:
    few = [f"{', '.join(one.too_few)} on {one.table}" for one in differences if one.too_few]
    many = [f"{', '.join(one.too_many)} on {one.table}" for one in differences if one.too_many]
    if few:
        yield failure(
            "rights",
            f"{role} lacks {'; '.join(few)}",
            "pages that need it fail, so no server starts with it",
            f"run `mypage migrate` as the role that owns the tables, and let servers be {PORTAL} or a member of it",
        )
    if many:
        yield warning(
            "rights",
            f"{role} has {'; '.join(many)}, which no server needs",
            "a hole in a page can do what the role may do",
            "run `mypage migrate` as the role that owns the tables; what stays comes by PUBLIC or another membership",
        )
    if not few and not many:
        yield ok("rights", f"{role} has what a server needs, and nothing else")


schema = checked("schema", migrate.pending, _schema)
role = checked("database role", _rights, _role)


# --- what others hear -------------------------------------------------------------------------------------------------


async def _heard() -> tuple[str, str]:
    return await wire.warning(), await server_log.warning()


def _leaks(looked: Looked, found: tuple[str, str]) -> Iterator[Finding]:
    on_the_way, in_the_log = found
    if on_the_way:
        what, _, remedy = on_the_way.partition(". ")
        yield warning(
            "database's wire", what, "PostgreSQL's client goes on without TLS where none is there", remedy
        )
    if in_the_log:
        what, _, remedy = in_the_log.partition(": ")
        yield warning("database's log", what, "whoever reads the log can guess at passwords", remedy)
    if not any(found):
        yield ok("database's wire", "nobody hears or logs what is asked")


leaks = checked("database's wire", _heard, _leaks)
