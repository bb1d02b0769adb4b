"""The database in use: raw SQL in the current transaction, and what its errors say to the rest of the house."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg

from app.postgres.engine import Engine, WrongAddress

if TYPE_CHECKING:
    from collections.abc import Iterable

    from piccolo.table import Table

E = TypeVar("E", bound=BaseException)

_current: Engine | None = None


def use(engine: Engine, tables: Iterable[type[Table]]) -> None:
    """Make `engine` the one that `tables`, `rows` and `engine()` work with."""
    global _current
    _current = engine
    for table in tables:
        table._meta.db = engine


def engine() -> Engine:
    """The engine in use. Raises RuntimeError before `use`."""
    if _current is None:
        raise RuntimeError("no database in use: call database.use() first")
    return _current


async def rows(sql: str, *args: object) -> list[Any]:
    """The records of raw SQL with $1 placeholders, in the current transaction if there is one."""
    transaction = engine().current_transaction.get()
    if transaction is None:
        return await engine().fetch(sql, args)
    found: list[Any] = await transaction.connection.fetch(sql, *args)
    return found


def unavailable(exc: BaseException) -> bool:
    """Whether `exc` says that the database is away, overloaded or too slow, so that trying later may help.

    A mistake of ours (syntax, a violated constraint, a wrong password) is none of these.
    """
    return isinstance(
        exc,
        ConnectionError
        | TimeoutError
        | asyncpg.PostgresConnectionError  # class 08: lost in the middle
        | asyncpg.OperatorInterventionError  # class 57: shutting down, starting up, statement_timeout
        | asyncpg.InsufficientResourcesError  # class 53: too many connections, disk full
        | asyncpg.TransactionRollbackError  # class 40: deadlock, serialization
        | asyncpg.ReadOnlySQLTransactionError  # 25006: a standby, or a primary that was taken out of service
        | asyncpg.InternalClientError,  # what asyncpg makes of an answer that was cut off
    )


def without_detail(error: E) -> E:
    """The same error, fit for a log: PostgreSQL's DETAIL repeats whole rows, with their password hashes.

    Those that led to it lose theirs too.
    """
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, asyncpg.PostgresError):
            one.detail = None
        waiting += [one.__cause__, one.__context__]
        waiting += one.exceptions if isinstance(one, BaseExceptionGroup) else ()
    return error


def arguments(url: str) -> dict[str, Any]:
    """The `config` of an Engine for a DATABASE_URL; its options, such as sslmode, keep their meaning.

    Raises WrongAddress.
    """
    if not url.startswith(("postgresql://", "postgres://")):
        raise WrongAddress
    return {"dsn": url}
