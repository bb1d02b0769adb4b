"""The pool and the transaction against a real server that is killed, frozen, stopped and started again."""

from __future__ import annotations

import asyncio
import os
import signal
import time
import traceback
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from piccolo.columns import Integer, Varchar
from piccolo.engine.exceptions import TransactionError
from piccolo.table import Table

from app.postgres import database
from app.postgres.database import rows, unavailable
from app.postgres.embedded import EmbeddedPostgres
from app.postgres.engine import PATIENCE, Engine, RolledBack, SafeTransaction, Unavailable, WrongAddress

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from pathlib import Path

A_PAGE_MAY_WAIT = 3.0  # seconds
FAST = {"fsync": "off", "shared_buffers": "16MB", "max_connections": "12"}

SCHEMA = """
CREATE TABLE IF NOT EXISTS note (id serial PRIMARY KEY, text text NOT NULL, follows int UNIQUE
    REFERENCES note DEFERRABLE INITIALLY DEFERRED);
TRUNCATE note;
"""


class Note(Table, tablename="note"):
    text = Varchar()
    follows = Integer(null=True, default=None)


class Server:
    """The embedded server and the processes behind it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.postgres = EmbeddedPostgres(folder)
        self.arguments = self.postgres.start(FAST)

    def restart(self) -> None:
        self.postgres.start(FAST)

    @contextmanager
    def frozen(self, *backends: int) -> Iterator[None]:
        """Nothing answers: neither the server to newcomers nor these processes to their clients."""
        pid_file = self.folder / "data" / "postmaster.pid"
        processes = [int(pid_file.read_text().splitlines()[0]), *backends]
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                os.kill(process, signal.SIGCONT)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("database"))
    with server.postgres:
        yield server


@pytest.fixture(autouse=True)
def _own_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the rest of the suite works with is back after each test."""
    monkeypatch.setattr(database, "_current", None)


@asynccontextmanager
async def pool(server: Server, size: int = 1, patience: float | None = PATIENCE) -> AsyncIterator[Engine]:
    """An engine in use; with one connection only, a leaked one shows at the next statement."""
    engine = Engine(dict(server.arguments), patience=patience)
    await engine.start_connection_pool(max_size=size)
    database.use(engine, [Note])
    try:
        yield engine
    finally:
        await engine.close_connection_pool()


@pytest.fixture
async def engine(server: Server) -> AsyncIterator[Engine]:
    async with pool(server) as engine:
        await stranger(server, SCHEMA)
        yield engine


async def stranger(server: Server, sql: str) -> None:
    """Run SQL as somebody else, on a connection outside the pool."""
    connection = await asyncpg.connect(**server.arguments)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


async def kill(server: Server, pid: int) -> None:
    await stranger(server, f"SELECT pg_terminate_backend({pid}, 5000)")


async def texts() -> list[str]:
    return [row["text"] for row in await rows("SELECT text FROM note ORDER BY id")]


async def backend() -> int:
    return int((await rows("SELECT pg_backend_pid() AS pid"))[0]["pid"])


async def add(text: str, follows: int | None = None) -> None:
    await Note.insert(Note(text=text, follows=follows))


async def assert_nothing_leaked(engine: Engine) -> None:
    assert not engine.transaction_exists()
    async with asyncio.timeout(1):  # the only connection is free, or another takes its place
        assert len(await rows("SELECT 1")) == 1


async def failure(work: Callable[[], Awaitable[object]]) -> tuple[BaseException, float]:
    """What `work` raises, and after how many seconds."""
    started = time.monotonic()
    with pytest.raises(Exception) as caught:  # noqa: PT011 -- the caller looks at it
        await work()
    return caught.value, time.monotonic() - started


# Transactions


async def test_a_transaction_keeps_what_was_done_in_it(engine: Engine) -> None:
    async with engine.transaction():
        await add("kept")
        assert await texts() == ["kept"]  # raw SQL sees the same transaction
    assert await texts() == ["kept"]
    await assert_nothing_leaked(engine)


async def test_an_exception_undoes_the_transaction(engine: Engine) -> None:
    async def refused() -> None:
        async with engine.transaction():
            await add("undone")
            raise KeyError

    error, _ = await failure(refused)
    assert isinstance(error, KeyError)
    assert await texts() == []
    await assert_nothing_leaked(engine)


async def test_a_commit_that_fails_gives_the_connection_back(engine: Engine) -> None:
    async def deferred() -> None:
        async with engine.transaction():
            await add("follows nobody", follows=-1)

    error, _ = await failure(deferred)
    assert isinstance(error, asyncpg.ForeignKeyViolationError)
    assert not unavailable(error)
    assert await texts() == []
    await assert_nothing_leaked(engine)


