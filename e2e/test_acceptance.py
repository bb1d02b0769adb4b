"""`make acceptance` itself (docs/acceptance.md): what it changes, and which portals it lets pass."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import asyncpg
import pytest

from e2e.households import CUSTOMER_PASSWORD, Household, Town
from e2e.portal import Portal, running
from tests.catalogue.texts import edited

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent
OTHER_BRAND = ROOT / "tests" / "branding" / "other"
EXAMPLE = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "acceptance.md").read_text(), re.DOTALL)
OF_EVERY_LOGIN = {
    **dict.fromkeys(("session", "login_event", "attempt", "alert"), "FALSE"),
    "outbox": "kind <> 'new-browser'",
}
"""Rows of tables that a login alone writes to: the session, its line, counters, and a mail that a browser is new."""
GIVEN_LATER = {"event": "epoch position", "event_epoch": "given"}
"""Columns in which the portal counts, when it has time, what was done before."""
NO_TELEPHONY = edited(
    ('telephony = ["hikari-denwa", "gate-call-050"]', "telephony = []"),
    (
        'kind = "support"\nname = "{prefix} リモートサポート"\nsold = true',
        'kind = "support"\nname = "遠隔支援"\nsold = false',
    ),
)

LEFT_BEHIND = "ukeire-0a0a0a"
"""An account ID of a run that was killed."""
OF_CI = "menu_is_whole or account_id_is_whole or bill or list or wrong or ours or registered or logout"
"""Journeys that between them open every page; the whole set takes twice as long, and opens them again without scripts."""


@dataclass(frozen=True)
class Played:
    """What a run said: its exit status, each journey's state and reason, and all that it wrote."""

    status: int
    journeys: dict[str, tuple[str, str]]
    written: str
    pictures: list[str]

    def those(self, state: str) -> set[str]:
        return {name for name, (found, _) in self.journeys.items() if found == state}


async def played(folder: Path, url: str, number: str, *own: Path, **more: str) -> Played:
    """Run the kit as an operator does, beside tests of the operator's `own`."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("MYPAGE_", "DATABASE_URL"))
    }
    run = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "acceptance", *map(str, own)),
        cwd=ROOT,
        env={
            **kept,
            "URL": url,
            "NUMBER": number,
            "ACCEPTANCE_PASSWORD": CUSTOMER_PASSWORD,
            "REPORT": str(folder),
            **more,
        },
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = (await run.communicate())[0].decode()
    names = ("report.json", "report.html", "junit.xml")
    written = said + "".join((folder / name).read_text() for name in names)
    found = json.loads((folder / "report.json").read_text())["journeys"]
    journeys = {one["journey"]: (one["state"], one["reason"]) for one in found}
    return Played(
        run.returncode or 0, journeys, written, [name for name in os.listdir(folder) if name.endswith(".png")]
    )


async def rows(town: Town) -> dict[str, list[str]]:
    """Every row of the database, by table, but for what every login writes."""
    tables = await town.connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    found = {}
    for (name,) in tables:
        counted, wanted = GIVEN_LATER.get(name, "").split(), OF_EVERY_LOGIN.get(name, "TRUE")
        statement = f'SELECT (to_jsonb(t) - $1::text[])::text FROM "{name}" AS t WHERE {wanted} ORDER BY 1'
        found[name] = [row[0] for row in await town.connection.fetch(statement, counted)]
    return found


async def _lived_in(town: Town) -> Household:
    household = await town.household()
    await town.give_mail(household, household.son)
    await town.use_all(household, household.son)
    await town.give_charges(household, household.wife)
    return household


# --- what it changes --------------------------------------------------------------------------------------------------


async def test_the_journeys_that_change_nothing_pass_and_leave_every_row_as_it_was(
    portal: Portal, town: Town, tmp_path: Path
) -> None:
    household = await _lived_in(town)
    assert EXAMPLE
    own = tmp_path / "test_ours.py"
    own.write_text(EXAMPLE[1])
    before = await rows(town)
    run = await played(tmp_path / "report", portal.url, household.customer_number, own, ONLY=OF_CI)
    changed = {name for name, found in (await rows(town)).items() if found != before[name]}
    assert changed == set()
    assert (run.status, run.those("failed"), run.those("not run")) == (0, set(), set()), run.written
    assert {
        "every page of the menu is whole",
        "every page of an account id is whole",
        "a bill is a page a csv and a pdf",
        "what a list leads to[calls]",
        "a wrong password is refused in words",
        "our partners page is linked",
        "after logout back shows nothing",
    } <= run.those("passed")
    assert run.journeys["an account id is registered"] == (
        "not applicable",
        "it changes things: CHANGE=1, on a contract made for tests",
    )
    for secret in (CUSTOMER_PASSWORD, household.customer_number, household.son):
        assert secret not in run.written


# --- which portals pass -----------------------------------------------------------------------------------------------


@asynccontextmanager
async def other_portal(folder: Path, catalogue: Path) -> AsyncIterator[tuple[Portal, Town]]:
    """A portal of the other brand, with that catalogue."""
    with running(folder) as portal:
        await _import(catalogue, folder)
        connection = await asyncpg.connect(**portal.connection)
        yield portal, Town(connection, portal.keys)
        await connection.close()


async def test_another_brand_with_less_in_its_catalogue_passes_and_its_test_contract_is_left_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MYPAGE_BRAND", str(OTHER_BRAND))
    catalogue = tmp_path / "catalogue.toml"
    catalogue.write_text(NO_TELEPHONY)
    async with other_portal(tmp_path / "data", catalogue) as (portal, town):
        household = await town.household()
        await town.add_account_id(household, LEFT_BEHIND, 3)
        before = await _contract(town, household)
        run = await played(
            tmp_path / "report",
            portal.url,
            household.customer_number,
            CHANGE="1",
            MAIL="a@example.jp",
            MYPAGE_BRAND=str(OTHER_BRAND),
            CATALOGUE=str(catalogue),
            ONLY="brand or catalogue or calls or accordion or changing",
        )
        assert await _contract(town, household) == before
        assert len(await _kinds(town, household)) == 6
        assert await town.living_account_ids(household) == [household.son, household.wife]
    assert (run.status, run.those("failed"), run.those("not run")) == (0, set(), set()), run.written
    assert {
        "it has the name of the brand",
        "the menu has what the catalogue sells and nothing else",
    } <= run.those("passed")
    assert run.journeys["what a list leads to[calls]"] == (
        "not applicable",
        "no telephony, or the login may not see calls: the menu has no /calls",
    )
    state, reason = run.journeys["the account id buys an option and cancels it"]
    assert state == "not applicable"
    for part in ("料金 今月 0円", "550円", "BUY=1"):
        assert part in reason


async def _contract(town: Town, household: Household) -> list[str]:
    """The contract, and what it has that is neither deleted nor history."""
    statements = ["SELECT to_jsonb(c)::text FROM contract c WHERE id = $1"]
    statements += [
        f"SELECT to_jsonb(t)::text FROM {table} t WHERE contract = $1 ORDER BY 1"
        for table in ("service_period", "mail_address", "mailbox", "forwarding", "card")
    ]
    return [
        row[0] for statement in statements for row in await town.connection.fetch(statement, household.id)
    ]


async def _kinds(town: Town, household: Household) -> list[str]:
    """What was carried out."""
    statement = "SELECT DISTINCT kind FROM change WHERE contract = $1 AND applied_at IS NOT NULL"
    return [row[0] for row in await town.connection.fetch(statement, household.id)]


async def _import(catalogue: Path, data: Path) -> None:
    done = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "import", "catalogue", str(catalogue)),
        env={**os.environ, "MYPAGE_DATA_DIR": str(data)},
    )
    assert await done.wait() == 0


OWN_FAULTS = """
from acceptance.plugin import Say
from acceptance.target import Target
from e2e.device import Device


