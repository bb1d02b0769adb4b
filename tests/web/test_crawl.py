"""A crawl of the demo as each role: every link leads to a page, every form to somewhere that takes it."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

import pytest
from bs4 import BeautifulSoup

from app.demo import notices as demo_notices
from app.domain import clock
from app.domain.access.matrix import Role
from app.postgres import database
from tests.access.test_matrix import LOGINS, OWN, ROUTES, delete
from tests.browser import Browser, filled_in

pytestmark = pytest.mark.slow  # a walk through every form, change or step: `make test` takes it

ALIKE = 2
"""Pages that differ in a number only: so many of them are looked at."""
MOST_ROUND_TRIPS = 2
NOT_PRESSED = ("/logout", "/changes/", "/logins/end")
"""Forms whose press would end the crawl or what it looks at; that they are routes is looked at all the same."""
NOT_LINKED = {
    *("/favicon.ico", "/healthz", "/readyz", "/login", "/proof", "/notices"),
    *(
        "/outages",
        "/payment/return",
        "/customer/email",
        "/.well-known/change-password",
        "/.well-known/security.txt",
    ),
    *("/forgotten", "/forgotten/sent", "/forgotten/new", "/new-password"),
    *("/login/second", "/login/passkey.json", "/login/second/passkey.json", "/proof/passkey.json"),
    "/second-factor/passkeys.json",
}
"""Pages that no page of a member links to: for programs and scripts, on the way to others, from the payment gateway or a mail."""


@pytest.fixture
async def demo(filled_database: str) -> None:
    """The demo's contracts with its notices, and an account ID that uses mail."""
    await demo_notices.load()
    await database.rows(
        "INSERT INTO service_period (contract, product, started_at)"
        " SELECT id, 'mail-web', $1 FROM contract WHERE customer_number = '90000000000000'",
        clock.now(),
    )
    await database.rows(
        "WITH given AS (INSERT INTO mail_address (contract, account, address, registered_at)"
        " SELECT contract, id, 'an@s2.spaaqs.ne.jp', $1 FROM account WHERE login = 'arteri-an-001'"
        " RETURNING contract, account)"
        " INSERT INTO mailbox (contract, account, opened_at) SELECT contract, account, $1 FROM given",
        clock.now(),
    )


def alike(address: str) -> str:
    """The address with N for each number and each id in it."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9]+", "N", address)


class Crawl:
    """Everything that one browser finds from its first page on."""

    def __init__(self, browser: Browser, round_trips: list[str]) -> None:
        self.browser = browser
        self.round_trips = round_trips
        self.waiting = ["/"]
        self.seen: dict[str, int] = {}
        self.wrong: list[str] = []
        self.found_on: dict[str, str] = {}

    async def walk(self) -> None:
        while self.waiting:
            address = self.waiting.pop()
            kind = alike(address)
            self.seen[kind] = self.seen.get(kind, 0) + 1
            if self.seen[kind] <= ALIKE:
                await self.visit(address)

    async def visit(self, address: str) -> None:
        self.round_trips.clear()
        await self.browser.open(address)
        most = MOST_ROUND_TRIPS + address.endswith(".pdf")  # its use is counted
        if len(self.round_trips) > most and not self.browser.answer.history:
            self.wrong.append(f"{address}: {len(self.round_trips)} round trips")
        self.judge("GET", f"{address}, linked on {self.found_on.get(address)}", {200})
        if self.browser.answer.headers["content-type"].startswith("text/html"):
            page = self.browser.page
            found, forms = self.links(page, address), page.select("form[method=post]")
            self.waiting += [link for link in found if link not in self.waiting]
            for link in found:
                self.found_on.setdefault(link, address)
            for form in forms:
                await self.send(address, str(form["action"]), filled_in(form))

    def links(self, page: BeautifulSoup, address: str) -> list[str]:
        found = []
        for link in page.select("a[href]"):
            target = urlsplit(urljoin(address, str(link["href"])))
            if target.scheme:
                continue  # outside
            if target.fragment and (target.path, target.query) == urlsplit(address)[2:4]:
                if not page.select_one(f"[id='{target.fragment}']"):
                    self.wrong.append(f"{address}: nothing is called #{target.fragment}")
                continue
            found.append(target.path + (f"?{target.query}" if target.query else ""))
        return found

    async def send(self, page: str, action: str, body: dict[str, str]) -> None:
        """Post the form as it stands, once for each page that has it."""
        if not any(
            method == "POST" and re.fullmatch(re.sub(r"\{\w+:\w+\}", "[^/]+", path), action.partition("?")[0])
            for method, path in ROUTES
            if path != "/{path:path}"
        ):
            self.wrong.append(f"{page}: a form for {action}, which nobody takes")
        kind = f"POST {action}"
        if kind not in self.seen and not action.startswith(NOT_PRESSED):
            self.seen[kind] = 1
            await self.browser.press(action, body)
            self.judge("POST", f"{action} of {page}", {200, 422})

    def judge(self, method: str, what: str, right: set[int]) -> None:
        if self.browser.answer.status_code not in right:
            self.wrong.append(f"{method} {what}: {self.browser.answer.status_code} ({self.browser.path})")


@pytest.mark.slow
@pytest.mark.parametrize("role", list(Role))
async def test_no_link_and_no_form_of_a_role_leads_nowhere(
    demo: None, visitor: Browser, round_trips: list[str], role: Role
) -> None:
    await visitor.log_in(*LOGINS[role])
    if role is not Role.USER:
        await visitor.open("/giga-cinema")
        await visitor.prove("demo01", "90000000000000")
        await visitor.open("/guide-request")
        await visitor.submit(paper="guide")
        await visitor.submit()
    crawl = Crawl(visitor, round_trips)
    await crawl.walk()
    assert not crawl.wrong
    if role is not Role.USER:
        pages = {path for method, path in ROUTES if method == "GET" and "{" not in path}
        assert {path for path in pages if alike(path) not in crawl.seen} == NOT_LINKED


@pytest.mark.slow
@pytest.mark.parametrize("role", [Role.ADMIN, Role.USER])
async def test_no_link_and_no_form_that_a_deleted_person_is_offered_is_refused(
    demo: None, contractor: Browser, another_browser: Browser, round_trips: list[str], role: Role
) -> None:
    await another_browser.log_in(*LOGINS[role])
    await delete(contractor, OWN[role])
    crawl = Crawl(another_browser, round_trips)
    await crawl.walk()
    assert not crawl.wrong
