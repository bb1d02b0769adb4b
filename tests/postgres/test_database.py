"""What the rest of the house sees of the database: which errors may pass, and what an address may be."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest

from app.postgres import database
from app.postgres.database import rows, unavailable
from app.postgres.engine import Engine, RolledBack, WrongAddress
from tests.postgres.pools import (
    Server,
    add,
    failure,
)

pytestmark = pytest.mark.usefixtures("engine_restored")


async def test_only_what_may_pass_by_itself_counts_as_unavailable(own_server: Server, engine: Engine) -> None:
    async def crowd() -> None:
        guests = []
        try:
            while True:
                guests.append(await asyncpg.connect(**own_server.arguments))
        finally:
            for guest in guests:
                await guest.close()

    await add("first")
    mistakes: list[Callable[[], Any]] = [
        lambda: rows("SELEC 1"),
        lambda: rows("SELECT $1::int", "no number"),
        lambda: rows("INSERT INTO note (id, text) SELECT id, text FROM note"),
        lambda: asyncpg.connect(**{**own_server.arguments, "password": "wrong"}),
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


async def test_a_database_url_connects(own_server: Server) -> None:
    given = own_server.arguments
    url = f"postgresql://{given['user']}:{given['password']}@/mypage?host={given['host']}"
    engine = Engine(database.arguments(url))
    database.use(engine, [])
    assert (await rows("SHOW application_name"))[0][0] == "mypage"


def test_asking_before_a_database_is_in_use_says_so() -> None:
    with pytest.raises(RuntimeError, match="no database in use"):
        database.engine()
