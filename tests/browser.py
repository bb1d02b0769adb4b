"""A browser for tests: keeps cookies, fills in the forms of the page it is on, and lints every page (tests/lint.py).

No script runs in it: what it can do, a member without JavaScript can do. `htmx()` asks as htmx would.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import httpx
import lxml.html
from bs4 import BeautifulSoup, Tag
from litestar.types import ASGIApp
from lxml.html import HtmlElement

from tests.free import promises
from tests.lint import lint
from tests.roles import served

PAGES = Path(__file__).parent.parent / ".build" / "pages"
"""Every different page that a test fetched, for the HTML checker (make test)."""
_WITHIN_A_SENTENCE = re.compile('<span translate="no">([^<]*)</span>')
_linted: set[str] = set()
"""Pages that were found to be in order, by what they hold without tokens."""


class Browser(httpx.AsyncClient):
    """One device with its cookies; `page` is what it shows."""

    def __init__(self, application: ASGIApp | None, host: str) -> None:
        """For an application in this process; without one, `host` is the whole URL of a server."""
        if application is None:
            super().__init__(base_url=host)
        else:
            transport = httpx.ASGITransport(app=served(application), raise_app_exceptions=False)
            super().__init__(transport=transport, base_url=f"https://{host}")
        self.answer = httpx.Response(204)
        self._page: BeautifulSoup | None = None
        self._tree: HtmlElement | None = None

    @property
    def page(self) -> BeautifulSoup:
        """What it shows, read when a test first looks: most pages on the way to another are never looked at."""
        if self._page is None:
            self._page = BeautifulSoup(self._sentences, "lxml")
        return self._page

    @page.setter
    def page(self, page: BeautifulSoup) -> None:
        """Go back to a page that was opened before."""
        self._page, self._tree = page, lxml.html.document_fromstring(str(page))

    @property
    def _sentences(self) -> str:
        """Its HTML without what is no text, or says of a part of a sentence that it is no Japanese: it cuts no sentence."""
        return _WITHIN_A_SENTENCE.sub(r"\1", self.answer.text.replace("<wbr>", ""))

    async def open(self, path: str, **headers: str) -> None:
        """Go to a path, over its redirects."""
        await self._show(await self.get(path, headers=headers, follow_redirects=True))

    async def htmx(self, path: str) -> BeautifulSoup:
        """Fetch a piece as htmx does; the page stays."""
        answer = await self.get(path, headers={"HX-Request": "true"}, follow_redirects=True)
        self.answer = answer
        found = promises(answer.text)
        assert not found, f"{path}: {found} without its condition"
        return BeautifulSoup(answer.text, "html.parser")

    async def submit(self, action: str | None = None, **typed: str) -> None:
        """Fill in the page's form (the one with that action, else the only one in main) and press its button."""
        forms = [form for form in self._within(action).iter("form") if action in (None, form.get("action"))]
        assert len(forms) == 1, f"{len(forms)} forms with action {action} on {self.answer.url}"
        await self.press(forms[0].get("action"), {**_values(forms[0]), **typed})

    async def press(self, path: str, body: dict[str, str], **headers: str) -> None:
        """Post a body as it is, from a page of ours."""
        sent = {"Sec-Fetch-Site": "same-origin", **headers}
        await self._show(await self.post(path, data=body, headers=sent, follow_redirects=True))

    async def log_in(self, by: str, name: str, password: str, path: str = "/login") -> None:
        """Open the login page and log in with its form for `customer` or `account`."""
        await self.open(path)
        for form in self.page.select("main form"):
            filled = filled_in(form)
            if filled.get("by") == by:
                await self.press("/login", {**filled, "name": name, "password": password})
                return
        raise AssertionError("no such login form")

    async def prove(self, password: str, number: str = "") -> None:
        """On the page that asks for a password again: type it, and the customer number where it is asked for."""
        await self.submit("/proof", password=password, **({"customer_number": number} if number else {}))

    def form(self, action: str | None = None) -> Tag:
        """The page's form with that action, else the only one in main."""
        within = self.page if action else self.page.main or self.page
        forms = [form for form in within.find_all("form") if action in (None, form["action"])]
        assert len(forms) == 1, f"{len(forms)} forms with action {action} on {self.answer.url}"
        return forms[0]

    @property
    def title(self) -> str:
        return _text_of(self._first("title"))

    @property
    def heading(self) -> str:
        return _text_of(self._first("h1"))

    @property
    def text(self) -> str:
        """What main says, white space folded."""
        return re.sub(r"\s+", " ", _said_in(self._within(None)))

    @property
    def path(self) -> str:
        return self.answer.url.raw_path.decode()

    @property
    def rows(self) -> dict[str, str]:
        """The labelled rows of the page (dt, dd)."""
        return {
            "".join(_strings(term)): _said_in(value)
            for term in self._within(None).iter("dt")
            if (value := next(term.itersiblings("dd"), None)) is not None
        }

    @property
    def menu(self) -> dict[str, list[tuple[str, str]]]:
        """The side menu: the titles of its sections, with name and address of each entry.

        The address of a place on the page that is shown differs from others' (layout/page.html); here it does not.
        """
        return {
            title.get_text(): [
                (link.get_text(), str(link["href"]).replace("?menu#", "#")) for link in entries.select("a")
            ]
            for title in self.page.select("#menu .menu-title")
            if (entries := title.find_next_sibling("ul"))
        }

    @property
    def reasons(self) -> list[str]:
        """The sentences of the error summary."""
        summaries = self.tree.find_class("error-summary")
        return ["".join(_strings(item)) for summary in summaries for item in summary.iter("li")]

    @property
    def tree(self) -> HtmlElement:
        """The same as `page`, read in a tenth of its time: for what a browser does at each step."""
        if self._tree is None:
            self._tree = lxml.html.document_fromstring(self._sentences or "<html></html>")
        return self._tree

    def _first(self, tag: str) -> HtmlElement | None:
        return next(self.tree.iter(tag), None)

    def _within(self, action: str | None) -> HtmlElement:
        """Main, where there is one; the whole page for a form that is named by its action."""
        main = self._first("main")
        return self.tree if action or main is None else main

    async def _show(self, answer: httpx.Response) -> None:
        self.answer, self._page, self._tree = answer, None, None
        if answer.headers.get("content-type", "").startswith("text/html"):
            self._lint()

    def _lint(self) -> None:
        """Look at the page, unless this worker has seen the same one: only tokens and identities differ."""
        assert "unsafe" not in self.answer.headers["content-security-policy"], self.answer.url
        assert self.answer.headers["cache-control"] == "no-store", self.answer.url
        told = f"{self.answer.status_code} {re.sub(r'[0-9a-f-]{32,}', '', self.answer.text)}"
        name = hashlib.sha256(told.encode()).hexdigest()[:16]
        if name not in _linted:
            PAGES.mkdir(parents=True, exist_ok=True)
            (PAGES / f"{name}.html").write_text(self.answer.text)
            lint(self.answer, self.tree)
            _linted.add(name)


