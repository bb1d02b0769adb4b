"""The contract with the mail server: what its roles see and may do, and what the views say."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from app.domain.tables import TABLES
from app.postgres import database
from app.postgres.embedded import EmbeddedPostgres
from app.postgres.engine import Engine
from app.postgres.migrate import migrate
from migrations.m06_mail_server import ROLES
from tests.mail_server import portal
from tests.mail_server.servers import DOMAIN

VIEWS = {
    f"mail_v1.{name}"
    for name in (
        *("contract", "domain", "mailbox", "address", "sieve", "retired"),
        *("login", "selector_salt"),
    )
}
GROUPS = ("mypage_mail", "mypage_mail_state")

RIGHTS = """
SELECT c.oid::regclass::text AS name, array_agg(kind ORDER BY kind) AS rights
FROM pg_class c CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) AS kind
WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
    AND has_table_privilege($1, c.oid, kind)
GROUP BY c.oid
"""
ROUTINES = """
SELECT proname FROM pg_proc WHERE pronamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
    AND has_function_privilege($1, oid, 'EXECUTE')
"""


async def rows(view: str) -> list[dict[str, Any]]:
    return [dict(row) for row in await database.rows(f"SELECT * FROM mail_v1.{view} ORDER BY 1")]


# --- who may do what --------------------------------------------------------------------------------------------------


@pytest.fixture
async def connection(server: dict[str, Any], empty_database: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of its own, to become another role with."""
    own = await asyncpg.connect(**{**server, "database": empty_database})
    yield own
    await own.close()


async def test_the_mail_role_reads_the_views_and_nothing_else(connection: asyncpg.Connection) -> None:
    rights = {row["name"]: row["rights"] for row in await connection.fetch(RIGHTS, "mypage_mail")}
    assert rights == {view: ["SELECT"] for view in VIEWS}
    routines = {row["proname"] for row in await connection.fetch(ROUTINES, "mypage_mail")}
    assert routines == {"sieve_string", "sieve_line", "sieve_lines", "sieve_address"}
    person = await portal.new_person()
    await portal.answer(person, "不在", "不在")
    await connection.execute("SET ROLE mypage_mail")
    for view in VIEWS - {"mail_v1.retired"}:
        assert await connection.fetch(f"SELECT * FROM {view}"), view
    forbidden = (
        "SELECT FROM public.account",
        "SELECT FROM mail_v1.living",
        "SELECT FROM mail_state_v1.quota_usage",
        "UPDATE mail_v1.retired SET retired_at = now()",
        "CREATE TABLE mail_v1.mine ()",
        "CREATE TABLE public.mine ()",
        "CALL mail_v1.grant_rights()",
    )
    for statement in forbidden:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


async def test_the_reporting_role_writes_usage_and_reads_nothing_of_members(
    connection: asyncpg.Connection,
) -> None:
    rights = {row["name"]: row["rights"] for row in await connection.fetch(RIGHTS, "mypage_mail_state")}
    assert rights == {"mail_state_v1.quota_usage": ["DELETE", "INSERT", "SELECT", "UPDATE"]}
    routines = {row["proname"] for row in await connection.fetch(ROUTINES, "mypage_mail_state")}
    assert routines == {"submission_answer"}


async def test_neither_group_can_log_in_and_the_public_may_do_nothing(connection: asyncpg.Connection) -> None:
    found = await connection.fetch("SELECT rolcanlogin FROM pg_roles WHERE rolname = ANY ($1)", GROUPS)
    assert [row["rolcanlogin"] for row in found] == [False, False]
    assert await connection.fetch(RIGHTS, "public") == []
    assert await connection.fetch(ROUTINES, "public") == []


# --- what the views say -----------------------------------------------------------------------------------------------


async def test_the_contract_tells_its_version(empty_database: str) -> None:
    assert await rows("contract") == [{"major": 1, "minor": 1}]


async def test_a_mailbox_has_its_login_address_hash_and_quota(empty_database: str) -> None:
    small, big = await portal.new_person(), await portal.new_person()
    await portal.buy_ten_gigabytes(big)
    await portal.register_account()
    first, second = await rows("mailbox")
    assert (first["mailbox"], first["login"], first["address"]) == (
        await portal.mailbox_of(small),
        small.login,
        small.address,
    )
    assert first["password"].startswith("{ARGON2ID}$argon2id$v=19$")
    assert (first["quota_bytes"], first["quota_rule"]) == (1 << 30, "*:bytes=1073741824")
    assert (second["quota_bytes"], second["quota_rule"]) == (10 << 30, "*:bytes=10737418240")
    assert [row["mailbox"] for row in await rows("address")] == [first["mailbox"], second["mailbox"]]


async def test_a_deleted_account_id_is_gone_and_its_mailbox_retired(empty_database: str) -> None:
    person = await portal.new_person()
    mailbox = await portal.mailbox_of(person)
    await portal.answer(person, "不在", "不在")
    await portal.delete_account(person)
    for view in ("mailbox", "address", "sieve"):
        assert await rows(view) == []
    [retired] = await rows("retired")
    assert retired["mailbox"] == mailbox


