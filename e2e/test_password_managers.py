"""ui.md A15: Chromium's password manager, which writes into its log what it cannot understand of a form.

A Chromium without windows has no password manager and says nothing; these tests need a whole one. What it would say is
held on every page that a test fetches, too (tests/lint.py).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, CDPSession, async_playwright, expect

from e2e import device as devices
from e2e.chromium import FLAGS, chromium_path
from e2e.device import Device
from e2e.households import Town
from e2e.portal import Portal
from e2e.screens import SCREENS, WITH_PASSWORDS, Screen

PASSWORDS = "input[type=password]"
SOON = 1_000
"""Milliseconds after which it has looked at a page."""


@pytest.fixture(scope="module")
async def whole_chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path(whole=True), args=FLAGS)
        yield browser
        await browser.close()


class Log:
    """What Chromium says about the forms of a page, whatever its level."""

    def __init__(self, wire: CDPSession) -> None:
        self._said: list[str] = []
        wire.on("Log.entryAdded", self._heard)

    def _heard(self, event: dict[str, Any]) -> None:
        if "[DOM]" in event["entry"]["text"]:
            self._said.append(event["entry"]["text"])

    async def said(self, device: Device) -> list[str]:
        await device.page.wait_for_timeout(SOON)
        return self._said


@pytest.fixture
async def device(whole_chromium: Browser, portal: Portal) -> AsyncIterator[Device]:
    async with devices.device(whole_chromium, portal.url) as device:
        yield device


async def log_of(device: Device) -> Log:
    wire = await device.context.new_cdp_session(device.page)
    log = Log(wire)
    await wire.send("Log.enable")
    return log


async def test_it_says_what_it_does_not_understand(device: Device) -> None:
    log = await log_of(device)
    await device.open("/login")
    await device.page.evaluate(
        """document.querySelector("main form").innerHTML = "<input type=password>"; """
    )
    await expect(device.page.locator(PASSWORDS)).to_have_count(2)
    assert [text for text in await log.said(device) if "username" in text or "autocomplete" in text]


@pytest.mark.parametrize(
    "screen", [one for one in SCREENS if one.name in WITH_PASSWORDS], ids=lambda screen: screen.name
)
async def test_it_understands_every_form(screen: Screen, device: Device, town: Town) -> None:
    log = await log_of(device)
    await screen.reach(device, town)
    assert await log.said(device) == []
