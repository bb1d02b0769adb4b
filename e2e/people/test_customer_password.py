"""お客様番号パスワード変更 (manual 21)."""

from __future__ import annotations

from playwright.async_api import expect

from app.domain.people.customer_password import USED
from e2e.conftest import TakeDevice
from e2e.device import Device
from e2e.households import CUSTOMER_PASSWORD, Household, Town

INPUT, REVIEW, DONE = (f"お客様番号パスワード変更{step}" for step in ("", "確認", "完了"))


async def type_twice(device: Device, password: str, again: str | None = None) -> None:
    await device.fill("新パスワード", password)
    await device.fill("新パスワード（確認）", password if again is None else again)
    await device.press("次へ進む")


async def test_a_new_password_is_confirmed_and_opens_the_portal_instead_of_the_old_one(
    contractor: Device, household: Household
) -> None:
    await contractor.open("/")
    await contractor.follow("お客様番号パスワードを変更")
    await contractor.shows(INPUT)
    await type_twice(contractor, "hik!7q2m")
    await contractor.swapped_to(REVIEW)
    await expect(contractor.row("新パスワード")).to_have_text("hik*****")
    await contractor.press("変更")
    await contractor.swapped_to(DONE)
    await expect(contractor.row("新パスワード")).to_have_text("hik*****")
    await contractor.log_out()
    contractor.expect_status(422)
    await contractor.log_in_as_customer(household.customer_number)
    await expect(contractor.page.locator(".error-summary")).to_be_visible()
    await contractor.log_in_as_customer(household.customer_number, "hik!7q2m")
    await contractor.shows("ご契約情報一覧")


async def test_other_browsers_of_the_customer_number_are_logged_out_and_those_of_account_ids_are_not(
    contractor: Device, admin: Device, borrow: TakeDevice, town: Town, household: Household
) -> None:
    computer = await borrow(scripts=contractor.scripts)
    await town.log_in(computer, household)
    await contractor.open("/customer-password")
    await type_twice(contractor, "hik!7q2m")
    await contractor.swapped_to(REVIEW)
    await contractor.press("変更")
    await contractor.swapped_to(DONE)
    await computer.open("/changes")
    await computer.shows("ログイン")
    await expect(computer.page.get_by_text("ログインが終了しています。")).to_be_visible()
    for still_there in (contractor, admin):
        await still_there.open("/changes")
        await still_there.shows("お手続き履歴")


async def test_two_passwords_that_differ_are_refused(contractor: Device) -> None:
    await contractor.open("/customer-password")
    contractor.expect_status(422)
    await type_twice(contractor, "hik!7q2m", "hikari!2")
    await contractor.refuses("確認のため入力したパスワードが、新パスワードと一致しません。")
    await expect(contractor.field("新パスワード")).to_have_value("")


async def test_the_present_password_is_refused(contractor: Device) -> None:
    await contractor.open("/customer-password")
    contractor.expect_status(422)
    await type_twice(contractor, CUSTOMER_PASSWORD)
    await contractor.refuses(USED)
