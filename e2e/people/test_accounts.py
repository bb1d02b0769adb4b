"""アカウントID管理 (manual 7, 8, 9): register, change and delete, from the first page to the receipt."""

from __future__ import annotations

from playwright.async_api import expect

from app.domain.people.accounts import deleted_name, full
from e2e.conftest import TakeDevice
from e2e.device import PHONE, Device
from e2e.households import Household, Town
from e2e.journeys.accounts import (
    DONE,
    INPUT,
    REVIEW,
    change_password,
    delete,
    fill_in,
    register,
    rename,
    type_password,
)


async def test_an_account_id_from_its_registration_to_its_deletion(
    contractor: Device, household: Household
) -> None:
    await register(contractor, household.daughter)
    await rename(contractor, household.daughter, promote=True)
    await delete(contractor, household.daughter)
    await contractor.follow("アカウントID管理")
    await contractor.follow("新規登録")
    await fill_in(contractor, household.daughter)
    contractor.expect_status(422)
    await contractor.press("次へ進む")
    await contractor.refuses(deleted_name(household.daughter))


async def test_deleting_shows_all_that_goes_and_where_a_part_ends_instead(
    contractor: Device, household: Household, town: Town
) -> None:
    await town.give_mail(household, household.son)
    await town.use_all(household, household.son)
    await contractor.open("/accounts")
    await contractor.follow(f"{household.son}を削除")
    await contractor.shows("アカウントID情報削除")
    await all_that_goes(contractor, household)
    await contractor.press("次へ進む")
    await contractor.swapped_to("アカウントID情報削除確認")
    await all_that_goes(contractor, household)
    await contractor.follow("安心 Kidsフィルターを解約する")
    await contractor.shows("セキュリティオプション購入／解約")
    await expect(contractor.button("安心 Kidsフィルターを解約する")).to_be_visible()


async def all_that_goes(contractor: Device, household: Household) -> None:
    for label, words in (
        ("失われるメール", "使用量 約3.0GB"),
        ("二度と登録できないメールアドレス", f"{household.son}@"),
        ("止まるメール転送", "2件の転送先"),
        ("失われる自動返信", "利用中の自動返信"),
        ("なくなるホームページ", f"/{household.son}/"),
        ("メール&Webスペース", "最後に利用できる日"),
        ("メールボックス 10GB", "今月"),
        ("安心 Kidsフィルター", "今月"),
    ):
        await expect(contractor.row(label)).to_contain_text(words)
        await expect(contractor.row(label)).to_be_visible()
    wide = await contractor.page.evaluate("document.documentElement.scrollWidth") if contractor.scripts else 0
    assert wide <= PHONE[0]
    await contractor.keep()


async def test_wrong_fields_come_back_with_reasons_and_everything_typed_but_the_passwords(
    contractor: Device, household: Household
) -> None:
    await contractor.open("/accounts/new")
    await fill_in(contractor, "Arteri_01", "short")
    await contractor.fill("（名カナ）", "Hikari")
    await contractor.fill("ユーザーネーム", "")
    contractor.expect_status(422)
    await contractor.press("次へ進む")
    await contractor.refuses(
        "アカウントIDに使えるのは、半角の英小文字、数字、ハイフン（-）だけです。「Arte…」の「A」（1文字目）は使えません。",
        "氏名カナ（名カナ）は、全角カタカナで入力してください。「Hika…」の「H」（1文字目）は使えません。",
        "ユーザーネームを入力してください。",
        "パスワードは8文字以上、16文字以内で入力してください。",
    )
    await expect(contractor.field("アカウントID")).to_have_value("Arteri_01")
    await expect(contractor.field("（姓）")).to_have_value("有光")
    await expect(contractor.field("（名カナ）")).to_have_value("Hikari")
    await expect(contractor.field("パスワード")).to_have_value("")
    await expect(contractor.field("パスワード（確認）")).to_have_value("")
    await fill_in(contractor, household.daughter)
    await contractor.press("次へ進む")
    await contractor.swapped_to(REVIEW)