async def test_a_commit_that_undoes_everything_is_not_taken_for_success(engine: Engine) -> None:
    async def careless() -> None:
        async with engine.transaction():
            await add("lost")
            await failure(lambda: rows("SELECT 1 / 0"))

    error, _ = await failure(careless)
    assert isinstance(error, RolledBack)
    assert not unavailable(error)
    assert await texts() == []
    await assert_nothing_leaked(engine)


async def test_a_connection_killed_between_two_statements_is_replaced(server: Server, engine: Engine) -> None:
    async def killed() -> None:
        async with engine.transaction():
            await kill(server, await backend())
            await add("never")

    error, _ = await failure(killed)
    assert unavailable(error)
    assert await texts() == []
    await assert_nothing_leaked(engine)


async def test_a_connection_killed_before_commit_is_no_success(server: Server, engine: Engine) -> None:
    async def killed() -> None:
        async with engine.transaction():
            await add("never")
            await kill(server, await backend())

    error, _ = await failure(killed)
    assert unavailable(error)
    assert await texts() == []
    await assert_nothing_leaked(engine)


async def test_a_connection_killed_during_a_statement_is_replaced(server: Server, engine: Engine) -> None:
    async def killed() -> None:
        async with engine.transaction():
            victim = asyncio.create_task(kill(server, await backend()))
            await rows("SELECT pg_sleep(1.5)")
            await victim

    error, _ = await failure(killed)
    assert unavailable(error)
    await assert_nothing_leaked(engine)


async def test_whatever_moment_a_connection_is_lost_at_it_counts_as_unavailable(server: Server) -> None:
    others: list[Exception] = []
    over = asyncio.Event()

    async def busy(engine: Engine, inside: bool) -> None:
        while not over.is_set():
            try:
                if inside:
                    async with engine.transaction():
                        await rows("SELECT * FROM pg_class")
                else:
                    await rows("SELECT * FROM pg_class")
            except Exception as error:
                if not unavailable(error):
                    others.append(error)

    async with pool(server, size=4) as engine:
        tasks = [asyncio.create_task(busy(engine, number % 2 == 1)) for number in range(4)]
        killer = await asyncpg.connect(**server.arguments)
        for number in range(80):
            await asyncio.sleep(number % 8 * 0.003)
            await killer.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mypage'"
            )
        over.set()
        await asyncio.gather(*tasks)
        await killer.close()
        await assert_nothing_leaked(engine)
    assert others == []


async def test_what_a_client_or_a_standby_cannot_go_on_with_costs_the_connection(engine: Engine) -> None:
    async def lost_thread() -> None:
        async with engine.transaction():
            raise asyncpg.InternalClientError(
                "cannot switch to state 12; another operation (2) is in progress"
            )

    async def standby() -> None:
        async with engine.transaction():
            await rows("SET TRANSACTION READ ONLY")
            await add("never")

    for work in (lost_thread, standby):
        before = await backend()
        error, _ = await failure(work)
        assert unavailable(error)
        assert await backend() != before
        await assert_nothing_leaked(engine)


async def test_two_that_lock_each_other_out_are_told_to_come_again(server: Server, engine: Engine) -> None:
    await stranger(server, "INSERT INTO note (text) VALUES ('first'), ('second')")
    both = asyncio.Barrier(2)

    async def crossing(*texts: str) -> None:
        async with engine.transaction():
            for text in texts:
                await rows("UPDATE note SET follows = NULL WHERE text = $1", text)
                if text == texts[0]:
                    await both.wait()

    async with pool(server, size=2) as engine:
        ends = await asyncio.gather(
            crossing("first", "second"), crossing("second", "first"), return_exceptions=True
        )
    errors = [end for end in ends if end is not None]
    assert [type(error) for error in errors] == [asyncpg.DeadlockDetectedError]
    assert unavailable(errors[0])


async def test_the_cause_is_seen_when_there_is_nothing_left_to_roll_back(
    server: Server, engine: Engine
) -> None:
    async def refused() -> None:
        async with engine.transaction():
            await kill(server, await backend())
            raise KeyError

    error, _ = await failure(refused)
    assert isinstance(error, KeyError)
    await assert_nothing_leaked(engine)


async def test_a_frozen_rollback_does_not_hide_the_cause(server: Server) -> None:
    async with pool(server, patience=0.3) as engine:
        with ExitStack() as thawed:

            async def refused() -> None:
                async with engine.transaction():
                    thawed.enter_context(server.frozen(await backend()))
                    raise KeyError

            error, seconds = await failure(refused)
        assert isinstance(error, KeyError)
        assert "ROLLBACK failed too" in str(error.__notes__)
        assert seconds < 1
        await assert_nothing_leaked(engine)


