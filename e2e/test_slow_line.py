"""ui.md A14 and A22: what a slow line shows while it is waited for, and that nothing jumps when the answer comes.

Measured as browsers report it to site owners: the sum of the layout shifts from a press until its answer has settled,
those within 500 ms of the press apart, because a press is expected to move something. The line has 900 ms of latency, so
the answer itself comes too late to be forgiven.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page, Route, expect

from e2e import ways
from e2e.conftest import TakeDevice
from e2e.device import DESK, PHONE, Device
from e2e.households import Household, Town
from e2e.ways import Visit

LATENCY = 900
MOST = 0.1
WAITING = "読み込んでいます。しばらくお待ちください。"
OBSERVE = """() => {
    globalThis.shifts = [];
    new PerformanceObserver((list) => shifts.push(...list.getEntries())).observe({ type: "layout-shift" });
}"""
SUM = """() => shifts.splice(0).filter((shift) => !shift.hadRecentInput).reduce((sum, { value }) => sum + value, 0)"""
AT_REST = """() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100)))"""
LARGE_WINDOW = (1920, 1080)

sizes = pytest.mark.parametrize("size", [PHONE, DESK, LARGE_WINDOW], ids=["phone", "desk", "large window"])


async def slow_down(page: Page) -> None:
    wire = await page.context.new_cdp_session(page)
    await wire.send("Network.enable")
    slow = {"offline": False, "latency": LATENCY, "downloadThroughput": -1, "uploadThroughput": -1}
    await wire.send("Network.emulateNetworkConditions", slow)
    await page.evaluate(OBSERVE)


@asynccontextmanager
async def nothing_jumps(page: Page) -> AsyncIterator[None]:
    """From a press to what its answer shows."""
    async with page.expect_response(lambda answer: "/static/" not in answer.url):
        yield
    await expect(page.locator(".htmx-request")).to_have_count(0)
    await page.evaluate(AT_REST)
    shift: float = await page.evaluate(SUM)
    assert shift <= MOST


@sizes
async def test_nothing_jumps_in_the_accordion(
    size: tuple[int, int], new_device: TakeDevice, town: Town, household: Household
) -> None:
    device = await new_device(size=size)
    page, wife = device.page, household.wife
    await town.log_in(device, household)
    await device.open("/")
    await slow_down(page)
    for login in (household.son, wife):
        async with nothing_jumps(page):
            await page.locator("summary", has_text=login).click()
    for answered in (
        device.link("セキュリティ360°の購入をやめる"),
        device.button("セキュリティ360°の購入を決定"),
    ):
        async with nothing_jumps(page):
            await device.follow(f"{wife}のセキュリティ360°を購入する")
        async with nothing_jumps(page):
            await answered.click()
    await expect(page.get_by_text("手続きが完了し、")).to_be_visible()
    async with nothing_jumps(page):
        await device.follow(f"{wife}のセキュリティ360°を解約する")
    async with nothing_jumps(page):
        await page.locator("dd .notice button").click()
    await expect(page.locator("dd .state").get_by_text("解約済")).to_be_visible()


@sizes
async def test_nothing_jumps_from_input_to_complete_page(
    size: tuple[int, int], new_device: TakeDevice, town: Town, household: Household
) -> None:
    device = await new_device(size=size)
    page = device.page
    device.expect_status(422)
    await town.log_in(device, household)
    await device.open("/accounts/new")
    await slow_down(page)
    async with nothing_jumps(page):
        await device.press("次へ進む")
    await expect(page.locator(".error-summary")).to_be_focused()
    await ways.registration()(Visit(device, town, household))
    async with nothing_jumps(page):
        await device.press("次へ進む")
    async with nothing_jumps(page):
        await device.press("登録")
    await device.shows("アカウントID登録／変更完了")


@sizes
async def test_nothing_jumps_as_a_notice_is_closed(
    size: tuple[int, int], new_device: TakeDevice, town: Town, household: Household
) -> None:
    device = await new_device(size=size)
    await town.log_in(device, household)
    await device.open("/")
    await slow_down(device.page)
    async with nothing_jumps(device.page):
        await device.press("「メールサーバーのメンテナンス」を閉じる")
    assert await device.page.evaluate("document.activeElement !== document.body")


# --- a row of the accordion -------------------------------------------------------------------------------------------


async def test_a_row_that_is_awaited_says_so_in_its_place(
    scripted_phone: Device, town: Town, household: Household
) -> None:
    page = scripted_phone.page
    await town.log_in(scripted_phone, household)
    await scripted_phone.open("/")
    await slow_down(page)
    row = page.locator(f"#account-{household.son}")
    body = row.locator(".details-body")
    await row.locator("summary").click()
    await expect(body.get_by_text(WAITING)).to_be_visible()
    await expect(body.get_by_text(WAITING)).to_be_in_viewport()
    await expect(body).to_have_attribute("aria-busy", "true")
    await expect(page.locator("#announce")).to_have_text(WAITING)
    await expect(page.locator("#loading")).to_be_hidden()
    assert await body.get_by_role("link").count() == 0
    await expect(page.locator(f"[data-announce^='{household.son}の詳細']")).to_be_visible()
    await expect(body.get_by_text(WAITING)).to_have_count(0)
    await expect(body).not_to_have_attribute("aria-busy", "true")


@pytest.mark.parametrize("how", ["no line", "a server in trouble"])
async def test_a_row_that_did_not_come_says_so_in_its_place_and_can_be_tried_again(
    how: str, scripted_phone: Device, town: Town, household: Household
) -> None:
    page = scripted_phone.page
    scripted_phone.expect_status(500)
    scripted_phone.expect_no_line()
    await town.log_in(scripted_phone, household)
    await scripted_phone.open("/")
    row = page.locator(f"#account-{household.son}")

    async def fail(route: Route) -> None:
        if how == "no line":
            await route.abort("internetdisconnected")
        else:
            await route.fulfill(status=500, body="", headers={"X-Request-Id": "ABC123"})

    await page.route(f"**/accounts/{household.son}", fail)
    await row.locator("summary").click()
    reason = "通信できませんでした。" if how == "no line" else "読み込めませんでした。エラー番号：ABC123"
    for _ in range(2):
        await expect(row.get_by_text(reason)).to_be_visible()
        await expect(row.get_by_text(WAITING)).to_be_hidden()
        await expect(page.locator("#announce")).to_contain_text(reason)
        await expect(page.locator("#notice")).to_be_hidden()
        await scripted_phone.follow(f"{household.son}の詳細をもう一度読み込む")
    await expect(row.get_by_text(reason)).to_be_visible()
    await page.unroute_all()
    await scripted_phone.follow(f"{household.son}の詳細をもう一度読み込む")
    await expect(page.locator(f"[data-announce^='{household.son}の詳細']")).to_be_visible()
    await expect(row.get_by_text(reason)).to_have_count(0)
    await expect(row.locator("summary")).to_be_focused()


async def test_without_a_script_a_row_has_a_link_and_waits_for_nothing(
    borrow: TakeDevice, town: Town, household: Household
) -> None:
    device = await borrow(scripts=False)
    await town.log_in(device, household)
    await device.open("/")
    row = device.page.locator(f"#account-{household.son}")
    await row.locator("summary").click()
    await expect(row.get_by_text(WAITING)).to_be_hidden()
    await expect(row.get_by_text("もう一度読み込む")).to_be_hidden()
    await device.follow(f"{household.son}の詳細を表示する")
    await expect(device.page.locator(f"[data-announce^='{household.son}の詳細']")).to_be_visible()