async def test_back_from_the_confirm_page_what_was_typed_is_there_and_the_password_need_not_be_typed_again(
    contractor: Device, town: Town, household: Household
) -> None:
    await contractor.open("/accounts/new")
    await fill_in(contractor, household.daughter)
    await contractor.press("次へ進む")
    await contractor.swapped_to(REVIEW)
    await contractor.follow("入力画面へ戻る")
    await contractor.shows(INPUT)
    await expect(contractor.field("アカウントID")).to_have_value(household.daughter)
    await expect(contractor.field("（姓カナ）")).to_have_value("アリミツ")
    await expect(contractor.page.get_by_text("先ほど入力したパスワードを引き継いでいます。")).to_be_visible()
    await contractor.fill("（名）", "輝")
    await contractor.press("次へ進む")
    await contractor.swapped_to(REVIEW)
    await expect(contractor.row("氏名")).to_have_text("（姓）有光 （名）輝")
    await expect(contractor.row("パスワード")).to_have_text("hik*****")
    await contractor.press("登録")
    await contractor.swapped_to(DONE)
    assert await town.living_account_ids(household) == [household.son, household.wife, household.daughter]


async def test_a_double_click_registers_once(contractor: Device, town: Town, household: Household) -> None:
    await contractor.open("/accounts/new")
    await fill_in(contractor, household.daughter)
    await contractor.press("次へ進む")
    await contractor.swapped_to(REVIEW)
    contractor.expect_aborted()
    await contractor.button("登録").dblclick()
    await contractor.shows(DONE)
    assert await town.changes(household) == 1
    assert (await town.living_account_ids(household)).count(household.daughter) == 1


async def test_a_household_with_five_account_ids_is_told_the_limit(phone: Device, town: Town) -> None:
    await town.log_in(phone, await town.household(account_ids=5))
    await phone.open("/accounts")
    await expect(phone.page.get_by_text(full())).to_be_visible()
    await expect(phone.link("新規登録")).to_have_count(0)
    await phone.open("/accounts/new")
    await expect(phone.page.get_by_text(full())).to_be_visible()
    await expect(phone.page.locator("main form")).to_have_count(0)


async def test_whoever_deletes_the_own_account_id_may_read_on_but_not_write(
    admin: Device, household: Household
) -> None:
    await admin.open(f"/accounts/{household.wife}/delete")
    await admin.press("次へ進む")
    await admin.swapped_to("アカウントID情報削除確認")
    await admin.press("削除")
    await admin.swapped_to("アカウントID削除完了")
    bar = admin.page.locator("#deleted")
    await expect(bar).to_contain_text("削除済み")
    await admin.keep()
    await admin.open("/mail-service")
    await expect(bar).to_contain_text("削除済み")
    await expect(
        admin.page.get_by_text("アカウントIDが削除されたため、お手続きはできません。")
    ).to_be_visible()
    await expect(admin.page.locator("main form")).to_have_count(0)


async def test_the_son_changes_his_own_password_and_is_logged_out_elsewhere(
    family_user: Device, borrow: TakeDevice, town: Town, household: Household
) -> None:
    console = await borrow(scripts=family_user.scripts)
    await town.log_in(console, household, household.son)
    await console.open("/changes")
    await console.shows("お手続き履歴")
    await change_password(family_user, household.son, "hik-7q2mzw")
    await console.open("/changes")
    await console.shows("ログイン")
    console.expect_status(422)
    await console.log_in_as(household.son)
    await expect(console.page.locator(".error-summary")).to_be_visible()
    await console.log_in_as(household.son, "hik-7q2mzw")
    await console.shows("お手続き履歴")


async def test_a_password_that_was_used_before_is_refused(family_user: Device, household: Household) -> None:
    await change_password(family_user, household.son, "hik-7q2mzw")
    await family_user.open(f"/accounts/{household.son}/password")
    await type_password(family_user, "hik-7q2mzw")
    family_user.expect_status(422)
    await family_user.press("次へ進む")
    await family_user.refuses("このアカウントIDで使ったことのあるパスワードは使えません。")