async def test_a_cancelled_transaction_gives_the_connection_back_at_once(engine: Engine) -> None:
    entered = asyncio.Event()

    async def slow() -> None:
        async with engine.transaction():
            await add("never")
            entered.set()
            await rows("SELECT pg_sleep(1.5)")

    task = asyncio.create_task(slow())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await texts() == []
    await assert_nothing_leaked(engine)


async def test_a_transaction_inside_another_is_a_savepoint(engine: Engine) -> None:
    async def undone() -> None:
        async with engine.transaction():
            await add("undone")
            async with engine.transaction():
                await add("undone with it")
            raise KeyError

    async def wrong() -> None:
        async with engine.transaction():
            await rows("SELECT 1 / 0")

    async with engine.transaction() as outer:
        await add("outer")
        await failure(undone)
        async with engine.transaction() as inner:
            await add("inner")
            assert isinstance(inner, SafeTransaction)
            assert inner.connection is outer.connection
        await failure(wrong)
    assert await texts() == ["outer", "inner"]
    await assert_nothing_leaked(engine)


async def test_a_nested_transaction_shares_the_fate_of_the_outer_one(engine: Engine) -> None:
    async def refused() -> None:
        async with engine.transaction():
            async with engine.transaction():
                await add("inner")
            raise KeyError

    error, _ = await failure(refused)
    assert isinstance(error, KeyError)
    assert await texts() == []
    async with engine.transaction():
        with pytest.raises(TransactionError):
            engine.transaction(allow_nested=False)
    await assert_nothing_leaked(engine)


async def test_a_transaction_has_the_isolation_that_was_asked_for(engine: Engine) -> None:
    async def level() -> str:
        return str((await rows("SHOW transaction_isolation"))[0][0])

    async with engine.transaction():
        assert await level() == "read committed"
    async with engine.transaction(isolation="serializable"):
        async with engine.transaction(isolation="serializable"):
            assert await level() == "serializable"
        with pytest.raises(TransactionError):
            engine.transaction(isolation="repeatable_read")


async def test_a_transaction_may_be_ended_by_hand(engine: Engine) -> None:
    async with engine.transaction() as transaction:
        await add("undone")
        await transaction.rollback()
    async with engine.transaction() as transaction:
        await add("kept")
        await transaction.commit()
    assert await texts() == ["kept"]
    await assert_nothing_leaked(engine)


# The pool


async def test_waiting_for_a_free_connection_ends_and_the_pool_recovers(server: Server) -> None:
    async with pool(server, patience=0.3) as engine:
        taken = asyncio.Event()
        done = asyncio.Event()

        async def hold() -> None:
            async with engine.transaction():
                taken.set()
                await done.wait()

        holder = asyncio.create_task(hold())
        await taken.wait()
        for work in (backend, engine.transaction().__aenter__):
            error, seconds = await failure(work)
            assert unavailable(error)
            assert seconds < 1
        done.set()
        await holder
        await assert_nothing_leaked(engine)


async def test_a_slow_statement_is_ended_by_the_server_and_keeps_its_connection(server: Server) -> None:
    async with pool(server, patience=0.5):
        before = await backend()
        error, seconds = await failure(lambda: rows("SELECT pg_sleep(5)"))
        assert isinstance(error, asyncpg.QueryCanceledError)
        assert unavailable(error)
        assert seconds < 1
        assert await backend() == before


async def test_who_waited_for_a_lock_sees_what_was_committed_however_the_database_is_set(
    server: Server, engine: Engine
) -> None:
    setting = "ALTER ROLE CURRENT_USER {} default_transaction_isolation"
    await rows(setting.format("SET") + " = 'repeatable read'")
    try:
        async with pool(server), database.engine().transaction():
            assert (await rows("SHOW transaction_isolation"))[0][0] == "read committed"
    finally:
        async with pool(server):
            await rows(setting.format("RESET"))


async def test_a_command_may_take_its_time(server: Server) -> None:
    async with pool(server, patience=None):
        assert (await rows("SHOW statement_timeout"))[0][0] == "0"


async def test_giving_a_connection_back_asks_the_server_nothing(server: Server) -> None:
    async with pool(server, size=2) as engine:
        async with engine.transaction():
            other = await backend()
            await asyncio.create_task(rows("SELECT 'in the same transaction'"))
        async with engine.transaction():
            assert await backend() == other  # with everything it had prepared
        seen = await rows("SELECT query FROM pg_stat_activity WHERE pid = $1", other)
        assert "RESET" not in seen[0]["query"]


async def test_a_frozen_server_costs_a_page_less_than_three_seconds(server: Server, engine: Engine) -> None:
    with server.frozen(await backend()):
        error, seconds = await failure(lambda: rows("SELECT 1"))
        assert unavailable(error)
        assert seconds < A_PAGE_MAY_WAIT
        error, seconds = await failure(lambda: rows("SELECT 1"))  # by now it has to connect anew
        assert unavailable(error)
        assert seconds < A_PAGE_MAY_WAIT
    await assert_nothing_leaked(engine)


