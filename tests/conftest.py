"""A real PostgreSQL, a template database per worker and a copy of it that every test finds fresh, people with stories.

有光 杏 is the contractor of the manual: her customer number, a user-role account ID (her son's) and an admin one.
The stranger has another contract. Whoever was deleted is still logged in somewhere.
"""

from __future__ import annotations

import gc
import itertools
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncpg
import hypothesis
import pytest
from argon2.low_level import hash_secret
from litestar.types import ASGIApp

from app import settings
from app.commands import servers
from app.domain import catalogue, clock, events, housekeeping, installation
from app.domain.access import passwords
from app.domain.cards import visits
from app.domain.catalogue import file, kept
from app.domain.contracts.importing import import_contracts
from app.domain.letters import outbox
from app.domain.mail import mail_logins
from app.domain.options.licence_import import import_licences
from app.domain.retention import pruning
from app.domain.tables import TABLES
from app.main import portal
from app.postgres import database
from app.postgres.embedded import EmbeddedPostgres
from app.postgres.engine import Engine
from app.postgres.migrate import migrate
from tests.access.steps import phones
from tests.browser import Browser
from tests.households import sign_in
from tests.mail.steps import buy, get_address
from tests.roles import ROLES, TwoRoles, by_portal

HOST = "mypage.example.jp"
STRANGERS = Path(__file__).parent / "strangers.jsonl"

SETTINGS = settings.Settings(
    secret_keys=(b"a newest secret key for the tests", b"an older secret key for the tests!"),
    peppers={1: b"a pepper that only the tests know"},
    data_keys=(b"a newest data key for the tests!", b"an older data key for the tests!!"),
    hosts=frozenset({HOST}),
    base_url=f"https://{HOST}",
    invoice_number=settings.DEMO_INVOICE_NUMBER,
    billing=settings.DEMO_BILLING,
    payment_day=settings.DEMO_PAYMENT_DAY,
    contact=settings.Contact("試験通信株式会社", "0120-000-0000", "9時～17時（年中無休）"),
    remote_support=settings.SupportWindow("0120-000-1111", "9時～17時（年中無休）"),
    installers=settings.DEMO_INSTALLERS,
    elsewhere=settings.DEMO_ELSEWHERE,
    mail=settings.Mail("mypage@example.jp"),
    mail_system=settings.DEMO_MAIL_SYSTEM,
)

FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
"""PostgreSQL for tests: nothing has to survive a power cut, and no table lives long enough to be vacuumed."""

Installed = Callable[..., None]
"""Gives a test other parts of the installation; the fixture `installed`."""

_numbers = itertools.count(1)

hypothesis.settings.register_profile(
    "portal", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.register_profile(
    "quick", parent=hypothesis.settings.get_profile("portal"), max_examples=20
)
hypothesis.settings.register_profile(
    "prove", parent=hypothesis.settings.get_profile("portal"), max_examples=10_000
)
hypothesis.settings.load_profile("portal")  # no test fails for the speed of the machine


def pytest_collection_finish() -> None:
    """What is imported by now stays: a twentieth of the suite's time went into looking whether it is garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def at_start() -> None:
    """What a server does at its start."""
    installation.use(settings.installation_of(SETTINGS))
    catalogue.use(file.shipped())
    for module, work in _BY_SERVERS:
        setattr(module, work, by_portal(getattr(module, work)))


_BY_SERVERS = (
    (housekeeping, "tidy"),
    (pruning, "prune"),
    (events, "number"),
    (outbox, "deliver_due"),
    (visits, "tidy"),
    (mail_logins, "allow"),
    (mail_logins, "ended"),
)
"""What a server does without a page: in every test it is done by the role that serves, as pages are (roles.py)."""


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Installed:
    """Gives the test another part of the installation, by name, or takes it away with None."""

    def other(**parts: Any) -> None:
        monkeypatch.setattr(installation, "_current", replace(installation._current, **parts))

    return other


@pytest.fixture
def before_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was handed over yet, as in a program that has only begun."""
    monkeypatch.setattr(installation, "_current", installation.Installation())


@pytest.fixture(scope="session")
def worker(request: pytest.FixtureRequest) -> str:
    """Name of this pytest-xdist worker."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """The embedded PostgreSQL of this worker; it starts with `server`."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres")) as postgres:
        yield postgres


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Connection arguments of a PostgreSQL for this worker: DATABASE_URL's, or the embedded one."""
    url = settings.database_url()
    if url is not None:
        return database.arguments(url)
    postgres: EmbeddedPostgres = request.getfixturevalue("embedded")
    return postgres.start(FAST)


