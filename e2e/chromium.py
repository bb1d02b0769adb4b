"""Which Chromium the browser tests drive, and with which flags."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Browser

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--js-flags=--no-maglev,--no-turbofan",  # no page lives long enough to repay what optimizing its scripts costs
]
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


class NoChromium(Exception):
    """None is installed; says what to install."""


def chromium_path(*, whole: bool = False) -> str:
    """The browser of $CHROMIUM, else the first that is installed. Raises NoChromium.

    `whole`: one with windows, which it need not show, and a password manager.
    """
    wanted = os.environ.get("CHROMIUM")
    for name in [wanted] if wanted else NAMES[whole:]:
        found = shutil.which(name)
        if found:
            return found
    raise NoChromium(
        f"No Chromium found ({wanted or ', '.join(NAMES[whole:])}). Install it (Debian: apt install "
        f"{NAMES[whole]} fonts-ipaexfont-gothic), or name one in CHROMIUM."
    )


@asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    """That browser, until the block ends. Raises NoChromium."""
    from playwright.async_api import async_playwright  # whoever looks for a browser alone needs none of it

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        yield browser
        await browser.close()
