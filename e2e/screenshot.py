"""`python -m e2e.screenshot`: makes docs/screenshot.png, the overview with one opened account ID.

A computer in the light scheme beside a phone in the dark one, put together by the browser itself.
"""

from __future__ import annotations

import asyncio
import base64
import tempfile
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, async_playwright, expect

from e2e.chromium import FLAGS, chromium_path
from e2e.households import CUSTOMER_PASSWORD, MODEL, MODEL_LOGINS
from e2e.portal import Portal, running

PICTURE = Path(__file__).parent.parent / "docs" / "screenshot.png"
WIDE, PHONE, TALL = 1280, 360, 1260  # CSS pixels
GAP = 40
OPENED = MODEL_LOGINS["admin"]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as portal:
        asyncio.run(_draw(portal))
    print(f"written: {PICTURE}")


async def _draw(portal: Portal) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        computer = await _overview(browser, portal, WIDE, "light")
        phone = await _overview(browser, portal, PHONE, "dark")
        await _compose(browser, computer, phone)
        await browser.close()


async def _overview(browser: Browser, portal: Portal, width: int, scheme: Literal["light", "dark"]) -> bytes:
    """The overview of the manual's contract as a PNG, an account ID opened in view."""
    page = await browser.new_page(
        base_url=portal.url,
        viewport={"width": width, "height": TALL},
        color_scheme=scheme,
        reduced_motion="reduce",
        device_scale_factor=2 if width == PHONE else 1,
    )
    await page.goto("/login")
    await page.locator("#f-customer-name").fill(MODEL)
    await page.locator("#f-customer-password").fill(CUSTOMER_PASSWORD)
    await page.locator("#f-customer-password").press("Enter")
    summary = page.locator("summary", has_text=OPENED)
    await summary.click()
    await expect(page.locator(f"[data-announce^='{OPENED}の詳細']")).to_be_visible()
    await page.evaluate("document.activeElement.blur()")
    await page.evaluate("scrollTo(0, 0)")
    await page.mouse.move(0, 0)
    return await page.screenshot()


async def _compose(browser: Browser, computer: bytes, phone: bytes) -> None:
    page = await browser.new_page(viewport={"width": WIDE + PHONE + 3 * GAP, "height": TALL + 2 * GAP})
    shown = "".join(
        f'<img width="{width}" height="{TALL}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
        for width, png in ((WIDE, computer), (PHONE, phone))
    )
    style = f"""body {{ margin: 0; padding: {GAP}px; display: flex; gap: {GAP}px; background: #dfe8ef }}
        img {{ border-radius: 12px; box-shadow: 0 4px 24px rgb(10 47 92 / .3) }}"""
    await page.set_content(f"<!DOCTYPE html><title>マイページ</title><style>{style}</style>{shown}")
    PICTURE.parent.mkdir(exist_ok=True)
    await page.screenshot(path=PICTURE)


if __name__ == "__main__":
    main()
