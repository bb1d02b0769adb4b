"""The deadline for a body: an answer in words, and the connection closed."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.web import errors
from app.web.body_deadline import BodyDeadline, TooSlow
from tests.browser import Browser
from tests.conftest import HOST

SCOPE: Any = {"type": "http", "method": "POST", "path": "/"}
Part = dict[str, Any]


def body(text: bytes, *, more: bool) -> Part:
    return {"type": "http.request", "body": text, "more_body": more}


def coming(*parts: tuple[float, Part]) -> Callable[[], Awaitable[Part]]:
    """A `receive` of parts, each so many seconds after the one before."""
    waiting = list(parts)

    async def receive() -> Part:
        seconds, part = waiting.pop(0)
        await asyncio.sleep(seconds)
        return part

    return receive


async def read(receive: Any, scope: Any = SCOPE, seconds: float = 0.2, times: int = 3) -> list[Part]:
    """What an application behind the deadline receives."""
    got: list[Part] = []

    async def app(_scope: Any, receive: Any, _send: Any) -> None:
        got.extend([await receive() for _ in range(times)])

    async def send(_: Any) -> None:
        raise AssertionError("nothing is answered here")

    await BodyDeadline(app, seconds)(scope, receive, send)
    return got


async def test_a_body_that_comes_in_time_is_received_as_it_is() -> None:
    parts = [body(b"a", more=True), body(b"b", more=False), {"type": "http.disconnect"}]
    assert await read(coming((0, parts[0]), (0.01, parts[1]), (0, parts[2]))) == parts


@pytest.mark.slow
async def test_a_body_in_small_parts_is_too_slow_though_none_of_them_is_late() -> None:
    with pytest.raises(TooSlow):
        await read(coming(*[(0.05, body(b"x", more=True))] * 100), times=100)


@pytest.mark.slow
async def test_a_body_that_never_comes_is_too_slow() -> None:
    with pytest.raises(TooSlow):
        await read(coming((60, body(b"", more=False))), times=1)


@pytest.mark.slow
async def test_after_the_body_a_caller_may_stay_as_long_as_the_answer_takes() -> None:
    gone = {"type": "http.disconnect"}
    assert (await read(coming((0, body(b"a", more=False)), (0.3, gone)), times=2))[1] == gone


@pytest.mark.slow
async def test_what_is_no_request_has_no_deadline() -> None:
    started = {"type": "lifespan.startup"}
    assert await read(coming((0.3, started)), {"type": "lifespan"}, times=1) == [started]


def test_its_answer_is_408_closes_the_connection_and_has_words_of_its_own() -> None:
    assert (TooSlow().status_code, TooSlow().headers) == (408, {"Connection": "close"})
    assert "時間がかかりすぎ" in errors.TROUBLES[408].title


class Caller:
    """A connection on which a form does not come in time."""

    def __init__(self) -> None:
        self.status = 0

    async def receive(self) -> Part:
        raise TooSlow

    async def send(self, message: Part) -> None:
        self.status = message.get("status", self.status)


@pytest.mark.slow
async def test_nothing_holds_the_connection_when_the_answer_is_sent(
    application: Any, visitor: Browser
) -> None:
    """What refers to itself would hold it until the garbage collector comes, and the server closes it no sooner."""
    await visitor.open("/login")
    head = {"host": HOST, "content-type": "application/x-www-form-urlencoded", "content-length": "1000"}
    headers = [(name.encode(), value.encode()) for name, value in head.items()] + [
        (b"sec-fetch-site", b"same-origin")
    ]
    caller = Caller()
    left = weakref.ref(caller)
    scope: Any = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "root_path": "",
        "path": "/login",
        "raw_path": b"/login",
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 4711),
        "server": (HOST, 443),
    }
    gc.collect()
    gc.disable()
    try:
        await application(scope, caller.receive, caller.send)
        assert caller.status == 408
        del caller, scope
        assert left() is None
    finally:
        gc.enable()
