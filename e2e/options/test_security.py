"""セキュリティオプション and リモートサポート (manual 14-18): from the accordion, and on their pages."""

from __future__ import annotations

import re

from playwright.async_api import expect

from app.settings import DEMO_INSTALLERS
from e2e.device import Device
from e2e.households import Household
from e2e.journeys.options import ask_for_option, decide

PIN = re.compile("PIN番号: DEMO-360-")


async def test_an_option_is_bought_from_the_accordion_installed_and_cancelled(
    contractor: Device, household: Household
) -> None:
    await contractor.open(f"/?open={household.wife}")
    await ask_in_the_accordion(contractor, household, "購入")
    await contractor.open(f"/?open={household.wife}")
    await expect(contractor.row("セキュリティ360°")).to_contain_text("購入済")
    await contractor.follow(f"{household.wife}のご利用状況／ダウンロード")
    await contractor.shows("セキュリティオプション管理")
    await expect(contractor.page.get_by_text(PIN)).to_be_visible()
    await contractor.page.locator("summary", has_text="アクティブ化情報").click()
    await expect(contractor.row("利用できるパソコン")).to_have_text("1ライセンスにつき3台まで")
    await download(contractor)
    await contractor.open(f"/?open={household.wife}")
    await ask_in_the_accordion(contractor, household, "解約")
    await contractor.open(f"/accounts/{household.wife}/security/status")
    await expect(contractor.page.get_by_text("まで利用可）")).to_be_visible()
    await expect(contractor.page.get_by_text(PIN)).to_be_visible()


async def ask_in_the_accordion(contractor: Device, household: Household, what: str) -> None:
    """With a script in place, without one on the page that the same link leads to."""
    await contractor.follow(f"{household.wife}のセキュリティ360°を{what}する")
    if contractor.scripts:
        await decide_in_place(contractor, household, what)
        return
    await ask_for_option(contractor, "セキュリティ360°", what)
    await decide(contractor)


async def decide_in_place(contractor: Device, household: Household, what: str) -> None:
    """Open the panel, leave it, open it again, decide: focus and live region go along, the page stays."""
    page, url = contractor.page, contractor.page.url
    panel = page.get_by_role("heading", name=f"セキュリティ360°の{what}の確認")
    await expect(panel).to_be_focused()
    await expect(page.locator("#announce")).to_have_text(f"セキュリティ360°の{what}の確認")
    await contractor.keep()
    await contractor.follow(f"セキュリティ360°の{what}をやめる")
    await contractor.has_focus_in_view()
    await contractor.follow(f"{household.wife}のセキュリティ360°を{what}する")
    await contractor.press(f"セキュリティ360°の{what}を決定")
    state = contractor.row("セキュリティ360°").locator(".state")
    await expect(state).to_contain_text({"購入": "購入済", "解約": "解約済"}[what])
    await expect(state).to_be_focused()
    await expect(page.locator("#announce")).to_contain_text(f"セキュリティ360°：{what}済")
    await expect(page.get_by_text("手続きが完了し、")).to_be_visible()
    assert page.url == url
    await contractor.keep()


async def download(contractor: Device) -> None:
    """On to the installer, in whose place the demo has a page of its own."""
    await contractor.follow("セキュリティ360°のダウンロード")
    await expect(contractor.page.get_by_text(DEMO_INSTALLERS["security-360"])).to_be_visible()


async def test_remote_support_shows_its_number_while_it_is_bought_and_costs_a_fee_again(
    contractor: Device,
) -> None:
    confirm, done = "UCOM光 リモートサポート購入／解約確認", "UCOM光 リモートサポート購入／解約完了"
    for button, numbers in (("購入する", 1), ("解約する", 0)):
        await contractor.open("/remote-support")
        if button == "購入する":
            await contractor.page.get_by_label("上記の内容に同意する").check()
        await contractor.press(button)
        await contractor.swapped_to(confirm)
        await contractor.press("決定")
        await contractor.swapped_to(done)
        await contractor.open("/remote-support")
        await expect(contractor.row("電話番号")).to_have_count(numbers)
    await contractor.page.get_by_label("上記の内容に同意する").check()
    await contractor.press("購入する")
    await contractor.swapped_to(confirm)
    await expect(contractor.row("料金")).to_contain_text("今月 3,850円（税込。")
    await expect(contractor.row("料金")).to_contain_text("再申し込み手数料（今回のお申し込みの分） 3,300円")
