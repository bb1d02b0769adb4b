"""Error pages, odd requests, and what a database that is away looks like."""

from __future__ import annotations

import asyncio
import io
import logging
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from litestar.exceptions import ImproperlyConfiguredException
from litestar.types import ASGIApp

from app import internal, settings
from app.domain import networks
from app.domain.tables import TABLES
from app.log_lines import OneLine
from app.main import portal
from app.postgres import database
from app.postgres.embedded import EmbeddedPostgres
from app.postgres.engine import Engine
from app.routes.notices import contact
from app.web import render
from app.web.front_door import FrontDoor
from tests.access.test_matrix import ROUTES, inner
from tests.browser import Browser
from tests.conftest import HOST, SETTINGS

FORM = {"content-type": "application/x-www-form-urlencoded"}


def test_every_path_that_shows_nothing_when_it_is_opened_has_a_page_to_come_back_to(
    application: ASGIApp,
) -> None:
    back: dict[str, str] = inner(application).state.pages.back
    opened = {path for method, path in ROUTES if method == "GET"}
    posted = {path for method, path in ROUTES if method == "POST"}
    assert posted - opened <= set(back)
    assert set(back) <= posted
    assert set(back.values()) <= opened


async def test_a_path_that_leads_nowhere_is_a_404_in_the_members_frame(
    contractor: Browser, visitor: Browser
) -> None:
    await contractor.open("/no/such/page")
    assert contractor.answer.status_code == 404
    assert contractor.page.select("nav#menu")


@pytest.mark.parametrize(
    "path", ["/%00", "/accounts/%00", "/accounts/%ED%A0%80", "/?open=%00", "/login?next=%FF", "/%C0%AF"]
)
async def test_a_url_that_is_no_text_is_a_400_page(contractor: Browser, path: str) -> None:
    await contractor.open(path)
    assert contractor.answer.status_code == 400
    assert contractor.heading == "送信内容を読み取れません"


@pytest.mark.parametrize("host", ["evil.example", f"{HOST}.evil.example", "", f"{HOST}:80:80"])
async def test_a_host_that_is_not_ours_is_a_400_page(visitor: Browser, host: str) -> None:
    answer = await visitor.get("/login", headers={"Host": host})
    assert answer.status_code == 400
    assert "マイページを表示できません" in answer.text


@pytest.mark.parametrize("port", ["99999999", "65536", "²", "-1", "8" * 5000, ""])
async def test_a_host_with_a_port_that_cannot_be_is_a_400_page(contractor: Browser, port: str) -> None:
    answer = await contractor.get("/", headers={b"Host": f"{HOST}:{port}".encode()})
    assert answer.status_code == 400
    assert "マイページを表示できません" in answer.text


async def test_a_host_may_name_its_port(contractor: Browser) -> None:
    for port in ("443", "8000", "65535"):
        assert (await contractor.get("/", headers={"Host": f"{HOST}:{port}"})).status_code == 200


@pytest.mark.parametrize("host", ["10.0.0.5:8000", "probe.internal", "localhost:99999999", ""])
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_health_answers_to_any_host(visitor: Browser, path: str, host: str) -> None:
    answer = await visitor.get(path, headers={"Host": host})
    assert (answer.status_code, answer.text) == (200, "ok")
    for odd in ("POST", "DELETE", "OPTIONS"):
        assert (await visitor.request(odd, path, headers={"Host": host})).status_code in (204, 403, 405)
    assert (await visitor.get(f"{path}/x", headers={"Host": host})).status_code == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_whatever_is_sent_to_a_path_that_leads_nowhere_is_a_404_page(
    visitor: Browser, method: str
) -> None:
    for content, headers in ((b"", {}), (b"{}", {"content-type": "application/json"}), (b"a=b", FORM)):
        answer = await visitor.request(method, "/no/such/page", content=content, headers=headers)
        assert answer.status_code == 404
        assert "ページが見つかりません" in answer.text


async def test_a_method_that_a_page_does_not_know_is_a_405_page(visitor: Browser) -> None:
    answer = await visitor.request("DELETE", "/login")
    assert answer.status_code == 405
    assert "allow" in answer.headers


