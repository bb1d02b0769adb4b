"""A real PostgreSQL, a template database per worker, a fresh copy of it for every test, and people with stories.

有光 杏 is the contractor of the manual: her customer number, a user-role account ID (her son's) and an admin one.
The stranger has another contract. Whoever was deleted is still logged in somewhere.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from litestar.types import ASGIApp

from app import cli, database, mail_transport, settings
from app.domain import clock, data_keys, mail_system, outbox, passwords
from app.domain.contract_import import import_contracts
from app.domain.licence_import import import_licences
from app.domain.tables import TABLES
from app.embedded import EmbeddedPostgres
from app.main import portal
from app.migrate import migrate
from tests.browser import Browser

HOST = "mypage.example.jp"
STRANGERS = Path(__file__).parent / "strangers.jsonl"

SETTINGS = settings.Settings(
    secret_keys=(b"a newest secret key for the tests", b"an older secret key for the tests!"),
    peppers={1: b"a pepper that only the tests know"},
    data_keys=(b"a newest data key for the tests!", b"an older data key for the tests!!"),
    hosts=frozenset({HOST}),
    invoice_number=settings.DEMO_INVOICE_NUMBER,
    contact=settings.Contact("試験通信株式会社", "0120-000-0000", "9時～17時（年中無休）"),
    remote_support=settings.SupportWindow("0120-000-1111", "9時～17時（年中無休）"),
    installers=settings.DEMO_INSTALLERS,
    elsewhere=settings.DEMO_ELSEWHERE,
    mail=settings.Mail("mypage@example.jp"),
    mail_system=settings.DEMO_MAIL_SYSTEM,
)

FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
"""PostgreSQL for tests: nothing has to survive a power cut, and no table lives long enough to be vacuumed."""

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def worker(request: pytest.FixtureRequest) -> str:
    """Name of this pytest-xdist worker."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Connection arguments of a PostgreSQL for this worker: DATABASE_URL's, or the embedded one."""
    url = settings.database_url()
    if url is not None:
        yield database.arguments(url)
        return
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres")) as postgres:
        yield postgres.start(FAST)


@pytest.fixture(scope="session")
async def templates(server: dict[str, Any], worker: str) -> AsyncIterator[tuple[str, str]]:
    """Names of two databases to copy: an empty one with the schema, and one with the contracts of the stories."""
    empty, filled = f"template_empty_{worker}", f"template_filled_{worker}"
    passwords.season(passwords.Peppers(SETTINGS.peppers))
    outbox.write_as(mail_transport.sender_of(SETTINGS))
    mail_system.use(SETTINGS.mail_system)
    data_keys.use(SETTINGS.data_keys)
    await _command(server, f'DROP DATABASE IF EXISTS "{empty}"', f'CREATE DATABASE "{empty}"')
    await _inside(server, empty, load=())
    await _command(
        server, f'DROP DATABASE IF EXISTS "{filled}"', f'CREATE DATABASE "{filled}" TEMPLATE "{empty}"'
    )
    await _inside(server, filled, load=(cli.DEMO_CONTRACTS, STRANGERS))
    yield empty, filled
    await _command(server, f'DROP DATABASE "{empty}"', f'DROP DATABASE "{filled}"')


@pytest.fixture
async def empty_database(
    server: dict[str, Any], worker: str, templates: tuple[str, str]
) -> AsyncIterator[str]:
    """A fresh database with the schema and no rows, in use by app.database; its name."""
    async for name in _copy(server, worker, templates[0]):
        yield name


@pytest.fixture
async def filled_database(
    server: dict[str, Any], worker: str, templates: tuple[str, str]
) -> AsyncIterator[str]:
    """A fresh database with the contracts of the stories, in use by app.database; its name."""
    async for name in _copy(server, worker, templates[1]):
        yield name


@pytest.fixture(scope="module")
async def lasting_database(
    server: dict[str, Any], worker: str, templates: tuple[str, str]
) -> AsyncIterator[database.Engine]:
    """A database for the tests of a module that change nothing in it; each has to `database.use` its engine."""
    async for _ in _copy(server, worker, templates[1]):
        yield database.engine()


@pytest.fixture(scope="session")
def application() -> ASGIApp:
    """The portal, made once for a worker; each test gives it a database."""
    return portal(SETTINGS, database.Engine({}))


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
    await visitor.log_in("customer", "90000000000000", "demo01")
    return visitor


@pytest.fixture
async def admin(application: ASGIApp, filled_database: str) -> AsyncIterator[Browser]:
    """有光 杏, logged in with her admin account ID."""
    async with Browser(application, HOST) as browser:
        await browser.log_in("account", "arteri-an-002", "abc12345")
        yield browser


@pytest.fixture
async def family_user(application: ASGIApp, filled_database: str) -> AsyncIterator[Browser]:
    """Somebody of the family, logged in with a user-role account ID."""
    async with Browser(application, HOST) as browser:
        await browser.log_in("account", "arteri-an-001", "abc12345")
        yield browser


@pytest.fixture
async def stranger(application: ASGIApp, filled_database: str) -> AsyncIterator[Browser]:
    """The contractor of another contract."""
    async with Browser(application, HOST) as browser:
        await browser.log_in("customer", "80000000000000", "tanin-1")
        yield browser


@pytest.fixture(autouse=True)
def real_time() -> Iterator[None]:
    """Whatever a test did to the clock, the next one starts in real time."""
    yield
    clock.start_at(None)


async def _copy(server: dict[str, Any], worker: str, template: str) -> AsyncIterator[str]:
    name = f"test_{worker}_{next(_numbers)}"
    await _command(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    engine = _engine(server, name)
    await engine.start_connection_pool(max_size=30)
    yield name
    await engine.close_connection_pool()
    await _command(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def _engine(server: dict[str, Any], name: str) -> database.Engine:
    engine = database.Engine({**server, "database": name})
    database.use(engine, TABLES)
    return engine


async def _inside(server: dict[str, Any], name: str, load: tuple[Path, ...]) -> None:
    engine = _engine(server, name)
    await engine.start_connection_pool()
    await migrate()
    for path in load:
        await import_contracts(path, progress=lambda _: None)
    if load:
        await import_licences(cli.DEMO_LICENCES, progress=lambda _: None)
    await engine.close_connection_pool()


async def _command(server: dict[str, Any], *statements: str) -> None:
    connection = await asyncpg.connect(**server)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
