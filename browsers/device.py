"""A phone with any browser: what a member does with it and what it shows, in words that every driver can carry out."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from e2e.households import ACCOUNT_PASSWORD, CUSTOMER_PASSWORD

SITE = "｜マイページ"
WIDTH, HEIGHT = 360, 740
"""Of a phone; what is not there has a window of its own size (WPE: 800 px)."""
PATIENCE = 10.0
"""Seconds that something may take to happen."""


class Away(Exception):
    """The page is going, or what was found on it has gone: look again."""


class Driver(Protocol):
    """One page of one browser. A `script` is the body of a function of `arguments`. Each call may raise Away."""

    def go(self, url: str) -> None: ...
    def back(self) -> None: ...
    def reload(self) -> None: ...
    def run(self, script: str, *arguments: Any) -> Any:
        """What the script returns, as JSON can say it."""

    def element(self, script: str, *arguments: Any) -> Any:
        """The element that the script returns, to be given to `run`, `click` and `type`; None for none."""

    def click(self, element: Any) -> None: ...
    def type(self, element: Any, text: str) -> None:
        """Replace what stands in a field by what is typed, key by key."""

    def key(self, name: str) -> None:
        """Press Tab or Enter."""

    def log_in(self, name: str, value: str) -> None:
        """Set a cookie; a page of the portal is open."""

    def photograph(self, path: str) -> None: ...
    def close(self) -> None: ...


NewDevice = Callable[..., "Device"]
"""Makes one: `dark`, `scripts`; in WebKitGTK alone other than light and with scripts."""

FIND = """
const [kind, name] = arguments;
const shown = (node) => node.getClientRects().length > 0 && getComputedStyle(node).visibility === "visible";
const words = (node) => {
  const copy = node.cloneNode(true);
  copy.querySelectorAll(".required, .optional, .star").forEach((mark) => mark.remove());
  return copy.textContent.replace(/\\s/g, "");
};
const wanted = name.replace(/\\s/g, "");
const control = (label) => label.control || document.getElementById(label.htmlFor);
const found = [...document.querySelectorAll(kind === "field" ? "label" : kind)]
  .filter((node) => shown(node) && words(node) === wanted)
  .map((node) => kind === "field" ? control(node) : node);