def _values(form: HtmlElement) -> dict[str, str]:
    """`filled_in` for a form of a tree."""
    filled: dict[str, str] = {}
    for field in form.iter("input", "select", "textarea"):
        kind = field.get("type", "text") if field.tag == "input" else ""
        unchecked = kind in ("radio", "checkbox") and field.get("checked") is None
        if field.get("name") is None or field.get("disabled") is not None or unchecked:
            continue
        if field.tag == "select":
            chosen = [option for option in field.iter("option") if option.get("selected") is not None]
            filled[field.get("name")] = chosen[0].get("value", "") if chosen else ""
        else:
            filled[field.get("name")] = (
                field.text_content() if field.tag == "textarea" else field.get("value", "")
            )
    return filled


def _text_of(element: HtmlElement | None) -> str:
    return "" if element is None else str(element.text_content())


def _strings(element: HtmlElement) -> list[str]:
    return [text.strip() for text in element.itertext() if text.strip()]


def _said_in(element: HtmlElement) -> str:
    return " ".join(_strings(element))


def filled_in(form: Tag) -> dict[str, str]:
    """What the browser would send for the form as it stands."""
    filled: dict[str, str] = {}
    for field in form.select("input[name], select[name], textarea[name]"):
        kind = field.get("type", "text")
        if field.has_attr("disabled") or (kind in ("radio", "checkbox") and not field.has_attr("checked")):
            continue
        chosen: Any = field.select_one("option[selected]") if field.name == "select" else field
        text = field.get_text() if field.name == "textarea" else (chosen.get("value", "") if chosen else "")
        filled[str(field["name"])] = str(text)
    return filled
