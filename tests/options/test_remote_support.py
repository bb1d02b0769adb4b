"""UCOM光 リモートサポート through its pages (manual 16-18, spec 10)."""

from __future__ import annotations

import pytest

from app.domain import clock
from app.domain.cards import kept as payment
from app.domain.options import remote_support
from app.postgres import database
from tests.browser import Browser

PHONE = "0120-000-1111"


async def press_through(browser: Browser, **typed: str) -> None:
    await browser.open("/remote-support")
    await browser.submit(**typed)
    assert browser.heading == "UCOM光 リモートサポート購入／解約確認", browser.reasons
    await browser.submit()
    assert browser.heading == "UCOM光 リモートサポート購入／解約完了", browser.text


@pytest.mark.slow
async def test_the_phone_number_is_there_while_it_is_bought_and_only_then(contractor: Browser) -> None:
    await contractor.open("/remote-support")
    assert contractor.rows["現在のご契約状態"] == "未購入"
    assert PHONE not in contractor.answer.text
    await contractor.submit()
    assert contractor.reasons == [
        "同意のチェックが入っていません。内容をお読みのうえ、同意する場合はチェックしてください。"
    ]
    await press_through(contractor, agree="yes")
    assert PHONE not in contractor.answer.text, "the receipt stays after the end"
    await contractor.open("/remote-support")
    assert contractor.rows["電話番号"] == PHONE
    await contractor.open("/")
    assert contractor.rows["UCOM光 リモートサポート"].startswith("購入済")
    await press_through(contractor)
    await contractor.open("/remote-support")
    assert PHONE not in contractor.answer.text
    subjects = [row["subject"] for row in await database.rows("SELECT subject FROM outbox ORDER BY id")]
    assert ["の購入）" in subjects[0], "の解約）" in subjects[1], len(subjects)] == [True, True, 2]


@pytest.mark.slow
async def test_a_second_application_shows_its_fee_and_the_first_none(contractor: Browser) -> None:
    await contractor.open("/remote-support")
    await contractor.submit(agree="yes")
    assert "再申し込み手数料（" not in contractor.text
    assert "今月 0円（" in contractor.rows["料金"]
    assert "前画面へ戻る" in contractor.text
    await contractor.submit()
    await contractor.open("/remote-support")
    await contractor.submit()
    assert contractor.rows["最後に利用できる日"] == clock.day(clock.now())
    assert "いかなる理由でもご対応できません" in contractor.text
    assert "再申し込み手数料 3,300円（税込）" in contractor.text
    await contractor.submit()
    await contractor.open("/remote-support")
    assert (
        "再申し込み手数料 3,300円（税込）がかかります。今回のお申し込みの手数料として、今月分でご請求します。"
        in contractor.text
    )
    price = contractor.rows["料金"]
    assert price.startswith("今月 3,850円（税込。")
    assert "に解約した分 550円、再申し込み手数料（今回のお申し込みの分） 3,300円）" in price
    await contractor.submit(agree="yes")
    assert contractor.rows["料金"].split() == price.split()


@pytest.mark.slow
async def test_buying_twice_ending_twice_and_buying_without_a_card_are_refused(
    contractor: Browser, stranger: Browser
) -> None:
    await contractor.open("/remote-support")
    token = str(contractor.form().select("input")[0]["value"])
    agreed, cancelled = {"csrf_token": token, "agree": "yes"}, {"csrf_token": token, "want": "cancel"}
    await contractor.press("/remote-support", cancelled)
    assert contractor.reasons == [f"{remote_support.name()}は、購入されていません。"]
    await contractor.press("/remote-support", agreed)
    second = contractor.path
    await press_through(contractor, agree="yes")
    await contractor.press("/remote-support", agreed)
    assert contractor.reasons == [f"{remote_support.name()}は、すでに購入されています。"]
    await contractor.press(second, {"csrf_token": token})
    assert f"{remote_support.name()}は、すでに購入されています。" in contractor.text
    await stranger.open("/remote-support")
    assert payment.NO_CARD in stranger.text
    assert not stranger.page.select("main form")
    token = str(stranger.page.select("header [name=csrf_token]")[0]["value"])
    await stranger.press("/remote-support", {"csrf_token": token, "agree": "yes"})
    assert stranger.reasons == [payment.NO_CARD]
    assert len(await database.rows("SELECT 1 FROM service_period")) == 1


async def test_it_is_not_for_a_user_role_member(family_user: Browser) -> None:
    await family_user.open("/")
    assert not family_user.page.select("a[href='/remote-support']")
    assert (await family_user.get("/remote-support")).status_code == 403
