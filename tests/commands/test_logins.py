"""`mypage password` and `mypage sessions`, as staff run them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from app import settings
from app.domain import installation
from app.domain.access import logins
from app.domain.access.login_events import Device
from app.domain.installation import Installation, Peppers
from app.postgres import database
from tests.commands.programs import apart, mypage, on_the_database

STAMP = r"\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d"
CUSTOMER, WIFE = "90000000000000", "arteri-an-002"


async def test_a_password_is_printed_once_and_opens_a_session_that_sets_an_own_one(
    after_a_demo: Path,
) -> None:
    issued = mypage(after_a_demo, "password", "issue", "9000-0000-0000-00", "--days", "3")
    assert issued.returncode == 0, issued.stderr
    password, told = issued.stdout.splitlines()
    line = rf"{STAMP} INFO mypage.security event=one-time-issued contract=\d+\n"
    assert re.fullmatch(line, apart(issued.stderr))
    assert re.fullmatch("[2-9a-z]{12}", password)
    assert re.fullmatch(
        rf"for {CUSTOMER}, until \d{{4}}-\d\d-\d\d \d\d:\d\d \(Asia/Tokyo\), to set an own one; told by mail at 1 addresses",
        told,
    )
    found: list[Any] = []

    async def look() -> None:
        owner = await logins.find("customer", CUSTOMER)
        assert owner
        found.append(owner.one_time_hash)
        found.extend(await database.rows("SELECT subject FROM outbox"))

    await on_the_database(after_a_demo, look)
    assert found[0]
    assert password not in str(found)
    assert found[1]["subject"] == "【マイページ】仮パスワードを発行しました"


async def test_where_nobody_can_be_told_staff_are(after_a_demo: Path) -> None:
    issued = mypage(after_a_demo, "password", "issue", "keiyaku-003")
    assert issued.stdout.splitlines()[1].endswith("no mail address is known: nobody was told by mail")


async def test_sessions_of_one_login_are_ended_and_counted(
    after_a_demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {"MYPAGE_DATA_DIR": str(after_a_demo)}

    async def log_in() -> None:
        for number, (by, name, password) in enumerate(
            (("account", WIFE, "abc12345"), ("account", WIFE, "abc12345"), ("customer", CUSTOMER, "demo01"))
        ):
            owner = await logins.find(by, name)  # type: ignore[arg-type]
            await logins.open_session(owner, password, bytes(31) + bytes([number]), Device("", ""))

    monkeypatch.setattr(
        installation,
        "_current",
        Installation(peppers=Peppers(settings.peppers(environment)), second_factor="offered"),
    )
    await on_the_database(after_a_demo, log_in)
    ended = mypage(after_a_demo, "sessions", "end", WIFE)
    assert ended.stdout == f"2 sessions of {WIFE} ended\n"
    line = rf"{STAMP} INFO mypage.security event=sessions-ended number=2 contract=\d+ account=\d+\n"
    assert re.fullmatch(line, apart(ended.stderr))
    assert mypage(after_a_demo, "sessions", "end", WIFE).stdout == f"0 sessions of {WIFE} ended\n"
    assert mypage(after_a_demo, "sessions", "end", CUSTOMER).stdout == f"1 sessions of {CUSTOMER} ended\n"


@pytest.mark.parametrize("command", [("password", "issue"), ("sessions", "end")])
def test_nobodys_login_is_named(after_a_demo: Path, command: tuple[str, str]) -> None:
    for name, said in (("nobody-at-all", "account ID nobody-at-all"), ("123", "customer number 123")):
        refused = mypage(after_a_demo, *command, name)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert apart(refused.stderr) == f"mypage: there is no {said}\n"


@pytest.mark.parametrize("days", ["0", "91", "-1", "two", "１"])
def test_days_are_from_1_to_90(tmp_path: Path, days: str) -> None:
    assert mypage(tmp_path, "password", "issue", CUSTOMER, f"--days={days}").returncode == 2


def test_a_password_is_given_out_only_where_the_owner_can_be_told_of_it(tmp_path: Path) -> None:
    refused = mypage(tmp_path, "password", "issue", CUSTOMER)
    assert refused.returncode == 1
    assert "MYPAGE_PEPPERS" in refused.stderr
