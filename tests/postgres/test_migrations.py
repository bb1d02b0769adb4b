"""The schema that the migrations make is the one that app/domain/tables/ describes, and it refuses what is wrong."""

from __future__ import annotations

import asyncio
import importlib
import os
import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from piccolo.apps.migrations.commands.forwards import ForwardsMigrationManager
from piccolo.apps.migrations.tables import Migration
from piccolo.columns import Column, ForeignKey
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from app.domain import catalogue, tables
from app.domain.catalogue import Product, kept
from app.domain.catalogue import file as files
from app.domain.money import bills
from app.domain.months import Month
from app.domain.tables import TABLES
from app.postgres import database
from app.postgres.engine import Engine
from app.postgres.migrate import TooOld, Unreleased, migrate, pending
from app.postgres.piccolo_app import APP_CONFIG
from bench.bill_close import ACCOUNT_IDS, CONTRACTS
from migrations import APP_NAME
from tests import households
from tests.households import HASH
from tests.products import AGAIN, EVERY, Shipped

TYPES = {"bigserial": "bigint", "timestamptz": "timestamp with time zone"}
"""PostgreSQL's name of a type where Piccolo's is another."""
RULES = {OnDelete.restrict: "RESTRICT", OnDelete.cascade: "CASCADE"}

COLUMNS = """
SELECT c.table_name, c.column_name, format_type(a.atttypid, NULL) AS type, c.is_nullable = 'YES' AS nullable
FROM information_schema.columns c
JOIN pg_attribute a ON a.attrelid = quote_ident(c.table_name)::regclass AND a.attname = c.column_name
WHERE c.table_schema = 'public' AND c.table_name <> 'migration'
"""
UNIQUE = """
SELECT t.relname AS table_name, min(a.attname) AS column_name
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY (c.conkey)
WHERE c.contype IN ('u', 'p') AND t.relnamespace = 'public'::regnamespace AND t.relname <> 'migration'
GROUP BY c.oid, t.relname HAVING count(*) = 1
"""
REFERENCES = """
SELECT min(k.table_name) AS table_name, min(k.column_name) AS column_name, min(u.table_name) AS target,
    min(r.delete_rule) AS delete_rule
FROM information_schema.referential_constraints r
JOIN information_schema.key_column_usage k USING (constraint_schema, constraint_name)
JOIN information_schema.table_constraints u
    ON u.constraint_schema = r.unique_constraint_schema AND u.constraint_name = r.unique_constraint_name
GROUP BY r.constraint_schema, r.constraint_name HAVING count(*) = 1
"""


def described() -> list[tuple[type[Table], Column]]:
    return [(table, column) for table in TABLES for column in table._meta.columns]


def type_of(column: Column) -> str:
    if isinstance(column, ForeignKey):
        return type_of(column._foreign_key_meta.resolved_references._meta.primary_key)
    name = str(column.column_type).lower()
    return TYPES.get(name, name)


def name_of(table: type[Table]) -> str:
    return table._meta.tablename


# --- what it is -------------------------------------------------------------------------------------------------------


async def test_the_schema_has_the_tables_columns_types_and_nulls_that_are_described(
    empty_database: str,
) -> None:
    found = {tuple(row) for row in await database.rows(COLUMNS)}
    wanted = {
        (name_of(table), column._meta.db_column_name, type_of(column), column._meta.null)
        for table, column in described()
    }
    assert found == wanted


async def test_the_schema_has_the_unique_columns_that_are_described(empty_database: str) -> None:
    found = {tuple(row) for row in await database.rows(UNIQUE)}
    assert found == {
        (name_of(table), column._meta.db_column_name)
        for table, column in described()
        if column._meta.unique or column._meta.primary_key
    }


async def test_the_schema_has_the_references_that_are_described(empty_database: str) -> None:
    found = {tuple(row) for row in await database.rows(REFERENCES)}
    assert found == {
        (
            name_of(table),
            column._meta.db_column_name,
            name_of(meta.resolved_references),
            RULES[meta.on_delete],
        )
        for table, column in described()
        if isinstance(column, ForeignKey) and (meta := column._foreign_key_meta)
    }


