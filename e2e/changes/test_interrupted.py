"""Five interruptions, with and without JavaScript: whoever is interrupted goes on where they were."""

from __future__ import annotations

import pytest
from playwright.async_api import Route, expect

from app.domain import clock
from app.domain.changes.asking import MOST_PENDING
from app.web import errors
from e2e.device import Device
from e2e.households import CUSTOMER_PASSWORD, Household, Town

INPUT, CONFIRM = "顧客基本情報入力", "顧客基本情報確認"
FAX = "03-0000-0007"


async def typed(device: Device) -> None:
    """The contractor has typed a new number, and not sent it yet."""
    await device.open("/customer")
    await device.shows(INPUT)
    await device.fill("FAX番号", FAX)


async def goes_on(device: Device) -> None:
    """What was typed is there; one more press leads to the confirm page."""
    await expect(device.field("FAX番号")).to_have_value(FAX)
    await device.keep()
    await device.press("次へ進む")
    await device.swapped_to(CONFIRM)
    await expect(device.row("FAX番号")).to_contain_text(FAX)


async def gives_back(device: Device, words: str) -> None:
    """The form came back with words, which a script has brought the focus to."""
    summary = device.page.locator(".error-summary").first
    await expect(summary).to_contain_text(words)
    if device.scripts:
        await expect(summary).to_be_focused()
    await expect(device.page.locator("h1")).to_have_text(INPUT)


async def test_a_login_in_another_tab(contractor: Device, household: Household, town: Town) -> None:
    await typed(contractor)
    tab = Device(contractor.context, await contractor.context.new_page(), contractor.origin, scripts=False)
    await tab.open("/")
    await tab.log_out()
    await tab.log_in_as_customer(household.customer_number)
    await tab.shows("ご契約情報一覧")
    contractor.expect_status(422)
    await contractor.press("次へ進む")
    await gives_back(contractor, errors.STALE)
    await goes_on(contractor)
    await contractor.press("登録")
    await contractor.swapped_to("顧客情報登録完了")
    assert await town.changes(household) == 1


async def test_somebody_else_logs_in_in_another_tab(
    contractor: Device, household: Household, town: Town
) -> None:
    await typed(contractor)
    await town.log_in(contractor, household, household.wife)
    contractor.expect_status(422)
    await contractor.press("次へ進む")
    await expect(contractor.page.locator("h1")).to_have_text(errors.NOT_GONE_ON)
    await expect(contractor.page.locator("main")).to_contain_text(f"現在は「{household.wife}")
    await expect(contractor.page.get_by_text(FAX)).to_have_count(0)
    await contractor.keep()
    await contractor.press("ログアウトして、ログインし直す")
    await contractor.shows("ログイン")
    await expect(contractor.page.get_by_text("30分間お預かりしています")).to_be_visible()
    await contractor.log_in_as_customer(household.customer_number)
    await contractor.shows(INPUT)
    await goes_on(contractor)


@pytest.mark.parametrize(
    ("headers", "number"), [({"X-Request-Id": "7QK4M2RXWH"}, "7QK4M2RXWH"), ({}, "なし")]
)
async def test_a_failure_names_its_number_and_leaves_what_was_typed(
    scripted_phone: Device, household: Household, town: Town, headers: dict[str, str], number: str
) -> None:
    """A proxy before the portal answers with a page of its own, which has none."""
    await town.log_in(scripted_phone, household)
    await typed(scripted_phone)
    scripted_phone.expect_status(502)

    async def failing(route: Route) -> None:
        if route.request.method == "POST":
            await route.fulfill(status=502, headers=headers, body="<h1>502</h1>")
        else:
            await route.continue_()

    await scripted_phone.page.route("**/customer", failing)
    await scripted_phone.press("次へ進む")
    notice = scripted_phone.page.locator("#notice")
    await expect(notice).to_contain_text(f"エラー番号：{number}")
    await expect(scripted_phone.field("FAX番号")).to_have_value(FAX)


async def test_a_long_telephone_call(contractor: Device, household: Household, town: Town) -> None:
    await typed(contractor)
    await town.connection.execute(
        "UPDATE session SET seen_at = seen_at - interval '31 minutes' WHERE contract = $1", household.id
    )
    await contractor.press("次へ進む")
    await contractor.shows("ログイン")
    await expect(contractor.page.get_by_text("30分間お預かりしています")).to_be_visible()
    await contractor.keep()
    await contractor.log_in_as_customer(household.customer_number)
    await contractor.shows(INPUT)
    await goes_on(contractor)