@pytest.fixture(scope="session")
async def templates(server: dict[str, Any], worker: str) -> AsyncIterator[tuple[str, str]]:
    """Names of two databases to copy: an empty one with the schema, and one with the contracts of the stories."""
    empty, filled = f"template_empty_{worker}", f"template_filled_{worker}"
    await _command(server, f'DROP DATABASE IF EXISTS "{empty}"', f'CREATE DATABASE "{empty}"')
    await _inside(server, empty, load=())
    await _command(
        server, f'DROP DATABASE IF EXISTS "{filled}"', f'CREATE DATABASE "{filled}" TEMPLATE "{empty}"'
    )
    await _inside(server, filled, load=(servers.DEMO_CONTRACTS, STRANGERS))
    yield empty, filled
    await _command(server, f'DROP DATABASE "{empty}"', f'DROP DATABASE "{filled}"')


@pytest.fixture(scope="session")
async def working_copies(
    templates: tuple[str, str],
) -> AsyncIterator[dict[str, WorkingCopy]]:
    """By template, the database that this worker's tests use in turn, each finding it as it was."""
    made: dict[str, WorkingCopy] = {}
    yield made
    for copy in made.values():
        await copy.drop()


@pytest.fixture
async def empty_database(
    server: dict[str, Any],
    templates: tuple[str, str],
    working_copies: dict[str, WorkingCopy],
    request: pytest.FixtureRequest,
) -> AsyncIterator[str]:
    """A database with the schema and no rows, in use by app.postgres.database; its name."""
    async for name in _fresh(server, templates[0], working_copies, request):
        yield name


@pytest.fixture
async def filled_database(
    server: dict[str, Any],
    templates: tuple[str, str],
    working_copies: dict[str, WorkingCopy],
    request: pytest.FixtureRequest,
) -> AsyncIterator[str]:
    """A database with the contracts of the stories, in use by app.postgres.database; its name."""
    async for name in _fresh(server, templates[1], working_copies, request):
        yield name


@pytest.fixture(scope="module")
async def lasting_database(server: dict[str, Any], templates: tuple[str, str]) -> AsyncIterator[Engine]:
    """A database for the tests of a module that change nothing in it; each has to `database.use` its engine."""
    async for _ in _copy(server, templates[1]):
        yield database.engine()


@pytest.fixture(scope="session")
def application() -> ASGIApp:
    """The portal, made once for a worker; each test gives it a database."""
    return portal(SETTINGS, Engine({}))


@pytest.fixture
async def visitor(application: ASGIApp, filled_database: str) -> AsyncIterator[Browser]:
    """A browser that nobody has logged in with."""
    async with Browser(application, HOST) as browser:
        yield browser


@pytest.fixture
async def another_browser(application: ASGIApp, filled_database: str) -> AsyncIterator[Browser]:
    """A second device of somebody."""
    async with Browser(application, HOST) as browser:
        yield browser


@pytest.fixture
async def contractor(visitor: Browser) -> Browser:
    """有光 杏, logged in with her customer number."""
    return await sign_in(visitor, "customer", "90000000000000")


@pytest.fixture
async def admin(application: ASGIApp, filled_database: str) -> AsyncIterator[Browser]:
    """有光 杏, logged in with her admin account ID."""
    async with Browser(application, HOST) as browser:
        yield await sign_in(browser, "account", "arteri-an-002")


@pytest.fixture
async def family_user(application: ASGIApp, filled_database: str) -> AsyncIterator[Browser]:
    """Somebody of the family, logged in with a user-role account ID."""
    async with Browser(application, HOST) as browser:
        yield await sign_in(browser, "account", "arteri-an-001")


@pytest.fixture
async def stranger(application: ASGIApp, filled_database: str) -> AsyncIterator[Browser]:
    """The contractor of another contract."""
    async with Browser(application, HOST) as browser:
        yield await sign_in(browser, "customer", "80000000000000")


@pytest.fixture
async def taro(contractor: Browser) -> Browser:
    """The contractor, whose arteri-an-001 has the address hikari.taro@."""
    await buy(contractor)
    await get_address(contractor, "arteri-an-001", "hikari.taro")
    return contractor