async def test_every_table_that_grows_with_members_carries_the_contracts_key(empty_database: str) -> None:
    without = {
        name_of(table) for table in TABLES if "contract" not in [c._meta.name for c in table._meta.columns]
    }
    shared = {
        "catalogue",
        "catalogue_item",
        "catalogue_price",
        "catalogue_tax",
        "catalogue_terms",
        "telephone_service",
        "contract",
        "attempt",
        "asked_count",
        "used_challenge",
        "pepper",
        "vault_card",
        "bill_close",
        "bill_issuer",
        "call_file",
        "feed_run",
        "first_start",
        "event_epoch",
        "erased_name",
        "notice",
    }
    assert without == shared


# --- migrating --------------------------------------------------------------------------------------------------------


@pytest.fixture
async def nothing(server: dict[str, Any], worker: str) -> AsyncIterator[None]:
    """A database without any table, in use."""
    name = f"nothing_{worker}"
    connection = await asyncpg.connect(**server)
    await connection.execute(f'CREATE DATABASE "{name}"')
    engine = Engine({**server, "database": name}, patience=None)
    database.use(engine, TABLES)
    await engine.start_connection_pool()
    yield
    await engine.close_connection_pool()
    await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await connection.close()


async def test_migrating_makes_the_schema_and_a_second_time_runs_nothing(nothing: None) -> None:
    missing = await pending()
    assert missing
    assert await migrate() == missing
    assert await pending() == []
    assert await migrate() == []
    assert await households.new_household()


def test_every_migration_has_its_name_for_an_id_and_a_number_of_its_own() -> None:
    # Piccolo keeps and sorts them by ID: of two with the same one, the folder's order decides which is never run.
    chapters = sorted(Path("migrations").glob("[!_]*.py"))
    for number, file in enumerate(chapters, 1):
        assert re.findall(r'^ID = "(.+)"$', file.read_text(), re.MULTILINE) == [file.stem]
        assert file.stem.startswith(f"m{number:02}_")


