"""The server's task that delivers the outbox: woken by each commit that posted a mail, and looking now and then."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any

from app.domain import clock
from app.domain.letters import holding as mails_held
from app.domain.letters import outbox
from app.domain.letters.outbox import Send
from app.postgres import database
from app.postgres.engine import Engine

POLL = timedelta(seconds=30)
"""How often it looks for mails whose next try has come, and comes back after trouble."""
REMINDER = timedelta(minutes=10)
"""A trouble that lasts is said again after so long."""
LOCK = 7_302_022
"""Key of the advisory lock: one worker at a time. The leases hold without it; this keeps it to one connection."""

log = logging.getLogger("mypage")

Delivery = Callable[[], AbstractAsyncContextManager[Send]]
Tell = Callable[[outbox.Delivered], None]


def nobody(_: outbox.Delivered) -> None:
    """Where nothing is counted."""


async def run(engine: Engine, delivery: Delivery, *, holding: bool = False, tell: Tell = nobody) -> None:
    """Deliver until cancelled, whatever goes away meanwhile; `holding`: what an operator released, and hold the rest.

    `tell` is called with what came of each batch.
    """
    trouble = LastingTrouble()
    while True:
        try:
            async with _listening(engine) as (connection, bell):
                await _while_connected(connection, bell, delivery, trouble, holding, tell)
        except Exception as error:
            if database.unavailable(error):
                trouble.say(f"the outbox cannot be read: {error!r}")
            else:
                log.error("delivering mails failed", exc_info=database.without_detail(error))
        await asyncio.sleep(POLL.total_seconds())


@contextlib.asynccontextmanager
async def _listening(engine: Engine) -> AsyncIterator[tuple[Any, asyncio.Event]]:
    """A connection outside the pool, and a bell that rings when a mail was posted or the connection is lost."""
    connection = await engine.get_new_connection()
    bell = asyncio.Event()
    try:
        connection.add_termination_listener(lambda _: bell.set())
        await connection.add_listener(outbox.CHANNEL, lambda *_: bell.set())
        yield connection, bell
    finally:
        connection.terminate()


async def _while_connected(
    connection: Any,
    bell: asyncio.Event,
    delivery: Delivery,
    trouble: LastingTrouble,
    holding: bool,
    tell: Tell,
) -> None:
    while not connection.is_closed():
        bell.clear()  # what is posted from here on rings again
        if await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
            # An error on the way ends the connection, and the lock with it.
            trouble.say(await _deliver_all(delivery, holding, tell))
            await connection.execute(f"SELECT pg_advisory_unlock({LOCK})")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(bell.wait(), POLL.total_seconds())


async def _deliver_all(delivery: Delivery, holding: bool, tell: Tell) -> str:
    """Deliver all that is due; says what keeps the rest, if anything does."""
    if holding:
        await mails_held.hold_waiting()
    async with delivery() as send:
        while True:
            done = await outbox.deliver_due(send, holding=holding)
            tell(done)
            if done.away or done.sent + done.put_off + done.refused < outbox.BATCH:
                return done.away


class LastingTrouble:
    """Says a trouble when it begins, now and then while it lasts, and when it is over."""

    def __init__(self) -> None:
        self._said_at: datetime | None = None

    def say(self, what: str) -> None:
        """What is wrong now; nothing, if nothing is."""
        now = clock.now()
        if not what:
            if self._said_at is not None:
                log.warning("mails are delivered again")
            self._said_at = None
        elif self._said_at is None or now - self._said_at >= REMINDER:
            log.warning("mails are waiting: %s", what)
            self._said_at = now
