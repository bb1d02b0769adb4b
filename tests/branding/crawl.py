"""Everything that a portal of the other brand shows, looked through for words of the shipped one; a program of its own, since
a program has one brand: `python -m tests.branding.crawl FOLDER`, with MYPAGE_BRAND and MYPAGE_CONNECTION set.

It prints what it looked at and what it found as JSON.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import sys
from dataclasses import replace
from pathlib import Path

import httpx
import jinja2
from bs4 import BeautifulSoup
from jinja2 import meta
from pypdf import PdfReader

from app import settings
from app.branding import BRAND
from app.domain import clock, installation
from app.domain.access.matrix import Role
from app.domain.catalogue import kept
from app.domain.contracts.importing import import_contracts
from app.domain.installation import MailServer, MailSystem
from app.domain.letters import outbox
from app.domain.money import ledger
from app.domain.months import Month
from app.domain.options.licence_import import import_licences
from app.domain.tables import TABLES
from app.main import portal
from app.postgres import database
from app.postgres.engine import Engine
from tests.browser import Browser
from tests.web import test_crawl

HERE = Path(__file__).parent
LICENCES = Path(settings.__file__).parents[1] / "demo" / "licences.csv"
WORDS = re.compile(
    "ucom|ユーコム|つなぐ|アルテリア|arteria|u-next|クラブオフ|ギガシネマ|gate call|spaaqs|デモ通信"
    "|マイページ|インフォメーションセンター|書きかけの見出し",
    re.IGNORECASE,
)
"""What the shipped brand calls itself, its operator, its products and its partners; and a heading with nothing below it."""
PLACES = ("href", "src", "action", "value", "for", "id", "name", "class", "aria-describedby", "d", "xmlns")
"""Attributes that nobody reads: paths and names of fields have fixed names (spec 17)."""
LOGINS = {
    Role.CUSTOMER: ("customer", "70000000000000", "demo01"),
    Role.ADMIN: ("account", "mori-002", "abc12345"),
    Role.USER: ("account", "mori-001", "abc12345"),
}


class Reader(Browser):
    """Pages are read for their words; other tests look at everything else."""

    def _lint(self) -> None:
        pass


class Looking(test_crawl.Crawl):
    """A crawl that reads every answer."""

    def __init__(self, browser: Browser) -> None:
        super().__init__(browser, [])
        self.kinds: set[str] = set()
        self.words: list[str] = []

    def judge(self, method: str, what: str, right: set[int]) -> None:
        super().judge(method, what, right)
        self.look(what, self.browser.answer)

    def look(self, what: str, answer: httpx.Response) -> None:
        kind = answer.headers.get("content-type", "").partition(";")[0]
        self.kinds.add(kind)
        self.words += [f"{what}: {found}" for found in WORDS.findall(read(kind, answer))]


def read(kind: str, answer: httpx.Response) -> str:
    """What somebody reads of an answer."""
    if kind == "application/pdf":
        reader = PdfReader(io.BytesIO(answer.content))
        return f"{reader.metadata} " + " ".join(page.extract_text() for page in reader.pages)
    if kind != "text/html":
        return answer.text
    page = BeautifulSoup(answer.text, "lxml")
    for element in page.find_all(True):
        for place in PLACES:
            if not (place == "value" and element.get("type") in ("submit", "button")):
                del element[place]
        for attribute in [name for name in element.attrs if name.startswith("data-hx")]:
            del element[attribute]
    return str(page)


async def main(folder: Path) -> dict[str, object]:
    engine = Engine(json.loads(os.environ["MYPAGE_CONNECTION"]))
    database.use(engine, TABLES)
    await engine.start_connection_pool()
    system = MailSystem(
        "mail.midorino.example",
        MailServer("imap.midorino.example", 993, "tls"),
        MailServer("smtp.midorino.example", 587, "starttls"),
        "home.midorino.example",
    )
    chosen = replace(settings.demo(folder), mail_system=system, mail=settings.Mail("portal@midorino.example"))
    installation.use(settings.installation_of(chosen))
    await prepare()
    app = portal(chosen, engine)
    result: dict[str, object] = {"service": BRAND.service}
    words: list[str] = []
    wrong: list[str] = []
    kinds: set[str] = set()
    seen: set[str] = set()
    for role, login in LOGINS.items():
        async with Reader(app, "localhost") as browser:
            looking = Looking(browser)
            await before_login(looking)
            await browser.log_in(*login)
            if role is not Role.USER:
                await browser.open("/midori-farm")
                await browser.prove("demo01", "70000000000000")
            await looking.walk()
            for path in files(role):
                looking.look(path, await browser.get(path))
            words += looking.words
            wrong += looking.wrong
            kinds |= looking.kinds
            seen |= looking.seen.keys()
    mails = {path.stem: mail(path.stem) for path in sorted(MAILS.glob("*.txt")) if path.stem != "frame"}
    words += [f"mail {name}: {found}" for name, text in mails.items() for found in WORDS.findall(text)]
    words += [f"mail {name}: no foot" for name, text in mails.items() if "緑のそばに" not in text]
    await engine.close_connection_pool()
    return {
        **result,
        "words": words,
        "wrong": wrong,
        "kinds": sorted(kinds),
        "seen": len(seen),
        "mails": len(mails),
    }


async def prepare() -> None:
    """A household of the other operator, with purchases, calls of its own and a closed month."""
    await kept.must_be_there()
    await import_contracts(HERE / "contracts.jsonl", progress=lambda _: None)
    await import_licences(LICENCES, progress=lambda _: None)
    await database.rows(
        "INSERT INTO service_period (contract, product, started_at)"
        " SELECT id, product, $1 FROM contract, unnest(ARRAY['mail-web', 'remote-support']) AS product",
        Month.this().back(2).began,
    )
    await ledger.close(Month.this().back(2), lambda done, of: None)
    await ledger.close(Month.this().previous, lambda done, of: None)
    await database.rows(
        "INSERT INTO call (contract, service, started_at, number, seconds, yen)"
        " SELECT id, service, $1, '0311112222', 60, 8 FROM contract, unnest(ARRAY['gate-call-050', 'hikari-denwa']) AS service",
        Month.this().previous.began,
    )
    await database.rows(
        "WITH given AS (INSERT INTO mail_address (contract, account, address, registered_at)"
        " SELECT contract, id, 'kazuha@mail.midorino.example', $1 FROM account WHERE login = 'mori-001'"
        " RETURNING contract, account)"
        " INSERT INTO mailbox (contract, account, opened_at) SELECT contract, account, $1 FROM given",
        clock.now(),
    )


async def before_login(looking: Looking) -> None:
    for path in (
        "/login",
        "/forgotten",
        "/contact",
        "/privacy",
        "/seller",
        "/our-mails",
        "/accessibility",
        "/outages",
        "/no/such/page",
    ):
        await looking.browser.open(path)
        looking.judge("GET", path, {200, 404})
    looking.look("style", await looking.browser.get(str(looking.browser.page.select("link")[0]["href"])))


def files(role: Role) -> tuple[str, ...]:
    """Files that a role may have: a bill as PDF and CSV, calls, what is kept of a person."""
    month = Month.this().previous.iso
    if role is Role.USER:
        return ("/own-data.json", "/changes.csv")
    bills = (f"/statements/{month}.pdf", f"/statements/{month}.csv")
    return (*bills, f"/calls/hikari-denwa/{month}.csv", "/own-data.json", "/changes.csv")


MAILS = Path(outbox.__file__).parents[2] / "partials" / "mails"
FACTS = {
    name
    for path in MAILS.glob("*.txt")
    for name in meta.find_undeclared_variables(jinja2.Environment().parse(path.read_text()))
} - {"our"}
"""The facts of any mail."""


def mail(name: str) -> str:
    """The mail with something for each of its facts."""
    subject, body = outbox.rendered(name, clock.now(), dict.fromkeys(FACTS, 7))
    return f"{subject}\n{body}"


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(Path(sys.argv[1]))), ensure_ascii=False))