if (found.length > 1) throw new Error(`${found.length} of ${kind} ${name}`);
return found[0] || null;
"""
BUTTON = "button, a.button"
VALUE = """
const [label] = arguments;
const term = [...document.querySelectorAll("main dt")].find((node) => node.textContent.trim() === label);
return term ? term.parentElement.querySelector("dd").innerText : null;
"""


class Device:
    """What may be done with one page, and what must come of it."""

    def __init__(self, driver: Driver, origin: str) -> None:
        self.driver = driver
        self.origin = origin

    # What a member does

    def open(self, path: str) -> None:
        self.driver.go(self.origin + path)

    def press(self, name: str) -> None:
        """Press the one visible button, or link that looks like one, of that name, hidden words included."""
        self._click(BUTTON, name)

    def follow(self, name: str) -> None:
        self._click("a[href]", name)

    def unfold(self, words: str) -> None:
        """Press the summary that begins with these words."""
        script = "return [...document.querySelectorAll('summary')].find((one) => one.innerText.startsWith(arguments[0]))"
        self._on(lambda: self.driver.element(script, words), self.driver.click)

    def fill(self, label: str, text: str) -> None:
        self._on(lambda: self.field(label), lambda field: self.driver.type(field, text))

    def tick(self, label: str) -> None:
        """Tick a box or a choice."""
        self._on(lambda: self.field(label), self.driver.click)
        assert self.driver.run("return arguments[0].checked", self.field(label)), f"{label} is not ticked"

    def log_in_as_customer(self, number: str, password: str = CUSTOMER_PASSWORD) -> None:
        self._log_in("お客様番号", number, password)

    def log_in_as(self, account_id: str, password: str = ACCOUNT_PASSWORD) -> None:
        self._log_in("アカウントID", account_id, password)

    def _log_in(self, kind: str, name: str, password: str) -> None:
        self.fill(kind, name)
        self.fill(f"{kind}パスワード", password)
        self.press(f"{kind}でログイン")

    # What it shows

    def field(self, label: str) -> Any:
        return self.driver.element(FIND, "field", label)

    def shows(self, heading: str) -> None:
        """The page of that heading, which its title repeats."""
        self.until(
            lambda: self.run("return [document.querySelector('h1')?.textContent, document.title]"),
            [heading, f"{heading}{SITE}"],
        )

    def swapped_to(self, heading: str) -> None:
        """As `shows`, after a form was sent by a script: focus went along, and the title is read out."""
        self.shows(heading)
        self.until(lambda: self.run("return document.getElementById('announce').textContent"), heading + SITE)
        assert self.focus_in_view(), f"focus is on {self.focus()}"

    def reasons(self) -> list[str]:
        """What the error summary says."""
        found: list[str] = self.run(
            "return [...document.querySelectorAll('.error-summary li')].map((one) => one.innerText)"
        )
        return found

    def refuses(self, *reasons: str) -> None:
        """The form came back: the summary has the focus, and its links lead to the fields."""
        self.until(self.reasons, list(reasons))
        assert self.run("return document.title").startswith("エラー：")
        self.until(lambda: self.run("return document.activeElement.className"), "error-summary")
        for reason in reasons:
            self.follow(reason)
            text = """const field = document.activeElement;
                return field.getAttribute("aria-invalid") && field.getAttribute("aria-describedby").split(" ")
                  .map((id) => document.getElementById(id).textContent).join(" ")"""
            assert reason in (self.run(text) or ""), f"{reason} is not at {self.focus()}"

    def value(self, label: str) -> str | None:
        """What stands beside a label (dt, dd)."""
        found: str | None = self.run(VALUE, label)
        return found

    def typed(self, label: str) -> str:
        """What stands in a field."""
        return str(self.run("return arguments[0].value", self.field(label)))

    def sees(self, css: str) -> bool:
        """Whether the element is there and can be seen in the window."""
        script = """
            const node = document.querySelector(arguments[0]), box = node?.getBoundingClientRect();
            return Boolean(box && box.width && box.height && getComputedStyle(node).visibility === "visible"
              && box.left < innerWidth && box.right > 0)"""
        return bool(self.run(script, css))

    def text(self, css: str = "main") -> str:
        return str(self.run("return document.querySelector(arguments[0])?.innerText || ''", css))

    def style(self, css: str, name: str, pseudo: str | None = None) -> str:
        """The computed value of a property."""
        script = "return getComputedStyle(document.querySelector(arguments[0]), arguments[2]).getPropertyValue(arguments[1])"
        return str(self.run(script, css, name, pseudo))

    def focus(self) -> str:
        """What has the focus, as its tag begins."""
        return str(self.run("return document.activeElement.cloneNode(false).outerHTML"))

    def focused_text(self) -> str:
        return str(self.run("return document.activeElement.innerText || ''"))

    def focus_in_view(self) -> bool:
        """Whether focus is on something that can be seen, not on the body."""
        script = """
            const box = document.activeElement.getBoundingClientRect();
            return document.activeElement !== document.body && box.top < innerHeight && box.bottom > 0"""
        return bool(self.run(script))

    @property
    def path(self) -> str:
        """Path, query and fragment of the page."""
        return str(self.run("return location.href")).removeprefix(self.origin)

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script returns, once there is a page to run it on."""
        return self._again(lambda: self.driver.run(script, *arguments))

    def until(self, look: Callable[[], Any], wanted: Any = True) -> None:
        """Wait for it."""
        end = time.monotonic() + PATIENCE
        while (seen := look()) != wanted:
            assert time.monotonic() < end, (
                f"{seen!r}, not {wanted!r}; the page is {self.path}: {self.text()[:300]}"
            )
            time.sleep(0.05)

    # How it is found and pressed

    def _click(self, kind: str, name: str) -> None:
        self._on(lambda: self.driver.element(FIND, kind, name), self.driver.click)

    def _on(self, find: Callable[[], Any], act: Callable[[Any], None]) -> None:
        def once() -> None:
            element = find()
            if element is None:
                raise Away(f"nothing of that name; the page is {self.path}: {self.text()[:300]}")
            act(element)

        self._again(once)

    def _again(self, act: Callable[[], Any]) -> Any:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return act()
            except Away as away:
                if time.monotonic() > end:
                    raise AssertionError(str(away)) from away
                time.sleep(0.05)
