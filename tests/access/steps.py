"""Small steps with a second factor, for tests of several files."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from app.domain import clock
from tests.browser import Browser

NOON = datetime(2026, 1, 20, 12, 0, 10, tzinfo=clock.TOKYO)
"""Ten seconds into a time step."""


phones = pytest.MonkeyPatch()
"""What the tests do to the time of phones, which the demo's clock does not shift; undone after each test (conftest.py)."""


def stop_at(moment: datetime) -> None:
    """Let the portal and the phones stand there in time."""
    shift = moment - datetime.now(UTC)
    phones.setattr(clock, "wall", lambda: datetime.now(UTC) + shift)
    clock.start_at(moment)


def code_of(key: str, off: timedelta = timedelta()) -> str:
    """What the app shows now, or where its clock is off."""
    return pyotp.TOTP(key.replace(" ", "")).at(clock.wall() + off)


def codes_on(browser: Browser) -> list[str]:
    """The recovery codes that the page shows."""
    return re.findall(r"\b[A-Z2-9]{5}-[A-Z2-9]{5}\b", browser.text)


async def set_up_totp(browser: Browser) -> tuple[str, list[str]]:
    """Register an authenticator app for whoever is logged in; its key, and the recovery codes that came with it."""
    await browser.open("/second-factor/totp")
    key = browser.rows["キー"]
    await browser.submit(code=code_of(key))
    assert browser.heading == "認証アプリ登録確認", browser.text
    await browser.submit()
    assert browser.heading == "認証アプリ登録完了", browser.text
    return key, codes_on(browser)


def next_step() -> None:
    """Half a minute later: the app shows another code."""
    now, wall = clock.now(), clock.wall() + timedelta(seconds=30)
    stop_at(wall)
    clock.start_at(now + timedelta(seconds=30))
