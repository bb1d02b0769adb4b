"""`mypage check` on a real database: what is wrong with it, its role, its schema and its settings."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from app.checks import Finding, Looked, clocks, mails, numbers, postgres
from app.checks.running import Check
from app.commands.check import one_at_a_time
from app.postgres.rights import PORTAL
from tests.commands.programs import SERVING

pytestmark = pytest.mark.slow


def on(server: dict[str, Any], name: str, role: str = PORTAL, **more: Any) -> Looked:
    asked = one_at_a_time({**server, "database": name, "server_settings": {"role": role}})
    return Looked(SERVING, asked=asked, **more)


def run(server: dict[str, Any], name: str, *statements: str) -> None:
    async def all_of_them() -> None:
        connection = await asyncpg.connect(**{**server, "database": name})
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    asyncio.run(all_of_them())


def said(check: Check, looked: Looked) -> list[tuple[str, str, str]]:
    found: list[Finding] = [*check(looked)]
    assert all(one.outcome == "ok" or (one.why and one.remedy) for one in found)
    return [(one.check, one.outcome, one.what) for one in found]


def test_a_database_that_is_fit_is_in_order(server: dict[str, Any], empty_database: str) -> None:
    run(server, "postgres", f'REVOKE TEMPORARY ON DATABASE "{empty_database}" FROM PUBLIC')
    looked = on(server, empty_database)
    for check in (
        postgres.reachable,
        postgres.schema,
        postgres.role,
        postgres.encoding,
        postgres.leaks,
        clocks.of_database,
    ):
        assert {outcome for _, outcome, _ in said(check, looked)} == {"ok"}, said(check, looked)
    assert said(postgres.role, looked) == [
        ("database role", "ok", f"{PORTAL} serves and owns nothing"),
        ("rights", "ok", f"{PORTAL} has what a server needs, and nothing else"),
    ]


def test_customer_numbers_of_another_length_are_a_failure(
    server: dict[str, Any], filled_database: str
) -> None:
    looked = on(server, filled_database)
    assert [outcome for _, outcome, _ in said(numbers.length, looked)] == ["ok"]
    (found,) = numbers.length(replace(looked, environment={**SERVING, "MYPAGE_CUSTOMER_NUMBER_DIGITS": "9"}))
    assert found.outcome == "failure"
    assert found.what.endswith("have not 9 digits")
    assert found.remedy == "set MYPAGE_CUSTOMER_NUMBER_DIGITS to 14"
    run(server, filled_database, "UPDATE contract SET customer_number = '123456' WHERE id = 1")
    (found,) = numbers.length(looked)
    assert (found.outcome, found.what.partition(" of ")[0]) == ("failure", "1")


def test_one_that_cannot_be_asked_is_said_once(server: dict[str, Any]) -> None:
    looked = Looked({}, asked=lambda _: pytest.fail("asked"), unreached="nobody answers")
    (one,) = postgres.reachable(looked)
    assert (one.outcome, one.what) == ("failure", "it cannot be asked: nobody answers")
    for check in (
        postgres.schema,
        postgres.role,
        postgres.encoding,
        postgres.durability,
        clocks.of_database,
        mails.held,
    ):
        assert [*check(looked)] == []


@pytest.mark.own_database
def test_rights_that_are_too_few_or_too_many_are_named(server: dict[str, Any], empty_database: str) -> None:
    run(
        server,
        empty_database,
        f"REVOKE DELETE ON session FROM {PORTAL}",
        f"GRANT DELETE ON charge TO {PORTAL}",
        "GRANT CREATE ON SCHEMA public TO PUBLIC",
    )
    found = {
        (check, outcome): what for check, outcome, what in said(postgres.role, on(server, empty_database))
    }
    assert "tables in the schema public" in found["database role", "warning"]
    assert found["rights", "failure"] == f"{PORTAL} lacks DELETE on session"
    assert found["rights", "warning"] == f"{PORTAL} has DELETE on charge, which no server needs"


def test_a_superuser_is_a_failure_and_the_embedded_databases_is_not(
    server: dict[str, Any], empty_database: str, tmp_path: Any
) -> None:
    superuser = server["user"]
    found = said(postgres.role, on(server, empty_database, superuser))
    assert found[0] == ("database role", "failure", f"{superuser} is a superuser")
    assert found[1][1] == "ok"  # the rights of the role that serves
    found = said(postgres.role, on(server, empty_database, superuser, embedded=tmp_path))
    assert found[0][1] == "ok"


@pytest.mark.own_database
def test_a_schema_that_lacks_something_is_named(server: dict[str, Any], empty_database: str) -> None:
    run(server, empty_database, "DELETE FROM migration WHERE name = 'm25_events'")
    assert said(postgres.schema, on(server, empty_database)) == [("schema", "failure", "it lacks m25_events")]
    run(server, empty_database, f"REVOKE SELECT ON migration FROM {PORTAL}")
    ((_, outcome, what),) = said(postgres.schema, on(server, empty_database))
    assert (outcome, what) == ("failure", "it could not be looked at: permission denied for table migration")


def test_a_database_that_is_not_utf8_is_a_failure(server: dict[str, Any], worker: str) -> None:
    name = f"bytes_{worker}"
    run(server, "postgres", f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' TEMPLATE template0 LOCALE 'C'")
    try:
        looked = on(server, name, server["user"])
        assert said(postgres.encoding, looked) == [
            ("encoding", "failure", "the database's encoding is SQL_ASCII")
        ]
    finally:
        run(server, "postgres", f"DROP DATABASE {name} WITH (FORCE)")


def test_settings_that_lose_what_was_acknowledged_are_a_failure(
    server: dict[str, Any], empty_database: str
) -> None:
    """The tests' own server is one."""
    ((check, outcome, what),) = said(postgres.durability, on(server, empty_database))
    assert (check, outcome, what) == (
        "durability",
        "failure",
        "fsync and full_page_writes and synchronous_commit are off",
    )
    safe = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "remote_write"}
    (found,) = postgres._durability(Looked({}), safe)
    assert found.outcome == "ok"
    for one in safe:
        (found,) = postgres._durability(Looked({}), {**safe, one: "off"})
        assert (found.outcome, found.what) == ("failure", f"{one} is off")


def test_more_connections_than_there_are_is_a_failure(server: dict[str, Any], empty_database: str) -> None:
    assert [outcome for _, outcome, _ in said(postgres.connections, on(server, empty_database))] == ["ok"]
    many = said(postgres.connections, on(server, empty_database, workers=64))
    assert [outcome for _, outcome, _ in many] == ["failure"]
    assert many[0][2].startswith("64 workers with 10 each may take 768 connections, of ")
    run(server, "postgres", f"ALTER ROLE {PORTAL} CONNECTION LIMIT 30")
    try:
        ((_, outcome, what),) = said(postgres.connections, on(server, empty_database))
    finally:
        run(server, "postgres", f"ALTER ROLE {PORTAL} CONNECTION LIMIT -1")
    assert (outcome, what) == (
        "warning",
        "2 workers with 10 each may take 24 connections, of 30 that there are",
    )


def test_a_log_that_keeps_hashes_is_a_warning(server: dict[str, Any], empty_database: str) -> None:
    looked = Looked(
        SERVING,
        asked=one_at_a_time(
            {
                **server,
                "database": empty_database,
                "server_settings": {"log_statement": "all", "log_parameter_max_length": "-1"},
            }
        ),
    )
    ((check, outcome, what),) = said(postgres.leaks, looked)
    assert (check, outcome, "log_statement = all" in what) == ("database's log", "warning", True)
