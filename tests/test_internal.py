"""The internal listener: what Dovecot asks and reports, with the secret alone, and what it does without a database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from app import internal, settings
from app.domain import tables
from app.domain.access import attempts
from app.domain.tables import TABLES
from app.postgres import database
from app.postgres.engine import Engine
from tests.conftest import SETTINGS
from tests.roles import served

SECRET = "a-secret-of-the-internal-listener"
ASKED = {
    "login": "Tanin-001",
    "remote": "192.0.2.1",
    "protocol": "imap",
    "hint": "000",
    "mailbox": "tanin-001",
    "app": "",
    "tls": True,
}


def with_internal() -> settings.Settings:
    return replace(SETTINGS, internal=settings.Internal("127.0.0.1", 1, SECRET))


@pytest.fixture
async def dovecot(filled_database: str) -> AsyncIterator[httpx.AsyncClient]:
    """Who knows the secret."""
    app: Any = internal.listener(with_internal(), Engine({}))
    transport = httpx.ASGITransport(app=served(app), raise_app_exceptions=False)
    headers = {"X-API-Key": SECRET}
    async with httpx.AsyncClient(transport=transport, base_url="http://internal", headers=headers) as client:
        yield client


async def ask(dovecot: httpx.AsyncClient, command: str = "allow", **more: Any) -> Any:
    answer = await dovecot.post("/mail-login", params={"command": command}, json={**ASKED, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def counters() -> int:
    return int(await tables.Attempt.count())


async def test_a_login_goes_on_until_ten_were_wrong_and_is_then_refused_in_plain_words(
    dovecot: httpx.AsyncClient,
) -> None:
    for number in range(10):
        hint = f"{number:03x}"
        assert await ask(dovecot, hint=hint) == {"status": 0, "msg": ""}
        await ask(dovecot, "report", hint=hint, success=False, policy_reject=False)
    refused = await ask(dovecot, hint="fff")
    assert refused["status"] == -1
    assert refused["msg"].isascii()
    assert "15 minutes" in refused["msg"]


async def test_a_login_waits_three_seconds_while_there_are_too_many_failures_over_all(
    dovecot: httpx.AsyncClient,
) -> None:
    await ask(dovecot)
    await tables.Attempt.update({tables.Attempt.failures: attempts.OVER_ALL}).where(
        tables.Attempt.key == attempts.key(with_internal().secret_keys[0], "all")
    )
    assert await ask(dovecot) == {"status": 3, "msg": ""}


async def test_a_report_of_the_right_password_takes_its_attempt_back(dovecot: httpx.AsyncClient) -> None:
    for _ in range(15):
        assert (await ask(dovecot))["status"] == 0
        await ask(dovecot, "report", success=True, policy_reject=False, mailbox="1", app="0")


@pytest.mark.parametrize("path", ["/mail-login?command=allow", "/", "/login", "/nothing"])
@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("X-API-Key", "")],
        [("X-API-Key", SECRET[:-1])],
        [("X-API-Key", "\xe9")],
        [("X-API-Key", SECRET)] * 2,
    ],
)
async def test_without_the_secret_every_path_is_closed_and_nothing_is_counted(
    dovecot: httpx.AsyncClient, path: str, headers: list[tuple[str, str]]
) -> None:
    del dovecot.headers["X-API-Key"]
    sent = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    answer = await dovecot.post(path, json=ASKED, headers=sent)
    assert (answer.status_code, answer.content) == (401, b"")
    assert await counters() == 0


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("", b'{"login":"a","remote":"","protocol":"imap"}'),
        ("?command=forget", b'{"login":"a","remote":"","protocol":"imap"}'),
        ("?command=allow", b"{}"),
        ("?command=allow", b"\xff"),
        ("?command=allow", b'{"login":1,"remote":"","protocol":"imap"}'),
    ],
)
async def test_what_is_no_question_of_dovecot_is_a_bad_request(
    dovecot: httpx.AsyncClient, query: str, body: bytes
) -> None:
    answer = await dovecot.post(
        f"/mail-login{query}", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 400
    assert await counters() == 0


async def test_without_the_database_a_login_goes_on_and_nobody_is_locked_out_after(
    dovecot: httpx.AsyncClient,
) -> None:
    there = database.engine()
    database.use(Engine({"host": "127.0.0.1", "port": 1, "database": "gone"}, patience=None), TABLES)
    try:
        for _ in range(12):
            assert await ask(dovecot) == {"status": 0, "msg": ""}
            assert await ask(dovecot, "report", success=False, policy_reject=False) == {
                "status": 0,
                "msg": "",
            }
    finally:
        database.use(there, TABLES)
    assert await counters() == 0


async def test_whatever_watches_the_servers_is_told_there_what_no_stranger_is(
    dovecot: httpx.AsyncClient,
) -> None:
    assert (await dovecot.get("/readyz")).text == "ok"
    await database.rows("DELETE FROM licence WHERE product = 'security-360'")
    low = "ok\nlicence keys are running out: 0 left of security-360"
    answer = await dovecot.get("/readyz")
    assert (answer.status_code, answer.text) == (200, low)
    await database.rows("ALTER TABLE licence RENAME TO gone")
    assert (await dovecot.get("/readyz")).text == "ok\nthe schema is not up to date: run mypage migrate"
    await database.rows("ALTER TABLE gone RENAME TO licence")
    there = database.engine()
    database.use(Engine({"host": "127.0.0.1", "port": 1, "database": "gone"}, patience=None), TABLES)
    try:
        assert (await dovecot.get("/readyz")).status_code == 503
    finally:
        database.use(there, TABLES)
    del dovecot.headers["X-API-Key"]
    assert (await dovecot.get("/readyz")).status_code == 401


async def test_a_mistake_of_ours_is_logged_and_answered_with_500(
    dovecot: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    await database.rows("ALTER TABLE attempt RENAME TO gone")
    answer = await dovecot.post("/mail-login?command=allow", json=ASKED)
    assert answer.status_code == 500
    assert "a question at the internal listener failed" in caplog.text
    await database.rows("ALTER TABLE gone RENAME TO attempt")


def test_settings_without_it_make_none() -> None:
    with pytest.raises(ValueError, match="no internal listener"):
        internal.listener(SETTINGS, Engine({}))
