"""ログイン方法 (manual 3), the frame of every page, logout and time-out."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from app.routes.access.login import WRONG_PAIR
from e2e.conftest import TakeDevice
from e2e.device import Device
from e2e.households import ACCOUNT_PASSWORD, Household, Town
from e2e.journeys.reading import is_refused, log_out_and_go_back, open_and_close_the_menu

MINUTE = 60_000  # milliseconds


async def test_the_contractor_logs_in_with_the_customer_number(phone: Device, household: Household) -> None:
    await phone.log_in_as_customer(household.customer_number)
    await phone.shows("ご契約情報一覧")
    await expect(phone.page.get_by_role("banner")).to_contain_text("ご契約者様（お客様番号）")


async def test_the_wife_logs_in_with_her_admin_account_id(phone: Device, household: Household) -> None:
    await phone.log_in_as(household.wife)
    await phone.shows("ご契約情報一覧")
    await expect(phone.page.get_by_role("banner")).to_contain_text(f"{household.wife}（管理者権限）")


async def test_the_son_lands_on_his_own_page(phone: Device, household: Household) -> None:
    await phone.log_in_as(household.son)
    await phone.shows("ユーザー管理")


async def test_the_first_login_of_a_contract_leads_to_registering_an_account_id(
    phone: Device, town: Town
) -> None:
    newcomer = await town.household(account_ids=0)
    await phone.log_in_as_customer(newcomer.customer_number)
    await phone.shows("アカウントID登録／変更")
    why = phone.page.get_by_text("アカウントIDが1つも登録されていないため")
    await expect(why).to_be_in_viewport()
    phone.expect_status(422)
    await phone.press("次へ進む")
    await expect(phone.page.locator(".error-summary")).to_be_visible()
    await expect(why).to_be_visible()
    await phone.link("あとで登録する").last.click()
    await phone.shows("ご契約情報一覧")
    await phone.follow("アカウントIDを登録する")
    await phone.shows("アカウントID登録／変更")
    await expect(why).to_have_count(0)


async def test_a_number_typed_in_full_width_with_hyphens_is_understood(
    phone: Device, household: Household
) -> None:
    number = household.customer_number
    wide = f"{number[:4]}-{number[4:8]}-{number[8:]}".translate(
        {ord("0") + n: ord("０") + n for n in range(10)}
    )
    await phone.log_in_as_customer(wide)
    await phone.shows("ご契約情報一覧")


@pytest.mark.parametrize("password", ["demo02", "", "x" * 200])
async def test_a_wrong_pair_says_so_without_saying_which_half(
    phone: Device, household: Household, password: str
) -> None:
    await is_refused(phone, household.customer_number, password)


async def test_somebody_who_mistyped_logs_in_at_the_second_try(phone: Device, household: Household) -> None:
    phone.expect_status(422)
    await phone.log_in_as("nobody-of-ours")
    await phone.refuses(WRONG_PAIR)
    await phone.log_in_as(household.wife)
    await phone.shows("ご契約情報一覧")


async def test_after_logout_back_shows_nothing(contractor: Device, household: Household) -> None:
    await log_out_and_go_back(contractor, household.customer_number)


async def test_an_ended_session_leads_to_login_with_a_sentence_and_back_to_the_page(
    contractor: Device, town: Town, household: Household
) -> None:
    phone = contractor
    await phone.open("/")
    await town.log_everybody_out(household)
    await phone.open("/changes?before=7")
    await phone.shows("ログイン")
    await expect(phone.page.get_by_text("ログインが終了しています。")).to_be_visible()
    await phone.log_in_as(household.wife)
    await phone.shows("お手続き履歴")
    assert phone.page.url.endswith("/changes?before=7")


async def test_a_form_sent_after_the_session_ended_leads_to_login_and_back_to_the_form(
    contractor: Device, town: Town, household: Household
) -> None:
    phone = contractor
    await phone.open("/customer-password")
    await town.log_everybody_out(household)
    await phone.fill("新パスワード", "hikari-1")
    await phone.press("次へ進む")
    await phone.shows("ログイン")
    await phone.log_in_as_customer(household.customer_number)
    await phone.shows("お客様番号パスワード変更")


async def test_the_menu_of_a_phone_opens_and_closes(contractor: Device) -> None:
    phone = contractor
    await phone.open("/")
    menu = phone.page.get_by_role("navigation", name="メニュー")
    await open_and_close_the_menu(phone)
    await phone.press("メニュー")
    await phone.unfold("アカウントIDオプション")
    await menu.get_by_role("link", name="アカウントID管理").click()
    await phone.shows("アカウントID管理")
    await expect(menu).to_be_hidden()


async def test_login_and_menu_need_no_mouse(phone: Device, household: Household) -> None:
    await phone.open("/login")
    press, write = phone.page.keyboard.press, phone.page.keyboard.insert_text
    await press("Tab")
    await expect(phone.link("本文へ進む")).to_be_focused()
    await press("Enter")
    for _ in range(
        4 if not phone.scripts else 5
    ):  # a notice, two fields, with a script a button to show the password
        await press("Tab")
    await expect(phone.button("お客様番号でログイン")).to_be_focused()
    for _ in range(2):  # パスワードをお忘れの方 stands between
        await press("Tab")
    await write(household.wife)
    await press("Tab")
    await write(ACCOUNT_PASSWORD)
    await press("Enter")
    await phone.shows("ご契約情報一覧")
    await phone.button("メニュー").focus()
    await press("Enter")
    await expect(phone.page.get_by_role("navigation", name="メニュー")).to_be_visible()
    await press("Tab")
    await expect(phone.button("メニューを閉じる")).to_be_focused()
    await press("Escape")
    await expect(phone.page.get_by_role("navigation", name="メニュー")).to_be_hidden()
    await expect(phone.button("メニュー")).to_be_focused()


async def test_a_password_can_be_shown_and_hidden(scripted_phone: Device) -> None:
    await scripted_phone.open("/login")
    await scripted_phone.fill("お客様番号パスワード", "demo01")
    field = scripted_phone.field("お客様番号パスワード")
    await scripted_phone.press("パスワードを表示（お客様番号パスワード）")
    await expect(field).to_have_attribute("type", "text")
    await expect(field).to_have_value("demo01")
    await scripted_phone.press("パスワードを隠す（お客様番号パスワード）")
    await expect(field).to_have_attribute("type", "password")


async def test_without_a_script_no_button_promises_to_show_a_password(new_device: TakeDevice) -> None:
    phone = await new_device(scripts=False)
    await phone.open("/login")
    await expect(phone.page.locator(".show").first).to_be_hidden()


async def test_five_minutes_before_the_end_a_warning_offers_more_time(
    scripted_phone: Device, town: Town, household: Household
) -> None:
    page, warning = scripted_phone.page, scripted_phone.page.locator("#timeout")
    await page.clock.install()
    await town.log_in(scripted_phone, household)
    await scripted_phone.open("/accounts")
    await page.clock.fast_forward(24 * MINUTE)
    await expect(warning).to_be_hidden()
    await page.clock.fast_forward(2 * MINUTE)
    await expect(warning).to_be_visible()
    await expect(page.locator("#announce")).to_contain_text("まもなく自動的にログアウトします")
    await scripted_phone.keep()
    await scripted_phone.press("延長")
    await expect(warning).to_be_hidden()
    await scripted_phone.has_focus_in_view()
    await page.clock.run_for(MINUTE)
    await expect(warning).to_be_hidden()
    await scripted_phone.keep()


async def test_when_the_time_is_over_the_page_makes_way_for_the_login_page(
    scripted_phone: Device, town: Town, household: Household
) -> None:
    await scripted_phone.page.clock.install()
    await town.log_in(scripted_phone, household)
    await scripted_phone.open("/accounts")
    await town.log_everybody_out(household)
    await scripted_phone.page.clock.fast_forward(31 * MINUTE)
    await scripted_phone.shows("ログイン")
    await expect(scripted_phone.page).to_have_url(re.compile(r"next=%2Faccounts$"))
    await expect(scripted_phone.page.get_by_text("30分間操作がなかったため")).to_be_visible()
    await scripted_phone.log_in_as_customer(household.customer_number)
    await scripted_phone.shows("アカウントID管理")
