"""The catalogue in tables: what was loaded is what is read, another one is there with the next page, or nothing is."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from app.domain import catalogue, clock, tables
from app.domain.catalogue import file, kept
from app.domain.imports import ImportRefused
from app.postgres import database
from app.settings import DEMO_INSTALLERS
from tests import households
from tests.browser import Browser
from tests.catalogue.texts import FOURTH, TEXT, edited, line_of, without, written
from tests.options.steps import tokyo
from tests.products import Shipped


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another test finds the shipped catalogue in this process again."""
    monkeypatch.setattr(catalogue, "_current", catalogue.current())


async def load(folder: Path, text: str, *, dry_run: bool = False) -> list[str]:
    plan = await kept.import_catalogue(written(folder, text), DEMO_INSTALLERS, dry_run=dry_run)
    return [*plan.lines]


NEXT_MONTH = "2026-02-01"


async def january() -> None:
    clock.start_at(tokyo("2026-01-20T09:00"))
    family = await households.new_household()
    period: dict[str, Any] = {"contract": family.contract, "account": family.son, "started_at": clock.now()}
    await tables.ServicePeriod(**period, product=Shipped.KIDS_FILTER).save()


async def everything() -> list[object]:
    names = (
        "catalogue",
        "catalogue_item",
        "catalogue_price",
        "catalogue_tax",
        "catalogue_terms",
        "telephone_service",
    )
    return [[dict(row) for row in await database.rows(f"SELECT * FROM {name} ORDER BY 1")] for name in names]


async def test_what_is_read_is_what_the_file_says(empty_database: str) -> None:
    assert await kept.read() == file.shipped()


async def test_a_database_that_has_a_catalogue_is_left_as_it_is(empty_database: str) -> None:
    before = await everything()
    assert not await kept.must_be_there()
    assert await everything() == before
    await database.rows("UPDATE catalogue SET version = ''")
    with pytest.raises(kept.NoCatalogue, match="mypage import catalogue FILE"):
        await kept.load()


async def test_the_same_file_twice_changes_nothing_and_a_dry_run_neither(
    empty_database: str, tmp_path: Path
) -> None:
    await january()
    before = await everything()
    assert await load(tmp_path, TEXT) == []
    dearer = edited(("yen = 3300 }", f"yen = 3300 }}, {{ from = {NEXT_MONTH}, yen = 4400 }}"))
    said = await load(tmp_path, dearer, dry_run=True)
    assert said == [
        "+ {prefix} リモートサポート 再申し込み手数料 (remote-support-again): 4,400 yen from 2026-02-01"
    ]
    assert await everything() == before
    assert await load(tmp_path, dearer) == said
    assert await everything() != before
    after = await everything()
    assert await load(tmp_path, dearer) == []
    assert await everything() == after
    assert await kept.read() == file.of_text(dearer).catalogue


@pytest.mark.parametrize(
    ("text", "part", "said"),
    [
        (without("kids-filter"), "# The catalogue: what", "the product kids-filter is missing, and 1 purchases of it go on"),
        (edited(("yen = 3300", "yen = 3301")), "yen = 3301", "yen: was 3300 from 2014-01-01 on"),
        (TEXT + FOURTH, "from = 2014-01-01, yen = 440", "from: 2014-01-01 is over, begun or closed"),
        (TEXT + FOURTH.replace("2014-01-01", NEXT_MONTH).replace("installer", "# "),
            'key = "backup-guard"', "installer: nobody could"),
    ],
)  # fmt: skip
async def test_what_is_refused_says_its_line_and_nothing_is_half_loaded(
    empty_database: str, tmp_path: Path, text: str, part: str, said: str
) -> None:
    await january()
    before = await everything()
    with pytest.raises(ImportRefused) as error:
        await load(tmp_path, text.replace("account_ids = 5", "account_ids = 6"))
    problem = error.value.problems[0]
    assert problem.reason.startswith(said)
    assert abs(problem.line - line_of(text, part)) <= 1
    assert await everything() == before


async def test_another_catalogue_takes_its_place_whole_until_something_was_bought(
    empty_database: str, tmp_path: Path
) -> None:
    text = (
        without(
            "kids-filter",
            edited(
                ("yen = 3300", "yen = 1"),
                ('name = "メールパック"', 'name = "メール"'),
                ("virus_check = true", "virus_check = false"),
            ),
        )
        + FOURTH
    )
    assert await load(tmp_path, text)
    assert await kept.read() == file.of_text(text).catalogue
    keys = {row["key"] for row in await database.rows("SELECT key FROM catalogue_item")}
    assert "backup-guard" in keys
    assert "kids-filter" not in keys
    assert await load(tmp_path, TEXT)
    assert await kept.read() == file.shipped()


