"""An operator is told when another machine's PostgreSQL is asked without TLS."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from app.postgres import database, wire
from app.postgres.embedded import EmbeddedPostgres
from app.postgres.engine import Engine
from tests.postgres.clusters import FAST


def own_address() -> str:
    """This machine's address in its network, which others would ask; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect(("192.0.2.1", 9))
        return str(asking.getsockname()[0])


@pytest.fixture(scope="module")
def in_the_network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """How a PostgreSQL is asked at an address of the network. The embedded build has no TLS."""
    folder, address = tmp_path_factory.mktemp("wire") / "pg", own_address()
    with EmbeddedPostgres(folder) as postgres:
        local = postgres.start(FAST)
    with next(folder.rglob("pg_hba.conf")).open("a") as rules:
        rules.write(f"host all all {address}/32 scram-sha-256\n")
    with EmbeddedPostgres(folder) as postgres:
        postgres.start({**FAST, "listen_addresses": address})
        yield {**local, "host": address}


async def warned(arguments: dict[str, Any]) -> str:
    engine = Engine(arguments)
    database.use(engine, [])
    await engine.start_connection_pool(max_size=1)
    try:
        return await wire.warning()
    finally:
        await engine.close_connection_pool()


@pytest.mark.usefixtures("engine_restored")
async def test_a_server_in_the_network_is_told_by_its_address(
    in_the_network: dict[str, Any],
) -> None:
    said = await warned(in_the_network)
    assert in_the_network["host"] in said
    assert "sslmode=verify-full" in said


async def test_the_embedded_server_is_asked_by_a_socket_and_not_told(empty_database: str) -> None:
    assert await wire.warning() == ""


@pytest.mark.parametrize(
    ("server", "encrypted", "told"),
    [
        ("192.0.2.9", False, True),
        ("192.0.2.9", True, False),
        ("fd00::9", False, True),
        ("::1", False, False),
        ("127.0.0.1", False, False),
        (None, False, False),
    ],
)
def test_tls_or_this_machine_is_enough(server: str | None, encrypted: bool, told: bool) -> None:
    assert bool(wire.said_of(server, encrypted=encrypted)) is told
