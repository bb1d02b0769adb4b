"""The engine behind every table: a pool that waits a bounded time, and a transaction that always cleans up.

Piccolo's own transaction keeps its connection when COMMIT fails, stays "current" when the server dies, and
treats a nested one as nothing. Its pool waits for ever. Here that is mended; the queries stay Piccolo's.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal

import asyncpg
from piccolo.engine.exceptions import TransactionError
from piccolo.engine.postgres import PostgresEngine, PostgresTransaction

from app.mistake import Mistake

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

# Seconds for getting a connection and its first answer, and for each later statement. A page that meets a
# dead or frozen server waits once, not twice: a connection that did not answer is never asked again.
PATIENCE = 2.5
# The server ends a statement before the client gives up on it, so that one that is slow or waits for a lock
# costs no connection, and does not go on unseen. Only a frozen server makes us wait for all of PATIENCE.
STATEMENT_PATIENCE = 2.0
# Seconds to connect for a command, whose statements have no limit.
COMMAND_PATIENCE = 10.0
POOL_SIZE = 10

Isolation = Literal["read_committed", "repeatable_read", "serializable"]


class Unavailable(ConnectionError):
    """The database cannot be reached, or went away during a transaction, which it then rolled back."""


class WrongAddress(Mistake, ValueError):
    """DATABASE_URL is no address that asyncpg can use; the text repeats nothing of it, since it holds a password."""

    def __init__(self) -> None:
        super().__init__(
            "DATABASE_URL cannot be used: it must look like postgresql://user:password@host:5432/database, with "
            "%XX for every other character than letters, digits and -._~ in user and password, "
            "and options such as sslmode right"
        )


class RolledBack(Exception):
    """COMMIT undid everything, because an error inside the transaction was caught without a nested one."""


class SafeTransaction(PostgresTransaction):
    """A transaction that gives its connection back and stops being current whatever fails.

    One inside another is a savepoint: leaving it with an exception undoes its part only. When COMMIT itself
    gets no answer (TimeoutError, or a lost connection) nobody can say whether it happened; after every other
    exception nothing did. Tasks started inside must end inside: they inherit the transaction, and would find
    it closed.
    """

    __slots__ = ("_savepoint", "isolation")

    engine: Engine
    _parent: SafeTransaction | None

    def __init__(self, engine: Engine, allow_nested: bool = True, isolation: Isolation | None = None) -> None:
        super().__init__(engine, allow_nested)
        self.isolation = isolation
        if isolation and self._parent is not None and self._parent.isolation != isolation:
            raise TransactionError(f"a transaction that is not {isolation} is already active")

    async def __aenter__(self) -> SafeTransaction:
        if self._parent is not None:
            self.connection = self._parent.connection
            self._savepoint = f"nested_{self._parent.get_savepoint_id()}"
            await self.begin()
            return self
        async with asyncio.timeout(self.engine.patience):
            self.connection = await self.engine.acquire()
            try:
                await self.begin()
            except BaseException as error:
                await self.engine.give_back(self.connection, error)
                raise
        self.engine.current_transaction.set(self)
        return self

    async def __aexit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> Literal[False]:
        if self._parent is not None:
            await self._finish(exception)
            return False
        try:
            await self._finish(exception)
        except BaseException as error:
            await self._leave(error)
            raise
        await self._leave(exception)
        return False

    # SQL instead of asyncpg's Transaction: that one does not tell a COMMIT from one answered with ROLLBACK.

    async def begin(self) -> None:
        level = f" ISOLATION LEVEL {self.isolation.replace('_', ' ')}" if self.isolation else ""
        await self.connection.execute(f"SAVEPOINT {self._savepoint}" if self._parent else f"BEGIN{level}")

    async def commit(self) -> None:
        """Raises RolledBack when an earlier statement failed and its error was caught inside."""
        if self._parent is not None:
            await self.connection.execute(f"RELEASE {self._savepoint}")
        elif await self.connection.execute("COMMIT") != "COMMIT":
            self._rolled_back = True
            raise RolledBack("an earlier statement of the transaction had failed")
        self._committed = True

    async def rollback(self) -> None:
        undo = f"ROLLBACK TO {self._savepoint}; RELEASE {self._savepoint}" if self._parent else "ROLLBACK"
        await self.connection.execute(undo)
        self._rolled_back = True

    async def _finish(self, exception: BaseException | None) -> None:
        """Commit or roll back, unless the caller has done so or the connection is past asking."""
        if self._committed or self._rolled_back or _past_asking(exception):
            return
        if _lost(self.connection):
            # asyncpg reports the use of a dead connection as a mistake of the caller, which it is not.
            if exception is None or isinstance(exception, asyncpg.InterfaceError):
                raise Unavailable("the connection was lost during a transaction") from exception
        elif exception is None:
            await self.commit()
        else:
            await self._undo(exception)

    async def _undo(self, exception: BaseException) -> None:
        try:
            await self.rollback()
        except Exception as error:
            # The server rolls back by itself when the connection goes; what the caller must see is the cause.
            _terminate(self.connection)
            exception.add_note(f"ROLLBACK failed too: {error!r}")

    async def _leave(self, exception: BaseException | None) -> None:
        self.engine.current_transaction.set(None)
        await self.engine.give_back(self.connection, exception)


class Engine(PostgresEngine):
    """Piccolo's engine for `config`, asyncpg's connection arguments (`database.arguments` makes them from a URL).

    Making one connects to nothing. `patience` is in seconds, see PATIENCE; None is for commands such as an
    import: a statement may then take as long as it takes.
    """

    __slots__ = ("patience", "waiting")

    def __init__(self, config: dict[str, Any], *, patience: float | None = PATIENCE) -> None:
        self.patience = patience
        self.waiting = 0
        own: dict[str, Any] = {"timeout": COMMAND_PATIENCE if patience is None else patience}
        # Compiling the overview's many small subqueries takes longer than running them.
        server_settings = {"application_name": "mypage", "jit": "off"}
        # Who waited for a lock must see what the one before committed, whatever the operator's database is set to.
        server_settings["default_transaction_isolation"] = "read committed"
        if patience is not None:
            own["command_timeout"] = patience
            limit = min(STATEMENT_PATIENCE, patience * 0.8)
            server_settings["statement_timeout"] = f"{limit * 1000:.0f}ms"
            # Pages look things up by keys: one plan for each statement and connection serves all members, and planning
            # the overview anew takes six times as long as running it.
            server_settings["plan_cache_mode"] = "force_generic_plan"
        own["server_settings"] = {**server_settings, **config.get("server_settings", {})}
        super().__init__({**config, **own})

    async def check_version(self) -> None:
        """Piccolo would connect here, while constructing: the database may be away, and need not be asked."""

    async def prep_database(self) -> None:
        """Piccolo would create extensions here; there are none."""

    def transaction(
        self, allow_nested: bool = True, *, isolation: Isolation | None = None
    ) -> SafeTransaction:
        return SafeTransaction(self, allow_nested, isolation)

    async def start_connection_pool(self, **kwargs: Any) -> None:
        """Make the pool. It holds no connection yet, so this succeeds while the database is away."""
        pool = {"min_size": 0, "max_size": POOL_SIZE, "connect": _connect, "reset": _keep_session}
        await super().start_connection_pool(**{**pool, **kwargs})

    async def close_connection_pool(self) -> None:
        """Let running queries end and close the pool; after `patience` seconds, cut them off."""
        if self.pool is None:
            return
        try:
            async with asyncio.timeout(self.patience or COMMAND_PATIENCE):
                await self.pool.close()
        except TimeoutError:
            self.pool.terminate()  # a frozen server does not say goodbye
        finally:
            self.pool = None

    async def acquire(self) -> Any:
        """A connection, for `give_back`. Waits without limit for a free one: put asyncio.timeout around."""
        self.waiting += 1
        try:
            return await (self.pool.acquire() if self.pool else self.get_new_connection())
        finally:
            self.waiting -= 1

    async def get_new_connection(self) -> Any:
        return await _connect(**self.config)

    async def give_back(self, connection: Any, exception: BaseException | None = None) -> None:
        """End the use of a connection which ended with `exception`, if any. Does not wait for the server."""
        if _past_asking(exception):
            _terminate(connection)
        if self.pool is not None:
            await self.pool.release(connection)
        elif not _lost(connection):
            await connection.close()

    async def fetch(self, query: str, args: Sequence[Any] = ()) -> list[Any]:
        """Run one statement on a connection of its own.

        Raises TimeoutError when no connection was free, or none answered, within `patience` seconds.
        """
        async with asyncio.timeout(self.patience):
            connection = await self.acquire()
            try:
                found: list[Any] = await connection.fetch(query, *args)
            except BaseException as error:
                await self.give_back(connection, error)
                raise
            await self.give_back(connection)
            return found

    async def _run_in_pool(self, query: str, args: Sequence[Any] | None = None) -> list[Any]:
        return await self.fetch(query, args or ())

    async def _run_in_new_connection(self, query: str, args: Sequence[Any] | None = None) -> list[Any]:
        connection = await self.get_new_connection()
        try:
            found: list[Any] = await connection.fetch(query, *args or ())
        except BaseException:
            connection.terminate()
            raise
        await connection.close()
        return found


async def _connect(*args: Any, **kwargs: Any) -> Any:
    """asyncpg.connect, whose many OSErrors (no socket file, unknown host, ...) become Unavailable.

    Raises WrongAddress instead of its ValueErrors, which repeat parts of the address.
    """
    try:
        return await asyncpg.connect(*args, **kwargs)
    except OSError as error:  # a refused certificate too, which is a ValueError besides
        raise Unavailable(f"PostgreSQL cannot be reached: {error!r}") from error
    except (ValueError, OverflowError):
        raise WrongAddress from None


async def _keep_session(_connection: Any) -> None:
    """What a pool does between two uses of a connection: nothing, which saves a round trip each time.

    Safe because no code here changes a session: settings are SET LOCAL, advisory locks end with their
    transaction (pg_advisory_xact_lock), no cursor is held over it, and LISTEN has a connection outside the
    pool. asyncpg itself still rolls back a transaction that was left open.
    """


def _past_asking(exception: BaseException | None) -> bool:
    """Whether the connection is not worth another question.

    A statement may still be running on it, so that asking could wait; asyncpg has lost the thread of it; or it leads
    to a server that only reads, where a new one may find the server that has taken over.
    """
    return isinstance(
        exception,
        TimeoutError
        | asyncio.CancelledError
        | asyncpg.InternalClientError
        | asyncpg.ReadOnlySQLTransactionError,
    )


def _lost(connection: Any) -> bool:
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:
        return True  # the pool has taken the dead connection back already


def _terminate(connection: Any) -> None:
    if not _lost(connection):
        connection.terminate()