async def test_a_server_that_is_too_old_is_refused_by_its_version(
    nothing: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.postgres.migrate.OLDEST", 1000)
    version = (await database.rows("SHOW server_version"))[0][0]
    with pytest.raises(TooOld, match=re.escape(f"PostgreSQL {version}: 1000 or newer")):
        await migrate()
    assert (await database.rows("SELECT to_regclass('migration') AS there"))[0]["there"] is None


async def test_two_that_migrate_an_empty_database_at_once_both_succeed(nothing: None) -> None:
    missing = await pending()
    assert sorted(await asyncio.gather(migrate(), migrate())) == [[], missing]
    assert await pending() == []


async def test_migrating_prints_nothing_itself(nothing: None, capsys: pytest.CaptureFixture[str]) -> None:
    await migrate()
    assert capsys.readouterr() == ("", "")


async def test_a_migration_that_fails_leaves_nothing_behind(nothing: None) -> None:
    await database.rows("CREATE TABLE web_space (id int)")
    with pytest.raises(asyncpg.DuplicateTableError):
        await migrate()
    found = await database.rows(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    )
    assert [row["table_name"] for row in found] == ["web_space"]


async def ran(*names: str) -> None:
    """The database says that these migrations were run."""
    Migration._meta.db = database.engine()
    await Migration.create_table(if_not_exists=True)
    for name in names:
        await Migration(name=name, app_name=APP_NAME).save()


async def test_a_database_of_an_unreleased_version_is_refused_in_words_and_left_alone(nothing: None) -> None:
    await ran("2026-11-22T12:00:00:000000", "2026-11-22T15:00:00:000000")
    await database.rows("CREATE TABLE contract (id int)")
    with pytest.raises(
        Unreleased,
        match=r"unreleased version .*2026-11-22T12:00.*delete its folder or give another --data-dir",
    ):
        await migrate()
    found = await database.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    assert [row["tablename"] for row in found] == ["contract", "migration"]


async def test_a_database_that_a_newer_version_has_brought_up_to_date_is_not_refused(nothing: None) -> None:
    await migrate()
    await ran("m99_of_tomorrow")
    assert await migrate() == []
    assert await pending() == []


async def migrate_up_to(later: str) -> None:
    """The schema as the version had it whose next migration is the one that begins so."""
    *_, last = (name for name in await pending() if name < later)
    os.environ.setdefault("PICCOLO_CONF", "app.postgres.piccolo_conf")  # as migrate() says it
    Migration._meta.db = database.engine()
    await Migration.create_table(if_not_exists=True)
    async with database.engine().transaction():
        await ForwardsMigrationManager(app_name=APP_NAME, migration_id=last).run_migrations(APP_CONFIG)


async def test_contracts_that_are_there_keep_what_was_chosen_for_their_users_and_new_ones_ask(
    nothing: None,
) -> None:
    await migrate_up_to("m15")
    pool = database.engine().pool
    assert pool
    await pool.executemany(CONTRACT_OF_M14, [("1" * 14, True), ("2" * 14, False)])
    await pool.executemany(CHOICE_OF_M14, [("1" * 14, False), ("2" * 14, True)])
    await migrate()
    await households.new_contract(customer_number="3" * 14)
    kept = await database.rows("SELECT user_purchases FROM contract ORDER BY customer_number")
    assert [row["user_purchases"] for row in kept] == ["yes", "no", "ask"]
    waiting = await database.rows("SELECT data ->> 'permitted' AS chosen FROM change ORDER BY contract")
    assert [row["chosen"] for row in waiting] == ["no", "yes"]


CONTRACT_OF_M14 = f"""
INSERT INTO contract (customer_number, user_purchases, password_hash, contract_type, building, opened_on, mail_product,
    family, given, family_kana, given_kana, birth_date, sex, address, occupation, phone, fax, mobile, email)
VALUES ($1, $2, '{HASH}', '', '', '2020-01-01', 'mail_web', '', '', '', '', '1980-01-01', '', '', '', '', '', '', '')
"""
CHOICE_OF_M14 = """
INSERT INTO change (id, contract, asker, kind, asked_at, data)
SELECT gen_random_uuid(), id, '', 'user-purchases', now(), jsonb_build_object('permitted', $2::boolean)
FROM contract WHERE customer_number = $1
"""
"""What the version before kept of the switch of ユーザー権限によるセキュリティオプションの購入, and of its confirm pages."""


async def test_what_was_bought_before_there_was_a_catalogue_goes_on_with_it(nothing: None) -> None:
    await migrate_up_to("m23")
    pool = database.engine().pool
    assert pool
    await pool.execute(CONTRACT_OF_M14, "1" * 14, "ask")
    await pool.execute(BOUGHT_BEFORE)
    await migrate()
    with pytest.raises(kept.NoCatalogue):
        await kept.load()
    assert await kept.must_be_there()
    assert await kept.read() == files.shipped()
    contract = await households.log_in((await database.rows("SELECT id FROM contract"))[0]["id"])
    assert (contract.contract.mail.key, contract.contract.products) == (Shipped.MAIL_WEB, [Shipped.MAIL_WEB])


BOUGHT_BEFORE = """
INSERT INTO service_period (contract, product, started_at) SELECT id, 'mail-web', '2025-01-10' FROM contract;
INSERT INTO bill_close (month, reached) VALUES ('2025-02-01', 0);
INSERT INTO charge (contract, period, product, name, month, billed, yen, tax_rate)
SELECT contract, id, product, 'x', '2025-02-01', '2025-02-01', 275, 10 FROM service_period;
INSERT INTO call (contract, service, started_at, number, seconds, yen)
SELECT id, 'hikari-denwa', now(), '0', 1, 1 FROM contract
"""


# --- what it refuses --------------------------------------------------------------------------------------------------


async def refused(error: type[Exception], saved: Table) -> None:
    """The row is refused, and everything that was there stays."""
    with pytest.raises(error):
        await saved.save()


def account(contract: int, **values: Any) -> tables.Account:
    preset = {"login": "momiji-01", "slot": 3, "password_hash": HASH, "registered_at": datetime.now(UTC)}
    return tables.Account(**{"contract": contract, **preset, **values})


LOGINS = ("ab", "a" * 16, "1ab", "-ab", "ab-", "aBc", "a_c", "ａｂｃ", "a b", "abc\n", "")


@pytest.mark.parametrize("login", LOGINS, ids=repr)
async def test_a_login_of_a_wrong_form_is_refused(empty_database: str, login: str) -> None:
    await refused(asyncpg.CheckViolationError, account(await households.new_contract(), login=login))


async def test_logins_at_both_edges_are_taken(empty_database: str) -> None:
    contract = await households.new_contract()
    for slot, login in enumerate(("abc", "a-1", "a" * 15), 1):
        await account(contract, login=login, slot=slot).save()


async def test_an_account_id_is_refused_with_a_wrong_role_slot_hash_or_end(empty_database: str) -> None:
    contract = await households.new_contract()
    now = datetime.now(UTC)
    wrong: list[dict[str, Any]] = [
        {"role": "customer"},
        {"role": ""},
        {"slot": 0},
        {"slot": 6},
        {"password_hash": "abc12345"},
        {"password_hash": f"p1{HASH}"},
        {"registered_at": now, "deleted_at": now - timedelta(microseconds=1)},
    ]
    for values in wrong:
        await refused(asyncpg.CheckViolationError, account(contract, **values))
    await account(contract, role="admin", slot=5, registered_at=now, deleted_at=now).save()


async def test_five_living_account_ids_fill_the_contract_and_a_deleted_one_makes_room(
    empty_database: str,
) -> None:
    contract = await households.new_contract()
    for slot in range(1, 6):
        await account(contract, login=f"a-{slot}", slot=slot).save()
    for slot in range(1, 6):
        await refused(asyncpg.UniqueViolationError, account(contract, slot=slot))
    await account(await households.new_contract(), login="elsewhere", slot=1).save()
    gone = datetime.now(UTC) + timedelta(seconds=9)
    await tables.Account.update({tables.Account.deleted_at: gone}).where(tables.Account.login == "a-4")
    await account(contract, slot=4).save()


async def test_a_deleted_login_is_never_given_again(empty_database: str) -> None:
    now = datetime.now(UTC)
    await account(await households.new_contract(), registered_at=now, deleted_at=now).save()
    await refused(asyncpg.UniqueViolationError, account(await households.new_contract()))


async def test_a_service_period_ends_after_its_start_and_one_is_open_at_a_time(empty_database: str) -> None:
    family, now = await households.new_household(), datetime.now(UTC)
    for bearer in ({"product": "mail-pack"}, {"product": "kids-filter", "account": family.son}):
        period: dict[str, Any] = {"contract": family.contract, **bearer, "started_at": now}
        before = tables.ServicePeriod(**period, ended_at=now - timedelta(microseconds=1))
        await refused(asyncpg.CheckViolationError, before)
        for _ in range(2):
            await tables.ServicePeriod(**period, ended_at=now).save()
        await tables.ServicePeriod(**period).save()
        await refused(asyncpg.IntegrityConstraintViolationError, tables.ServicePeriod(**period))


async def test_a_product_is_bought_for_the_contract_or_for_an_account_id_never_for_the_other(
    empty_database: str,
) -> None:
    family, now = await households.new_household(), datetime.now(UTC)
    of_contract: dict[str, Any] = {"contract": family.contract, "started_at": now}
    of_account = {**of_contract, "account": family.son}
    for product in EVERY:
        right, wrong = (of_contract, of_account) if product in OF_CONTRACT else (of_account, of_contract)
        await refused(asyncpg.CheckViolationError, tables.ServicePeriod(**wrong, product=product))
        await tables.ServicePeriod(**right, product=product).save()
    for bearer in (of_contract, of_account):
        await refused(asyncpg.CheckViolationError, tables.ServicePeriod(**bearer, product="mail"))


OF_CONTRACT = (Shipped.MAIL_PACK, Shipped.MAIL_WEB, Shipped.REMOTE_SUPPORT)


async def test_a_charge_is_of_something_that_is_sold_and_of_the_contract_that_bought_it(
    empty_database: str,
) -> None:
    family, others = await households.new_household(), await households.new_contract()
    month = date(2026, 1, 1)
    await tables.BillClose(month=month, reached=0).save()
    period = tables.ServicePeriod(
        contract=family.contract, product=Shipped.REMOTE_SUPPORT, started_at=datetime.now(UTC)
    )
    await period.save()
    line: dict[str, Any] = {"period": period.id, "month": month, "billed": month, "yen": 1, "tax_rate": 10}
    stray = tables.Charge(**line, contract=others, product="remote-support")
    await refused(asyncpg.ForeignKeyViolationError, stray)
    line["contract"] = family.contract
    await refused(asyncpg.ForeignKeyViolationError, tables.Charge(**line, product="x"))
    for item in (*EVERY, AGAIN):
        await tables.Charge(**line, product=item).save()


@pytest.mark.parametrize(
    ("table", "name", "end"),
    [(tables.MailAddress, "address", "@s2.example.jp"), (tables.WebSpace, "name", "")],
)
async def test_an_address_or_web_space_is_one_at_a_time_and_never_given_again(
    empty_database: str, table: type[Table], name: str, end: str
) -> None:
    family, now = await households.new_household(), datetime.now(UTC)

    def called(text: str, account: int, released_at: datetime | None = None) -> Table:
        values: dict[str, Any] = {name: text + end, "account": account, "released_at": released_at}
        return table(**values, contract=family.contract, registered_at=now)

    await refused(asyncpg.CheckViolationError, called("early", family.son, now - timedelta(microseconds=1)))
    await called("old", family.son, now).save()
    await called("new", family.son).save()
    for text, person in (("newer", family.son), ("old", family.mother), ("new", family.mother)):
        await refused(asyncpg.UniqueViolationError, called(text, person))


async def test_mail_of_a_wrong_form_is_refused(empty_database: str) -> None:
    family, now = await households.new_household(), datetime.now(UTC)
    mine: dict[str, Any] = {"contract": family.contract, "account": family.son}
    for text in (
        "Taro@s2.example.jp",
        "taro..x@s2.example.jp",
        "taro",
        "a@b@s2.example.jp",
        "a@s2.example.jp\n",
    ):
        wrong = tables.MailAddress(**mine, address=text, registered_at=now)
        await refused(asyncpg.CheckViolationError, wrong)
    for text in ("Taro", ".taro", "ta/ro", "太郎"):
        await refused(asyncpg.CheckViolationError, tables.WebSpace(**mine, name=text, registered_at=now))
    for addresses in (
        ["taro@例え.jp"],
        ["a@b.jp", "c d@e.jp"],
        ["a@b.jp,c@d.jp"],
        ["a"],
        [""],
        ['a"@b.jp\n'],
    ):
        forward = tables.Forwarding(**mine, addresses=addresses, keep_copy=True)
        await refused(asyncpg.CheckViolationError, forward)
    for subject, body in (("", "x"), ("x", "")):
        reply = tables.AutoReply(**mine, enabled=True, subject=subject, body=body)
        await refused(asyncpg.CheckViolationError, reply)
    await tables.AutoReply(**mine, enabled=False, subject="", body="").save()
    await tables.Forwarding(**mine, addresses=["a!#$%&*/=?^`{|}~+o'x@b.jp"] * 5, keep_copy=True).save()


async def test_what_belongs_to_an_account_id_belongs_to_its_contract(empty_database: str) -> None:
    family, now = await households.new_household(), datetime.now(UTC)
    other: dict[str, Any] = {"contract": await households.new_contract(), "account": family.son}
    for stray in (
        tables.ServicePeriod(**other, product="mailbox-10gb", started_at=now),
        tables.MailAddress(**other, address="taro@s2.example.jp", registered_at=now),
        tables.Mailbox(**other, opened_at=now),
        tables.WebSpace(**other, name="taro", registered_at=now),
        tables.Forwarding(**other, addresses=["a@b.jp"], keep_copy=True),
        tables.AutoReply(**other, enabled=False, subject="", body=""),
    ):
        await refused(asyncpg.ForeignKeyViolationError, stray)


async def test_a_password_is_used_once_for_a_login(empty_database: str) -> None:
    family = await households.new_household()
    mine: dict[str, Any] = {"contract": family.contract, "account": family.son, "hash": HASH}
    await refused(asyncpg.UniqueViolationError, tables.UsedPassword(**mine))
    await tables.UsedPassword(**{**mine, "account": None}).save()
    await refused(asyncpg.UniqueViolationError, tables.UsedPassword(**{**mine, "account": None}))


async def test_a_contract_and_a_card_are_refused_with_wrong_values(empty_database: str) -> None:
    for number in ("9" * 5, "9" * 15, "9000000000000a", "９" * 14, ""):
        with pytest.raises(asyncpg.CheckViolationError):
            await households.new_contract(customer_number=number)
    for values in (
        {"password_hash": "demo01"},
        {"mail_product": "other"},
        {"holder_kind": "firm"},
        {"holder_kind": "company"},
        {"company": "株式会社例示"},
        {"birth_date": None},
        {"household": -1},
        {"household": 21},
        {"user_purchases": "maybe"},
        {"user_purchases": ""},
    ):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await households.new_contract(**values)
    await households.new_contract(
        customer_number="9" * 6, holder_kind="company", company="例示", birth_date=None
    )
    contract = await households.new_contract(household=20)
    right: dict[str, Any] = {
        "contract": contract,
        "brand": "JCB",
        "last4": "0000",
        "expires": "2030-12",
        "holder": "AN",
    }
    for values in (
        {"last4": "00000"},
        {"last4": "4111111111111111"},
        {"expires": "2030-13"},
        {"expires": "12/30"},
    ):
        await refused(asyncpg.CheckViolationError, tables.Card(**{**right, **values}))
    await tables.Card(**right).save()
    await refused(asyncpg.UniqueViolationError, tables.Card(**right))


async def test_a_change_has_its_receipt_number_when_it_is_applied_and_then_no_data(
    empty_database: str,
) -> None:
    contract, now = await households.new_contract(), datetime.now(UTC)
    asked: dict[str, Any] = {
        "contract": contract,
        "asker": "お客様番号",
        "kind": "account-edit",
        "asked_at": now,
    }
    for values in (
        {"applied_at": now, "receipt_number": 1, "data": "{}"},
        {"applied_at": now},
        {"receipt_number": 1},
    ):
        await refused(asyncpg.CheckViolationError, tables.Change(**asked, **values))
    await tables.Change(**asked, data="{}").save()
    await tables.Change(**asked, applied_at=now, receipt_number=1).save()
    await refused(asyncpg.UniqueViolationError, tables.Change(**asked, applied_at=now, receipt_number=1))


async def test_a_session_has_a_sha_256_and_goes_with_its_contract_which_stays_with_its_history(
    empty_database: str,
) -> None:
    contract, now = await households.new_contract(), datetime.now(UTC)
    short = tables.Session(token_hash=b"x" * 31, contract=contract, opened_at=now, seen_at=now)
    await refused(asyncpg.CheckViolationError, short)
    await households.new_session(contract)
    await tables.Contract.delete(force=True)
    assert await tables.Session.count() == 0
    await households.new_household()
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await tables.Contract.delete(force=True)


# --- what is filled in ------------------------------------------------------------------------------------------------


async def run(*identities: str) -> None:
    """Run these chapters, by their IDs, whatever was run before."""
    for identity in identities:
        manager = await importlib.import_module(f"migrations.{identity}").forwards()
        for step in manager.raw:
            await step()


CHAPTERS = sorted(file.stem for file in Path("migrations").glob("m*.py"))
GONE = """
INSERT INTO account (contract, login, slot, password_hash, family, given, family_kana, given_kana, user_name, role,
    registered_at, deleted_at)
SELECT contract, 'gone', 2, password_hash, family, given, family_kana, given_kana, user_name, role, registered_at,
    '2026-01-25+09' FROM account
"""
BOUGHT = """
INSERT INTO service_period (contract, account, product, started_at, ended_at)
SELECT c.id, a.id, p.product, since::timestamptz, until::timestamptz FROM contract c, (VALUES
    ('', 'mail-web', '2025-12-10+09', '2026-02-03+09'),
    ('', 'remote-support', '2025-12-10+09', '2026-01-20+09'),
    ('', 'remote-support', '2026-01-21+09', NULL),
    ('bench-1', 'security-360', '2025-12-31 23:59+09', '2026-01-10+09'),
    ('gone', 'kids-filter', '2025-12-10+09', '2026-01-10+09'),
    ('gone', 'mailbox-10gb', '2025-12-10+09', '2026-01-31 23:59:59+09')
) AS p (login, product, since, until) LEFT JOIN account a ON a.login = p.login
"""
LEDGER_LINES = """
INSERT INTO charge (contract, period, login, product, month, billed, yen, tax_rate)
SELECT contract, id, (SELECT login FROM account a WHERE a.id = p.account), product, '2026-01-01', b, y, r
FROM service_period p, (VALUES (date '2026-01-01', 555, 10), ('2026-02-01', -555, 8)) AS v (b, y, r)
"""


async def test_bills_that_were_closed_before_say_after_the_chapter_of_bills_what_they_said(
    nothing: None,
) -> None:
    await run(*(name for name in CHAPTERS if name < "m16"))
    await database.rows(CONTRACTS, 1, 1)  # no table class: those are of the newest chapter
    await database.rows(ACCOUNT_IDS, 1, 1)
    await database.rows(GONE)
    await database.rows(BOUGHT)
    await database.rows("INSERT INTO bill_close VALUES ('2026-01-01', 1), ('2026-02-01', 0)")
    await database.rows(LEDGER_LINES)
    await database.rows(
        "INSERT INTO charge (contract, period, product, month, billed, yen, tax_rate)"
        " SELECT contract, id, 'remote-support-again', '2026-01-01', '2026-01-01', 3300, 10"
        " FROM service_period WHERE ended_at IS NULL"
    )
    await database.rows("UPDATE bill_close SET closed_at = now() WHERE month = '2026-01-01'")
    await run("m16_bills")
    found = await database.rows(
        "SELECT h.*, p.product AS bought, p.started_at AS since, p.ended_at AS until, a.deleted_at FROM charge h"
        " JOIN service_period p ON p.id = h.period LEFT JOIN account a ON a.id = p.account ORDER BY h.id"
    )
    assert len(found) == 13
    for row in found:
        item = Product(row["product"])
        purchase = bills.Purchase(Product(row["bought"]), row["since"], row["until"], row["deleted_at"])
        used = purchase.used(item, Month.of_day(row["billed"]))
        assert (row["name"], row["started_on"], row["ended_on"]) == (catalogue.name(item), *used)
    taxes = await database.rows("SELECT month, tax_rate, yen, tax FROM bill_tax ORDER BY month")
    tax = [bills.TaxSum.of(10, 6 * 555 + 3_300), bills.TaxSum.of(8, -6 * 555)]
    assert [(row["tax_rate"], row["yen"], row["tax"]) for row in taxes] == [
        (one.percent, one.yen, one.tax) for one in tax
    ]
    names = await database.rows("SELECT recipient, card_last4 FROM bill_name ORDER BY month")
    assert [tuple(row) for row in names] == [("有光 杏", None), ("有光 杏", None)]
    with pytest.raises(asyncpg.RestrictViolationError):
        await database.rows("UPDATE charge SET name = 'x'")


@pytest.mark.parametrize("ran", [False, True])
async def test_a_portal_that_has_run_before_had_its_first_start_long_ago_and_a_new_one_had_none(
    nothing: None, ran: bool
) -> None:
    await run(*(name for name in CHAPTERS if name < "m24"))
    await database.rows(CONTRACTS, 1, 1)
    if ran:
        await database.rows(
            "INSERT INTO outbox (contract, recipient, subject, body, message_id, posted_at, due_at, tries)"
            " SELECT id, 'a@example.jp', 'x', 'x', 'x', now(), now(), 0 FROM contract"
        )
    await run("m24_hold")
    found = await database.rows("SELECT at < now() - interval '1 year' AS long_ago FROM first_start")
    assert [row["long_ago"] for row in found] == ([True] if ran else [])
    imported = await database.rows("SELECT imported_at FROM contract")
    assert [row["imported_at"] for row in imported] == [None]
    mails = await database.rows("SELECT kind, held_at, released_at FROM outbox")
    assert [tuple(row) for row in mails] == ([("", None, None)] if ran else [])