async def test_a_server_frozen_in_a_transaction_costs_less_than_three_seconds(
    server: Server, engine: Engine
) -> None:
    with ExitStack() as thawed:

        async def frozen() -> None:
            async with engine.transaction():
                await add("never")
                thawed.enter_context(server.frozen(await backend()))
                await add("never")

        error, seconds = await failure(frozen)
    assert isinstance(error, TimeoutError)
    assert seconds < A_PAGE_MAY_WAIT
    await assert_nothing_leaked(engine)
    assert await texts() == []


async def test_the_pool_of_a_frozen_server_can_be_closed(server: Server) -> None:
    async with pool(server, patience=0.3) as engine:
        with server.frozen(await backend()):
            async with asyncio.timeout(1):
                await engine.close_connection_pool()


async def test_the_pool_outlives_a_restart_of_the_server(server: Server, engine: Engine) -> None:
    await add("kept")
    server.postgres.stop()
    for work in (texts, engine.transaction().__aenter__):
        error, seconds = await failure(work)
        assert unavailable(error)
        assert seconds < 1
    server.restart()
    assert await texts() == ["kept"]
    await assert_nothing_leaked(engine)


async def test_an_engine_and_its_pool_are_made_while_the_database_is_away(tmp_path: Path) -> None:
    engine = Engine({"host": str(tmp_path), "user": "nobody"})
    await engine.start_connection_pool()
    database.use(engine, [])
    error, _ = await failure(lambda: rows("SELECT 1"))
    assert isinstance(error, Unavailable)
    await engine.close_connection_pool()


async def test_without_a_pool_each_statement_has_its_own_connection(server: Server, engine: Engine) -> None:
    await engine.close_connection_pool()
    await add("kept")
    async with engine.transaction():
        await add("too")
        assert await Note.count() == 2
    assert await texts() == ["kept", "too"]
    with pytest.raises(asyncpg.DivisionByZeroError):
        await Note.raw("SELECT 1 / 0")
    assert not engine.transaction_exists()


# What the outside sees


async def test_only_what_may_pass_by_itself_counts_as_unavailable(server: Server, engine: Engine) -> None:
    async def crowd() -> None:
        guests = []
        try:
            while True:
                guests.append(await asyncpg.connect(**server.arguments))
        finally:
            for guest in guests:
                await guest.close()

    await add("first")
    mistakes: list[Callable[[], Any]] = [
        lambda: rows("SELEC 1"),
        lambda: rows("SELECT $1::int", "no number"),
        lambda: rows("INSERT INTO note (id, text) SELECT id, text FROM note"),
        lambda: asyncpg.connect(**{**server.arguments, "password": "wrong"}),
    ]
    for mistake in mistakes:
        error, _ = await failure(mistake)
        assert not unavailable(error), error
    error, _ = await failure(crowd)
    assert isinstance(error, asyncpg.TooManyConnectionsError)
    assert unavailable(error)
    for away in (ConnectionRefusedError(), TimeoutError(), asyncpg.CannotConnectNowError("starting up")):
        assert unavailable(away)
    for mistaken in (FileNotFoundError(), KeyError(), RolledBack()):
        assert not unavailable(mistaken)


def test_a_database_url_keeps_its_options_and_a_wrong_one_is_not_repeated() -> None:
    url = "postgresql://mypage:secret@db.example.jp:5432/mypage?sslmode=verify-full"
    assert database.arguments(url) == {"dsn": url}
    with pytest.raises(WrongAddress, match="postgresql://") as refusal:
        database.arguments("mysql://mypage:secret@db.example.jp/mypage")
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    "rest",
    [
        "secret/word@h/db",
        "secret#word@h/db",
        "secret[@h/db",
        "word@h:secret/db",
        "word@127.0.0.1:99999/db",
        "word@h/db?sslmode=secret",
        "word@h/db?secret",
    ],
)
async def test_a_database_url_that_cannot_be_read_is_not_repeated(rest: str) -> None:
    engine = Engine(database.arguments(f"postgresql://mypage:{rest}"))
    error, _ = await failure(engine.get_new_connection)
    assert isinstance(error, WrongAddress)
    assert "secret" not in "".join(traceback.format_exception(error))


async def test_a_database_url_connects(server: Server) -> None:
    given = server.arguments
    url = f"postgresql://{given['user']}:{given['password']}@/mypage?host={given['host']}"
    engine = Engine(database.arguments(url))
    database.use(engine, [])
    assert (await rows("SHOW application_name"))[0][0] == "mypage"


def test_asking_before_a_database_is_in_use_says_so() -> None:
    with pytest.raises(RuntimeError, match="no database in use"):
        database.engine()
