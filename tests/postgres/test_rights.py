"""What the role that serves may do with the database: what RIGHTS lists, and nothing that a server does not do.

That it is enough, every test of a page shows: in them requests are answered as that role (tests/roles.py).
"""

from __future__ import annotations

import asyncpg
import pytest

from app.domain.tables import TABLES
from app.postgres import database, rights
from app.postgres.migrate import migrate
from app.postgres.rights import PORTAL, RIGHTS, Difference, NotOwner
from tests.postgres.test_migrations import ran
from tests.roles import ROLES, as_portal

OWN = """
SELECT CASE WHEN n.nspname = 'public' THEN '' ELSE n.nspname || '.' END || c.relname AS name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'pg_toast', 'information_schema', 'before') AND (c.relkind = 'r' OR c.relkind = 'S'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i')))
"""


async def test_every_table_says_what_a_server_does_with_it(empty_database: str) -> None:
    """A new table: write into RIGHTS what a server does with it, which may be nothing ("")."""
    assert {row["name"] for row in await database.rows(OWN)} == {
        name for name in RIGHTS if not name.endswith("()")
    }
    assert {table._meta.tablename for table in TABLES} <= set(RIGHTS)


async def test_the_role_has_what_is_listed_and_nothing_else(empty_database: str) -> None:
    assert await rights.of(PORTAL) == ()
    with as_portal():
        standing = await rights.standing()
    assert (standing.role, standing.owns, standing.superuser, standing.differences) == (
        PORTAL,
        False,
        False,
        (),
    )
    assert set(standing.makes) <= {
        "temporary tables"
    }  # a copy of a database has not the rights of its template


@pytest.mark.parametrize(
    "deed",
    [
        "CREATE TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "DROP TABLE charge",
        "ALTER TABLE charge DISABLE TRIGGER USER",
        "SET session_replication_role = replica",
        "CREATE OR REPLACE FUNCTION refuse_edit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
        "TRUNCATE attempt",
        "TRUNCATE charge",
        "UPDATE charge SET yen = 1",
        "DELETE FROM charge",
        "INSERT INTO charge (contract) VALUES (1)",
        "UPDATE bill_close SET closed_at = NULL",
        "INSERT INTO bill_tax (contract) VALUES (1)",
        "DELETE FROM bill_name",
        "UPDATE other_charge SET yen = 1",
        "INSERT INTO catalogue_price (item) VALUES ('mail-pack')",
        "UPDATE catalogue_item SET sold = true",
        "INSERT INTO contract (customer_number) VALUES ('1')",
        "UPDATE contract SET customer_number = '1'",
        "UPDATE contract SET closed_on = NULL",
        "DELETE FROM contract",
        "UPDATE account SET login = 'x', contract = 1",
        "DELETE FROM account",
        "DELETE FROM service_period",
        "UPDATE service_period SET started_at = now()",
        "UPDATE licence SET pin = ''",
        "INSERT INTO licence (product) VALUES ('kids-filter')",
        "DELETE FROM mail_address",
        "DELETE FROM consent",
        "UPDATE consent SET version = 1",
        "INSERT INTO one_time_password (contract) VALUES (1)",
        "INSERT INTO event (kind, data, position) VALUES ('account', '{}', 1)",
        "UPDATE event SET data = '{}'",
        "UPDATE events_v1.reader SET position = 0",
        "DELETE FROM notice",
        "DELETE FROM migration",
        "SELECT setval('receipt_number', 1)",
        "SELECT * FROM pg_authid",
        "COPY contract TO PROGRAM 'cat'",
    ],
)
async def test_what_a_server_does_not_do_is_refused_by_the_database(filled_database: str, deed: str) -> None:
    with as_portal(), pytest.raises(asyncpg.InsufficientPrivilegeError):
        await database.rows(deed)


@pytest.mark.own_database
async def test_migrating_mends_rights_that_are_too_few_or_too_many(empty_database: str) -> None:
    for statement in (
        f"REVOKE INSERT ON session FROM {PORTAL}",
        f"GRANT UPDATE, TRUNCATE ON charge TO {PORTAL}",
        f"GRANT UPDATE (login) ON account TO {PORTAL}",
        f"REVOKE UPDATE (email) ON contract FROM {PORTAL}",
        f"GRANT UPDATE ON licence TO {PORTAL}",
        f"REVOKE USAGE ON SEQUENCE login_event_id_seq FROM {PORTAL}",
        f"REVOKE USAGE ON SCHEMA mail_v1 FROM {PORTAL}",
        f"REVOKE EXECUTE ON FUNCTION event_fields FROM {PORTAL}",
    ):
        await database.rows(statement)
    assert await rights.of(PORTAL) == (
        Difference("account", too_many=("UPDATE (login)",)),
        Difference("charge", too_many=("TRUNCATE", "UPDATE")),
        Difference("contract", too_few=("UPDATE (email)",)),
        Difference("event_fields()", too_few=("EXECUTE",)),
        Difference("licence", too_many=("UPDATE",)),
        Difference("login_event_id_seq", too_few=("USAGE",)),
        Difference("session", too_few=("INSERT",)),
    )
    with as_portal():
        assert await rights.too_few() == (
            f"{PORTAL} lacks UPDATE (email) on contract; EXECUTE on event_fields(); USAGE on login_event_id_seq; "
            "INSERT on session"
        )
    assert await migrate() == []
    assert await rights.of(PORTAL) == ()
    with as_portal():
        assert await rights.too_few() == ""
        await database.rows("SELECT salt FROM mail_v1.selector_salt")


@pytest.mark.own_database
async def test_rights_that_a_newer_version_has_given_stay(empty_database: str) -> None:
    await ran("m99_of_tomorrow")
    await database.rows(f"GRANT DELETE ON notice TO {PORTAL}")
    await migrate()
    assert await rights.of(PORTAL) == (Difference("notice", too_many=("DELETE",)),)


async def test_only_who_owns_the_tables_migrates(empty_database: str) -> None:
    await rights.must_own()
    with (
        as_portal(),
        pytest.raises(NotOwner, match=f"role {PORTAL} may not do this: it takes .*, which owns the tables"),
    ):
        await migrate()


@pytest.mark.own_database
async def test_the_shipped_file_run_again_changes_nothing_and_keeps_who_may_not_log_in(
    empty_database: str,
) -> None:
    look = "SELECT rolname, rolcanlogin, rolsuper, rolcreaterole FROM pg_roles WHERE rolname ~ '^mypage_' ORDER BY 1"
    connection = await database.engine().acquire()
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")  # as before PostgreSQL 15
    await connection.execute(f'GRANT CREATE, TEMPORARY ON DATABASE "{name}" TO {PORTAL}')
    await connection.execute(ROLES.read_text())
    before = await connection.fetch(look)
    await connection.execute(ROLES.read_text())
    assert await connection.fetch(look) == before
    await database.engine().give_back(connection)
    logs_in = {row["rolname"] for row in before if row["rolcanlogin"]}
    assert logs_in == {"mypage_owner", "mypage_portal"}
    assert not any(row["rolsuper"] or row["rolcreaterole"] for row in before)
    with as_portal():
        assert (await rights.standing()).makes == ()