@pytest.fixture
def round_trips(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that pages send to the database, outside of transactions."""
    sent: list[str] = []
    fetch = Engine.fetch

    async def noted(self: Engine, query: str, args: Any = ()) -> Any:
        sent.append(query)
        return await fetch(self, query, args)

    monkeypatch.setattr(Engine, "fetch", noted)
    return sent


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The cost of each argon2 that is computed, in the order of its beginning: what a clock could tell somebody."""
    costs: list[dict[str, Any]] = []

    def noted(*secret_and_salt: Any, **cost: Any) -> bytes:
        costs.append(cost)
        return hash_secret(*secret_and_salt, **cost)

    monkeypatch.setattr(passwords, "hash_secret", noted)
    return costs


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    """A command that a test runs in this process writes to a log of its own: the next test's is as it was."""
    root = logging.getLogger()
    level, handlers = root.level, [*root.handlers]
    yield
    root.setLevel(level)
    root.handlers[:] = handlers


@pytest.fixture(autouse=True)
def real_time() -> Iterator[None]:
    """Whatever a test did to the clock, the next one starts in real time."""
    yield
    clock.start_at(None)
    phones.undo()


async def _fresh(
    server: dict[str, Any], template: str, copies: dict[str, WorkingCopy], request: pytest.FixtureRequest
) -> AsyncIterator[str]:
    """The worker's working copy as the template is; a copy of its own for a test that changes the schema."""
    if request.node.get_closest_marker("own_database"):
        async for name in _copy(server, template):
            yield name
        return
    if template not in copies:
        copies[template] = await WorkingCopy.of(server, template)
    copy = copies[template]
    await copy.restore()
    database.use(copy.engine, TABLES)
    yield copy.name


async def _copy(server: dict[str, Any], template: str) -> AsyncIterator[str]:
    copy = await WorkingCopy.of(server, template)
    yield copy.name
    await copy.drop()


@dataclass
class WorkingCopy:
    """A copy of a template that can be made as it was: a new copy for every test costs ten times as much."""

    server: dict[str, Any]
    name: str
    engine: Engine
    script: str = ""

    @classmethod
    async def of(cls, server: dict[str, Any], template: str) -> WorkingCopy:
        name = f"{template.replace('template', 'test')}_{next(_numbers)}"
        await _command(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        engine = _engine(server, name)
        await engine.start_connection_pool(max_size=30)
        return cls(server, name, engine)

    async def restore(self) -> None:
        """Put back every row and sequence as the template has it."""
        connection = await self.engine.acquire()
        if self.script:
            await connection.execute(f"BEGIN; {_SETTINGS}; {self.script}; COMMIT")
        else:
            await connection.execute(_REMEMBER)
            self.script = str(await connection.fetchval(_RESTORE))
        await self.engine.give_back(connection)

    async def drop(self) -> None:
        await self.engine.close_connection_pool()
        await _command(self.server, f'DROP DATABASE "{self.name}" WITH (FORCE)')


_SETTINGS = "SET LOCAL session_replication_role = replica"
"""No triggers, no order of foreign keys: a table that may only grow is put back as well."""
_TABLES = """
SELECT c.oid, c.oid::regclass::text AS name, 'before.' || quote_ident(c.oid::text) AS kept,
    (SELECT string_agg(quote_ident(a.attname), ', ') FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns
FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace::regnamespace::text NOT LIKE ALL ('{pg_%,before,information_schema}')
"""
_REMEMBER = f"""
CREATE SCHEMA before;
DO $$ DECLARE one record; BEGIN
    FOR one IN {_TABLES} LOOP
        EXECUTE format('CREATE TABLE %s AS SELECT %s FROM %s', one.kept, one.columns, one.name);
    END LOOP;
END $$
"""
_RESTORE = f"""
SELECT string_agg(line, '; ') FROM (
    SELECT format('DELETE FROM %1$s; INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE SELECT * FROM %3$s',
        name, columns, kept) AS line FROM ({_TABLES}) AS tables
    UNION ALL
    SELECT format('SELECT setval(%L, %s, %L)', format('%I.%I', schemaname, sequencename), coalesce(last_value, start_value),
        last_value IS NOT NULL) FROM pg_sequences
) AS lines
"""


_STARTED_LONG_AGO = "INSERT INTO first_start (id, at) VALUES (1, '2000-01-01 00:00+00')"
_IMPORTED_LONG_AGO = "UPDATE contract SET imported_at = '2000-01-01 00:00+00'"
"""Tests set their clock to any year: only those of mails by date have a portal that is new (tests/letters/test_by_date.py)."""

_TOLD_ALREADY = """
INSERT INTO alert (contract, account, kind, told_at)
SELECT id, NULL::bigint, 'new-browser', timestamptz '2100-01-01' FROM contract
UNION ALL SELECT contract, id, 'new-browser', timestamptz '2100-01-01' FROM account
"""
"""Every test's login is from a new browser: only the tests of that mail let it be told (tests/letters/test_alerts.py)."""


def _engine(server: dict[str, Any], name: str) -> Engine:
    engine = TwoRoles({**server, "database": name})
    database.use(engine, TABLES)
    return engine


async def _inside(server: dict[str, Any], name: str, load: tuple[Path, ...]) -> None:
    engine = _engine(server, name)
    await engine.start_connection_pool()
    await _command({**server, "database": name}, ROLES.read_text())
    await migrate()
    await kept.must_be_there()
    for path in load:
        await import_contracts(path, progress=lambda _: None)
    await database.rows(_IMPORTED_LONG_AGO if load else _STARTED_LONG_AGO)
    if load:
        await import_licences(servers.DEMO_LICENCES, progress=lambda _: None)
        await database.rows(_TOLD_ALREADY)
    await engine.close_connection_pool()


async def _command(server: dict[str, Any], *statements: str) -> None:
    connection = await asyncpg.connect(**server)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
