"""The number of a request on every kind of answer: header, error page and log have the same one, whoever sent another."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from litestar.exceptions import HTTPException

from app.domain import networks
from app.log_lines import OneObject
from app.main import portal
from app.postgres import database
from app.postgres.engine import Engine
from app.routes.notices import contact
from app.web.body_deadline import TooSlow
from app.web.errors import TROUBLES
from app.web.request import Request
from tests.access.test_matrix import ROUTES
from tests.browser import Browser
from tests.conftest import HOST, SETTINGS
from tests.web.test_errors import FORM, number_on


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """The log as JSON."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(OneObject())
    log = logging.getLogger("mypage")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    yield written
    log.removeHandler(handler)
    log.setLevel(logging.NOTSET)


@pytest.fixture(scope="module")
def proxied() -> Any:
    """The portal behind a proxy at 127.0.0.1."""
    proxy = networks.network("127.0.0.1")
    assert proxy
    return portal(replace(SETTINGS, trusted_proxies=(proxy,)), Engine({}))


def is_numbered(answer: httpx.Response) -> str:
    """The number, which the page says as the header does."""
    number = answer.headers["x-request-id"]
    assert number_on(answer) == number
    return str(number)


@pytest.mark.parametrize("status", [*TROUBLES, 418, 501])
async def test_an_error_page_of_any_status_says_the_number_of_its_answer(
    visitor: Browser, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise HTTPException(status_code=status)

    monkeypatch.setattr(contact, "page", fails)
    answer = await visitor.get("/contact")
    assert answer.status_code == status
    assert is_numbered(answer) != is_numbered(await visitor.get("/contact"))


async def test_so_do_those_of_a_path_a_method_a_body_and_a_database(
    contractor: Browser, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slowly(request: Request) -> AsyncIterator[bytes]:
        yield b"by="
        raise TooSlow

    def away(*_: Any) -> None:
        raise ConnectionError("away")

    large = await contractor.post("/login", content=b"a" * 400_000, headers=FORM)
    answers = [await contractor.get("/static/mypage.css"), await contractor.post("/privacy"), large]
    monkeypatch.setattr(Request, "stream", slowly)
    slow = await contractor.post("/login", content=b"", headers=FORM)
    monkeypatch.setattr(database.engine().__class__, "fetch", away)
    gone = await contractor.get("/accounts")
    assert [answer.status_code for answer in (*answers, slow, gone)] == [404, 405, 413, 408, 503]
    for answer in answers:
        is_numbered(answer)
    said = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert is_numbered(gone) == said[-1]["request_id"]
    assert is_numbered(slow) in {line["request_id"] for line in said}


@pytest.mark.slow
async def test_every_route_answers_with_a_number_of_its_own(visitor: Browser) -> None:
    numbers = []
    for method, path in ROUTES:
        answer = await visitor.request(method, path.replace("{", "").replace("}", ""))
        numbers += answer.headers.get_list("x-request-id")
    assert len(set(numbers)) == len(ROUTES)


@pytest.mark.parametrize(
    ("peer", "sent", "kept"),
    [
        ("127.0.0.1", ["from-the-proxy-1"], "from-the-proxy-1"),
        ("127.0.0.1", ["from-the-proxy-1", "added-by-a-stranger"], None),
        ("127.0.0.1", ["<script>alert(1)</script>"], None),
        ("127.0.0.1", ["../../x/../y"], None),
        ("127.0.0.1", ["a\x0bINFO forged"], None),
        ("127.0.0.1", ["\xe9\xe9\xe9\xe9\xe9\xe9\xe9"], None),
        ("127.0.0.1", ["short"], None),
        ("192.0.2.1", ["from-the-proxy-1"], None),
    ],
)
async def test_only_one_that_a_trusted_proxy_alone_gave_is_taken(
    filled_database: str, proxied: Any, lines: io.StringIO, peer: str, sent: list[str], kept: str | None
) -> None:
    transport = httpx.ASGITransport(app=proxied, client=(peer, 1))
    async with httpx.AsyncClient(transport=transport, base_url=f"https://{HOST}") as client:
        headers = [(b"x-request-id", value.encode("latin-1")) for value in sent]
        answer = await client.get("/nowhere", headers=headers)
    [number] = answer.headers.get_list("x-request-id")
    assert (number == kept) if kept else (number not in sent and len(number) == 10)
    assert json.loads(lines.getvalue().splitlines()[-1])["request_id"] == number
    assert not any(value in answer.text for value in sent if value != kept)
