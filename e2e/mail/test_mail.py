"""Mail (manual 10-13, spec 6-8): from the purchase to the day that the mail service ends by itself."""

from __future__ import annotations

from playwright.async_api import expect

from app.domain.mail import consent
from app.domain.mail.addresses import OTHER, UCOM
from app.domain.mail.mailbox import NO_ADDRESS
from e2e.device import Device
from e2e.households import Household, Town


async def test_from_the_purchase_to_the_end_of_the_mail_service_by_itself(
    contractor: Device, household: Household
) -> None:
    local_part = household.son.replace("arteri-", "a.")
    await buy(contractor)
    await get_address(contractor, household, local_part)
    await forward(contractor, household)
    await reply(contractor, household)
    await leave(contractor, household)
    await contractor.open("/demo/mailbox")
    await expect(contractor.page.get_by_text("解約のお知らせ").first).to_be_visible()
    await expect(contractor.page.get_by_text("taro@example.com").first).to_be_visible()


async def buy(contractor: Device) -> None:
    await contractor.open("/mail-service")
    await contractor.shows("メールサービス購入")
    await expect(contractor.row("現在のご契約状態")).to_have_text("未購入")
    await contractor.page.get_by_label("上記の内容に同意する").check()
    await contractor.press("購入する")
    await contractor.swapped_to("メールサービス購入確認")
    await expect(contractor.page.get_by_text("今月 0円（")).to_be_visible()
    await contractor.press("決定")
    await contractor.swapped_to("メールサービス購入完了")


async def get_address(contractor: Device, household: Household, local_part: str) -> None:
    await contractor.open(f"/accounts/{household.son}/mail-address")
    await contractor.page.get_by_label(UCOM).check()
    await contractor.fill("メールアドレス（@より前）", "taro..")
    await contractor.page.get_by_label("上記の内容に同意する").check()
    contractor.expect_status(422)
    await contractor.press("次へ進む")
    await contractor.refuses("メールアドレスの@より前は、先頭と末尾に記号を使えません。")
    await contractor.fill("メールアドレス（@より前）", local_part)
    await contractor.completes("メールアドレス登録／変更", "登録")
    await expect(contractor.row("ユーザー名（アカウント名）")).to_have_text(household.son)


async def forward(contractor: Device, household: Household) -> None:
    await contractor.open(f"/accounts/{household.son}/forwarding")
    await contractor.fill("転送先1", "taro@example.com")
    await contractor.page.get_by_label(consent.LABEL).check()
    await contractor.completes("メール転送設定", "登録")


async def reply(contractor: Device, household: Household) -> None:
    await contractor.open(f"/accounts/{household.son}/auto-reply")
    await contractor.page.get_by_label("利用する", exact=True).check()
    await contractor.fill("件名", "不在です")
    await contractor.fill("本文", "戻り次第ご連絡します。")
    await contractor.fill("終了日", "2030-01-05")
    await contractor.page.get_by_label(consent.LABEL).check()
    await contractor.press("次へ進む")
    await contractor.swapped_to("メール自動返信設定確認")
    await expect(contractor.row("期間")).to_have_text("すぐに開始、2030/01/05 まで")
    await contractor.press("登録")
    await contractor.swapped_to("メール自動返信設定完了")


async def leave(contractor: Device, household: Household) -> None:
    """From our address to another company's: announced before, done in the same step."""
    await contractor.open(f"/accounts/{household.son}/mail-address")
    await contractor.page.get_by_label(OTHER).check()
    await contractor.fill("他社のメールアドレス", "taro@example.com")
    await contractor.page.get_by_label("上記の内容に同意する").check()
    await contractor.press("次へ進む")
    await contractor.swapped_to("メールアドレス登録／変更確認")
    await expect(contractor.page.get_by_text("同時に、不要になるメールサービス")).to_be_visible()
    await contractor.press("登録")
    await contractor.swapped_to("メールアドレス登録／変更完了")
    await contractor.open("/")
    await expect(contractor.page.get_by_text("メール&Webスペース:未購入")).to_be_visible()


async def test_without_the_service_the_choice_is_greyed_out_and_says_why(
    contractor: Device, household: Household
) -> None:
    await contractor.open(f"/accounts/{household.son}/mail-address")
    await expect(contractor.page.get_by_label(UCOM)).to_be_disabled()
    await expect(contractor.page.get_by_text("購入が必要です")).to_be_visible()
    await contractor.open(f"/accounts/{household.son}/forwarding")
    await expect(contractor.page.get_by_text(NO_ADDRESS)).to_be_visible()


async def test_the_owner_of_a_mailbox_reads_that_somebody_else_set_it_up(
    contractor: Device, family_user: Device, household: Household, town: Town
) -> None:
    await town.give_mail(household, household.son)
    await contractor.open(f"/accounts/{household.son}/forwarding")
    await contractor.fill("転送先1", "taro@example.com")
    contractor.expect_status(422)
    await contractor.press("次へ進む")
    await contractor.refuses(consent.MISSING)
    await contractor.page.get_by_label(consent.LABEL).check()
    await contractor.completes("メール転送設定", "登録")
    await family_user.open("/")
    told = family_user.page.get_by_text(
        "ご契約者様（お客様番号）が、このアカウントIDの「メール転送設定」を変更しました"
    )
    await expect(told).to_be_in_viewport()
    await family_user.keep()
    await family_user.follow("メール転送設定：今の設定を確認する")
    await expect(family_user.field("転送先1")).to_have_value("taro@example.com")
    await family_user.open("/")
    await family_user.press("確認しました")
    await family_user.shows("ユーザー管理")
    await expect(told).to_have_count(0)
    await family_user.open("/")
    await expect(told).to_have_count(0)


async def test_a_mail_program_is_set_up_from_the_overview_and_again_with_a_password_of_its_own(
    contractor: Device, household: Household, town: Town
) -> None:
    await town.give_mail(household, household.son)
    await contractor.open(f"/?open={household.son}")
    await contractor.follow(f"{household.son}のメールソフトの設定")
    await contractor.shows("メールソフトの設定")
    await expect(contractor.row("ユーザー名（アカウント名）")).to_have_text(household.son)
    await expect(contractor.row("受信サーバー（IMAP）")).to_have_text("imap.s2.spaaqs.ne.jp")
    await expect(contractor.row("パスワード")).to_have_text("アカウントIDのパスワード")
    await contractor.follow("メールソフト用パスワード")
    await contractor.fill("名前", "スマートフォン")
    await contractor.page.get_by_label("利用する方の同意を得ています").check()
    await contractor.completes("メールソフト用パスワード作成", "作成")
    await contractor.follow("メールソフトの設定")
    await contractor.shows("メールソフトの設定")
    await expect(contractor.row("パスワード")).to_have_text("メールソフト用パスワード")


async def test_a_home_page_is_registered_and_its_files_are_put_there(
    family_user: Device, household: Household, town: Town
) -> None:
    await town.give_mail(household, household.son)
    await family_user.open(f"/accounts/{household.son}/web-space")
    await family_user.fill("Webスペース名", f"hikari-{household.id}")
    await family_user.completes("Webスペース登録", "登録")
    await family_user.follow("Webスペースの設定")
    await family_user.shows("Webスペースの設定")
    await expect(family_user.row("接続方法（プロトコル）")).to_have_text("SFTP")
    await expect(family_user.row("ホームページアドレス")).to_contain_text(f"/hikari-{household.id}/")
