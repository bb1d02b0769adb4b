"""パスワードをお忘れの方 on a phone, 360 px wide: back in by mail, and by a password that staff gave out."""

from __future__ import annotations

from playwright.async_api import expect

from e2e.conftest import TakeDevice
from e2e.device import Device
from e2e.households import Household, Town

NEW, CODE = "hik-7q2mzw", "abcd2345efgh"


async def test_a_member_without_any_password_is_back_in_by_mail(
    phone: Device, town: Town, household: Household, borrow: TakeDevice
) -> None:
    email = await town.give_contact_address(household)
    await town.lock(household)
    phone.expect_status(429)
    await phone.log_in_as_customer(household.customer_number, "vergessen")
    await expect(phone.page.locator(".error-summary")).to_contain_text("しばらくお待ちください")
    await expect(phone.row("電話番号")).to_be_visible()
    await phone.follow("パスワードをお忘れの方")
    await phone.shows("パスワードの再設定")
    await phone.fill("お客様番号またはアカウントID", household.customer_number)
    await phone.fill("メールアドレス", email)
    await phone.press("送信する")
    await phone.shows("お申し込みを受け付けました")
    await _open_the_mail(phone, email)
    await phone.shows("パスワードの再設定")
    assert await phone.page.evaluate("document.documentElement.scrollWidth") <= 360 if phone.scripts else True
    await phone.fill("新パスワード", "neu!4711")
    await phone.fill("新パスワード（確認）", "neu!4711")
    await phone.press("変更")
    await phone.shows("ログイン")
    await expect(phone.page.get_by_text("パスワードを再設定しました。")).to_be_visible()
    await phone.log_in_as_customer(
        household.customer_number, "neu!4711"
    )  # it is no stranger: it need not wait
    await phone.shows("ご契約情報一覧")


async def _open_the_mail(phone: Device, email: str) -> None:
    """The demo shows its mails; this one is posted when the answer has left."""
    mail = phone.page.locator("article").filter(has_text=email).filter(has_text="パスワード再設定のご案内")
    for _ in range(50):
        await phone.open("/demo/mailbox")
        if await mail.count():
            break
        await phone.page.wait_for_timeout(100)
    await mail.get_by_role("link").click()


async def test_without_mail_a_password_that_staff_gave_out_leads_to_an_own_one(
    phone: Device, town: Town, household: Household
) -> None:
    await town.give_one_time_password(household, household.son, CODE)
    await phone.log_in_as(household.son, CODE)
    await phone.shows("パスワードの再設定")
    await phone.open("/accounts")
    await phone.shows("パスワードの再設定")
    phone.expect_status(422)
    await phone.fill("新パスワード", NEW)
    await phone.fill("新パスワード（確認）", "other-4711")
    await phone.press("変更")
    await phone.refuses("確認のため入力したパスワードが、パスワードと一致しません。")
    await phone.fill("新パスワード", NEW)
    await phone.fill("新パスワード（確認）", NEW)
    await phone.press("変更")
    await phone.shows("パスワードの再設定完了")
    await phone.open("/")
    await phone.shows("ユーザー管理")


async def test_capitals_and_the_other_form_are_forgiven(phone: Device, household: Household) -> None:
    await phone.open("/login")
    await phone.fill("お客様番号", household.wife.upper().replace("-", "ー"))
    await phone.fill("お客様番号パスワード", "abc12345")
    await phone.press("お客様番号でログイン")
    await phone.shows("ご契約情報一覧")
    await expect(
        phone.page.get_by_text("お客様番号の欄に入力されたアカウントIDで、ログインしました。")
    ).to_be_visible()
