"""The security log: a line for each login, proof and refusal, with the request's number and with nobody's name."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from app import request_id, security_log
from app.domain import networks
from app.domain.access import attempts, usage
from app.main import portal
from app.postgres import database
from app.postgres.engine import Engine
from app.web.body_deadline import TooSlow
from app.web.request import Request
from tests import authenticator
from tests.access.test_proofs import pass_minutes
from tests.browser import Browser
from tests.conftest import HOST, SETTINGS

PERSONAL = ("90000000000000", "arteri", "有光", "127.0.0.1", "demo01", "abc12345", "example")


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> AsyncIterator[list[str]]:
    """The lines since the last look, which empties it; none of them holds anything personal."""
    caplog.set_level(logging.INFO, logger=security_log.log.name)

    class Lines(list[str]):
        def new(self) -> list[str]:
            found = [record for record in caplog.records if record.name == security_log.log.name]
            caplog.clear()
            for record in found:
                assert not [part for part in PERSONAL if part in record.getMessage()]
            return [f"{record.levelname} {record.getMessage()}" for record in found]

    return Lines()  # type: ignore[return-value]


async def keys(login: str = "arteri-an-002") -> str:
    (row,) = await database.rows("SELECT contract, id FROM account WHERE login = $1", login)
    return f"contract={row['contract']} account={row['id']}"


async def test_logins_failures_and_logout_are_lines(visitor: Browser, lines: Any) -> None:
    await visitor.log_in("account", "arteri-an-002", "wrong123")
    await visitor.log_in("account", "arteri-an-002", "abc12345")
    await visitor.submit("/logout")
    network = "network=127.0.0.*"
    assert lines.new() == [
        f"INFO event=login outcome=wrong {network}",
        f"INFO event=login outcome=ok {network} {await keys()}",
        f"INFO event=logout outcome=ok {network} {await keys()}",
    ]


async def test_a_guess_is_a_login_whoever_is_signed_in_at_the_time(admin: Browser, lines: Any) -> None:
    await admin.open("/login")
    token = str(admin.form("/logout").select("input")[0]["value"])
    lines.new()
    typed = {"csrf_token": token, "by": "account", "name": "keiyaku-003", "password": "guess-123"}
    await admin.press("/login", typed)
    assert lines.new() == ["INFO event=login outcome=wrong network=127.0.0.*"]


@pytest.mark.slow
async def test_a_proof_is_a_line_and_a_wrong_one_another(admin: Browser, lines: Any) -> None:
    await admin.open("/accounts/arteri-an-001/edit")
    pass_minutes(11)
    await admin.open("/accounts/arteri-an-001/edit")
    lines.new()
    await admin.prove("wrong123")
    await admin.prove("abc12345")
    assert lines.new() == [
        f"INFO event=proof outcome={outcome} network=127.0.0.* {await keys()}" for outcome in ("wrong", "ok")
    ]


@pytest.mark.slow
async def test_passkeys_and_the_second_factor_are_lines(
    contractor: Browser, another_browser: Browser, lines: Any
) -> None:
    passkey = await authenticator.register(contractor)
    (row,) = await database.rows("SELECT contract FROM passkey")
    whom, network = f"contract={row['contract']}", "network=127.0.0.*"
    lines.new()
    await authenticator.sign_in(another_browser, passkey, origin="https://evil.example")
    await another_browser.log_in("customer", "90000000000000", "demo01")
    await another_browser.submit("/login/second", code="000000")
    asked = await authenticator.options(another_browser, "/login/second/passkey.json")
    await another_browser.submit("/login/second/passkey", credential="x")
    await another_browser.submit("/login/second/passkey", credential=passkey.signed(asked))
    assert lines.new() == [
        f"INFO event=login outcome=wrong {network}",
        f"INFO event=login outcome=half {network} {whom}",
        f"INFO event=second-factor outcome=wrong {network} {whom}",
        f"INFO event=second-factor outcome=wrong {network} {whom}",
        f"INFO event=login outcome=ok {network} {whom}",
    ]


async def test_a_grave_change_is_a_line_when_it_is_carried_out_and_another_change_is_none(
    admin: Browser, lines: Any
) -> None:
    await admin.open("/accounts/arteri-an-001/edit")
    await admin.submit(given="新")
    assert lines.new()[1:] == []
    await admin.submit()
    assert lines.new() == [f"INFO event=change kind=account-edit {await keys()}"]
    await admin.open("/application")
    await admin.submit(paper="name")
    await admin.submit()
    assert admin.heading.endswith("完了")
    assert lines.new() == []


@pytest.mark.parametrize(
    ("path", "body", "headers", "line"),
    [
        ("/accounts/new", None, {}, "why=role method=GET path=/accounts/new"),
        (
            "/logout",
            {"csrf_token": "x"},
            {"Sec-Fetch-Site": "cross-site"},
            "why=csrf method=POST path=/logout",
        ),
        (
            "/accounts/arteri-an-001/password",
            {"csrf_token": "x"},
            {"Sec-Fetch-Site": "same-origin"},
            "why=csrf method=POST path=/accounts/{login}/password",
        ),
    ],
)
async def test_a_refusal_is_a_line_with_its_route_and_not_its_address(
    family_user: Browser, lines: Any, path: str, body: Any, headers: dict[str, str], line: str
) -> None:
    lines.new()
    method = "GET" if body is None else "POST"
    answer = await family_user.request(method, path, data=body, headers=headers)
    assert answer.status_code == 403
    assert lines.new() == [f"INFO event=refused {line} network=127.0.0.* {await keys('arteri-an-001')}"]


async def test_what_is_not_the_members_is_a_line_as_what_is_not_there(
    contractor: Browser, stranger: Browser, lines: Any
) -> None:
    (row,) = await database.rows("SELECT id FROM contract WHERE customer_number = '90000000000000'")
    lines.new()
    for login in ("keiyaku-003", "nobody-at-all"):
        assert (await contractor.get(f"/accounts/{login}/mailbox")).status_code == 404
    line = "why=missing method=GET path=/accounts/{login}/mailbox network=127.0.0.*"
    assert lines.new() == [f"INFO event=refused {line} contract={row['id']}"] * 2


@pytest.mark.parametrize(
    ("content", "why"), [(b"name=%00", "unreadable"), (b"a=b&a=c", "unreadable"), (b"a" * 100_000, "large")]
)
async def test_a_body_that_no_form_of_ours_sends_is_a_line(
    visitor: Browser, lines: Any, content: bytes, why: str
) -> None:
    kind = {"content-type": "application/x-www-form-urlencoded"}
    await visitor.post("/login", content=content, headers=kind)
    assert lines.new() == [f"INFO event=refused why={why} method=POST path=/login network=127.0.0.*"]


async def test_a_body_that_does_not_come_is_a_line(
    visitor: Browser, lines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slowly(request: Request) -> AsyncIterator[bytes]:
        yield b"by="
        raise TooSlow

    monkeypatch.setattr(Request, "stream", slowly)
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert (await visitor.post("/login", content=b"", headers=kind)).status_code == 408
    assert lines.new() == ["INFO event=refused why=slow method=POST path=/login network=127.0.0.*"]


async def test_an_unknown_host_is_a_line(visitor: Browser, lines: Any) -> None:
    assert (await visitor.get("/login", headers={"Host": "evil.example"})).status_code == 400
    assert lines.new() == ["INFO event=refused why=host-or-url network=127.0.0.*"]


@pytest.mark.slow
async def test_a_limit_that_is_reached_is_a_warning(visitor: Browser, lines: Any) -> None:
    for _ in range(attempts.PER_LOGIN):
        await visitor.log_in("customer", "90000000000000", "wrong")
    lines.new()
    await visitor.log_in("customer", "90000000000000", "wrong")
    assert lines.new() == [
        "WARNING event=login outcome=limited network=127.0.0.*",
        "WARNING event=refused why=attempts method=POST path=/login network=127.0.0.*",
    ]


async def test_what_one_contract_uses_up_is_a_warning(
    contractor: Browser, lines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "PDF", usage.Use("pdf", 0))
    await contractor.open("/statements")
    await contractor.prove("demo01", "90000000000000")
    lines.new()
    assert (await contractor.get("/statements/2026-01.pdf")).status_code in (404, 429)
    month = re.search(r"/statements/(\d{4}-\d\d)", (await contractor.get("/statements")).text)
    assert month
    assert (await contractor.get(f"/statements/{month[1]}.pdf")).status_code == 429
    assert lines.new()[-1].startswith("WARNING event=refused why=usage method=GET path=/statements/{name}")


def test_nothing_from_outside_comes_into_a_line() -> None:
    for text in ("a b", "x\nevent=login", "名", "a=b", '"', ""):
        with pytest.raises(ValueError, match="the security log takes no"):
            security_log.note("refused", why=text)


# --- the number of a request ------------------------------------------------------------------------------------------


async def test_every_answer_has_a_number_of_its_own_and_an_error_page_says_it(visitor: Browser) -> None:
    numbers = set()
    for path in ("/login", "/healthz", "/static/nothing", "/%00"):
        answer = await visitor.get(path)
        numbers.add(answer.headers["x-request-id"])
    assert len(numbers) == 4
    await visitor.open("/nowhere-at-all")
    assert f"エラー番号「{visitor.answer.headers['x-request-id']}」" in visitor.text.replace(" ", "")


async def test_a_stranger_cannot_choose_the_number(visitor: Browser) -> None:
    answer = await visitor.get("/login", headers={"X-Request-Id": "chosen-by-me"})
    assert answer.headers["x-request-id"] != "chosen-by-me"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "kept"), [("from-the-proxy-1", True), ("a b", False), ("x" * 65, False), ("", False)]
)
async def test_a_trusted_proxy_names_the_request(filled_database: str, given: str, kept: bool) -> None:
    proxy = networks.network("127.0.0.1")
    assert proxy
    trusting = replace(SETTINGS, trusted_proxies=(proxy,))
    async with Browser(portal(trusting, Engine({})), HOST) as browser:
        answer = await browser.get("/login", headers={"X-Request-Id": given})
    assert (answer.headers["x-request-id"] == given) is kept
    assert re.fullmatch(r"[\w-]{6,64}", answer.headers["x-request-id"])


def test_numbers_can_be_read_out_on_the_telephone() -> None:
    assert not set("0O1I") & set(request_id._ALPHABET)
    assert set(request_id.new()) <= set(request_id._ALPHABET)
