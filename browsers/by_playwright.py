"""Debian's Chromium and Firefox ESR, by Playwright; its 1.64.1 is the last that starts the latter (WebDriver BiDi)."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Error, sync_playwright

from browsers.device import HEIGHT, WIDTH, Away
from e2e.chromium import FLAGS, chromium_path

CALL = "(given) => (function () {{ {} }}).apply(null, given)"


class Page:
    """A page of a context of its own."""

    def __init__(self, browser: Browser) -> None:
        self.context = browser.new_context(
            viewport={"width": WIDTH, "height": HEIGHT}, locale="ja-JP", timezone_id="Asia/Tokyo"
        )
        self.context.set_default_timeout(10_000)
        self.page = self.context.new_page()
        self.page.bring_to_front()  # else document.hasFocus() is false, and no focus goes where it should

    def go(self, url: str) -> None:
        self.page.goto(url)

    def back(self) -> None:
        with _away():
            self.page.evaluate("history.back()")

    def reload(self) -> None:
        self.page.reload()

    def run(self, script: str, *arguments: Any) -> Any:
        with _away():
            return self.page.evaluate(CALL.format(script), list(arguments))

    def element(self, script: str, *arguments: Any) -> Any:
        with _away():
            return self.page.evaluate_handle(CALL.format(script), list(arguments)).as_element()

    def click(self, element: Any) -> None:
        with _away():
            element.click(timeout=2000)

    def type(self, element: Any, text: str) -> None:
        with _away():
            element.fill("")
            element.type(text)

    def key(self, name: str) -> None:
        self.page.keyboard.press(name)

    def log_in(self, name: str, value: str) -> None:
        origin = urlsplit(self.page.url)
        self.context.add_cookies([{"name": name, "value": value, "url": f"http://{origin.netloc}"}])

    def photograph(self, path: str) -> None:
        self.page.screenshot(path=path)

    def close(self) -> None:
        self.context.close()


@contextlib.contextmanager
def _away() -> Iterator[None]:
    try:
        yield
    except Error as error:
        raise Away(str(error)) from error


@contextlib.contextmanager
def started(engine: str) -> Iterator[Browser]:
    """The browser, without windows, until the block is left."""
    with sync_playwright() as playwright:
        if engine == "chromium":
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        else:
            path = shutil.which("firefox-esr") or shutil.which("firefox")
            browser = playwright.firefox.launch(channel="moz-firefox", executable_path=path)
        yield browser
        browser.close()
