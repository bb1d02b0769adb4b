"""メールサービス (manual 12, 13): bought over its pages, and its end by itself."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from app.domain import clock
from app.domain.cards import kept as payment
from app.domain.mail import service as mail_service
from app.postgres import database
from tests.browser import Browser
from tests.households import sign_in
from tests.mail.steps import buy, confirmed, get_address, mails, open_periods, use_other


async def test_the_mail_service_is_bought_over_confirm_to_complete_with_its_costs(
    contractor: Browser,
) -> None:
    await contractor.open("/mail-service")
    assert contractor.rows["商品名"] == "メール&Webスペース"
    assert contractor.rows["現在のご契約状態"] == "未購入"
    await contractor.submit()
    assert contractor.reasons == [
        "同意のチェックが入っていません。内容をお読みのうえ、同意する場合はチェックしてください。"
    ]
    await contractor.submit(agree="yes")
    assert contractor.heading == "メールサービス購入確認"
    assert re.search(r"今月 0円（\d{4}/\d\d/\d\dまでに解約した場合は275円）", contractor.text)
    assert "275円／月（税込）" in contractor.text
    assert contractor.page.find("a", string="前画面へ戻る")  # as the manual calls it here
    assert await open_periods() == []
    await contractor.submit()
    assert contractor.heading == "メールサービス購入完了"
    here = {str(link["href"]): link.get_text() for link in contractor.page.select("main > p a.act")}
    assert here == {
        "/accounts/new": "アカウントIDを登録する：こちら",
        "/accounts": "登録済みのアカウントIDを確認する：こちら",
    }
    assert await open_periods() == ["mail-web"]
    await contractor.open("/")
    assert contractor.rows["メールサービス"].startswith("メール&Webスペース:購入済")
    assert contractor.rows["メールアカウント"] == "0個 / 5個 (基本 0個 + 5個)"
    assert [(mail["recipient"], "メール&Webスペース" in mail["subject"]) for mail in await mails()] == [
        ("arteri-an@keitai.example.jp", True)
    ]


async def test_who_comes_back_from_the_confirm_page_has_consented_still(contractor: Browser) -> None:
    await contractor.open("/mail-service")
    await contractor.submit(agree="yes")
    link = contractor.page.find("a", string="前画面へ戻る")
    assert link is not None
    await contractor.open(str(link["href"]))
    assert contractor.page.select_one("input[name=agree][checked]")


async def test_what_cannot_be_bought_again_is_said_without_a_link_to_a_field(contractor: Browser) -> None:
    await contractor.open("/mail-service")
    early = contractor.form()
    body = {"csrf_token": str(early.select_one("input[name=csrf_token]")["value"])}  # type: ignore[index]
    await buy(contractor)
    await contractor.press("/mail-service", body)
    assert contractor.reasons == [mail_service.BOUGHT]
    assert not contractor.page.select(".error-summary a")


async def test_a_mail_pack_is_bought_on_the_same_screens(visitor: Browser) -> None:
    await visitor.log_in("customer", "90000000000001", "demo01")
    await visitor.open("/mail-service")
    assert visitor.rows["商品名"] == "メールパック"
    await visitor.submit(agree="yes")
    assert visitor.heading == "メールサービス購入確認"
    await visitor.submit()
    assert visitor.heading == "メールサービス購入完了"
    assert await open_periods() == ["mail-pack"]


async def test_buying_twice_answers_that_it_is_bought(contractor: Browser) -> None:
    await contractor.open("/mail-service")
    token = str(contractor.form().select("input")[0]["value"])
    await contractor.submit(agree="yes")
    second = contractor.path
    await buy(contractor)
    await contractor.press("/mail-service", {"csrf_token": token, "agree": "yes"})
    assert contractor.reasons == [mail_service.BOUGHT]
    await contractor.press(second, {"csrf_token": token})
    assert mail_service.BOUGHT in contractor.text
    assert await open_periods() == ["mail-web"]


@pytest.mark.slow
async def test_without_a_card_or_with_an_expired_one_nothing_is_bought(visitor: Browser) -> None:
    await visitor.log_in("customer", "90000000000003", "demo01")
    await visitor.open("/mail-service")
    assert payment.NO_CARD in visitor.text
    assert not visitor.page.select("main form")
    await database.rows("UPDATE card SET expires = '2020-01'")
    await visitor.submit("/logout")
    await visitor.log_in("customer", "90000000000000", "demo01")
    await visitor.open("/mail-service")
    assert payment.EXPIRED in visitor.text
    await visitor.open("/")
    token = str(visitor.form("/logout").select("input")[0]["value"])
    await visitor.press("/mail-service", {"csrf_token": token, "agree": "yes"})
    assert visitor.reasons == [payment.EXPIRED]


@pytest.mark.slow
async def test_from_ours_to_anothers_the_mail_service_ends_by_itself_and_says_so_before(
    contractor: Browser,
) -> None:
    await buy(contractor)
    await get_address(contractor, "arteri-an-001", "hikari.taro")
    await contractor.open("/accounts/arteri-an-001/mail-address")
    await contractor.submit(kind="other", address="taro@example.com", agree="yes")
    assert "自動的に解約されます" in contractor.text
    assert "275円（税込、日割りなし）" in contractor.text
    assert "保存されているメールはすべて失われます" in contractor.text
    assert await open_periods() == ["mail-web"]
    await contractor.submit()
    assert "taro@example.com 宛に、「メールアドレス登録完了メール」を送信しました" in contractor.text
    assert await open_periods() == []
    assert "解約" in (await mails())[-3]["subject"] + (await mails())[-2]["subject"]
    box = await database.rows("SELECT retired_at FROM mailbox")
    assert box[0]["retired_at"] is not None


COSTS = re.compile(r"今月（\d{4}年\d+月）の料金：[\d,]+円（税込、日割りなし[^）]*）")


@pytest.mark.slow
async def test_what_the_end_costs_stands_on_confirm_page_receipt_history_and_mail(
    contractor: Browser,
) -> None:
    clock.start_at(datetime(2026, 2, 5, tzinfo=clock.TOKYO))
    await sign_in(contractor, "customer", "90000000000000")
    await buy(contractor)
    await get_address(contractor, "arteri-an-001", "hikari.taro")
    await use_other(contractor, "arteri-an-001", "taro@example.com")
    await buy(contractor)
    await get_address(contractor, "arteri-an-001", "hikari.taro.ni")
    await confirmed(contractor, "/accounts/arteri-an-001/mailbox", size="10", agree="yes")
    await contractor.open("/accounts/arteri-an-001/mail-address")
    await contractor.submit(kind="other", address="taro@example.com", agree="yes")
    ends, box = contractor.rows["メール&Webスペース"], contractor.rows["メールボックス 10GB"]
    assert "550円（税込、日割りなし。2026/02/05に解約した分 275円、今回解約する分 275円）" in ends
    assert "220円（税込、日割りなし）" in box
    await contractor.submit()
    receipt = contractor.path
    for _ in range(2):
        assert (contractor.rows["メール&Webスペース"], contractor.rows["メールボックス 10GB"]) == (ends, box)
        await contractor.open(receipt)
    assert "550円（税込、日割りなし" in (await contractor.get("/changes.csv")).text
    (body,) = [mail["body"] for mail in await mails() if mail["recipient"] == "taro@example.com"][-1:]
    assert "550円（税込、日割りなし。2026/02/05に解約した分 275円、今回解約する分 275円）" in body
    assert len(COSTS.findall(body)) == 2


async def test_a_mail_address_that_ends_nothing_has_no_costs_on_its_receipt(contractor: Browser) -> None:
    await use_other(contractor, "arteri-an-001", "taro@example.com")
    assert "円" not in contractor.page.select_one("main").get_text()  # type: ignore[union-attr]
    assert "円" not in (await mails())[-1]["body"]


@pytest.mark.slow
async def test_a_user_who_causes_the_end_is_seen_by_admins_and_the_contact(
    contractor: Browser, family_user: Browser
) -> None:
    await buy(contractor)
    await get_address(contractor, "arteri-an-001", "hikari.taro")
    await use_other(family_user, "arteri-an-001", "me@example.com")
    told = [mail["recipient"] for mail in await mails() if "解約" in mail["subject"]]
    assert sorted(told) == ["arteri-an@keitai.example.jp", "arteri-kichi@mail.example.com"]


@pytest.mark.slow
async def test_deleting_an_account_id_ends_the_service_when_it_was_the_last(contractor: Browser) -> None:
    await buy(contractor)
    await get_address(contractor, "arteri-an-001", "hikari.taro")
    await get_address(contractor, "arteri-an-002", "hikari.jiro")
    await contractor.open("/accounts/arteri-an-001/delete")
    await contractor.submit()
    assert "自動的に解約されます" not in contractor.text
    await contractor.submit()
    assert await open_periods() == ["mail-web"]
    await contractor.open("/accounts/arteri-an-002/delete")
    await contractor.submit()
    assert "自動的に解約されます" in contractor.text
    await contractor.submit()
    assert await open_periods() == []
