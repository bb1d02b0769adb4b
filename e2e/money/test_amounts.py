"""Bills and calls to look at (ui.md A7, A16): one column of amounts, one line a month on a phone, nothing sideways."""

from __future__ import annotations

import io
from datetime import timedelta

import pypdf
import pytest

from app.domain import clock
from app.domain.months import Month
from e2e.conftest import TakeDevice
from e2e.device import DESK, PHONE, Device
from e2e.households import Household, Town

THIS = Month.this()
PAGES = ("/statements", f"/statements/{THIS.iso}", "/calls/gate-call-050", f"/calls/gate-call-050/{THIS.iso}")
ENDS = """() => [...document.querySelectorAll("tbody td.amount:last-child, .sums dd:not(.still)")].map((node) => {
    const text = document.createRange();
    text.selectNodeContents(node);
    return text.getBoundingClientRect().right;
})"""
"""Where the text of each amount ends."""
LINES = """() => [...document.querySelectorAll("tbody tr:not(:has(details))")].map((row) => {
    const cells = [...row.children].filter((cell) => !cell.matches(".below")).map((cell) => cell.getBoundingClientRect());
    return Math.max(...cells.map((cell) => cell.top)) < Math.min(...cells.map((cell) => cell.bottom));
})"""
"""Of each month, whether all that is not `below` stands in one line."""


@pytest.fixture
async def reader(new_device: TakeDevice, town: Town, household: Household) -> Device:
    """Somebody with long names, large amounts and numbers of 32 signs, who may read the statements."""
    device = await new_device()
    await town.log_in(device, household)
    await town.pass_the_customers_step(household)
    await town.give_charges(household, household.wife)
    await town.connection.execute(
        "UPDATE contract SET family = repeat('長', 16), given = repeat('名', 16) WHERE id = $1", household.id
    )
    await town.connection.executemany(
        "INSERT INTO other_charge (ref, contract, month, label, yen, tax_rate, loaded_at)"
        " VALUES ($1, $2, $3, $4, $5, 10, $6)",
        [
            (f"{household.id}-{nth}", household.id, month.first_day, label, yen, clock.now())
            for nth, (month, label, yen) in enumerate(CHARGES)
        ],
    )
    await town.connection.executemany(
        "INSERT INTO call (contract, service, started_at, number, seconds, yen)"
        " VALUES ($1, 'gate-call-050', $2, $3, $4, $5)",
        [
            (household.id, clock.now() - timedelta(seconds=nth), number, seconds, yen)
            for nth, (number, seconds, yen) in enumerate(CALLS)
        ],
    )
    return device


CHARGES = [
    (THIS, "全角で六十文字まで書かれたお名前の長い" * 3, 1_234_567),
    (THIS, "割引", -123_456),
    (THIS.previous, "W" * 60, 99),
    (THIS.back(2), "回線料", 8),
]
CALLS = [("0" * 32, 86_399, 10_000_000), ("0312345678", 5, 8), ("+14155552671", 3_605, 123)]


@pytest.mark.parametrize("width", [320, PHONE[0], 768, DESK[0]])
async def test_amounts_end_in_one_column_those_of_the_sums_as_well(reader: Device, width: int) -> None:
    await reader.page.set_viewport_size({"width": width, "height": 800})
    for path, amounts in zip(PAGES, (3, 7, 2, 6), strict=True):
        await reader.open(path)
        ends: list[float] = await reader.page.evaluate(ENDS)
        assert len(ends) >= amounts, path
        assert max(ends) - min(ends) < 1, (path, ends)


async def test_a_month_is_one_line_of_a_phone(reader: Device) -> None:
    await reader.open("/statements")
    lines: list[bool] = await reader.page.evaluate(LINES)
    assert len(lines) >= 3
    assert all(lines)


async def test_an_entry_is_two_lines_of_a_phone(reader: Device) -> None:
    await reader.open(f"/calls/gate-call-050/{THIS.previous.iso}")
    rows = reader.page.locator("tbody tr")
    assert await rows.count() == 18
    first = [await rows.first.locator(cell).bounding_box() for cell in ("th", "td.amount:last-child")]
    below = [await rows.first.locator(f"td:nth-child({nth})").bounding_box() for nth in (2, 3)]
    tops = [box["y"] for box in (*first, *below) if box]
    assert abs(tops[0] - tops[1]) < 2
    assert abs(tops[2] - tops[3]) < 2
    assert tops[2] - tops[0] > 16


async def test_nothing_goes_sideways_with_text_twice_as_large(reader: Device) -> None:
    await reader.page.set_viewport_size({"width": 320, "height": 640})
    for path in PAGES:
        await reader.open(path)
        await reader.page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert await reader.page.evaluate("document.scrollingElement.scrollWidth") <= 320, path


async def test_the_month_is_the_largest_of_its_page(reader: Device) -> None:
    await reader.open(f"/statements/{THIS.iso}")
    sizes: list[list[object]] = await reader.page.evaluate("""() => [...document.querySelectorAll("main *")]
        .filter((node) => node.firstChild?.nodeType === Node.TEXT_NODE && node.firstChild.data.trim())
        .map((node) => [parseFloat(getComputedStyle(node).fontSize), node.textContent])
        .sort(([a], [b]) => b - a)""")
    total = f"{sum(yen for month, _, yen in CHARGES if month == THIS) + 550:,}円"
    assert sizes[0][1] == total


async def test_a_statement_and_a_month_of_calls_print_on_one_sheet(
    reader: Device, town: Town, household: Household
) -> None:
    await town.connection.execute(
        "INSERT INTO other_charge (ref, contract, month, label, yen, tax_rate, loaded_at, started_on, ended_on)"
        " SELECT format('%s-more-%s', $1::bigint, nth), $1, $2, '機器レンタル料', 100, 10, now(), $2, $3"
        " FROM generate_series(1, 14) AS nth",
        *(household.id, THIS.first_day, THIS.last_day),
    )
    for path, lines in ((f"/statements/{THIS.iso}", 17), (f"/calls/gate-call-050/{THIS.previous.iso}", 8)):
        await reader.open(path)
        assert await reader.page.locator("tbody tr").count() >= lines
        printed = await reader.page.pdf(prefer_css_page_size=True)
        assert len(pypdf.PdfReader(io.BytesIO(printed)).pages) == 1, path
