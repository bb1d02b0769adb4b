"""`mypage import`: files and keys that are refused, licences and notices that are loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from app.commands.servers import DEMO_CONTRACTS, DEMO_LICENCES
from app.domain.catalogue.file import SHIPPED
from app.domain.months import Month
from app.postgres.embedded import EmbeddedPostgres
from tests.commands.programs import OTHER_KEY, SERVING, apart, copied, free_port, mypage, url_of


def test_import_and_serve_refuse_another_pepper_than_the_database_was_made_with(
    tmp_path: Path, server: dict[str, Any], empty_database: str
) -> None:
    told = {**SERVING, "DATABASE_URL": url_of(server, database=empty_database)}
    contracts = ["import", "contracts", str(DEMO_CONTRACTS)]
    assert mypage(tmp_path, *contracts, **told).returncode == 0
    for command in (contracts, ["serve", "--port", str(free_port())]):
        refused = mypage(tmp_path, *command, **{**told, "MYPAGE_PEPPERS": f"1:{OTHER_KEY}"})
        assert refused.returncode == 1
        assert "another key for version 1" in refused.stderr
        assert OTHER_KEY not in refused.stderr
        assert len(apart(refused.stderr).splitlines()) == 1


def test_licences_are_loaded_renewed_with_a_new_key_and_unreadable_without_the_old_one(
    tmp_path: Path, server: dict[str, Any], empty_database: str
) -> None:
    told = {**SERVING, "DATABASE_URL": url_of(server, database=empty_database)}
    load = ["import", "licences", str(DEMO_LICENCES)]
    assert mypage(tmp_path, *load, **told).stdout == "60 licence keys loaded, 0 were there already\n"
    old, new = SERVING["MYPAGE_DATA_KEYS"], "a newer data key of the production test: long"
    for command in (load, ["serve", "--port", str(free_port())]):
        refused = mypage(tmp_path, *command, **{**told, "MYPAGE_DATA_KEYS": new})
        assert refused.returncode == 1
        assert "lacks a key that 60 PINs of this database are encrypted with" in refused.stderr
        assert len(apart(refused.stderr).splitlines()) == 1
    renewed = mypage(tmp_path, "licences", "renew", **{**told, "MYPAGE_DATA_KEYS": f"{new},{old}"})
    assert renewed.stdout.startswith("60 PINs encrypted with the newest key"), renewed.stderr
    (tmp_path / "bad.csv").write_text("product,pin\nsecurity-360,secret PIN\n")
    bad = ["import", "licences", str(tmp_path / "bad.csv")]
    refused = mypage(tmp_path, *bad, **{**told, "MYPAGE_DATA_KEYS": new})
    assert refused.returncode == 1
    assert "nothing was loaded\nline 2: pin: must be" in refused.stderr
    assert "secret PIN" not in refused.stderr


@pytest.mark.slow
def test_a_catalogue_is_planned_loaded_once_or_refused_with_file_and_line(
    tmp_path: Path, server: dict[str, Any], empty_database: str
) -> None:
    told = {**SERVING, "DATABASE_URL": url_of(server, database=empty_database)}
    same = mypage(tmp_path, "import", "catalogue", str(SHIPPED), **told)
    assert (same.returncode, "nothing changes" in same.stdout) == (0, True), same.stderr
    other = tmp_path / "other.toml"
    other.write_text(SHIPPED.read_text().replace("account_ids = 5", "account_ids = 6"))
    plan = "~ limits.account_ids: 5 -> 6\n"
    tried = mypage(tmp_path, "import", "catalogue", str(other), "--dry-run", **told)
    assert tried.stdout == f"{plan}dry run: nothing was changed\n"
    assert mypage(tmp_path, "import", "catalogue", str(other), **told).stdout.startswith(plan)
    assert "nothing changes" in mypage(tmp_path, "import", "catalogue", str(other), **told).stdout
    other.write_text(SHIPPED.read_text().replace("account_ids = 5", "acount_ids = 5"))
    refused = mypage(tmp_path, "import", "catalogue", str(other), **told)
    assert refused.returncode == 1
    line = SHIPPED.read_text()[: SHIPPED.read_text().index("[limits]")].count("\n") + 1
    assert f"{other}: nothing was loaded\nline {line}: account_ids: is missing" in refused.stderr
    assert f"line {line + 1}: acount_ids: is not known here: did you mean account_ids?" in refused.stderr


def test_an_import_never_makes_a_pepper_up(migrated: Path) -> None:
    refused = mypage(migrated, "import", "contracts", str(DEMO_CONTRACTS))
    assert refused.returncode == 1
    assert "MYPAGE_PEPPERS" in refused.stderr
    assert not (migrated / "pepper").exists()


def test_a_broken_import_file_lists_its_lines_and_loads_nothing(
    tmp_path: Path, migrated_folder: Path
) -> None:
    folder, broken = tmp_path / "data dir", tmp_path / "broken.jsonl"
    good = DEMO_CONTRACTS.read_text().splitlines()
    broken.write_text("\n".join([good[0], "{", good[1].replace('"mail_pack"', '"mail_bag"')]))
    folder.mkdir()
    copied(migrated_folder, folder)
    refused = mypage(folder, "import", "contracts", str(broken), **SERVING)
    assert refused.returncode == 1
    assert "nothing was loaded" in refused.stderr
    assert "2:" in refused.stderr or "line 2" in refused.stderr
    assert "mail_product" in refused.stderr
    loaded = mypage(folder, "import", "contracts", str(DEMO_CONTRACTS), **SERVING)
    assert loaded.stdout.startswith("4 contracts loaded")


@pytest.mark.parametrize(
    ("name", "said"), [("missing.jsonl", "no such file"), ("", "name a file, not a folder or a pipe")]
)
def test_an_import_file_that_is_not_there_is_named(tmp_path: Path, name: str, said: str) -> None:
    refused = mypage(tmp_path, "import", "contracts", str(tmp_path / name))
    assert refused.returncode == 1
    assert f"{tmp_path / name}: " in refused.stderr
    assert said in refused.stderr


def test_notices_are_loaded_beside_a_server_and_papers_noted_as_sent(after_a_demo: Path) -> None:
    file = after_a_demo / "notices.jsonl"
    line = '{"kind":"outage","severity":"info","title":"障害","text":"調査中です。","starts_at":"2026-01-10T09:00"}\n'
    file.write_text(line)
    with EmbeddedPostgres(after_a_demo) as postgres:
        postgres.start()
        loaded = [mypage(after_a_demo, "import", "notices", str(file)).stdout for _ in range(2)]
        file.write_text(line + "no notice\n")
        refused = mypage(after_a_demo, "import", "notices", str(file))
        none = mypage(after_a_demo, "requests", "list")
        missing = mypage(after_a_demo, "requests", "done", "7")
    assert loaded[0] == "1 notices loaded, 0 changed, 0 were there already as they are\n"
    assert loaded[1] == "0 notices loaded, 0 changed, 1 were there already as they are\n"
    assert (refused.returncode, "line 2: broken JSON" in refused.stderr) == (1, True)
    assert none.stdout.splitlines() == ["id\tasked\tcustomer number\tpaper\tsend to"]
    assert (
        apart(missing.stderr) == "mypage: no request 7 waits, nothing was noted: see `mypage requests list`\n"
    )


@pytest.mark.slow
def test_a_feed_is_planned_stopped_and_applied_by_its_digest(
    tmp_path: Path, server: dict[str, Any], empty_database: str
) -> None:
    told = {**SERVING, "DATABASE_URL": url_of(server, database=empty_database)}
    assert mypage(tmp_path, "import", "contracts", str(DEMO_CONTRACTS), **told).returncode == 0
    file = tmp_path / "feed.jsonl"
    good = DEMO_CONTRACTS.read_text()
    file.write_text(good.replace('"sex":"女性"', '"sex":null'))
    update = ["import", "contracts", str(file), "--update"]
    planned = mypage(tmp_path, *update, "--dry-run", **told)
    assert planned.returncode == 0, planned.stderr
    assert "90000000000000: sex (性別): 女性 -> 未登録" in planned.stdout
    assert planned.stdout.endswith("dry run: nothing was changed\n")
    digest = planned.stdout.partition("digest: ")[2].split()[0]
    stopped = mypage(tmp_path, *update, **told)
    assert stopped.returncode == 3
    assert "sex would be emptied" in stopped.stderr
    assert f"--yes {digest}" in stopped.stderr
    moved = mypage(tmp_path, *update, "--yes", "0" * 32, **told)
    assert (moved.returncode, "nothing was changed" in moved.stderr) == (1, True)
    applied = mypage(tmp_path, *update, "--yes", digest, **told)
    assert applied.returncode == 0, applied.stderr
    assert "0 changed" in mypage(tmp_path, *update, **told).stdout
    alone = mypage(tmp_path, "import", "contracts", str(file), "--yes", digest, **told)
    assert (alone.returncode, "go with --update" in alone.stderr) == (1, True)


@pytest.mark.slow
def test_a_dry_run_of_every_import_says_what_would_be_done_and_does_nothing(
    tmp_path: Path, server: dict[str, Any], empty_database: str
) -> None:
    told = {**SERVING, "DATABASE_URL": url_of(server, database=empty_database)}
    contracts = ["import", "contracts", str(DEMO_CONTRACTS)]
    loaded = "4 contracts loaded, 0 were there already and were left as they are\n"
    for _ in range(2):
        assert mypage(tmp_path, *contracts, "--dry-run", **told).stdout == f"{DRY_RUN}{loaded}"
    assert mypage(tmp_path, *contracts, **told).stdout == loaded
    files = {
        "licences": "security-360,PIN-0001\n",
        "calls": "90000000000000,hikari-denwa,2026-01-05T10:00:00,0312345678,60,9\n",
        "charges": f"line-1,90000000000000,{Month.this().iso},回線料,5500,10,\n",
        "notices": (
            '{"kind":"outage","severity":"info","title":"障害","text":"調査中です。","starts_at":"2026-01-10T09:00",'
            '"ends_at":null,"buildings":null}\n'
        ),
    }
    for what, text in files.items():
        file = tmp_path / what
        file.write_text(text)
        said = [mypage(tmp_path, "import", what, str(file), "--dry-run", **told) for _ in range(2)]
        run = mypage(tmp_path, "import", what, str(file), **told)
        done = run.stdout
        assert done.startswith("1 "), run.stderr
        assert {one.stdout for one in said} == {DRY_RUN + done}
        file.write_text(f"{text}nonsense\n")
        refused = mypage(tmp_path, "import", what, str(file), "--dry-run", **told)
        assert (refused.returncode, "line 2" in refused.stderr) == (1, True)


DRY_RUN = "dry run: nothing was changed; without --dry-run it would be:\n"


def test_charges_are_loaded_billed_and_corrected_by_the_commands(
    tmp_path: Path, server: dict[str, Any], empty_database: str
) -> None:
    told = {**SERVING, "DATABASE_URL": url_of(server, database=empty_database)}
    assert mypage(tmp_path, "import", "contracts", str(DEMO_CONTRACTS), **told).returncode == 0
    month = Month.this().previous.iso
    example = mypage(tmp_path, "import", "charges", "--example", **told).stdout.replace(
        "2026-02,", f"{month},"
    )
    file = tmp_path / "charges.csv"
    file.write_text(example)
    load = ["import", "charges", str(file)]
    assert (
        mypage(tmp_path, *load, **told).stdout
        == "3 charges loaded, 0 changed, 0 were there already as they are\n"
    )
    close = ["bill", "close", month]
    assert mypage(tmp_path, *close, **told).stdout == f"{month} closed: 3 charges, 6,184 yen with tax\n"
    file.write_text(example.replace("5500", "5400"))
    assert mypage(tmp_path, *load, **told).stdout == (
        "0 charges loaded, 1 changed, 2 were there already as they are\n"
        "1 of them are for a closed month: the next `mypage bill close` puts them on its bills\n"
    )
    file.write_text(example.replace("5500", "5,500"))
    refused = mypage(tmp_path, *load, **told)
    assert (refused.returncode, "nothing was loaded\nline 2: must be 7 columns" in refused.stderr) == (
        1,
        True,
    )
    assert "--example" in mypage(tmp_path, "import", "charges", **told).stderr


@pytest.mark.slow
def test_a_rehearsal_of_one_password_is_printed_and_loaded(
    tmp_path: Path, server: dict[str, Any], empty_database: str
) -> None:
    told = {**SERVING, "DATABASE_URL": url_of(server, database=empty_database)}
    printed = mypage(tmp_path, "import", "contracts", "--example", "40", **told)
    assert printed.returncode == 0, printed.stderr
    password = printed.stderr.split()[-1]
    assert password not in printed.stdout
    first = json.loads(printed.stdout.splitlines()[0])
    assert PasswordHasher().verify(first["password_hash"], password)
    (tmp_path / "contracts.jsonl").write_text(printed.stdout)
    loaded = mypage(tmp_path, "import", "contracts", str(tmp_path / "contracts.jsonl"), **told)
    assert loaded.stdout.startswith("40 contracts loaded"), loaded.stderr
    wrong = mypage(tmp_path, "import", "contracts", "--example", "0", **told)
    assert (wrong.returncode, "is no number from 1 to 1000000" in wrong.stderr) == (2, True)


@pytest.mark.parametrize(
    "name", ["MYPAGE_INVOICE_NUMBER", "MYPAGE_OPERATOR_ADDRESS", "MYPAGE_BILLED_ELSEWHERE"]
)
def test_no_month_is_closed_without_its_issuer(tmp_path: Path, migrated_folder: Path, name: str) -> None:
    refused = mypage(tmp_path, "bill", "close", "2026-01", **{**SERVING, name: ""})
    assert refused.returncode == 1
    assert "nothing was closed" in refused.stderr
    assert name in refused.stderr
