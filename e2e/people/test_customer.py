"""お客様情報変更 (manual 20, spec 12), and the mailed link of a new 連絡用メールアドレス."""

from __future__ import annotations

from playwright.async_api import expect

from e2e.device import Device
from e2e.households import CUSTOMER_PASSWORD, Household, Town

OLD, NEW = "arteri-an@keitai.example.jp", "an@new.example.jp"


async def test_a_number_is_changed_another_deleted_and_a_new_address_verified_by_its_link(
    contractor: Device, household: Household, town: Town
) -> None:
    await contractor.open("/customer")
    await contractor.shows("顧客基本情報入力")
    await expect(contractor.row("氏名")).to_have_text("（姓）有光 （名）杏")
    await contractor.fill("電話番号", "12345")
    contractor.expect_status(422)
    await contractor.press("次へ進む")
    await contractor.refuses(
        "電話番号は、0から始まる10桁または11桁の数字で入力してください。ハイフンも使えます。"
    )
    await contractor.fill("電話番号", "０３-0000-0001")
    await contractor.fill("同居人数", "")
    await contractor.fill("連絡用メールアドレス", NEW)
    await contractor.press("次へ進む")
    await contractor.swapped_to("顧客基本情報確認")
    await expect(contractor.row("電話番号")).to_have_text("03-0000-0001")
    await expect(contractor.row("同居人数")).to_have_text("削除")
    await contractor.press("登録")
    await contractor.swapped_to("顧客情報登録完了")

    path = await town.mailed_link(household)
    await town.log_everybody_out(household)
    await contractor.open(path)
    await contractor.shows("ログイン")
    await contractor.log_in_as_customer(household.customer_number)
    await contractor.shows("連絡用メールアドレスの確認")
    await expect(contractor.row("現在の連絡用メールアドレス")).to_have_text(OLD)
    await contractor.press("変更")
    await contractor.swapped_to("連絡用メールアドレス変更完了")
    await contractor.open("/customer")
    await expect(contractor.field("連絡用メールアドレス")).to_have_value(NEW)


async def test_a_form_that_is_sent_late_is_as_it_was_typed_after_the_password_was_asked_for(
    contractor: Device, household: Household, town: Town
) -> None:
    await contractor.open("/customer")
    await contractor.fill("電話番号", "12345")
    await contractor.fill("携帯電話番号", "")
    await town.let_proofs_expire(household)
    await contractor.press("次へ進む")
    await contractor.shows("パスワードの確認")
    await contractor.fill("お客様番号パスワード", CUSTOMER_PASSWORD)
    await contractor.press("次へ進む")
    await contractor.shows("顧客基本情報入力")
    await expect(contractor.field("電話番号")).to_have_value("12345")
    await expect(contractor.field("携帯電話番号")).to_have_value("")
    await contractor.fill("電話番号", "03-0000-0001")
    await contractor.press("次へ進む")
    await contractor.swapped_to("顧客基本情報確認")
    await expect(contractor.row("電話番号")).to_have_text("03-0000-0001")
