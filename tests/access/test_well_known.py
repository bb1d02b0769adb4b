"""Fixed addresses that programs look for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from litestar.types import ASGIApp

from app.domain import clock
from tests.access.test_matrix import inner
from tests.browser import Browser

CHANGE_PASSWORD = "/.well-known/change-password"


async def test_a_password_manager_is_led_to_the_own_password(
    contractor: Browser, admin: Browser, family_user: Browser
) -> None:
    for browser, path in (
        (contractor, "/customer-password"),
        (admin, "/accounts/arteri-an-002/password"),
        (family_user, "/accounts/arteri-an-001/password"),
    ):
        answer = await browser.get(CHANGE_PASSWORD)
        assert (answer.status_code, answer.headers["location"]) == (303, path)


async def test_before_a_login_it_leads_there_over_the_login(visitor: Browser) -> None:
    await visitor.log_in("account", "arteri-an-001", "abc12345", CHANGE_PASSWORD)
    assert visitor.path == "/accounts/arteri-an-001/password"


async def test_other_well_known_addresses_are_not_there(visitor: Browser) -> None:
    answer = await visitor.get(
        "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200"
    )
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("contact", "said"),
    [
        ("", "tel:0120-000-0000;phone-context=+81"),
        ("mailto:security@example.jp", "mailto:security@example.jp"),
    ],
)
async def test_who_finds_a_weakness_reads_where_to_report_it(
    visitor: Browser, application: ASGIApp, monkeypatch: pytest.MonkeyPatch, contact: str, said: str
) -> None:
    state = inner(application).state
    monkeypatch.setitem(state._state, "settings", replace(state.settings, security_contact=contact))
    answer = await visitor.get("/.well-known/security.txt")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    lines = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert lines["Contact"] == said
    assert lines["Canonical"] == "https://mypage.example.jp/.well-known/security.txt"
    assert lines["Preferred-Languages"] == "ja"
    until = datetime.fromisoformat(lines["Expires"].replace("Z", "+00:00"))
    assert until.tzinfo == UTC
    assert timedelta(days=150) < until - clock.now() < timedelta(days=365)