async def test_what_opens_a_mailbox_is_one_row_for_the_portal_and_one_for_each_app_password(
    empty_database: str,
) -> None:
    person, other = await portal.new_person(), await portal.new_person()
    first, second = await portal.app_password(person, "a"), await portal.app_password(person, "b")
    found = await rows("login")
    mailbox, others = await portal.mailbox_of(person), await portal.mailbox_of(other)
    by_selector = {(row["mailbox"], row["selector"]): row for row in found}
    assert len(by_selector) == len(found) == 4
    assert {row["login"] for row in found if row["mailbox"] == mailbox} == {person.login}
    assert {row["address"] for row in found if row["mailbox"] == mailbox} == {person.address}
    closed, open_ = by_selector[mailbox, ""], by_selector[others, ""]
    assert (closed["app"], closed["password"]) == (0, "{SHA256}" + "A" * 43 + "=")
    assert open_["password"].startswith("{ARGON2ID}$argon2id$v=19$")
    assert first != second
    await portal.leave_for_another_company(person)
    assert [row["mailbox"] for row in await rows("login")] == [others]


async def test_the_salt_of_the_selectors_is_one_and_random(empty_database: str) -> None:
    [row] = await rows("selector_salt")
    assert re.fullmatch(r"[0-9a-f]{64}", row["salt"])
    with pytest.raises(asyncpg.UniqueViolationError):
        await database.rows("INSERT INTO mail_v1.selector_salt (salt) VALUES ('another')")


async def test_every_domain_that_ever_had_an_address_is_ours(empty_database: str) -> None:
    assert await rows("domain") == []
    person = await portal.register_address(await portal.register_account(), "taro@s9.isp.example")
    await portal.delete_account(person)
    for _ in range(3):
        await portal.new_person()
    assert [row["domain"] for row in await rows("domain")] == [DOMAIN, "s9.isp.example"]


async def test_a_script_answers_first_and_forwards_then(empty_database: str) -> None:
    person = await portal.new_person()
    await portal.forward(person, "a@b.example", "c@d.example", keep_copy=False)
    await portal.answer(person, 'a "b"\n\\', "x\ny\x07", date(2026, 12, 1), date(2026, 12, 31))
    [row] = await rows("sieve")
    assert row["mailbox"] == await portal.mailbox_of(person)
    assert row["script"].split("\r\n") == [
        'require ["copy", "date", "relational", "vacation"];',
        'if allof (true, currentdate :zone "+0900" :value "ge" "date" "2026-12-01", '
        'currentdate :zone "+0900" :value "le" "date" "2026-12-31") '
        f'{{ vacation :days 1 :handle "portal" :from "{person.address}" :addresses ["{person.address}"] '
        ':subject "a \\"b\\" \\\\" "x',
        'y"; }',
        'redirect "a@b.example";',
        'redirect "c@d.example";',
        "",
    ]


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("a..b@docomo.ne.jp", r'"\"a..b\"@docomo.ne.jp"'),
        ("abc.@ezweb.ne.jp", r'"\"abc.\"@ezweb.ne.jp"'),
        (".abc@docomo.ne.jp", r'"\".abc\"@docomo.ne.jp"'),
        ("a.b@other.example", '"a.b@other.example"'),
    ],
)
async def test_a_redirect_has_the_dots_of_former_days_in_quotes(
    empty_database: str, address: str, written: str
) -> None:
    """Pigeonhole takes them without, too; what RFC 5228 promises is an address as RFC 5322 has it."""
    person = await portal.new_person()
    await portal.forward(person, address, keep_copy=True)
    [script] = [row["script"] for row in await rows("sieve") if "redirect" in row["script"]]
    assert f"redirect :copy {written};" in script


async def test_who_neither_forwards_nor_answers_has_no_script(empty_database: str) -> None:
    person = await portal.new_person()
    await portal.answer(person, "不在", "不在")
    await portal.stop_answering(person)
    assert await rows("sieve") == []


# --- roles belong to the cluster --------------------------------------------------------------------------------------


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[dict[str, Any]]:
    """Connection arguments of a cluster that has never seen the roles."""
    with EmbeddedPostgres(tmp_path) as postgres:
        yield postgres.start({"fsync": "off"})


async def test_roles_are_made_once_and_an_owner_who_may_not_make_them_migrates_without(
    cluster: dict[str, Any],
) -> None:
    administrator = await asyncpg.connect(**cluster)
    other = await asyncpg.connect(**{**cluster, "database": "postgres"})
    await administrator.execute("CREATE ROLE owner LOGIN PASSWORD 'owner'")
    await administrator.execute("CREATE DATABASE owned OWNER owner")

    owner = Engine({**cluster, "user": "owner", "password": "owner", "database": "owned"})
    database.use(owner, TABLES)
    await migrate()
    assert await roles(administrator) == []

    # Two databases make them at once: the second waits for the first, which may yet undo its own.
    for ending, left in (("ROLLBACK", []), ("COMMIT", list(GROUPS))):
        await administrator.execute("BEGIN")
        await administrator.execute(ROLES)
        second = asyncio.create_task(other.execute(f"BEGIN; {ROLES}"))
        await waiting(cluster)
        await administrator.execute(ending)
        await second
        assert await roles(other) == list(GROUPS)
        await other.execute("ROLLBACK")
        assert await roles(administrator) == left

    await database.rows("CALL mail_v1.grant_rights()")
    found = await database.rows(RIGHTS, "mypage_mail")
    assert {row["name"] for row in found} == VIEWS
    for connection in (administrator, other):
        await connection.close()


async def roles(connection: asyncpg.Connection) -> list[str]:
    found = await connection.fetch("SELECT rolname FROM pg_roles WHERE rolname = ANY ($1) ORDER BY 1", GROUPS)
    return [row["rolname"] for row in found]


async def waiting(cluster: dict[str, Any]) -> None:
    """Until a statement waits for another transaction."""
    watcher = await asyncpg.connect(**cluster)
    for _ in range(500):
        if await watcher.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            break
        await asyncio.sleep(0.02)
    else:
        pytest.fail("nothing waits")
    await watcher.close()
