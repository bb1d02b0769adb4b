"""The server's task: woken by a commit, back after every loss, one worker at a time, and not noisy about trouble."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from app.domain import clock
from app.domain.letters import holding, outbox
from app.domain.letters.outbox import Away, DueMail, Send
from app.mailing import deliverer
from app.mailing.deliverer import LastingTrouble
from app.postgres import database
from app.postgres.engine import Engine
from tests import households

SOON = 5.0
"""Seconds; far less than the deliverer's POLL, so that what comes so soon was woken."""


@pytest.fixture
async def contract(empty_database: str) -> int:
    return await households.new_contract()


class Server:
    """A mail server; `took` waits until it has taken so many mails."""

    def __init__(self) -> None:
        self.mails: list[DueMail] = []
        self.away: Exception | None = None
        self._changed = asyncio.Condition()

    @contextlib.asynccontextmanager
    async def delivery(self) -> AsyncIterator[Send]:
        yield self.send

    async def send(self, mail: DueMail) -> None:
        if self.away:
            raise self.away
        async with self._changed:
            self.mails.append(mail)
            self._changed.notify_all()

    async def took(self, number: int) -> None:
        async with asyncio.timeout(SOON), self._changed:
            await self._changed.wait_for(lambda: len(self.mails) >= number)


@contextlib.asynccontextmanager
async def running(server: Server, workers: int = 1) -> AsyncIterator[None]:
    """The deliverers of so many workers."""
    tasks = [asyncio.create_task(deliverer.run(database.engine(), server.delivery)) for _ in range(workers)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def posted(contract: int, number: int = 1) -> None:
    async with database.engine().transaction():
        told = [f"a{one}@example.jp" for one in range(number)]
        await outbox.post(contract, told, "account-password-changed", login="taro-01")


async def resting(after: str) -> None:
    """Wait until a deliverer's last statement was that one."""
    async with asyncio.timeout(SOON):
        while not await database.rows(_RESTING, f"SELECT {after}%"):
            pass


_RESTING = (
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE $1 AND state = 'idle'"
)


async def test_what_came_of_the_mails_is_told(contract: int) -> None:
    server = Server()
    told: list[outbox.Delivered] = []
    await posted(contract, 3)
    task = asyncio.create_task(deliverer.run(database.engine(), server.delivery, tell=told.append))
    await server.took(3)
    await resting("pg_advisory_unlock")
    task.cancel()
    assert sum(done.sent for done in told) == 3


async def test_what_waits_is_sent_at_the_start_and_a_commit_wakes_it(contract: int) -> None:
    server = Server()
    await posted(contract)
    async with running(server):
        await server.took(1)
        await resting("pg_advisory_unlock")
        await posted(contract, 3)
        await server.took(4)


@pytest.mark.slow
async def test_more_than_a_round_is_sent_without_waiting(contract: int) -> None:
    server = Server()
    await posted(contract, outbox.BATCH * 2 + 1)
    async with running(server):
        await server.took(outbox.BATCH * 2 + 1)


@pytest.mark.slow
async def test_the_workers_take_turns_and_each_mail_goes_out_once(contract: int) -> None:
    server = Server()
    async with running(server, workers=3):
        for _ in range(10):
            await posted(contract, 5)
        await server.took(50)
    assert len({mail.id for mail in server.mails}) == len(server.mails) == 50


async def test_one_worker_is_at_it_at_a_time(contract: int) -> None:
    server, other = Server(), await database.engine().get_new_connection()
    await other.execute(f"SELECT pg_advisory_lock({deliverer.LOCK})")
    await posted(contract)
    async with running(server):
        await resting("pg_try_advisory_lock")
        assert server.mails == []
        await other.execute(f"SELECT pg_advisory_unlock({deliverer.LOCK})")
        await posted(contract)
        await server.took(2)
    await other.close()


@pytest.mark.slow
async def test_it_listens_again_after_its_connection_was_lost(
    contract: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliverer, "POLL", timedelta(milliseconds=50))
    server = Server()
    async with running(server):
        await posted(contract)
        await server.took(1)
        await database.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await posted(contract)
        await server.took(2)


async def until_said(caplog: pytest.LogCaptureFixture, text: str) -> None:
    async with asyncio.timeout(SOON):
        while text not in caplog.text:  # noqa: ASYNC110 - a log tells nobody
            await asyncio.sleep(0)


@pytest.mark.slow
async def test_trouble_is_said_and_its_end_and_the_mail_goes_out_after_all(
    contract: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(deliverer, "POLL", timedelta(milliseconds=50))
    server = Server()
    server.away = Away("nobody answers")
    await posted(contract)
    async with running(server):
        await until_said(caplog, "mails are waiting: nobody answers")
        server.away = None
        clock.start_at(clock.now() + outbox.SHORTEST)
        await server.took(1)
        await until_said(caplog, "mails are delivered again")


@pytest.mark.slow
async def test_a_defect_is_logged_and_the_next_round_goes_on(
    contract: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(deliverer, "POLL", timedelta(milliseconds=50))
    server = Server()
    server.away = KeyError("a defect")
    await posted(contract)
    async with running(server):
        await until_said(caplog, "KeyError: 'a defect'")
        server.away = None
        await posted(contract)
        await server.took(1)


async def test_a_database_that_is_away_is_said_in_a_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = Engine({"host": "127.0.0.1", "port": 1, "user": "x", "database": "x"})
    task = asyncio.create_task(deliverer.run(nowhere, Server().delivery))
    await until_said(caplog, "mails are waiting: the outbox cannot be read")
    task.cancel()
    await asyncio.wait([task])
    assert "Traceback" not in caplog.text


def test_a_trouble_that_lasts_is_said_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    trouble = LastingTrouble()
    for _ in range(3):
        trouble.say("away")
    clock.start_at(clock.now() + deliverer.REMINDER)
    for text in ("away", "", "", "away"):
        trouble.say(text)
    said = [record.message for record in caplog.records]
    waiting, again = "mails are waiting: away", "mails are delivered again"
    assert said == [waiting, waiting, again, waiting]


class Busy(Server):
    """Somebody posts a mail while it takes its first one."""

    def __init__(self, contract: int) -> None:
        super().__init__()
        self.contract = contract

    async def send(self, mail: DueMail) -> None:
        if not self.mails:
            await posted(self.contract)
        await super().send(mail)


async def test_a_server_under_the_hold_sends_what_is_released_and_nothing_that_comes_meanwhile(
    contract: int,
) -> None:
    server = Busy(contract)
    task = asyncio.create_task(deliverer.run(database.engine(), server.delivery, holding=True))
    try:
        await posted(contract)
        await held(1)
        assert server.mails == []
        await holding.release()
        await server.took(1)
        await held(1)
        assert len(server.mails) == 1
    finally:
        task.cancel()
        await asyncio.wait([task])


async def held(number: int) -> None:
    """Wait until so many mails are held."""
    async with asyncio.timeout(SOON):
        while (await holding.look()).all.mails != number:
            pass
