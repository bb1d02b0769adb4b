"""A phone or a computer of somebody: one browser context with one page, and everything that went wrong in it."""

from __future__ import annotations

import hashlib
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from playwright.async_api import expect

from e2e.households import ACCOUNT_PASSWORD, CUSTOMER_PASSWORD
from tests.browser import PAGES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request

SERVICE = "マイページ"
"""What the shipped brand calls the portal."""
PHONE = (360, 740)
DESK = (1280, 800)


class Device:
    """One page and what may be done with it; `scripts`: whether JavaScript runs; `service`: what the portal is called there.

    `keeps`: what it is shown is kept for the HTML checker, as pages of a demo may be.
    """

    def __init__(
        self,
        context: BrowserContext,
        page: Page,
        origin: str,
        *,
        scripts: bool,
        service: str = SERVICE,
        keeps: bool = True,
    ) -> None:
        self.context = context
        self.page = page
        self.origin = origin
        self.scripts = scripts
        self.site = f"｜{service}"
        self.keeps = keeps
        self.requests: list[str] = []
        self._troubles: list[str] = []
        self._expected: set[str] = set()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._troubles.append(f"error in a script: {error}"))
        page.on("requestfailed", self._failed)
        page.on("request", self._requested)

    # What goes wrong in it (ui.md J2)

    def expect_status(self, *statuses: int) -> None:
        """Answers with these statuses are meant; the browser's console complains about each of them."""
        self._expected.update(f"the server responded with a status of {status} " for status in statuses)

    def expect_aborted(self) -> None:
        """A request is meant to be given up for the next one, as by the second of two clicks."""
        self._expected.add("net::ERR_ABORTED")

    def expect_no_line(self) -> None:
        """The network is meant to be gone."""
        self._expected.update(("net::ERR_INTERNET_DISCONNECTED", "htmx:error: Failed to fetch"))

    def trouble(self, text: str) -> None:
        """Note what went wrong in it, as if the browser had complained."""
        self._troubles.append(text)

    def troubles(self) -> list[str]:
        """Console errors, failed requests and requests to third parties, the expected ones apart."""
        return [text for text in self._troubles if not any(excuse in text for excuse in self._expected)]

    async def becomes_new(self) -> None:
        """As from the shop, but for the files that the browser keeps: nobody logged in, nothing heard or expected."""
        for tab in self.context.pages[1:]:
            await tab.close()
        await self.open("/healthz")  # what the last journey still fetches is not of the next one
        if self.scripts:
            await self.page.evaluate("localStorage.clear()")
        await self.context.clear_cookies()
        await self.page.emulate_media(media="null", color_scheme="light", reduced_motion="no-preference")
        await self.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        for heard in (self.requests, self._troubles, self._expected):
            heard.clear()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._troubles.append(f"console: {message.text} ({message.location.get('url')})")

    def _failed(self, request: Request) -> None:
        if "/static/icon." in request.url and request.failure == "net::ERR_ABORTED":
            return  # the browser fetches the icon of its tab when it has time, and drops it when the page goes
        self._troubles.append(f"failed: {request.method} {request.url}: {request.failure}")

    def _requested(self, request: Request) -> None:
        self.requests.append(f"{request.method} {request.url.removeprefix(self.origin)}")
        if not request.url.startswith(f"{self.origin}/"):
            self._troubles.append(f"third party: {request.url}")

    # What a member does with it

    async def open(self, path: str) -> None:
        await self.page.goto(path)

    async def log_in_as_customer(self, number: str, password: str = CUSTOMER_PASSWORD) -> None:
        await self._log_in("お客様番号", number, password)

    async def log_in_as(self, account_id: str, password: str = ACCOUNT_PASSWORD) -> None:
        await self._log_in("アカウントID", account_id, password)

    async def _log_in(self, kind: str, name: str, password: str) -> None:
        if not self.page.url.startswith(f"{self.origin}/login"):
            await self.open("/login")
        await self.fill(kind, name)
        await self.fill(f"{kind}パスワード", password)
        await self.press(f"{kind}でログイン")

    async def log_out(self) -> None:
        await self.press("ログアウト")
        await self.shows("ログイン")

    async def fill(self, label: str, text: str) -> None:
        await self.field(label).fill(text)

    async def press(self, name: str) -> None:
        """Press the one button with that accessible name."""
        await self.button(name).click()

    async def follow(self, name: str) -> None:
        """Follow the one link with that accessible name."""
        await self.link(name).click()

    async def unfold(self, title: str) -> None:
        """Open what is folded under that title."""
        await self.page.locator("summary", has_text=title).click()

    def field(self, label: str) -> Locator:
        """The control with that label, whose ※必須 or 任意 is not asked for."""
        return self.page.get_by_label(_whole(label, r"\s*(※必須|任意)?"))

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=_whole(name))

    def link(self, name: str) -> Locator:
        return self.page.get_by_role("link", name=_whole(name))

    def row(self, label: str) -> Locator:
        """The value beside a label (dt, dd)."""
        term = self.page.locator("dt").get_by_text(label, exact=True)
        return self.page.locator("main dl > div").filter(has=term).locator("dd").first

    # What it shows

    async def shows(self, heading: str) -> None:
        """The page of that heading, which its title repeats (A4)."""
        await expect(self.page.locator("h1")).to_have_text(heading)
        await expect(self.page).to_have_title(f"{heading}{self.site}")

    async def swapped_to(self, heading: str) -> None:
        """As `shows`, after a form was sent: with a script, focus went along and the title is read out (A3, A4)."""
        await self.shows(heading)
        if self.scripts:
            await self.has_focus_in_view()
            await expect(self.page.locator("#announce")).to_have_text(f"{heading}{self.site}")

    async def completes(self, change: str, button: str) -> None:
        """From its filled input page over the confirm page, with that button, to the complete page."""
        await self.press("次へ進む")
        await self.swapped_to(f"{change}確認")
        await self.press(button)
        await self.swapped_to(f"{change}完了")

    async def has_focus_in_view(self) -> None:
        """Focus is on something that can be seen, not on the body."""
        focused = self.page.locator(":focus")
        await expect(focused).to_be_visible()
        await expect(focused).to_be_in_viewport()

    async def refuses(self, *reasons: str) -> None:
        """The form came back (422): a summary with focus, whose links lead to the fields (A5)."""
        summary = self.page.locator(".error-summary")
        await expect(summary.get_by_role("listitem")).to_have_text(list(reasons))
        await expect(self.page).to_have_title(re.compile(f"^エラー：.+{re.escape(self.site)}$"))
        if self.scripts:
            await expect(summary).to_be_focused()
        for reason in reasons:
            await self._leads_to_its_field(summary, reason)
        await self.keep()

    async def _leads_to_its_field(self, summary: Locator, reason: str) -> None:
        link = summary.get_by_role("link", name=reason)
        await link.first.click()
        field = self.page.locator(await link.first.get_attribute("href") or "")
        await expect(field).to_be_focused()
        await expect(field).to_have_attribute("aria-invalid", "true")
        await expect(field).to_have_accessible_description(re.compile(re.escape(reason)))

    async def keep(self) -> None:
        """Write the document as it is now, swapped pieces included, for the HTML checker (python -m e2e.vnu)."""
        if not self.keeps:
            return
        text = await self.page.content()
        name = hashlib.sha256(re.sub(r"[0-9a-f-]{32,}", "", text).encode()).hexdigest()[:16]
        PAGES.mkdir(parents=True, exist_ok=True)
        (PAGES / f"e2e-{name}.html").write_text(text)


def _whole(name: str, end: str = "") -> re.Pattern[str]:
    """The whole accessible name; where hidden words meet shown ones, browsers put a space."""
    return re.compile("^" + r"\s*".join(map(re.escape, name)) + end + "$")


@asynccontextmanager
async def device(
    chromium: Browser,
    origin: str,
    *,
    scripts: bool = True,
    size: tuple[int, int] = PHONE,
    service: str = SERVICE,
    keeps: bool = True,
    **options: Any,
) -> AsyncIterator[Device]:
    """A fresh device, until the block is left; `options`: more of the browser's context."""
    context = await chromium.new_context(
        base_url=origin,
        java_script_enabled=scripts,
        viewport={"width": size[0], "height": size[1]},
        locale="ja-JP",
        timezone_id="Asia/Tokyo",
        **options,
    )
    context.set_default_timeout(10_000)
    try:
        page = await context.new_page()
        yield Device(context, page, origin, scripts=scripts, service=service, keeps=keeps)
    finally:
        await context.close()