async def test_head_answers_like_get_without_a_body(visitor: Browser) -> None:
    for path in ("/login", "/favicon.ico"):
        got, asked = await visitor.get(path), await visitor.head(path)
        assert asked.status_code == got.status_code == 200
        for name in ("content-type", "content-length"):
            assert asked.headers[name] == got.headers[name]
        assert asked.content == b""


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"a=" + b"x" * 100_000, FORM, 413),
        (b'{"name": "x"}', {"content-type": "application/json"}, 400),
        (b"--b\r\n\r\n--b--", {"content-type": "multipart/form-data; boundary=b"}, 400),
        (b"", {}, 400),
        (b"name=a&name=b", FORM, 400),
        (b"name=%00", FORM, 400),
        (b"name=%ED%A0%80", FORM, 400),
        (b"name=%FF", FORM, 400),
        ("name=日本".encode(), FORM, 400),
        (b"&".join(b"f%d=1" % number for number in range(100)), FORM, 400),
        (b"", FORM, 403),
        (b"name=a", {"content-type": "APPLICATION/x-www-form-urlencoded; charset=utf-8"}, 403),
    ],
)
async def test_an_odd_body_is_never_a_500(
    visitor: Browser, content: bytes, headers: dict[str, str], status: int
) -> None:
    answer = await visitor.post("/login", content=content, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")


async def test_a_body_that_is_cut_off_is_a_400_page_and_no_bug(
    application: ASGIApp, filled_database: str, caplog: pytest.LogCaptureFixture
) -> None:
    came = iter([{"type": "http.request", "body": b"name=", "more_body": True}, {"type": "http.disconnect"}])
    answers: list[Any] = []

    async def receive() -> Any:
        return next(came)

    async def send(message: Any) -> None:
        answers.append(message)

    headers = [(b"host", HOST.encode()), (b"content-type", FORM["content-type"].encode())]
    scope: Any = {
        "type": "http", "method": "POST", "path": "/login", "raw_path": b"/login", "query_string": b"",
        "headers": headers, "scheme": "https", "client": ("192.0.2.1", 1), "server": (HOST, 443),
        "http_version": "1.1", "root_path": "", "asgi": {"version": "3.0"},
    }  # fmt: skip
    await application(scope, receive, send)
    assert answers[0]["status"] == 400
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


@pytest.mark.slow
async def test_text_that_the_rules_refuse_stays_a_422(contractor: Browser) -> None:
    for odd in ("x" * 5000, "\u202eabc", "😀" * 40, "<script>alert(1)</script>", "'; DROP TABLE account; --"):
        await contractor.open("/accounts/new")
        await contractor.submit(
            login=odd,
            family=odd,
            given=odd,
            family_kana=odd,
            given_kana=odd,
            user_name=odd,
            password=odd,
            role=odd,
        )
        assert contractor.answer.status_code == 422
        assert "<script>alert" not in contractor.answer.text


async def test_every_answer_carries_the_security_headers(visitor: Browser) -> None:
    asked = [("GET", path) for path in ("/login", "/", "/nope", "/static/nope", "/%00", "/healthz")]
    for method, path in [*asked, ("DELETE", "/")]:
        answer = await visitor.request(method, path)
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["strict-transport-security"]
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"


async def test_an_error_page_takes_the_whole_panel_when_htmx_asked_for_a_piece(contractor: Browser) -> None:
    answer = await contractor.get("/accounts/nobody", headers={"HX-Request": "true"})
    assert answer.status_code == 404
    assert answer.headers["hx-retarget"] == "#main"
    assert "<html" not in answer.text


@pytest.mark.slow
@pytest.mark.own_database
async def test_a_bug_is_a_500_page_without_a_word_of_it_and_a_traceback_in_the_log(
    contractor: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    await database.rows("ALTER TABLE contract RENAME COLUMN contract_type TO secret_name")
    with caplog.at_level(logging.ERROR, "mypage"):
        await contractor.open("/")
    assert contractor.answer.status_code == 500
    assert contractor.heading == "エラーが発生しました"
    assert "secret" not in contractor.answer.text
    assert "contract_type" in caplog.text


# --- the number of an error -------------------------------------------------------------------------------------------


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The log as a server writes it."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(OneLine())
    logging.getLogger("mypage").addHandler(handler)
    yield written
    logging.getLogger("mypage").removeHandler(handler)


def number_on(answer: httpx.Response) -> str:
    (number,) = re.findall(
        "エラー番号「<span translate=.no.>([^<]*)</span>」をお知らせください",
        answer.text.partition("<aside")[0],
    )
    assert re.fullmatch(r"[\w.-]{6,12}", number)
    return str(number)


@pytest.mark.parametrize("by_htmx", [False, True], ids=["browser", "htmx"])
@pytest.mark.parametrize(("error", "status"), [(ConnectionError("away"), 503), (ValueError("a bug"), 500)])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_error_page_names_the_number_of_its_line_in_the_log(
    contractor: Browser,
    monkeypatch: pytest.MonkeyPatch,
    log: io.StringIO,
    error: Exception,
    status: int,
    method: str,
    by_htmx: bool,
) -> None:
    """Without the database: the number is made when the request comes."""

    async def fails(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(database, "rows", fails)
    headers = {"Sec-Fetch-Site": "same-origin"} | ({"HX-Request": "true"} if by_htmx else {})
    answer = await contractor.request(method, "/customer", data={"phone": "03"}, headers=headers)
    assert (answer.status_code, "<html" in answer.text) == (status, not by_htmx)
    (line,) = [line for line in log.getvalue().splitlines() if "request=" in line]
    assert line.endswith(f" request={number_on(answer)}")
    assert answer.headers["x-request-id"] == number_on(answer)
    again = await contractor.request(method, "/customer", data={"phone": "03"}, headers=headers)
    assert number_on(again) != number_on(answer)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_when_the_error_page_itself_fails_there_is_one_that_was_made_before(
    contractor: Browser, monkeypatch: pytest.MonkeyPatch, log: io.StringIO, method: str
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ValueError("a bug in the frame, with 90000000000000 in it")

    monkeypatch.setattr(render, "_html", broken)
    answer = await contractor.request(method, "/customer", headers={"Sec-Fetch-Site": "same-origin"})
    assert (answer.status_code, "エラーが発生しました" in answer.text) == (500, True)
    assert "90000000000000" not in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert f" request={number_on(answer)}" in log.getvalue().splitlines()[-1]
    assert "a bug in the frame" in log.getvalue()


async def test_what_breaks_when_the_answer_has_begun_is_no_second_answer(filled_database: str) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError("halfway")

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    no_page: Any = None
    door = FrontDoor(application, SETTINGS, no_page)
    scope: Any = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": [(b"host", HOST.encode())],
    }
    with pytest.raises(ValueError, match="halfway"):
        await door(scope, receive, send)
    assert [message["status"] for message in sent] == [200]


@pytest.mark.parametrize(("path", "host"), [("/%00", HOST), ("/login", "evil.example")])
async def test_so_does_the_page_for_what_reaches_no_route(visitor: Browser, path: str, host: str) -> None:
    numbers = set()
    for _ in range(2):
        answer = await visitor.get(path, headers={"Host": host})
        assert answer.headers["x-request-id"] == number_on(answer)
        numbers.add(number_on(answer))
    assert len(numbers) == 2


@pytest.mark.slow
async def test_of_a_long_number_that_a_proxy_gave_the_end_is_read_out(
    filled_database: str, log: io.StringIO
) -> None:
    proxy = networks.network("127.0.0.1")
    assert proxy
    given = "7f3a9c0d5e8b41f2a6c3d9e0b1f4a7c8"
    async with Browser(portal(replace(SETTINGS, trusted_proxies=(proxy,)), Engine({})), HOST) as browser:
        for path in ("/nowhere-at-all", "/%00"):
            answer = await browser.get(path, headers={"X-Request-Id": given})
            assert number_on(answer) == given[-12:]
            assert answer.headers["x-request-id"] == given


@pytest.mark.slow
def test_no_environment_switches_the_frameworks_own_error_pages_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LITESTAR_DEBUG", "1")
    made: Any = portal(SETTINGS, Engine({}))
    assert made.app.debug is False
    internal_settings = replace(SETTINGS, internal=settings.Internal("127.0.0.1", 1, "x" * 32))
    listening: Any = internal.listener(internal_settings, Engine({}))
    assert listening.app.debug is False


@pytest.mark.slow
@pytest.mark.own_database
async def test_a_violated_rule_of_the_database_leaves_no_password_hash_in_the_log(
    contractor: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    await database.rows("ALTER TABLE account ADD CHECK (password_hash NOT LIKE '%argon2%') NOT VALID")
    await contractor.open("/accounts/arteri-an-001/password")
    await contractor.submit(password="neu-12345", password_again="neu-12345")
    with caplog.at_level(logging.ERROR, "mypage"):
        await contractor.submit()
    assert contractor.answer.status_code == 500
    assert "CheckViolationError" in caplog.text
    assert "argon2" not in caplog.text


@pytest.mark.slow
@pytest.mark.own_database
async def test_a_path_that_was_made_to_look_like_a_line_of_the_log_stays_on_its_line(
    contractor: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    await database.rows("ALTER TABLE contract RENAME COLUMN contract_type TO secret_name")
    with caplog.at_level(logging.ERROR, "mypage"):
        await contractor.get("/accounts/x%0AERROR forged")
    assert "forged" in caplog.messages[0]
    assert "\n" not in caplog.messages[0]


async def test_an_error_of_the_framework_is_in_the_log_when_it_is_a_bug(
    visitor: Browser, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ImproperlyConfiguredException("half a page")

    monkeypatch.setattr(contact, "page", broken)
    with caplog.at_level(logging.ERROR, "mypage"):
        await visitor.open("/contact")
        assert visitor.answer.status_code == 500
        await visitor.open("/static/nope")
    assert "half a page" in caplog.text
    assert len(caplog.messages) == 1


async def test_health_says_that_the_process_is_up_and_ready_asks_the_database(visitor: Browser) -> None:
    for path in ("/healthz", "/readyz"):
        answer = await visitor.get(path)
        assert (answer.status_code, answer.text) == (200, "ok")


@pytest.mark.slow
async def test_the_database_away_is_a_503_page_in_three_seconds_and_recovers_by_itself(
    application: ASGIApp,
    tmp_path_factory: pytest.TempPathFactory,
    server: dict[str, Any],
    filled_database: str,
) -> None:
    engine = database.engine()
    own = EmbeddedPostgres(tmp_path_factory.mktemp("away"))
    away = Engine(own.start({"fsync": "off"}))
    database.use(away, TABLES)
    await away.start_connection_pool()
    try:
        async with Browser(application, HOST) as browser:
            await browser.open("/login")
            own.stop()
            await refused(browser)
            assert (await browser.get("/readyz")).status_code == 503
            assert (await browser.get("/healthz")).status_code == 200
            own.start({"fsync": "off"})
            assert (await browser.get("/readyz")).status_code == 200
    finally:
        await away.close_connection_pool()
        own.stop()
        database.use(engine, TABLES)


async def refused(browser: Browser) -> None:
    """A look and a login while the database is away."""
    started = time.monotonic()
    answers = await asyncio.gather(
        browser.get("/", headers={"cookie": _signed_cookie(browser)}),
        browser.log_in("customer", "90000000000000", "demo01"),
    )
    assert time.monotonic() - started < 3
    open_to_anybody = {"/contact": 200, "/privacy": 200, "/login": 200, "/no/such/page": 404}
    for path, status in open_to_anybody.items():
        answer = await browser.get(path, headers={"cookie": _signed_cookie(browser)})
        assert answer.status_code == status
        assert "__Host-mypage=" not in answer.headers.get("set-cookie", "")
    looked: httpx.Response = answers[0]
    assert looked.status_code == browser.answer.status_code == 503
    assert "ただいまご利用いただけません" in looked.text
    assert looked.headers["retry-after"]


def _signed_cookie(browser: Browser) -> str:
    from app.web.cookies import Keys
    from tests.conftest import SETTINGS

    keys = Keys(SETTINGS.secret_keys, https=True)
    return f"{keys.session_cookie}={keys.sign('session', ['any token', 'customer'])}"
