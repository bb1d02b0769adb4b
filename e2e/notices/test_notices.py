"""お知らせ (spec 15): the banner of a current notice, its text, and closing it."""

from __future__ import annotations

from playwright.async_api import expect

from e2e.device import Device

TITLE = "メールサーバーのメンテナンス"
"""The demo's current one."""


async def test_a_current_notice_is_read_and_its_banner_closed_for_this_login(contractor: Device) -> None:
    await contractor.open("/changes")
    banner = contractor.page.locator("#banners")
    await expect(banner.get_by_text("お知らせ", exact=True)).to_be_visible()
    await contractor.follow(TITLE)
    await contractor.shows("メンテナンス情報")
    await expect(contractor.page.get_by_role("heading", name=TITLE)).to_be_in_viewport()
    await contractor.press(f"「{TITLE}」を閉じる")
    await expect(banner.get_by_text(TITLE)).to_have_count(0)
    await contractor.shows("メンテナンス情報")
    if contractor.scripts:
        await contractor.has_focus_in_view()
        await expect(contractor.page.locator("#announce")).to_have_text("お知らせを閉じました。")
    await contractor.open("/")
    await expect(banner.get_by_text(TITLE)).to_have_count(0)
    await contractor.open("/notices/outage")
    await expect(contractor.page.get_by_text("復旧しました", exact=False).first).to_be_visible()
