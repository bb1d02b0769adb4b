"""`mypage contracts`: what is refused in words, the list of erasures, and a file that its owner alone reads."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from app import cli
from app.postgres import database
from app.postgres.embedded import EmbeddedPostgres
from tests.commands.programs import apart, mypage, on_the_database

OPEN, NOBODYS = "90000000000003", "12345678901234"
WITH_CARD, CARD = "90000000000000", "JCB|1111|2031-02|AN ARUTERI|pm_secret|cus_secret"
NOW = f"SELECT building, brand FROM contract c JOIN card k ON k.contract = c.id WHERE customer_number = '{WITH_CARD}'"


@pytest.mark.slow
def test_erasing_is_ordered_refused_done_and_listed(after_a_demo: Path, tmp_path: Path) -> None:
    listed, missing = tmp_path / "erasures.jsonl", tmp_path / "none.jsonl"
    with EmbeddedPostgres(after_a_demo) as postgres:
        postgres.start()
        for number, said in ((OPEN, "it is open"), (NOBODYS, "no contract has that number")):
            refused = mypage(after_a_demo, "contracts", "erase", number, "--reason", "asked for")
            assert (refused.returncode, refused.stdout) == (1, "")
            assert f"{number} is not to be erased; nothing was changed:" in refused.stderr
            assert said in refused.stderr
        due = mypage(after_a_demo, "contracts", "erase", "--due", MYPAGE_ERASURES=str(listed))
        assert (due.returncode, apart(due.stderr)) == (0, "")
        assert due.stdout.startswith("0 contracts erased")
        assert json.loads(listed.read_text().splitlines()[0])["erasures"] == 0
        assert listed.stat().st_mode & 0o777 == 0o600
        again = mypage(after_a_demo, "contracts", "erase", "--again", MYPAGE_ERASURES=str(listed))
        assert again.stdout == "0 contracts erased again; 0 names are given to nobody\n"
        gone = mypage(after_a_demo, "contracts", "erase", "--again", str(missing))
        assert gone.returncode == 1
        assert f"{missing}: nothing was erased, since it cannot be read" in gone.stderr
        line = {"kind": "login", "pepper": 1, "hash": "00" * 32, "erased_on": "2026-01-01"}
        older = "".join(f"{json.dumps(one)}\n" for one in ({"erasures": 1, "made_at": ""}, line))
        listed.write_text(older)
        for words in (("--due",), ("--list", str(listed))):
            kept = mypage(after_a_demo, "contracts", "erase", *words, MYPAGE_ERASURES=str(listed))
            assert kept.returncode == 1
            assert "it has 1 names that this database does not know as erased" in kept.stderr
            assert listed.read_text() == older, "a restore that was not erased again has not lost the list"
        alone = mypage(after_a_demo, "contracts", "erase", "--due")
        assert "a backup that is restored brings it back: set MYPAGE_ERASURES" in alone.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "give one of"),
        (("--due", "--again"), "give one of"),
        ((OPEN, "--due"), "give one of"),
        ((OPEN, "--list", "x"), "--list goes alone or with --due"),
        (("--due", "--reason", "x"), "go with a customer number"),
        (("--again", "x", "--kept-elsewhere"), "go with a customer number"),
        (("--list",), "name the file"),
        (("--again",), "name the list"),
    ],
)
def test_what_goes_with_what_is_said_before_any_database_is_asked(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MYPAGE_ERASURES", raising=False)
    assert cli.main(["contracts", "erase", *words]) == 1
    assert said in capsys.readouterr().err


@pytest.mark.slow
def test_what_is_disclosed_is_in_a_file_of_its_owners(after_a_demo: Path, tmp_path: Path) -> None:
    out = tmp_path / "disclosed.txt"
    with EmbeddedPostgres(after_a_demo) as postgres:
        postgres.start()
        done = mypage(
            after_a_demo, "contracts", "disclose", "９００００００００００００３", "--out", str(out)
        )
        assert (done.returncode, done.stdout, apart(done.stderr)) == (0, "", "")
        assert out.stat().st_mode & 0o777 == 0o600
        assert f"お客様番号：{OPEN}" in out.read_text(encoding="utf-8")
        unknown = mypage(after_a_demo, "contracts", "disclose", NOBODYS)
        assert (unknown.returncode, unknown.stdout) == (1, "")
        assert "no contract has that number" in unknown.stderr


@pytest.mark.slow
def test_what_feed_and_desk_do_not_agree_on_is_listed_and_settled(after_a_demo: Path) -> None:
    opened = (
        "INSERT INTO feed_case (contract, field, offered, reason, opened_at)"
        " SELECT id, field, offered, 'third', '2026-01-10 00:00Z' FROM contract,"
        f" (VALUES ('building', 'B777'), ('card', {CARD!r})) AS one (field, offered) WHERE customer_number = '{WITH_CARD}'"
    )
    asyncio.run(on_the_database(after_a_demo, lambda: database.rows(opened)))
    with EmbeddedPostgres(after_a_demo) as postgres:
        postgres.start()
        listed = mypage(after_a_demo, "contracts", "cases")
        heading, building, card = listed.stdout.splitlines()
        assert heading == "id\topened\tcustomer number\tfield\there\tfeed\twhy"
        assert building == f"1\t2026-01-10T09:00\t{WITH_CARD}\t建物\tB001\tB777\tthird"
        assert card.endswith("VISA（下4桁 0000、2030-01まで）\tJCB（下4桁 1111、2031-02まで）\tthird")
        assert "pm_secret" not in listed.stdout
        settled = [mypage(after_a_demo, "contracts", "settle", "1", "feed") for _ in range(2)]
        assert settled[0].stdout == "case 1: the feed has its way\n"
        assert "no case 1 is open; `mypage contracts cases`" in settled[1].stderr
        assert (
            mypage(after_a_demo, "contracts", "settle", "2", "ours").stdout == "case 2: what is here stays\n"
        )
        assert mypage(after_a_demo, "contracts", "cases").stdout == f"{heading}\n"

    async def looked() -> None:
        (row,) = await database.rows(NOW)
        assert tuple(row) == ("B777", "VISA")

    asyncio.run(on_the_database(after_a_demo, looked))
