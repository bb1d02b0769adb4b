"""The rest of the menu: a paper by post, a partner's site behind the second login, the history, other devices."""

from __future__ import annotations

from playwright.async_api import expect

from e2e.device import Device
from e2e.households import CUSTOMER_PASSWORD, Household, Town


async def test_a_paper_is_asked_for_and_stands_in_the_history(
    contractor: Device, household: Household, town: Town
) -> None:
    await contractor.open("/gate-call-050")
    await contractor.follow("GATE CALL050 解約申請書を請求する")
    await contractor.shows("ご契約内容変更申請")
    await expect(contractor.field("GATE CALL050 解約申請書")).to_be_checked()
    await contractor.completes("ご契約内容変更申請", "決定")
    current = contractor.page.locator("ol.progress [aria-current=step]")
    await expect(current).to_contain_text("受付")
    await town.receive_papers(household)
    await contractor.open("/cancellation")
    await expect(current).to_contain_text("受領")
    await expect(current).to_contain_text("現在")
    await contractor.open("/changes")
    await contractor.field("お手続き").select_option("ご契約内容変更申請")
    await contractor.press("絞り込む")
    await expect(contractor.page.locator("main tbody tr")).to_have_count(1)
    await contractor.open("/demo/mailbox")
    await expect(contractor.page.get_by_text("書類のご請求を受け付けました").first).to_be_visible()


async def test_an_admin_types_the_customer_number_before_a_partners_site(
    admin: Device, household: Household
) -> None:
    await admin.open("/giga-cinema")
    await admin.shows("お客様番号で再度ログイン")
    await admin.fill("お客様番号", household.customer_number)
    await admin.fill("お客様番号パスワード", CUSTOMER_PASSWORD)
    await admin.press("次へ進む")
    await admin.shows("ギガシネマ with U-NEXT")
    await admin.follow("ギガシネマ with U-NEXTの専用ページへ進む")
    await expect(admin.page.get_by_text("https://giga-cinema.example.jp/")).to_be_visible()


async def test_another_device_is_logged_out_from_here(
    contractor: Device, family_user: Device, household: Household
) -> None:
    await contractor.open("/logins")
    await contractor.page.get_by_role("button", name=household.son).click()
    await expect(contractor.page.get_by_role("button", name=household.son)).to_have_count(0)
    await contractor.shows("ログイン履歴")
    await family_user.open("/")
    await family_user.shows("ログイン")
