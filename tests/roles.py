"""What a server does, done by the database role that serves: in the tests every request is answered as `mypage_portal`.

The engine of a test's database changes to that role while a request is answered, or while something runs that a server
runs by itself; what a test arranges and looks at is done as the owner. So whatever page is tested, its rights are, too.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

from litestar.types import ASGIApp, Receive, Scope, Send

from app.postgres.engine import Engine
from app.postgres.rights import PORTAL
from app.resources import ops_folder

P = ParamSpec("P")
T = TypeVar("T")

ROLES = ops_folder() / "postgres" / "roles.sql"
_serving: ContextVar[bool] = ContextVar("serving", default=False)


@contextmanager
def as_portal() -> Iterator[None]:
    """What is asked of the database inside is asked by the role that serves."""
    before = _serving.set(True)
    try:
        yield
    finally:
        _serving.reset(before)


def served(app: ASGIApp) -> Any:
    """The application, whose every request is answered as the role that serves."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        with as_portal():
            await app(scope, receive, send)

    return answer


def by_portal(work: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """What a server does by itself, as the role that serves."""

    @functools.wraps(work)
    async def done(*given: P.args, **named: P.kwargs) -> T:
        with as_portal():
            return await work(*given, **named)

    return done


class TwoRoles(Engine):
    """An engine whose connections are the owner's, or the portal's while something is served."""

    __slots__ = ("_portals",)

    def __init__(self, config: dict[str, Any], **more: Any) -> None:
        super().__init__(config, **more)
        self._portals: weakref.WeakSet[Any] = weakref.WeakSet()

    async def acquire(self) -> Any:
        connection = await super().acquire()
        raw = getattr(connection, "_con", connection)
        if _serving.get() != (raw in self._portals):
            try:
                await connection.execute(f"SET ROLE {PORTAL}" if _serving.get() else "RESET ROLE")
            except BaseException as error:  # cancelled, say: nobody else gets a connection that is at it
                await self.give_back(connection, error)
                raise
            (self._portals.add if _serving.get() else self._portals.discard)(raw)
        return connection
