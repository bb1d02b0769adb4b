"""What must hold on every page that a test is given, whatever it is about.

Thousands of pages are looked at, so this reads them with lxml alone, in a tenth of the time of the pages of tests/browser.py.
"""

from __future__ import annotations

import re

import httpx
import lxml.html
from lxml.html import HtmlElement

from app.branding import BRAND
from app.web import errors
from app.web.forms import PASSWORDS
from tests.free import promises_of, strings

OUR_PHONE = re.compile("0120-000-[01]{4}")
HOURS = "年中無休"
"""How the numbers of the tests' and the demo's operator begin, and when all of them answer."""
ERRORS = {trouble.title for trouble in errors.TROUBLES.values()}
"""Headings of error pages."""


def lint(answer: httpx.Response, page: HtmlElement) -> None:
    """Fails with the address and with what is wrong with the page."""
    where = f"{answer.request.method} {answer.url} {answer.status_code}"
    named: dict[str, list[HtmlElement]] = {}
    for element in page.iter(lxml.html.etree.Element):
        named.setdefault(element.tag, []).append(element)
    elements = [element for one in named.values() for element in one]
    _headings(answer, where, page, named)
    ids = [element.get("id") for element in elements if element.get("id") is not None]
    assert len(ids) == len(set(ids)), f"{where}: {sorted(i for i in ids if ids.count(i) > 1)} twice"
    _fields(where, named)
    for element in elements:
        for attribute in ("aria-describedby", "aria-labelledby"):
            missing = set(element.get(attribute, "").split()) - set(ids)
            assert not missing, f"{where}: {attribute} names {missing}"
        assert element.get("style") is None, f"{where}: inline style"
        assert not [name for name in element.attrib if name.startswith("on")], f"{where}: inline script"
    assert "style" not in named, f"{where}: inline style"
    assert all(script.get("src") for script in named.get("script", [])), f"{where}: inline script"
    assert "None" not in page.text_content(), f"{where}: None is shown"
    free = promises_of(page)
    assert not free, f"{where}: {free} without its condition"
    if not answer.url.path.startswith("/demo/"):
        _phones(where, page)


def _headings(
    answer: httpx.Response, where: str, page: HtmlElement, named: dict[str, list[HtmlElement]]
) -> None:
    assert named.get("title"), where
    title = named["title"][0].text_content()
    assert title.strip().endswith(f"｜{BRAND.service}"), where
    assert title.startswith("エラー：") == (answer.status_code == 422), where
    headings = named.get("h1", [])
    assert len(headings) == 1, f"{where}: {len(headings)} h1"
    heading = headings[0].text_content().strip()
    assert heading in title, f"{where}: title and h1 differ"
    if heading in ERRORS:
        said = named["main"][0].text_content()
        assert OUR_PHONE.search(said), f"{where}: whom to call is not said"
        assert "エラー番号「" in said, f"{where}: no number of the error"


def _fields(where: str, named: dict[str, list[HtmlElement]]) -> None:
    labelled = {label.get("for") for label in named.get("label", [])}
    for field in (field for kind in ("input", "select", "textarea") for field in named.get(kind, [])):
        known = (
            field.get("type") == "hidden"
            or field.get("id") in labelled
            or _around(field, "label") is not None
        )
        assert known, f"{where}: {_shown(field)}"
    for field in (field for field in named.get("input", []) if field.get("type") == "password"):
        assert field.get("name") in PASSWORDS, f"{where}: {field.get('name')} would be kept as it was typed"
        kind = field.get("autocomplete", "").split()[-1:]
        assert kind in (["current-password"], ["new-password"]), (
            f"{where}: {_shown(field)} is neither old nor new"
        )
        assert _user_name_before(field), (
            f"{where}: a password manager cannot tell whose password {_shown(field)} is"
        )
    for form in named.get("form", []):
        tokens = [
            field for field in form.iter("input") if field.get("name") == "csrf_token" and field.get("value")
        ]
        assert form.get("method") != "post" or tokens, f"{where}: a form without CSRF token"


def _user_name_before(password: HtmlElement) -> bool:
    """Whether the form says before its password, in a text that may be out of sight, whose it is (ui.md A15).

    What Chromium writes into its log else ("Password forms should have (optionally hidden) username fields"), which no
    Chromium without windows does: type=hidden does not count.
    """
    form = _around(password, "form")
    for field in form.iter("input") if form is not None else ():
        if field is password:
            return False
        if "username" in field.get("autocomplete", "").split() and field.get("type") in ("text", "email"):
            return True
    return False


def _phones(where: str, page: HtmlElement) -> None:
    """Each number of ours is a link that calls it, with its hours beside (ui.md A16)."""
    for text, element in strings(page):
        if not OUR_PHONE.search(text):
            continue
        around = [element, *element.iterancestors()]
        called = [one.get("href") for one in around if one.tag == "a"]
        assert called == [f"tel:{re.sub('[^0-9]', '', text)}"], f"{where}: {text} cannot be called"
        listed = "".join(one.text_content() for one in around if one.tag in ("dl", "p", "li"))
        assert HOURS in listed, f"{where}: {text} without its hours"


def _around(element: HtmlElement, tag: str) -> HtmlElement | None:
    return next(element.iterancestors(tag), None)


def _shown(element: HtmlElement) -> str:
    return str(lxml.html.tostring(element, encoding="unicode", with_tail=False))
