"""The end of a contract: what ends with it and when, what the customer number still reads, and how one begins anew."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from app.domain import clock, housekeeping, tables
from app.domain.access import closed, matrix
from app.domain.access.matrix import Permission
from app.domain.contracts import closing
from app.domain.contracts.feeding import Asked, feed_contracts
from app.domain.contracts.importing import import_contracts
from app.domain.money import ledger
from app.domain.months import Month
from app.postgres import database
from app.settings import DEMO_MAIL_SYSTEM
from tests.browser import Browser
from tests.contracts.lines import ABSENT, account, contract, lines
from tests.households import new_session, sign_in
from tests.mail.steps import mails

NUMBER = f"{9_000:014}"
DOMAIN = DEMO_MAIL_SYSTEM.domain


def at(*moment: int) -> None:
    clock.start_at(datetime(*moment, tzinfo=clock.TOKYO))  # type: ignore[arg-type, misc]


def family(**more: Any) -> dict[str, Any]:
    """A contract with the mail service, an address, a big box, a web space and forwarding."""
    one = account(
        "family-1",
        password="moto-abc1",
        ucom_address=f"family.one@{DOMAIN}",
        other_address=None,
        mailbox_10gb=True,
        web_space="family-one",
        forwarding={"addresses": ["a@example.jp"], "keep_copy": True},
        role="admin",
    )
    del one["password_hash"]
    services = [{"product": "mail-web", "account": None, "started_on": "2018-05-10"}]
    made = contract(9_000, password="moto-01", password_hash=ABSENT, services=services, accounts=[one])
    return made | more


async def load(folder: Path, *given: dict[str, Any], update: bool = True) -> None:
    path = folder / "contracts.jsonl"
    path.write_bytes(lines(*given))
    if update:
        await feed_contracts(path, lambda _: None, Asked())
    else:
        await import_contracts(path, lambda _: None)


@pytest.fixture
async def ending(filled_database: str, tmp_path: Path) -> None:
    """The family's contract, which the feed ends on 31 January 2026."""
    at(2026, 1, 10, 9)
    await load(tmp_path, family(), update=False)
    await load(tmp_path, family(closed_on="2026-01-31"))


async def counts() -> dict[str, int]:
    """What of the family's goes on."""
    return {
        name: (await database.rows(f"SELECT count(*) FROM {name} WHERE {open_}"))[0][0]
        for name, open_ in {
            "service_period": "ended_at IS NULL",
            "mail_address": "released_at IS NULL",
            "mailbox": "retired_at IS NULL",
            "web_space": "released_at IS NULL",
            "forwarding": "true",
            "mail_v1.mailbox": "true",
        }.items()
    }


async def log_in(browser: Browser, by: str, name: str, password: str) -> None:
    """Over the login page, as a member does."""
    await browser.open("/login")
    token = browser.page.select_one("[name=csrf_token]")
    assert token
    typed = {"by": by, "name": name, "password": password, "next": "", "csrf_token": str(token["value"])}
    await browser.press("/login", typed)


@pytest.mark.slow
async def test_everything_ends_with_the_last_moment_of_the_last_day(ending: None) -> None:
    at(2026, 1, 31, 23, 59)
    (whose,) = await database.rows("SELECT id FROM contract WHERE customer_number = $1", NUMBER)
    await new_session(whose["id"])
    await housekeeping.tidy()
    assert set((await counts()).values()) == {1, 2}
    assert await tables.Session.count() == 1
    at(2026, 2, 1, 0, 5)
    await housekeeping.tidy()
    assert set((await counts()).values()) == {0}
    ends = await database.rows("SELECT DISTINCT ended_at FROM service_period")
    assert [row["ended_at"] for row in ends] == [closed.end_of(date(2026, 1, 31))]
    assert Month.of(ends[0]["ended_at"]) == Month(2026, 1)
    assert await tables.Session.count() == 0
    (deleted,) = await database.rows("SELECT deleted_at FROM account WHERE login = 'family-1'")
    assert deleted["deleted_at"] is not None
    assert await closing.end_due() == 0


@pytest.mark.slow
async def test_it_is_charged_as_if_it_was_cancelled_on_that_day(ending: None) -> None:
    at(2026, 3, 2, 9)
    await housekeeping.tidy()
    for month in (Month(2026, 1), Month(2026, 2)):
        await ledger.close(month, lambda *_: None)
    months = await database.rows("SELECT DISTINCT month, product FROM charge ORDER BY product")
    assert [(row["month"], row["product"]) for row in months] == [
        (date(2026, 1, 1), "mail-web"),
        (date(2026, 1, 1), "mailbox-10gb"),
    ]


@pytest.mark.slow
async def test_the_customer_is_told_of_the_end_and_of_its_being_taken_back(
    ending: None, tmp_path: Path
) -> None:
    (told,) = [mail for mail in await mails() if "終了" in mail["subject"]]
    assert "ご契約終了日：2026/01/31" in told["body"]
    assert "2026/04/30までログインでき" in told["body"]
    await load(tmp_path, family(closed_on=None))
    (back,) = [mail for mail in await mails() if "継続" in mail["subject"]]
    assert "そのままお使いいただけます" in back["body"]
    at(2026, 2, 1, 9)
    assert await closing.end_due() == 0


