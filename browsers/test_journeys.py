"""What a member comes for, in whichever engine (ui.md A25), without passkeys."""

from __future__ import annotations

import pytest

from app.domain.mail.addresses import UCOM
from browsers.conftest import People
from browsers.device import Device, NewDevice
from browsers.journeys import DONE, GIVEN, REVIEW, types_a_daughter
from e2e.households import Household


def test_a_family_member_is_registered_from_the_login_to_the_complete_page(
    phone: Device, people: People, household: Household
) -> None:
    phone.open("/login")
    phone.log_in_as_customer(household.customer_number)
    phone.shows("ご契約情報一覧")
    phone.open("/accounts/new")
    types_a_daughter(phone, household)
    phone.fill("アカウントID", "9")
    phone.fill(GIVEN, "")
    phone.press("次へ進む")
    phone.until(lambda: len(phone.reasons()), 2)
    phone.refuses(*phone.reasons())
    assert phone.typed("（姓）") == "有光"
    types_a_daughter(phone, household)
    phone.press("次へ進む")
    phone.swapped_to(REVIEW)
    assert phone.value("アカウントID") == household.daughter
    phone.press("登録")
    phone.swapped_to(DONE)
    assert phone.value("受付番号")
    assert household.daughter in people.account_ids(household)
    phone.driver.reload()
    phone.shows(DONE)
    assert people.changes(household) == 1


def test_the_mail_service_is_bought_and_an_address_registered(
    phone: Device, people: People, household: Household
) -> None:
    people.log_in(phone, household)
    phone.open("/mail-service")
    phone.tick("上記の内容に同意する")
    phone.press("購入する")
    phone.swapped_to("メールサービス購入確認")
    phone.press("決定")
    phone.swapped_to("メールサービス購入完了")
    phone.open(f"/accounts/{household.son}/mail-address")
    phone.tick(UCOM)
    phone.tick("上記の内容に同意する")
    phone.fill("メールアドレス（@より前）", "taro..")
    phone.press("次へ進む")
    phone.refuses("メールアドレスの@より前は、先頭と末尾に記号を使えません。")
    phone.fill("メールアドレス（@より前）", household.son.replace("arteri-", "b."))
    phone.press("次へ進む")
    phone.swapped_to("メールアドレス登録／変更確認")
    phone.press("登録")
    phone.swapped_to("メールアドレス登録／変更完了")
    assert phone.value("ユーザー名（アカウント名）") == household.son


def test_an_option_is_bought_and_cancelled_in_the_accordion(
    phone: Device, people: People, household: Household
) -> None:
    people.log_in(phone, household)
    phone.open("/")
    phone.unfold(household.wife)
    for what, state in (("購入", "購入済"), ("解約", "解約済")):
        phone.follow(f"{household.wife}のセキュリティ360°を{what}する")
        phone.until(lambda: phone.focused_text().strip(), f"セキュリティ360°の{what}の確認")
        phone.press(f"セキュリティ360°の{what}を決定")
        phone.until(lambda: phone.focused_text().startswith(state))  # noqa: B023
        phone.until(lambda: f"セキュリティ360°：{state}" in phone.text("#announce"))  # noqa: B023
        assert phone.path == "/"
    assert people.changes(household) == 2


def test_a_row_of_the_accordion_opens_closes_and_opens_again(
    phone: Device, people: People, household: Household
) -> None:
    people.log_in(phone, household)
    phone.open("/")
    is_open = "return document.getElementById(`account-${arguments[0]}`).open"
    for _ in range(2):
        phone.unfold(household.son)
        phone.until(lambda: phone.sees(f"[data-announce^='{household.son}の詳細']"))
        assert phone.run(is_open, household.son)
        phone.unfold(household.son)
        phone.until(lambda: phone.run(is_open, household.son), False)


def test_the_menu_opens_closes_and_leads_on(phone: Device, people: People, household: Household) -> None:
    people.log_in(phone, household)
    phone.open("/")
    assert not phone.sees("#menu")
    phone.press("メニュー")
    phone.until(lambda: phone.sees("#menu"))
    phone.press("メニューを閉じる")
    phone.until(lambda: phone.sees("#menu"), False)
    phone.press("メニュー")
    phone.unfold("アカウントIDオプション")
    phone.follow("アカウントID管理")
    phone.shows("アカウントID管理")
    assert not phone.sees("#menu")


def test_focus_never_goes_behind_the_open_menu(phone: Device, people: People, household: Household) -> None:
    people.log_in(phone, household)
    phone.open("/changes")
    phone.press("メニュー")
    phone.until(lambda: phone.sees("#menu"))
    phone.run("document.querySelector('main select').focus()")
    phone.driver.key("Tab")
    phone.until(lambda: phone.sees("#menu"), False)


@pytest.mark.engines("webkit")
def test_at_night_the_page_is_dark(new_device: NewDevice, people: People, household: Household) -> None:
    phone = new_device(dark=True)
    people.log_in(phone, household)
    phone.open("/")
    assert phone.style("body", "background-color") == "rgb(13, 23, 32)"
    assert phone.style("main h1", "color") == "rgb(232, 239, 245)"


def test_the_colours_are_there_and_nothing_is_wider_than_the_phone(
    phone: Device, people: People, household: Household
) -> None:
    people.log_in(phone, household)
    phone.open("/")
    assert phone.style("body", "background-color") == "rgb(244, 248, 251)"
    assert phone.style("body", "color") == "rgb(20, 32, 43)"
    assert phone.style(".site-header", "background-color") == "rgb(10, 47, 92)"
    assert phone.style(".accordion summary", "content", "::before").startswith('"+"')
    phone.open(f"/?open={household.wife}")
    assert phone.run("return document.documentElement.scrollWidth <= innerWidth")