async def test_once_something_was_bought_the_database_edits_no_price_tax_or_terms(
    empty_database: str,
) -> None:
    await january()
    before = await everything()
    for table in ("catalogue_price", "catalogue_tax", "catalogue_terms"):
        for deed in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}", f"TRUNCATE {table}"):
            with pytest.raises(asyncpg.RestrictViolationError, match="it is added to, never edited"):
                await database.rows(deed)
    with pytest.raises(asyncpg.RestrictViolationError, match="a key stays with its kind"):
        await database.rows("UPDATE catalogue_item SET kind = 'mailbox' WHERE key = 'kids-filter'")
    assert await everything() == before


async def test_what_was_taken_out_comes_back_as_it_was(empty_database: str, tmp_path: Path) -> None:
    await january()
    await load(tmp_path, without("security-online"))
    assert Shipped.SECURITY_ONLINE not in (await kept.read()).by_key
    assert (
        "+ セキュリティオンライン (security-online, licence): back again, sold at once"
        in (await load(tmp_path, TEXT))[0]
    )
    assert await kept.read() == file.shipped()


async def test_terms_of_every_version_stay(empty_database: str, tmp_path: Path) -> None:
    await january()
    begin = 'version = 2\ndated = 2026-12-01\nabout = [\n    "「セキュリティ360'
    text = edited((begin, begin.replace("2\n", "3\n", 1).replace("2026-12-01", "2027-04-01") + "また"))
    await load(tmp_path, text)
    entry = (await kept.read()).by_key[Shipped.SECURITY_360]
    assert [(one.version, one.dated) for one in (*entry.former, entry.terms)] == [
        (2, date(2026, 12, 1)),
        (3, date(2027, 4, 1)),
    ]
    assert entry.former[0] == file.shipped().by_key[Shipped.SECURITY_360].terms


async def test_two_imports_at_once_stand_in_one_line(empty_database: str, tmp_path: Path) -> None:
    await january()
    text = edited(("account_ids = 5", "account_ids = 6"))
    path = written(tmp_path, text)
    plans = await asyncio.gather(*(kept.import_catalogue(path, DEMO_INSTALLERS) for _ in range(4)))
    assert sorted(len(plan.lines) for plan in plans) == [0, 0, 0, 1]


async def test_a_page_shows_another_catalogue_that_another_process_loaded(
    contractor: Browser, tmp_path: Path, round_trips: list[str]
) -> None:
    text = edited(("account_ids = 5", "account_ids = 7"))
    here = catalogue.current()
    await load(tmp_path, text)
    catalogue.use(here)  # this process does not know of it
    round_trips.clear()
    await contractor.open("/")
    assert "2個 / 7個 (基本 7個)" in contractor.text
    first = len(round_trips)
    round_trips.clear()
    await contractor.open("/")
    assert len(round_trips) == first - 1


async def test_a_process_that_began_without_its_database_reads_it_with_the_first_page(
    contractor: Browser,
) -> None:
    catalogue._current = None
    await contractor.open("/")
    assert contractor.answer.status_code == 200
    assert catalogue.version() == file.shipped().version


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE catalogue_price SET yen = 1",
        "DELETE FROM catalogue_price",
        "UPDATE catalogue_tax SET percent = 1",
        "UPDATE catalogue_terms SET version = 9",
        "TRUNCATE catalogue_terms",
        "UPDATE catalogue_item SET kind = 'mail' WHERE key = 'kids-filter'",
        "DELETE FROM catalogue_item WHERE key = 'kids-filter'",
    ],
)
async def test_the_database_keeps_what_hangs_on_it(empty_database: str, edit: str) -> None:
    await january()
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await database.rows(edit)


async def test_limits_hold_in_the_database_too(empty_database: str, tmp_path: Path) -> None:
    family = await households.new_household()
    assert await load(
        tmp_path,
        edited(
            ("account_ids = 5", "account_ids = 2"), ("forwarding_addresses = 5", "forwarding_addresses = 1")
        ),
    )
    with pytest.raises(asyncpg.CheckViolationError):
        await database.rows("UPDATE account SET slot = 3 WHERE id = $1", family.son)
    forwarding = "INSERT INTO forwarding (contract, account, addresses, keep_copy) VALUES ($1, $2, $3, true)"
    with pytest.raises(asyncpg.CheckViolationError):
        await database.rows(forwarding, family.contract, family.son, ["a@example.com", "b@example.com"])
    await database.rows(forwarding, family.contract, family.son, ["a@example.com"])
