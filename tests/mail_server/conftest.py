"""A database that mail servers reach over TCP, and the mail servers, once for all tests of this folder."""

from __future__ import annotations

import random
import secrets
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from app import settings
from app.domain.catalogue import kept
from app.domain.tables import TABLES
from app.postgres import database
from app.postgres.embedded import EmbeddedPostgres
from app.postgres.engine import Engine
from app.postgres.migrate import migrate
from tests.mail_server import servers
from tests.mail_server.clients import Postman, World, world
from tests.mail_server.listener import Listener
from tests.mail_server.servers import MailServer, mail_server


@pytest.fixture(scope="session")
def tcp_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Connection arguments of a PostgreSQL that listens on TCP: DATABASE_URL's, or an embedded one.

    The embedded one has a loopback address of its own, since its port is fixed.
    """
    url = settings.database_url()
    if url is not None:
        parts = urlsplit(url)
        yield {**database.arguments(url), "host": parts.hostname or "127.0.0.1", "port": parts.port or 5432}
        return
    address = "127.{}.{}.{}".format(*(random.randint(2, 250) for _ in range(3)))
    with EmbeddedPostgres(tmp_path_factory.mktemp("mail-postgres")) as postgres:
        fast = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        yield {**postgres.start({**fast, "listen_addresses": address}), "host": address}


@pytest.fixture(scope="session")
async def mail_database(tcp_server: dict[str, Any], worker: str) -> AsyncIterator[dict[str, Any]]:
    """A database with the schema, and the two roles that the mail server logs in with."""
    name, users = (
        f"mail_{worker}",
        {"mypage_mail": f"mail_{worker}", "mypage_mail_state": f"mail_state_{worker}"},
    )
    password = secrets.token_hex(16)
    administrator = await asyncpg.connect(**tcp_server)
    await _clear(administrator, name, users)
    await administrator.execute(f'CREATE DATABASE "{name}"')
    engine = Engine({**tcp_server, "database": name})
    database.use(engine, TABLES)
    await engine.start_connection_pool()
    await migrate()
    await kept.must_be_there()
    for group, user in users.items():
        await administrator.execute(f"CREATE ROLE {user} LOGIN PASSWORD '{password}' IN ROLE {group}")
    yield {
        "host": tcp_server["host"],
        "port": tcp_server["port"],
        "database": name,
        "mail_user": users["mypage_mail"],
        "state_user": users["mypage_mail_state"],
        "password": password,
        "salt": (await database.rows("SELECT salt FROM mail_v1.selector_salt"))[0]["salt"],
        "engine": engine,
    }
    await engine.close_connection_pool()
    await _clear(administrator, name, users)
    await administrator.close()


async def _clear(administrator: asyncpg.Connection, name: str, users: dict[str, str]) -> None:
    await administrator.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await administrator.execute(f"DROP ROLE IF EXISTS {', '.join(users.values())}")


@pytest.fixture(scope="session")
def everywhere() -> Iterator[World]:
    with world() as elsewhere:
        yield elsewhere


@pytest.fixture(scope="session")
def listener(tcp_server: dict[str, Any], mail_database: dict[str, Any]) -> Iterator[Listener]:
    """The portal's internal listener, which the mail servers ask."""
    own = Listener({**tcp_server, "database": mail_database["database"]})
    own.start()
    yield own
    own.stop()


@pytest.fixture(scope="session")
def running(mail_database: dict[str, Any], everywhere: World, listener: Listener) -> Iterator[MailServer]:
    if reason := servers.missing():
        pytest.skip(reason)
    with mail_server(mail_database, everywhere.port, listener.port) as server:
        yield server


@pytest.fixture
def mail_host(running: MailServer, mail_database: dict[str, Any]) -> MailServer:
    """The mail servers, with their database in use by the portal's tables."""
    database.use(mail_database["engine"], TABLES)
    return running


@pytest.fixture
def postman(mail_host: MailServer) -> Postman:
    return Postman(mail_host)


@pytest.fixture
def elsewhere(everywhere: World) -> World:
    """The rest of the world, with no mail yet."""
    everywhere.mails.clear()
    return everywhere
