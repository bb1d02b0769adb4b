"""ログイン履歴: successes and failures in words, and sessions that are ended from another device."""

from __future__ import annotations

from typing import Any

import pytest
from litestar.types import ASGIApp

from app.domain import tables
from app.domain.access import attempts, login_events
from app.postgres import database
from tests.browser import Browser
from tests.conftest import HOST

CUSTOMER = ("customer", "90000000000000")


def events(browser: Browser) -> list[tuple[str, str]]:
    """Who and with what result, of the history's lines."""
    rows = browser.page.select("section[aria-labelledby=history] tbody tr")
    return [(row.select("td")[0].get_text(), row.select("td")[1].get_text()) for row in rows]


def sessions(browser: Browser) -> list[str]:
    """Who is logged in, the own session first."""
    rows = browser.page.select("section[aria-labelledby=open] tbody tr")
    return [row.select("th")[0].get_text() for row in rows]


async def end(browser: Browser, whose: str) -> None:
    """Press [ログアウトさせる] of that line."""
    for row in browser.page.select("section[aria-labelledby=open] tbody tr"):
        if row.select("th")[0].get_text() == whose and row.select("form"):
            body = {str(field["name"]): str(field["value"]) for field in row.select("input")}
            await browser.press("/logins/end", body)
            return
    raise AssertionError(f"no other session of {whose}")


@pytest.mark.slow
async def test_customer_and_admin_see_the_contracts_logins_a_user_the_own(
    another_browser: Browser, contractor: Browser, admin: Browser, family_user: Browser
) -> None:
    for name in ("arteri-an-001", "arteri-an-002"):
        await another_browser.log_in("account", name, "abc12345")
        await another_browser.submit("/logout")
    await another_browser.log_in("customer", "80000000000000", "tanin-1")
    for browser in (contractor, admin):
        await browser.open("/logins")
        assert sorted(events(browser)) == [("arteri-an-001", "成功"), ("arteri-an-002", "成功")]
    await family_user.open("/logins")
    assert events(family_user) == [("arteri-an-001", "成功")]
    assert sessions(family_user) == ["arteri-an-001"]
    await another_browser.open("/logins")
    assert events(another_browser) == [("ご契約者様（お客様番号）", "成功")]


async def test_the_own_session_is_marked_and_has_no_button(contractor: Browser, admin: Browser) -> None:
    await contractor.open("/logins")
    assert sessions(contractor) == ["ご契約者様（お客様番号）", "arteri-an-002"]
    rows = contractor.page.select("section[aria-labelledby=open] tbody tr")
    assert ["この端末" in row.get_text() for row in rows] == [True, False]
    assert [len(row.select("form")) for row in rows] == [0, 1]


@pytest.mark.slow
async def test_a_wrong_password_is_a_failure_of_its_owner_and_an_unknown_name_of_nobody(
    visitor: Browser, another_browser: Browser
) -> None:
    for name in ("90000000000000", "90000000000009"):
        await another_browser.log_in("customer", name, "wrong-1")
        assert another_browser.answer.status_code == 422
    await another_browser.log_in("account", "arteri-an-001", "wrong123")
    await visitor.log_in(*CUSTOMER, "demo01")
    await visitor.open("/logins")
    assert events(visitor) == [
        ("ご契約者様（お客様番号）", "成功"),
        ("arteri-an-001", "失敗（パスワードの誤り）"),
        ("ご契約者様（お客様番号）", "失敗（パスワードの誤り）"),
    ]


@pytest.mark.slow
async def test_attempts_that_are_refused_unseen_are_one_line(
    contractor: Browser, another_browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(attempts.PER_LOGIN + 3):
        await another_browser.log_in(*CUSTOMER, "wrong-1")
    assert another_browser.answer.status_code == 429
    await contractor.open("/logins")
    results = [result for _, result in events(contractor)]
    assert results.count("失敗（回数の制限）") == 1
    assert results.count("失敗（パスワードの誤り）") == attempts.PER_LOGIN


@pytest.mark.slow
async def test_a_wrong_password_when_it_is_asked_again_is_a_failure_too(admin: Browser) -> None:
    await admin.open("/giga-cinema")
    await admin.prove("wrong-1", "80000000000000")
    await admin.prove("wrong-1", "90000000000000")
    await admin.open("/logins")
    assert events(admin) == [("ご契約者様（お客様番号）", "失敗（パスワードの誤り）")] * 2
    rows = await database.rows(
        "SELECT DISTINCT c.customer_number FROM login_event e JOIN contract c ON c.id = e.contract"
    )
    assert [row["customer_number"] for row in rows] == [
        "90000000000000"
    ]  # and nothing for the stranger's number


async def test_a_session_is_ended_from_another_device(contractor: Browser, family_user: Browser) -> None:
    await contractor.open("/logins")
    await end(contractor, "arteri-an-001")
    assert sessions(contractor) == ["ご契約者様（お客様番号）"]
    await family_user.open("/")
    assert family_user.heading == "ログイン"


@pytest.mark.slow
async def test_a_user_role_member_ends_the_own_sessions_only(
    contractor: Browser, family_user: Browser, another_browser: Browser
) -> None:
    await contractor.open("/logins")
    form = contractor.page.select_one("section[aria-labelledby=open] form input[name=session]")
    assert form is not None
    await another_browser.log_in("account", "arteri-an-001", "abc12345")
    await family_user.open("/logins")
    await end(family_user, "arteri-an-001")
    assert sessions(family_user) == ["arteri-an-001"]
    await another_browser.open("/")
    assert another_browser.heading == "ログイン"
    token = family_user.page.select_one("input[name=csrf_token]")
    assert token is not None
    for number in range(1, 6):
        await family_user.press("/logins/end", {"csrf_token": str(token["value"]), "session": str(number)})
        assert family_user.heading == "ログイン履歴"
    await contractor.open("/")
    assert contractor.heading == "ご契約情報一覧"


async def test_nobody_ends_a_session_of_another_contract(contractor: Browser, stranger: Browser) -> None:
    await stranger.open("/")
    token = stranger.page.select_one("input[name=csrf_token]")
    assert token is not None
    everybodys = await tables.Session.select(tables.Session.id).output(as_list=True)
    assert len(everybodys) == 2
    for number in everybodys:
        await stranger.press("/logins/end", {"csrf_token": str(token["value"]), "session": str(number)})
        assert stranger.heading == "ログイン履歴"
    await contractor.open("/")
    assert contractor.heading == "ご契約情報一覧"


@pytest.mark.parametrize("session", ["", "x", "-1", "9" * 19])
async def test_a_session_that_cannot_be_is_a_page_that_is_not_there(
    contractor: Browser, session: str
) -> None:
    await contractor.open("/")
    token = contractor.page.select_one("input[name=csrf_token]")
    assert token is not None
    await contractor.press("/logins/end", {"csrf_token": str(token["value"]), "session": session})
    assert contractor.answer.status_code == 404


async def test_a_failure_is_noted_when_the_answer_is_sent_so_that_its_time_tells_no_name(
    application: ASGIApp, filled_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []

    async def note(_: login_events.Failure) -> None:
        order.append("noted")

    async def watched(scope: Any, receive: Any, send: Any) -> None:
        async def sending(message: Any) -> None:
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                order.append("answered")

        await application(scope, receive, sending)

    monkeypatch.setattr(login_events, "note", note)
    async with Browser(watched, HOST) as browser:
        for name in ("90000000000000", "90000000000009"):
            await browser.log_in("customer", name, "wrong-1")
            assert order[-2:] == ["answered", "noted"]
