"""A transaction on a real server whose connections are killed and frozen: nothing leaks, nothing is half done."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

import asyncpg
import pytest
from piccolo.engine.exceptions import TransactionError

from app.postgres.database import rows, unavailable
from app.postgres.engine import Engine, RolledBack, SafeTransaction
from tests.postgres.pools import (
    Server,
    add,
    assert_nothing_leaked,
    backend,
    failure,
    kill,
    pool,
    stranger,
    texts,
)

pytestmark = pytest.mark.usefixtures("engine_restored")


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


async def test_a_connection_killed_between_two_statements_is_replaced(
    own_server: Server, engine: Engine
) -> None:
    async def killed() -> None:
        async with engine.transaction():
            await kill(own_server, await backend())
            await add("never")

    error, _ = await failure(killed)
    assert unavailable(error)
    assert await texts() == []
    await assert_nothing_leaked(engine)


async def test_a_connection_killed_before_commit_is_no_success(own_server: Server, engine: Engine) -> None:
    async def killed() -> None:
        async with engine.transaction():
            await add("never")
            await kill(own_server, await backend())

    error, _ = await failure(killed)
    assert unavailable(error)
    assert await texts() == []
    await assert_nothing_leaked(engine)


async def test_a_connection_killed_during_a_statement_is_replaced(own_server: Server, engine: Engine) -> None:
    async def killed() -> None:
        async with engine.transaction():
            victim = asyncio.create_task(kill(own_server, await backend()))
            await rows("SELECT pg_sleep(1.5)")
            await victim

    error, _ = await failure(killed)
    assert unavailable(error)
    await assert_nothing_leaked(engine)


async def test_whatever_moment_a_connection_is_lost_at_it_counts_as_unavailable(own_server: Server) -> None:
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

    async with pool(own_server, size=4) as engine:
        tasks = [asyncio.create_task(busy(engine, number % 2 == 1)) for number in range(4)]
        killer = await asyncpg.connect(**own_server.arguments)
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


async def test_two_that_lock_each_other_out_are_told_to_come_again(
    own_server: Server, engine: Engine
) -> None:
    await stranger(own_server, "INSERT INTO note (text) VALUES ('first'), ('second')")
    both = asyncio.Barrier(2)

    async def crossing(*texts: str) -> None:
        async with engine.transaction():
            for text in texts:
                await rows("UPDATE note SET follows = NULL WHERE text = $1", text)
                if text == texts[0]:
                    await both.wait()

    async with pool(own_server, size=2) as engine:
        ends = await asyncio.gather(
            crossing("first", "second"), crossing("second", "first"), return_exceptions=True
        )
    errors = [end for end in ends if end is not None]
    assert [type(error) for error in errors] == [asyncpg.DeadlockDetectedError]
    assert unavailable(errors[0])


async def test_the_cause_is_seen_when_there_is_nothing_left_to_roll_back(
    own_server: Server, engine: Engine
) -> None:
    async def refused() -> None:
        async with engine.transaction():
            await kill(own_server, await backend())
            raise KeyError

    error, _ = await failure(refused)
    assert isinstance(error, KeyError)
    await assert_nothing_leaked(engine)


async def test_a_frozen_rollback_does_not_hide_the_cause(own_server: Server) -> None:
    async with pool(own_server, patience=0.3) as engine:
        with ExitStack() as thawed:

            async def refused() -> None:
                async with engine.transaction():
                    thawed.enter_context(own_server.frozen(await backend()))
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