async def test_a_form_is_sent(phone: Device) -> None:
    await phone.open("/customer-password")
    await phone.fill("新パスワード", "hik!7q2m")
    await phone.press("次へ進む")
    await phone.page.wait_for_timeout(300)


async def test_a_password_is_in_an_error(phone: Device, target: Target) -> None:
    await phone.open("/")
    raise ValueError(f"{target.password} of {target.number}")
"""


async def test_a_portal_that_is_broken_fails_in_words_and_no_secret_is_written(
    portal: Portal, town: Town, tmp_path: Path
) -> None:
    household = await town.household()
    own = tmp_path / "test_faults.py"
    own.write_text(OWN_FAULTS)
    before = await rows(town)
    with spoilt(portal.url) as url:
        run = await played(
            tmp_path / "report",
            url,
            household.customer_number,
            own,
            ONLY="headers or seller or faults",
        )
    assert run.status == 1
    reasons = {name: reason for name, (state, reason) in run.journeys.items() if state == "failed"}
    assert set(reasons) == {
        "every kind of answer has the security headers once",
        "anybody may read[seller]",
        "a form is sent",
        "a password is in an error",
    }
    assert (
        "Content-Security-Policy comes 0 times"
        in reasons["every kind of answer has the security headers once"]
    )
    assert "/seller: answers 500" in reasons["anybody may read[seller]"]
    assert "sent POST /customer-password" in reasons["a form is sent"]
    assert reasons["a password is in an error"] == "ValueError: [hidden] of (customer number)"
    assert CUSTOMER_PASSWORD not in run.written
    assert "a_form_is_sent-1.png" in run.pictures
    assert {name for name, found in (await rows(town)).items() if found != before[name]} == set()


@contextmanager
def spoilt(url: str) -> Iterator[str]:
    """The portal behind a proxy that drops its policy and answers one page with 500."""

    class Spoiling(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with closing(HTTPConnection(urlsplit(url).hostname or "", urlsplit(url).port)) as portal:
                portal.request(self.command, self.path, body, dict(self.headers.items()))
                answer = portal.getresponse()
                text = answer.read()
            self.send_response(500 if self.path == "/seller" else answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in (
                    "content-security-policy",
                    "content-length",
                    "transfer-encoding",
                    "date",
                    "server",
                ):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_POST = do_GET  # noqa: N815 - so the library calls it

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: it is asked many times."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Spoiling) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
