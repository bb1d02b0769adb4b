"""The pool on a real server that is frozen, stopped and started again: nobody waits long."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from pathlib import Path

import asyncpg
import pytest

from app.postgres import database
from app.postgres.database import rows, unavailable
from app.postgres.engine import Engine, Unavailable
from tests.postgres.pools import (
    A_PAGE_MAY_WAIT,
    Note,
    Server,
    add,
    assert_nothing_leaked,
    backend,
    failure,
    pool,
    texts,
)

pytestmark = pytest.mark.usefixtures("engine_restored")


async def test_waiting_for_a_free_connection_ends_and_the_pool_recovers(own_server: Server) -> None:
    async with pool(own_server, patience=0.3) as engine:
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


async def test_a_slow_statement_is_ended_by_the_server_and_keeps_its_connection(own_server: Server) -> None:
    async with pool(own_server, patience=0.5):
        before = await backend()
        error, seconds = await failure(lambda: rows("SELECT pg_sleep(5)"))
        assert isinstance(error, asyncpg.QueryCanceledError)
        assert unavailable(error)
        assert seconds < 1
        assert await backend() == before


async def test_who_waited_for_a_lock_sees_what_was_committed_however_the_database_is_set(
    own_server: Server, engine: Engine
) -> None:
    setting = "ALTER ROLE CURRENT_USER {} default_transaction_isolation"
    await rows(setting.format("SET") + " = 'repeatable read'")
    try:
        async with pool(own_server), database.engine().transaction():
            assert (await rows("SHOW transaction_isolation"))[0][0] == "read committed"
    finally:
        async with pool(own_server):
            await rows(setting.format("RESET"))


async def test_a_command_may_take_its_time(own_server: Server) -> None:
    async with pool(own_server, patience=None):
        assert (await rows("SHOW statement_timeout"))[0][0] == "0"


async def test_giving_a_connection_back_asks_the_server_nothing(own_server: Server) -> None:
    async with pool(own_server, size=2) as engine:
        async with engine.transaction():
            other = await backend()
            await asyncio.create_task(rows("SELECT 'in the same transaction'"))
        async with engine.transaction():
            assert await backend() == other  # with everything it had prepared
        seen = await rows("SELECT query FROM pg_stat_activity WHERE pid = $1", other)
        assert "RESET" not in seen[0]["query"]


async def test_a_frozen_server_costs_a_page_less_than_three_seconds(
    own_server: Server, engine: Engine
) -> None:
    with own_server.frozen(await backend()):
        error, seconds = await failure(lambda: rows("SELECT 1"))
        assert unavailable(error)
        assert seconds < A_PAGE_MAY_WAIT
        error, seconds = await failure(lambda: rows("SELECT 1"))  # by now it has to connect anew
        assert unavailable(error)
        assert seconds < A_PAGE_MAY_WAIT
    await assert_nothing_leaked(engine)


async def test_a_server_frozen_in_a_transaction_costs_less_than_three_seconds(
    own_server: Server, engine: Engine
) -> None:
    with ExitStack() as thawed:

        async def frozen() -> None:
            async with engine.transaction():
                await add("never")
                thawed.enter_context(own_server.frozen(await backend()))
                await add("never")

        error, seconds = await failure(frozen)
    assert isinstance(error, TimeoutError)
    assert seconds < A_PAGE_MAY_WAIT
    await assert_nothing_leaked(engine)
    assert await texts() == []


async def test_the_pool_of_a_frozen_server_can_be_closed(own_server: Server) -> None:
    async with pool(own_server, patience=0.3) as engine:
        with own_server.frozen(await backend()):
            async with asyncio.timeout(1):
                await engine.close_connection_pool()


async def test_the_pool_outlives_a_restart_of_the_server(own_server: Server, engine: Engine) -> None:
    await add("kept")
    own_server.postgres.stop()
    for work in (texts, engine.transaction().__aenter__):
        error, seconds = await failure(work)
        assert unavailable(error)
        assert seconds < 1
    own_server.restart()
    assert await texts() == ["kept"]
    await assert_nothing_leaked(engine)


async def test_an_engine_and_its_pool_are_made_while_the_database_is_away(tmp_path: Path) -> None:
    engine = Engine({"host": str(tmp_path), "user": "nobody"})
    await engine.start_connection_pool()
    database.use(engine, [])
    error, _ = await failure(lambda: rows("SELECT 1"))
    assert isinstance(error, Unavailable)
    await engine.close_connection_pool()


async def test_without_a_pool_each_statement_has_its_own_connection(
    own_server: Server, engine: Engine
) -> None:
    await engine.close_connection_pool()
    await add("kept")
    async with engine.transaction():
        await add("too")
        assert await Note.count() == 2
    assert await texts() == ["kept", "too"]
    with pytest.raises(asyncpg.DivisionByZeroError):
        await Note.raw("SELECT 1 / 0")
    assert not engine.transaction_exists()
