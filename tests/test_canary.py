"""A card number is planted in every field of every form; afterwards it is nowhere: no table, log, mail, cookie, page.

The pages are found by their links, so a form that is new is planted too. The payment form is also filled in rightly,
up to its complete page.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from bs4 import BeautifulSoup, Tag

from app.postgres import database
from app.web import forms
from tests.browser import Browser, filled_in
from tests.cards.steps import register
from tests.mail.steps import buy, get_address

NUMBER = "4111111111111111"
WRITTEN = (NUMBER, "4111 1111 1111 1111")
SEARCHED = (NUMBER, NUMBER.encode().hex())
SIBLING = "arteri-an-002"
KEPT_OUT = re.compile(r"^/(static|logout)|\.(csv|pdf)|^/changes/|#")


def digits(text: str) -> str:
    return re.sub(r"[\s-]", "", text)


def found_in(text: str) -> bool:
    return any(form in digits(text) for form in SEARCHED)


class Trap:
    """Looks at every answer that the browser gets."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.planted = 0
        browser.event_hooks["response"].append(self.look)

    async def look(self, answer: httpx.Response) -> None:
        await answer.aread()
        where = f"{answer.request.method} {answer.request.url.path}"
        assert answer.status_code < 500, where
        assert not found_in(answer.text), where
        assert not found_in(str(answer.headers.multi_items())), where

    async def forms(self) -> list[tuple[str, Tag]]:
        """Every form of every page that the links lead to, with the page's path; one account ID stands for all."""
        ahead, found = ["/", "/accounts/arteri-an-001"], []
        seen = set(ahead)
        while ahead:
            path = ahead.pop(0)
            answer = await self.browser.get(path, follow_redirects=True)
            page = BeautifulSoup(answer.text, "html.parser")
            found += [(path, form) for form in page.select("main form")]
            for link in page.select("a[href^='/']"):
                href = str(link["href"])
                if href not in seen and not KEPT_OUT.search(href) and SIBLING not in href:
                    seen.add(href)
                    ahead.append(href)
        return found

    async def plant(self, form: Tag) -> None:
        """In all fields that take text at once, then in each alone beside what the form holds."""
        filled = filled_in(form)
        names = [
            name
            for field in form.select("input[name], textarea[name]")
            if (name := str(field["name"])) != "csrf_token"
        ]
        typed = {**filled, **dict.fromkeys(names, WRITTEN[0])}
        await self.send(form, typed)
        for place, name in enumerate(dict.fromkeys(names)):
            await self.send(form, {**filled, "agree": "yes", name: WRITTEN[place % 2]})

    async def send(self, form: Tag, typed: dict[str, str]) -> None:
        self.planted += 1
        action = str(form["action"])
        if form["method"] == "get":
            await self.browser.get(action, params=typed)
            return
        answer = await self.browser.post(
            action, data=typed, headers={"Sec-Fetch-Site": "same-origin"}, follow_redirects=True
        )
        if not answer.url.path.startswith("/changes/") or not found_in("".join(typed.values())):
            return
        confirm = BeautifulSoup(answer.text, "html.parser").select_one("main form[action^='/changes/']")
        if confirm:
            await self.browser.post(
                str(confirm["action"]),
                data=filled_in(confirm),
                headers={"Sec-Fetch-Site": "same-origin"},
                follow_redirects=True,
            )


async def dump() -> Iterator[tuple[str, str]]:
    """Every row of every table as text."""
    tables = await database.rows(
        "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    rows: list[tuple[str, str]] = []
    for table in tables:
        found = await database.rows(f"SELECT t::text AS row FROM {table['name']} t")
        rows += [(table["name"], row["row"]) for row in found]
    return iter(rows)


@pytest.mark.slow
async def test_a_card_number_planted_in_every_form_is_found_nowhere(
    contractor: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await buy(contractor)
    await get_address(contractor, "arteri-an-001", "hikari.taro")
    await contractor.open("/proof?step=customer&next=/")
    await contractor.submit(customer_number="90000000000000", password="demo01")
    trap = Trap(contractor)
    for given in ("KICHI", "AN"):
        for number in WRITTEN:
            await register(contractor, given=given, card_number=number)
    found = await trap.forms()
    assert {path for path, _ in found} >= {
        *("/payment", "/customer", "/accounts/new", "/application"),
        *(f"/accounts/arteri-an-001/{page}" for page in ("forwarding", "auto-reply", "web-space", "mailbox")),
    }
    for _, form in found:
        await trap.plant(form)
    await contractor.post("/logout", data=await token(contractor), headers={"Sec-Fetch-Site": "same-origin"})
    await contractor.open("/login")
    for form in contractor.page.select("main form"):
        await trap.plant(form)
    assert trap.planted > 60
    tables = list(await dump())
    assert {"public.vault_card", "public.card", "public.outbox", "public.change"} <= {
        name for name, _ in tables
    }
    assert [name for name, row in tables if found_in(row)] == []
    logged = [record.getMessage() for record in caplog.records if record.name != "httpx"]  # the browser's own
    assert not found_in("\n".join(logged))
    assert not any(found_in(str(cookie.value)) for cookie in contractor.cookies.jar)


async def token(browser: Browser) -> dict[str, Any]:
    await browser.open("/contact")
    field = browser.page.select_one("input[name=csrf_token]")
    return {"csrf_token": str(field["value"])} if field else {}


def test_the_trap_would_find_it() -> None:
    assert found_in("x 4111-1111 1111\n1111 y")
    assert found_in(f"\\x{NUMBER.encode().hex()}")
    assert forms.CARD_FIELD == "card_number"