@pytest.mark.slow
async def test_the_customer_number_reads_and_changes_nothing_until_its_months_are_over(
    ending: None, visitor: Browser
) -> None:
    await sign_in(visitor, "customer", NUMBER)
    await visitor.open("/")  # the menus that are kept have that of a contract that goes on by now
    assert "/payment" in {link["href"] for link in visitor.page.select("nav a[href]")}
    at(2026, 2, 1, 0, 1)
    await sign_in(visitor, "customer", NUMBER)
    await visitor.open("/")
    assert visitor.heading == "ご契約は終了しました"
    assert "2026/04/30まで" in visitor.text
    links = {link["href"] for link in visitor.page.select("nav a[href]")}
    assert {"/statements", "/changes", "/own-data"} <= links
    assert not links & {"/mail-service", "/accounts", "/customer", "/payment", "/remote-support"}
    for path, status in {
        "/statements": 200,
        "/changes": 200,
        "/own-data": 200,
        "/mail-service": 403,
        "/accounts/new": 403,
        "/customer": 403,
        "/payment": 403,
    }.items():
        await database.rows("UPDATE session SET customer_proved_at = $1, proved_at = $1", clock.now())
        await visitor.open(path)
        assert visitor.answer.status_code == status, path
    await visitor.open("/changes")
    assert "運営会社による変更" in visitor.text
    at(2026, 5, 1, 0, 1)
    await sign_in(visitor, "customer", NUMBER)
    await visitor.open("/")
    assert visitor.heading == "ログイン"


@pytest.mark.slow
async def test_a_login_says_that_the_contract_is_over_to_whoever_has_the_password(
    ending: None, visitor: Browser
) -> None:
    at(2026, 2, 1, 0, 1)
    for by, name, password, said in (
        ("account", "family-1", "moto-abc1", "アカウントIDではログインできません"),
        ("account", "family-1", "wrong-abc1", "組み合わせが正しくありません"),
        ("customer", NUMBER, "moto-01", "ご契約は終了しました"),
    ):
        await log_in(visitor, by, name, password)
        assert said in visitor.heading + visitor.text
    visitor.cookies.clear()
    at(2026, 5, 1, 0, 1)
    await log_in(visitor, "customer", NUMBER, "moto-01")
    assert "ご覧いただける期間も、2026/04/30に終わりました" in visitor.text


@pytest.mark.slow
async def test_a_session_of_an_account_id_ends_with_the_contract(ending: None, visitor: Browser) -> None:
    await sign_in(visitor, "account", "family-1")
    await visitor.open("/")
    assert visitor.rows["ご契約終了日"] == "2026/01/31"
    at(2026, 2, 1, 0, 1)
    await database.rows("UPDATE session SET seen_at = $1, opened_at = $1", clock.now())
    await visitor.open("/")
    assert visitor.heading == "ログイン"


@pytest.mark.slow
async def test_a_contract_that_is_reopened_begins_anew_and_its_names_stay_taken(
    ending: None, tmp_path: Path, visitor: Browser
) -> None:
    at(2026, 2, 10, 9)
    await closing.end_due()
    await load(tmp_path, family(closed_on=None))
    (back,) = [mail for mail in await mails() if "継続" in mail["subject"]]
    assert "元に戻りません" in back["body"]
    assert set((await counts()).values()) == {0}
    await sign_in(visitor, "customer", NUMBER)
    await visitor.open("/mail-service")
    assert visitor.answer.status_code == 200
    row = await database.rows("SELECT closed_on, ended_at FROM contract WHERE customer_number = $1", NUMBER)
    assert tuple(row[0]) == (None, None)
    assert await tables.MailAddress.exists().where(tables.MailAddress.address == f"family.one@{DOMAIN}")


@pytest.mark.slow
async def test_an_end_that_is_moved_after_it_came_comes_again(
    ending: None, tmp_path: Path, visitor: Browser
) -> None:
    at(2026, 2, 10, 9)
    await closing.end_due()
    await load(tmp_path, family(closed_on="2026-02-28"))
    await sign_in(visitor, "customer", NUMBER)
    await visitor.open("/mail-service")
    assert visitor.answer.status_code == 200
    at(2026, 3, 1, 0, 5)
    assert await closing.end_due() == 1


@pytest.mark.slow
async def test_an_end_that_is_learnt_of_late_ends_what_began_since_at_its_beginning(
    filled_database: str, tmp_path: Path
) -> None:
    at(2026, 1, 10, 9)
    await load(tmp_path, family(), update=False)
    await database.rows(
        "INSERT INTO service_period (contract, product, started_at)"
        " SELECT id, 'remote-support', $1 FROM contract WHERE customer_number = $2",
        clock.now(),
        NUMBER,
    )
    await load(tmp_path, family(closed_on="2026-01-05"))
    ended = await database.rows("SELECT product, ended_at - started_at AS lasted FROM service_period")
    assert {row["product"] for row in ended if not row["lasted"]} == {"remote-support"}
    assert set((await counts()).values()) == {0}


def test_what_a_closed_contract_may_is_reading_alone() -> None:
    reads = {Permission.OVERVIEW, Permission.STATEMENTS, Permission.CHANGES, Permission.OWN_DATA}
    assert reads | {Permission.NOTICES, Permission.SESSION} == matrix.CLOSED_MAY