async def test_a_card_number_in_a_text(contractor: Device, household: Household, town: Town) -> None:
    await town.give_mail(household, household.wife)
    await contractor.open(f"/accounts/{household.wife}/auto-reply")
    await contractor.field("利用する").check()
    await contractor.field("利用する方の同意を得ています").check()
    await contractor.fill("件名", "不在のお知らせ")
    await contractor.fill("本文", "カードは4111 1111 1111 1111です。\n戻りは10日です。")
    contractor.expect_status(422)
    await contractor.press("次へ進む")
    body = contractor.field("本文")
    await expect(body).to_have_value("カードは●●●● ●●●● ●●●● ●●●●です。\n戻りは10日です。")
    await contractor.keep()
    await contractor.fill("本文", "戻りは10日です。")
    await contractor.press("次へ進む")
    await contractor.swapped_to("メール自動返信設定確認")
    await expect(contractor.row("件名")).to_contain_text("不在のお知らせ")


async def test_a_text_that_is_too_long(contractor: Device) -> None:
    await typed(contractor)
    await contractor.fill("携帯電話番号", "長い" * 5_000)
    contractor.expect_status(413)
    await contractor.press("次へ進む")
    await gives_back(contractor, "64キロバイト")
    await expect(contractor.field("携帯電話番号")).to_have_value("長い" * 5_000)
    await contractor.fill("携帯電話番号", "")
    await goes_on(contractor)


async def test_a_limit(contractor: Device, household: Household, town: Town) -> None:
    await typed(contractor)
    await town.connection.execute(
        "INSERT INTO change (id, contract, asker, kind, asked_at)"
        " SELECT gen_random_uuid(), $1, 'お客様番号', 'customer', $2 FROM generate_series(1, $3)",
        *(household.id, clock.now(), MOST_PENDING),
    )
    contractor.expect_status(429)
    await contractor.press("次へ進む")
    await gives_back(contractor, "約30分後に")
    await town.let_confirm_pages_expire(household)
    await goes_on(contractor)


async def test_a_confirm_page_that_was_left_too_long(
    contractor: Device, household: Household, town: Town
) -> None:
    await typed(contractor)
    await contractor.press("次へ進む")
    await contractor.swapped_to(CONFIRM)
    await town.let_confirm_pages_expire(household)
    await contractor.press("登録")
    await contractor.swapped_to("確認画面の有効期間が切れました")
    await contractor.follow("入力画面へ戻る")
    await contractor.shows(INPUT)
    await goes_on(contractor)


async def test_what_is_left_on_an_unattended_screen_is_no_password(
    scripted_phone: Device, household: Household, town: Town
) -> None:
    await scripted_phone.page.clock.install()
    await town.log_in(scripted_phone, household)
    await scripted_phone.open("/accounts/new")
    await scripted_phone.fill("アカウントID", household.daughter)
    await scripted_phone.fill("パスワード", "hik-7q2mzw")
    await town.log_everybody_out(household)
    scripted_phone.expect_status(401)
    scripted_phone.expect_aborted()
    await scripted_phone.page.clock.run_for(31 * 60 * 1000)
    await expect(scripted_phone.page.locator("#timeout")).to_contain_text("ログインが終了しました")
    await expect(scripted_phone.field("アカウントID")).to_have_value(household.daughter)
    await expect(scripted_phone.field("パスワード")).to_have_value("")


async def test_typing_is_use_and_no_page_is_left_while_something_is_typed(
    scripted_phone: Device, household: Household, town: Town
) -> None:
    phone, box = scripted_phone, scripted_phone.page.locator("#timeout")
    await phone.page.clock.install()
    await town.log_in(phone, household)
    await typed(phone)
    await phone.page.clock.run_for(27 * 60 * 1000)
    await expect(box).to_be_visible()
    await expect(box).to_contain_text("まもなく自動的にログアウトします")
    async with phone.page.expect_response("**/session/extend") as extended:
        await phone.field("携帯電話番号").press_sequentially("0")
    assert (await extended.value).status == 200
    await phone.page.clock.run_for(2_000)
    await expect(box).to_be_hidden()
    await phone.field("携帯電話番号").press_sequentially("90-0000-0000")
    assert phone.requests.count("POST /session/extend") == 1
    await town.connection.execute(
        "UPDATE session SET seen_at = seen_at - interval '31 minutes' WHERE contract = $1", household.id
    )
    phone.expect_status(401)
    phone.expect_aborted()
    await phone.page.clock.run_for(31 * 60 * 1000)
    await expect(box).to_contain_text("ログインが終了しました")
    asked = phone.requests.count("POST /session/extend")
    await phone.page.clock.run_for(10 * 60 * 1000)
    await phone.field("携帯電話番号").press_sequentially("0")
    await phone.field("携帯電話番号").press("Backspace")
    assert phone.page.url.endswith("/customer")
    assert phone.requests.count("POST /session/extend") == asked
    await expect(phone.field("携帯電話番号")).to_have_value("090-0000-0000")
    await phone.press("次へ進む")
    await phone.shows("ログイン")
    await phone.page.clock.resume()
    await phone.log_in_as_customer(household.customer_number, CUSTOMER_PASSWORD)
    await phone.shows(INPUT)
    await expect(phone.field("携帯電話番号")).to_have_value("090-0000-0000")
    await goes_on(phone)
