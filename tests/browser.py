"""A browser for tests: keeps cookies, fills in the forms of the page it is on, and lints every page it is given.

No script runs in it: what it can do, a member without JavaScript can do. `htmx()` asks as htmx would.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import httpx
from bs4 import BeautifulSoup, Tag
from litestar.types import ASGIApp

from app.web import errors
from app.web.forms import PASSWORDS
from tests.free import promises

PAGES = Path(__file__).parent.parent / ".build" / "pages"
"""Every different page that a test fetched, for the HTML checker (make test)."""


OUR_PHONE = re.compile("0120-000-[01]{4}")
HOURS = "年中無休"
"""How the numbers of the tests' and the demo's operator begin, and when all of them answer."""
ERRORS = {trouble.title for trouble in errors.TROUBLES.values()}
"""Headings of error pages."""
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
            transport = httpx.ASGITransport(app=application, raise_app_exceptions=False)  # type: ignore[arg-type]
            super().__init__(transport=transport, base_url=f"https://{host}")
        self.answer = httpx.Response(204)
        self._page: BeautifulSoup | None = None

    @property
    def page(self) -> BeautifulSoup:
        """What it shows, read when a test first looks: most pages on the way to another are never looked at."""
        if self._page is None:
            # No text, and what says of a part of a sentence that it is no Japanese: it cuts no sentence.
            text = _WITHIN_A_SENTENCE.sub(r"\1", self.answer.text.replace("<wbr>", ""))
            self._page = BeautifulSoup(text, "lxml")
        return self._page

    @page.setter
    def page(self, page: BeautifulSoup) -> None:
        self._page = page

    async def open(self, path: str, **headers: str) -> None:
        """Go to a path, over its redirects."""
        await self._show(await self.get(path, headers=headers, follow_redirects=True))

    async def htmx(self, path: str) -> BeautifulSoup:
        """Fetch a piece as htmx does; the page stays."""
        answer = await self.get(path, headers={"HX-Request": "true"}, follow_redirects=True)
        self.answer = answer
        piece = BeautifulSoup(answer.text, "html.parser")
        assert not promises(piece), f"{path}: {promises(piece)} without its condition"
        return piece

    async def submit(self, action: str | None = None, **typed: str) -> None:
        """Fill in the page's form (the one with that action, else the only one in main) and press its button."""
        form = self.form(action)
        await self.press(str(form["action"]), {**filled_in(form), **typed})

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
        return self.page.title.get_text() if self.page.title else ""

    @property
    def heading(self) -> str:
        heading = self.page.select_one("h1")
        return heading.get_text() if heading else ""

    @property
    def text(self) -> str:
        """What main says, white space folded."""
        main = self.page.select_one("main") or self.page
        return re.sub(r"\s+", " ", main.get_text(" ", strip=True))

    @property
    def path(self) -> str:
        return self.answer.url.raw_path.decode()

    @property
    def rows(self) -> dict[str, str]:
        """The labelled rows of the page (dt, dd)."""
        return {
            term.get_text(strip=True): value.get_text(" ", strip=True)
            for term in self.page.select("main dt")
            if (value := term.find_next_sibling("dd"))
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
        return [item.get_text(strip=True) for item in self.page.select(".error-summary li")]

    async def _show(self, answer: httpx.Response) -> None:
        self.answer, self._page = answer, None
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
            lint(self.answer, self.page)
            _linted.add(name)


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


def user_name_before(password: Tag) -> bool:
    """Whether the form says before its password, in a text that may be out of sight, whose it is (ui.md A15).

    What Chromium writes into its log else ("Password forms should have (optionally hidden) username fields"), which no
    Chromium without windows does: type=hidden does not count.
    """
    kind = re.compile("^(current|new)-password$")
    assert kind.match(str(password.get("autocomplete", "")).split()[-1]), password
    form = password.find_parent("form")
    named = form.select("input[autocomplete~=username]:is([type=text], [type=email])") if form else []
    return any(field in password.find_all_previous("input") for field in named)


def lint(answer: httpx.Response, page: BeautifulSoup) -> None:
    """What must hold on every page, whatever it is about."""
    where = f"{answer.request.method} {answer.url} {answer.status_code}"
    elements = page.find_all()
    named: dict[str, list[Tag]] = {}
    for element in elements:
        named.setdefault(element.name, []).append(element)
    assert page.title, where
    assert page.title.get_text(strip=True).endswith("｜マイページ"), where
    assert page.title.get_text().startswith("エラー：") == (answer.status_code == 422), where
    headings = named.get("h1", [])
    assert len(headings) == 1, f"{where}: {len(headings)} h1"
    assert headings[0].get_text(strip=True) in page.title.get_text(), f"{where}: title and h1 differ"
    if headings[0].get_text(strip=True) in ERRORS:
        said = page.select_one("main")
        assert said, where
        assert OUR_PHONE.search(said.get_text()), f"{where}: whom to call is not said"
        assert "エラー番号「" in said.get_text(), f"{where}: no number of the error"
    ids = [str(element["id"]) for element in elements if element.has_attr("id")]
    assert len(ids) == len(set(ids)), f"{where}: {sorted(i for i in ids if ids.count(i) > 1)} twice"
    labelled = {label.get("for") for label in named.get("label", [])}
    for field in (field for kind in ("input", "select", "textarea") for field in named.get(kind, [])):
        known = field.get("type") == "hidden" or field.get("id") in labelled or field.find_parent("label")
        assert known, f"{where}: {field}"
    for field in page.select("input[type=password]"):
        assert field["name"] in PASSWORDS, f"{where}: {field['name']} would be kept as it was typed"
        assert user_name_before(field), f"{where}: a password manager cannot tell whose password {field} is"
    for element in elements:
        for attribute in ("aria-describedby", "aria-labelledby"):
            missing = set(str(element.get(attribute, "")).split()) - set(ids)
            assert not missing, f"{where}: {attribute} names {missing}"
        assert not element.has_attr("style"), f"{where}: inline style"
        assert not [name for name in element.attrs if name.startswith("on")], f"{where}: inline script"
    assert "style" not in named, f"{where}: inline style"
    assert all(script.has_attr("src") for script in named.get("script", [])), f"{where}: inline script"
    for form in named.get("form", []):
        sealed = form.get("method") != "post" or form.select_one("input[name=csrf_token][value]")
        assert sealed, f"{where}: a form without CSRF token"
    assert "None" not in page.get_text(), f"{where}: None is shown"
    assert not promises(page), f"{where}: {promises(page)} without its condition"
    for text in page.find_all(string=OUR_PHONE) if not answer.url.path.startswith("/demo/") else ():
        called = [str(link["href"]) for link in text.find_parents("a")]
        assert called == [f"tel:{re.sub('[^0-9]', '', text)}"], f"{where}: {text} cannot be called"
        listed = "".join(around.get_text() for around in text.find_parents(["dl", "p"]))
        assert HOURS in listed, f"{where}: {text} without its hours"
