"""ご契約情報一覧 (manual 4): the contract at a glance, the accordion of account IDs, the page of a user-role member."""

from __future__ import annotations

from playwright.async_api import expect

from e2e.device import Device
from e2e.households import Household, Town
from e2e.journeys.reading import open_account_id


async def test_the_overview_states_the_contract_and_what_is_registered(
    contractor: Device, household: Household
) -> None:
    await contractor.open("/")
    await contractor.shows("ご契約情報一覧")
    await expect(contractor.row("お客様番号")).to_have_text(household.customer_number)
    await expect(contractor.row("メールサービス")).to_have_text("メール&Webスペース:未購入")
    await expect(contractor.row("アカウントID")).to_have_text("2個 / 5個 (基本 5個)")
    await expect(contractor.row("メールアカウント")).to_have_text("0個 / 0個 (基本 0個 + 0個)")


async def test_first_comes_what_the_month_costs_and_what_pays_for_it(
    contractor: Device, town: Town, household: Household
) -> None:
    """A17."""
    await town.use_all(household, household.son)
    await contractor.open("/")
    headings = await contractor.page.locator("main h2").all_text_contents()
    assert headings[:2] == ["今月の料金とお支払い", "ご契約基本情報"]
    await expect(contractor.row("お支払い方法")).to_contain_text("ご登録済")
    await expect(contractor.row("お支払い方法")).to_contain_text("有効期限")
    await expect(
        contractor.page.locator("main dl > div", has_text="来月から").locator(".amount")
    ).to_contain_text("円")
    await expect(contractor.link("月額請求明細")).to_have_attribute("href", "/statements")
    for name in ("メールサービス", "UCOM光 リモートサポート"):
        row = contractor.page.locator("main dl > div", has_text=name).first
        await expect(row.locator(".state")).to_be_visible()
        await expect(row.locator(".amount")).to_contain_text("円／月")
    closed = contractor.page.locator("summary", has_text=household.son)
    for text in ("ユーザー権限", "オプション2件", "メールアドレス未登録"):
        await expect(closed).to_contain_text(text)


async def test_printing_prints_the_data_of_every_account_id(
    contractor: Device, town: Town, household: Household
) -> None:
    """A21: whatever is open, fetched or not."""
    await town.use_all(household, household.son)
    await contractor.open("/")
    await contractor.page.emulate_media(media="print")
    paper = contractor.page.locator(".on-paper")
    for login in (household.son, household.wife):
        heading = paper.get_by_role("heading", name=login)
        await expect(heading).to_be_visible()
    for text in ("アカウントID基本情報", "メール転送", "自動返信", "セキュリティ360°"):
        await expect(paper.get_by_text(text, exact=True)).to_have_count(2)
        await expect(paper.get_by_text(text, exact=True).last).to_be_visible()
    await expect(contractor.page.locator("main .accounts")).to_be_hidden()
    await contractor.page.emulate_media(media="screen")
    await expect(paper).to_be_hidden()


async def test_an_account_id_opens_and_tells_its_details(contractor: Device, household: Household) -> None:
    await open_account_id(contractor, household.wife)
    row = contractor.page.locator(f"#account-{household.wife}")
    await expect(row.get_by_text("管理者権限", exact=True).last).to_be_visible()
    await expect(contractor.link(f"{household.wife}の氏名を変更")).to_be_visible()
    await expect(contractor.page.locator(f"#account-{household.son}")).not_to_have_attribute("open", "")


async def test_details_are_fetched_once_however_often_they_are_opened(
    scripted_phone: Device, town: Town, household: Household
) -> None:
    await town.log_in(scripted_phone, household)
    await scripted_phone.open("/")
    summary = scripted_phone.page.locator("summary", has_text=household.son)
    details = scripted_phone.page.locator(f"#account-{household.son}").get_by_text("アカウントID基本情報")
    for _ in range(3):
        await summary.click()
        await expect(details).to_be_visible()
        await expect(summary).to_be_focused()
        await summary.click()
        await expect(details).to_be_hidden()
    assert scripted_phone.requests.count(f"GET /accounts/{household.son}") == 1
    await expect(scripted_phone.page.locator("#announce")).to_have_text(f"{household.son}の詳細")


async def test_an_account_id_opens_by_the_keyboard(
    scripted_phone: Device, town: Town, household: Household
) -> None:
    await town.log_in(scripted_phone, household, household.wife)
    await scripted_phone.open("/")
    summary = scripted_phone.page.locator("summary", has_text=household.son)
    await summary.focus()
    await scripted_phone.page.keyboard.press("Enter")
    await expect(scripted_phone.link(f"{household.son}の氏名を変更")).to_be_visible()
    await expect(summary).to_be_focused()
    await scripted_phone.page.keyboard.press("Tab")
    await expect(scripted_phone.link(f"{household.son}の氏名を変更")).to_be_focused()


async def test_the_user_page_shows_the_own_account_id_and_the_contract_to_read(
    family_user: Device, household: Household
) -> None:
    await family_user.open("/")
    await family_user.shows("ユーザー管理")
    main = family_user.page.locator("main")
    await expect(family_user.row("お客様番号")).to_have_text(household.customer_number)
    await expect(main.get_by_role("heading", name=household.son)).to_be_visible()
    await expect(main.get_by_text(household.wife)).to_have_count(0)
    await expect(family_user.link(f"{household.son}のアカウントパスワードを変更")).to_be_visible()
    await expect(family_user.link("お客様番号パスワードを変更")).to_have_count(0)
    await expect(family_user.link(f"{household.son}の氏名を変更")).to_be_visible()


async def test_the_menu_of_a_user_shows_only_what_a_user_may_do(family_user: Device) -> None:
    await family_user.open("/")
    links = family_user.page.locator("#menu a")
    await expect(links.get_by_text("ユーザー管理", exact=True)).to_have_count(1)
    await expect(links.get_by_text("アカウントID管理", exact=True)).to_have_count(0)
    await expect(links.get_by_text("お客様番号パスワード変更", exact=True)).to_have_count(0)


async def test_a_page_that_a_user_may_not_use_says_so(family_user: Device) -> None:
    family_user.expect_status(403)
    await family_user.open("/accounts")
    await family_user.shows("この操作はできません")


async def test_an_account_id_of_another_contract_looks_like_one_that_is_not_there(
    contractor: Device, town: Town
) -> None:
    neighbours = await town.household()
    contractor.expect_status(404)
    for login in (neighbours.son, "nobody"):
        await contractor.open(f"/accounts/{login}")
        await contractor.shows("ページが見つかりません")
