"""Input, confirm, complete: what holds for every change, and お手続き履歴."""

from __future__ import annotations

from playwright.async_api import expect

from app.domain.people.accounts import full
from e2e.conftest import TakeDevice
from e2e.device import Device
from e2e.households import Household, Town
from e2e.journeys.accounts import fill_in

REVIEW, DONE = "お客様番号パスワード変更確認", "お客様番号パスワード変更完了"


async def ask(device: Device, password: str = "hik!7q2m") -> str:
    """Go to the confirm page of a new password; its URL."""
    await device.open("/customer-password")
    await device.fill("新パスワード", password)
    await device.fill("新パスワード（確認）", password)
    await device.press("次へ進む")
    await device.swapped_to(REVIEW)
    return device.page.url


async def carry_out(device: Device) -> str:
    """The receipt number of a new password."""
    await ask(device)
    await device.press("変更")
    await device.swapped_to(DONE)
    return await device.row("受付番号").inner_text()


async def test_the_complete_page_says_what_was_done_who_was_told_and_what_comes_next(
    contractor: Device, household: Household
) -> None:
    """A19: one panel; the steps are numbered, and what is done is marked in words, too."""
    number = await carry_out(contractor)
    panel = contractor.page.locator("main .notice.ok")
    await expect(panel).to_have_count(1)
    await expect(panel).to_contain_text(number)
    figure, text = panel.locator(".figure"), panel.locator("dt").first
    size = "node => parseFloat(getComputedStyle(node).fontSize)"
    assert await figure.evaluate(size) >= 1.4 * await text.evaluate(size)
    await expect(contractor.row("お知らせのメール")).to_contain_text("連絡用メールアドレスに送信しました")
    await expect(panel.locator("a.button.primary")).to_have_text("ご契約情報一覧")
    steps = contractor.page.locator(".steps li")
    assert ["".join(text.split()) for text in await steps.all_text_contents()] == [
        "入力（済み）",
        "確認（済み）",
        "完了",
    ]
    numbered = "nodes => nodes.map((node) => getComputedStyle(node, '::before').content)"
    assert (await steps.evaluate_all(numbered))[2] == "counter(step)"
    await expect(steps.nth(2)).to_have_attribute("aria-current", "step")


async def test_reloading_the_complete_page_changes_nothing_and_hides_the_password(
    contractor: Device, town: Town, household: Household
) -> None:
    number = await carry_out(contractor)
    for _ in range(2):
        await contractor.page.reload()
        await contractor.shows(DONE)
        await expect(contractor.row("受付番号")).to_have_text(number)
        await expect(contractor.row("新パスワード")).to_have_text("*****")
    assert await town.changes(household) == 1


async def test_back_from_the_complete_page_nothing_can_be_pressed_again(
    contractor: Device, town: Town, household: Household
) -> None:
    number = await carry_out(contractor)
    confirm_page = contractor.page.url
    await contractor.page.go_back()
    await expect(contractor.button("変更")).to_have_count(0)
    again = await contractor.context.new_page()
    await again.goto(confirm_page)
    await expect(again.locator("h1")).to_have_text(DONE)
    await expect(again.get_by_text(number)).to_be_visible()
    assert await town.changes(household) == 1


async def test_two_tabs_with_the_same_confirm_page_make_one_change(
    contractor: Device, borrow: TakeDevice, town: Town, household: Household
) -> None:
    url = await ask(contractor)
    tab = await borrow(scripts=contractor.scripts)
    await tab.context.add_cookies([dict(cookie) for cookie in await contractor.context.cookies()])  # type: ignore[misc]
    await tab.open(url)
    await contractor.press("変更")
    await contractor.swapped_to(DONE)
    await tab.press("変更")
    await tab.swapped_to(DONE)
    assert await town.changes(household) == 1


async def test_a_confirm_page_that_is_too_old_says_so_and_changes_nothing(
    contractor: Device, town: Town, household: Household
) -> None:
    await ask(contractor)
    await town.let_confirm_pages_expire(household)
    await contractor.press("変更")
    await contractor.swapped_to("確認画面の有効期間が切れました")
    await expect(contractor.page.get_by_text("お手続きは行われていません。")).to_be_visible()
    await contractor.keep()
    assert await town.changes(household) == 0


async def test_a_rule_that_has_come_to_forbid_it_is_told_on_the_confirm_page(
    phone: Device, town: Town
) -> None:
    household = await town.household(account_ids=4)
    await town.log_in(phone, household)
    await phone.open("/accounts/new")
    await fill_in(phone, household.daughter)
    await phone.press("次へ進む")
    await phone.swapped_to("アカウントID登録／変更確認")
    await town.add_account_id(household, household.cousin(5))
    phone.expect_status(422)
    await phone.press("登録")
    await expect(phone.page.locator("h1")).to_have_text("お手続きできません")
    await expect(phone.page.locator(".error-summary")).to_contain_text(full())
    if phone.scripts:
        await expect(phone.page.locator(".error-summary")).to_be_focused()
    await phone.keep()


async def test_the_history_lists_what_was_done_and_opens_its_receipt(contractor: Device) -> None:
    await contractor.open("/changes")
    await expect(contractor.page.get_by_text("お手続きは、まだありません。")).to_be_visible()
    number = await carry_out(contractor)
    await contractor.follow("お手続き履歴")
    await contractor.shows("お手続き履歴")
    line = contractor.page.get_by_role("row").filter(has_text=number)
    await expect(line).to_contain_text("お客様番号パスワード変更")
    await expect(line).to_contain_text("お客様番号")
    await contractor.follow(number)
    await contractor.shows(DONE)
    await expect(contractor.row("受付番号")).to_have_text(number)


async def test_a_receipt_of_the_contractor_is_not_for_the_son(
    contractor: Device, family_user: Device
) -> None:
    await carry_out(contractor)
    family_user.expect_status(404)
    await family_user.open(contractor.page.url)
    await family_user.shows("ページが見つかりません")
    await family_user.open("/changes")
    await expect(family_user.page.get_by_text("お手続きは、まだありません。")).to_be_visible()
