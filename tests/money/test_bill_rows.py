"""What the pages of bills read: 84 months in one round trip, and of one bill's lines no more than those."""

from __future__ import annotations

import pytest

from app.domain import clock
from app.domain.money import bill_rows, statements
from app.domain.money.statements import Listed
from app.domain.months import Month
from app.postgres import database
from tests import households
from tests.browser import Browser
from tests.money.steps import bill, bought, close, loaded, tokyo

THIS = Month(2026, 3)


@pytest.fixture
async def reader(visitor: Browser) -> Browser:
    """有光 杏, whose contract is of 2014, in front of her statements, on 2026-03-05."""
    clock.start_at(tokyo("2026-03-05T09:00"))
    await visitor.log_in("customer", "90000000000000", "demo01")
    await visitor.open("/statements")
    await visitor.prove("demo01", "90000000000000")
    return visitor


def rows(browser: Browser, within: str) -> list[str]:
    """What the rows say, of folded months the line that opens them."""
    found = browser.page.select(f"{within} tbody tr")
    return [(row.select_one("summary") or row).get_text(" ", strip=True) for row in found]


async def close_all(first: str, last: str = "2026-02") -> None:
    await close(*(month.iso for month in Month.parse(first).upto(Month.parse(last))))


@pytest.mark.slow
async def test_bills_of_seven_years_can_be_read_the_older_ones_by_year(
    reader: Browser, round_trips: list[str]
) -> None:
    await bought("2018-12-10", "2019-04-20")
    await bought("2021-06-10", "2021-07-20")
    await loaded("line-1", "2026-02", "回線料", 4_400)
    await close_all("2018-12")
    round_trips.clear()
    await reader.open("/statements")
    assert len(round_trips) == 2
    years = [one.get_text() for one in reader.page.select("main > details > summary")]
    assert years == ["2021年の明細", "2019年の明細"]
    assert rows(reader, "main > .card > table") == [
        "2026年3月 見込み 0円",
        "2026年2月 確定 4,400円",
        "2024年4月～2026年1月 ご請求のない22か月",
    ]
    assert rows(reader, "main > details:first-of-type") == [
        "2021年8月～2021年12月 ご請求のない5か月",
        "2021年7月 確定 550円",
        "2021年1月～2021年6月 ご請求のない6か月",
    ]
    assert "2019年4月 確定 550円" in rows(reader, "main > details:last-of-type")
    for month in ("2019-04", "2021-07", "2026-02"):
        await reader.open(f"/statements/{month}")
        assert bill(reader)
    assert (await reader.get("/statements/2019-03")).status_code == 404


@pytest.mark.slow
async def test_an_old_bill_holds_its_own_lines_and_a_correction_of_years_later(reader: Browser) -> None:
    await loaded("line-1", "2019-04", "回線料", 4_400)
    await database.rows("UPDATE contract SET opened_on = '2025-12-31'")
    await close_all("2019-04")
    await loaded("line-1", "2019-04", "回線料", 4_000)
    await reader.open("/statements")
    assert "2026年3月 見込み -400円" in rows(reader, "main > .card > table")
    assert "2019年4月 確定 2026年3月分で修正 4,400円" in rows(reader, "main > details")
    await reader.open("/statements/2019-04")
    assert reader.rows["合計（税込）"] == "4,400円"
    await reader.open("/statements/2026-03")
    assert "2026/03/05発行の2019年4月分を、次のとおり修正します。" in bill(reader)


@pytest.mark.slow
async def test_the_forecast_while_a_close_is_cut_off_is_what_it_was(reader: Browser) -> None:
    await bought("2026-01-10")
    await loaded("line-1", "2026-02", "回線料", 4_400)
    await close("2026-01", "2026-02")
    await database.rows("ALTER TABLE bill_close DISABLE TRIGGER USER")
    await database.rows("UPDATE bill_close SET closed_at = NULL WHERE month = '2026-02-01'")
    await database.rows("ALTER TABLE bill_close ENABLE TRIGGER USER")
    await reader.open("/statements/2026-02")
    assert reader.rows["合計（税込）"] == "4,950円"
    assert "まだ確定していません" in reader.text
    await reader.open("/statements/2026-03")
    assert reader.rows["合計（税込）"] == "550円"


async def test_another_contracts_bill_is_not_among_them(empty_database: str) -> None:
    clock.start_at(tokyo("2026-03-05T09:00"))
    mine, theirs, nobodys = [await households.new_contract() for _ in range(3)]
    for contract in (mine, theirs):
        await database.rows(
            "INSERT INTO other_charge (ref, contract, month, label, yen, tax_rate, loaded_at)"
            " VALUES ($1::bigint::text, $1, '2026-02-01', $1::bigint::text, 100, 10, now())",
            contract,
        )
    await close("2026-02")
    member = await households.log_in(mine)
    found = await bill_rows.read(member, clock.now(), Month(2026, 2))
    assert found.bill
    assert [line.name for line in found.bill.lines] == [str(mine)]
    assert [one.yen for one in found.sums] == [100]
    without = await bill_rows.read(await households.log_in(nobodys), clock.now(), Month(2026, 2))
    assert (without.bill, without.sums) == (None, [])


def listed(month: Month, *, empty: bool) -> Listed:
    return Listed(month, statements.NONE, 0, [], empty=empty)


def test_empty_months_that_follow_each_other_are_one_row() -> None:
    empty = [False, True, True, False, True, False, False]
    months = [listed(THIS.back(nth), empty=one) for nth, one in enumerate(empty)]
    assert [[one.month.iso for one in row] for row in statements.folded(months)] == [
        ["2026-03"],
        ["2026-02", "2026-01"],
        ["2025-12"],
        ["2025-11"],
        ["2025-10"],
        ["2025-09"],
    ]
    assert statements.folded([]) == []
