"""セキュリティオプション through its pages (manual 14, 15, spec 9)."""

from __future__ import annotations

import logging
import re
from datetime import timedelta

import pytest

from app.domain import clock
from app.domain.cards import kept as payment
from app.domain.options import licences, security
from app.postgres import database
from tests.browser import Browser
from tests.options.steps import FULL, PAGE, SON, WIFE, buy, cancel, pins, token, tokyo
from tests.products import Shipped

STATUS = f"{PAGE}/status"

# --- buying -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_an_option_is_bought_over_confirm_to_complete_and_its_pin_is_on_the_status_page_alone(
    contractor: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await contractor.open(PAGE)
    assert contractor.rows["月額利用料"]
    await contractor.submit(PAGE + FULL)
    assert contractor.reasons == [
        "同意のチェックが入っていません。内容をお読みのうえ、同意する場合はチェックしてください。"
    ]
    assert contractor.page.select_one("#f-security-360-agree[aria-invalid]")
    await contractor.submit(PAGE + FULL, agree="yes")
    assert contractor.heading == "セキュリティオプション購入／解約確認"
    assert contractor.rows["商品名"] == "セキュリティ360°"
    assert re.search(r"今月 0円（\d{4}/\d\d/\d\dまでに解約した場合は550円）", contractor.text)
    assert security.CONSENT not in contractor.text, "it was ticked on the page before"
    assert "550円／月（税込）" in contractor.text
    assert await pins() == []
    await contractor.submit()
    assert "宛に、「申込み完了メール」を送信しました" in contractor.text
    ((pin, login, goes_on),) = await pins()
    assert (login, goes_on) == (WIFE, True)
    assert pin not in contractor.answer.text
    mails = await database.rows("SELECT recipient, subject, body FROM outbox")
    assert len(mails) == 2
    assert all("申込み完了メール（セキュリティ360°の購入）" in mail["subject"] for mail in mails)
    kept = str(await database.rows("SELECT data, receipt FROM change")) + str(mails) + caplog.text
    assert pin not in kept
    await contractor.open(STATUS)
    assert f"購入済 （PIN番号: {pin} ）" in contractor.text
    assert contractor.answer.headers["cache-control"] == "no-store"
    for path in ("/", f"/?open={WIFE}", PAGE, "/changes"):
        await contractor.open(path)
        assert pin not in contractor.answer.text


@pytest.mark.slow
async def test_each_of_the_three_has_its_own_pin_and_price(contractor: Browser) -> None:
    for product in ("security-360", "security-online", "kids-filter"):
        await buy(contractor, product=product)
    taken = await pins()
    assert [pin[:8] for pin, _, _ in taken] == ["DEMO-360", "DEMO-ONL", "DEMO-KID"]
    await contractor.open(STATUS)
    assert all(pin in contractor.text for pin, _, _ in taken)


@pytest.mark.slow
async def test_buying_twice_cancelling_what_is_not_bought_and_unknown_products_are_refused(
    contractor: Browser,
) -> None:
    secret = await token(contractor)
    agreed = {"csrf_token": secret, "agree": "yes"}
    await contractor.press(f"{PAGE}{FULL}&want=cancel", agreed)
    assert contractor.reasons == ["セキュリティ360°は、購入されていません。"]
    await contractor.press(PAGE + FULL, agreed)
    second = contractor.path
    await buy(contractor)
    await contractor.press(PAGE + FULL, agreed)
    assert contractor.reasons == ["セキュリティ360°は、すでに購入されています。"]
    await contractor.press(second, {"csrf_token": secret})
    assert "すでに購入されています" in contractor.text
    for product in ("mail-pack", "", "nonsense"):
        await contractor.press(f"{PAGE}?product={product}", agreed)
        assert contractor.answer.status_code == 404
    assert len(await pins()) == 1


@pytest.mark.slow
async def test_without_a_mail_address_or_a_card_the_page_says_why(visitor: Browser) -> None:
    await visitor.log_in("customer", "90000000000000", "demo01")
    await visitor.open(f"/accounts/{SON}/security")
    assert security.NO_ADDRESS in visitor.text
    assert visitor.page.select_one(f"main a[href='/accounts/{SON}/mail-address']")
    assert not visitor.page.select("main form[method=post]")
    agreed = {"csrf_token": await token(visitor), "agree": "yes"}
    await visitor.press(f"/accounts/{SON}/security{FULL}", agreed)
    assert visitor.reasons == [security.NO_ADDRESS]
    await database.rows("UPDATE card SET expires = '2020-01'")
    await visitor.press(PAGE + FULL, agreed)
    assert visitor.reasons == [payment.EXPIRED]
    assert await pins() == []


async def test_a_card_that_expires_on_the_confirm_page_is_said_with_the_way_to_another(
    contractor: Browser,
) -> None:
    await contractor.open(PAGE)
    await contractor.submit(PAGE + FULL, agree="yes")
    await database.rows("UPDATE card SET expires = '2020-01'")
    await contractor.submit()
    assert payment.EXPIRED in contractor.text
    assert contractor.page.select("main a[href='/payment']")


@pytest.mark.slow
async def test_with_no_stock_it_is_refused_in_words_at_the_button_and_at_the_last_moment(
    contractor: Browser,
) -> None:
    await contractor.open(PAGE)
    await contractor.submit(PAGE + FULL, agree="yes")
    await database.rows("DELETE FROM licence WHERE product = 'security-360'")
    await contractor.submit()
    assert contractor.answer.status_code == 422
    assert licences.no_stock(Shipped.SECURITY_360) in contractor.text
    assert await database.rows("SELECT 1 FROM service_period") == []
    assert await database.rows("SELECT 1 FROM outbox") == []
    await contractor.open(PAGE)
    section = contractor.page.select_one("#security-360")
    assert section
    assert licences.no_stock(Shipped.SECURITY_360) in section.get_text()
    assert not section.select("form")
    assert contractor.page.select("#security-online form")
    await contractor.press(PAGE + FULL, {"csrf_token": await token(contractor), "agree": "yes"})
    assert contractor.reasons == [licences.no_stock(Shipped.SECURITY_360)]
    assert (await contractor.get("/readyz")).text == "ok"


async def test_stock_that_runs_low_warns_operators_and_no_member(
    contractor: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    await database.rows("DELETE FROM licence WHERE product = 'security-360' AND id % 2 = 0")
    await buy(contractor)
    assert "licence keys are running out: 9 left of security-360" in caplog.text
    for path in (contractor.path, PAGE, STATUS):
        await contractor.open(path)
        assert not re.search("licence keys|running out|残り|在庫", contractor.answer.text)
    assert (await contractor.get("/readyz")).text == "ok"


# --- cancelling -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_cancelled_option_can_be_used_to_the_end_of_its_month_in_tokyo(contractor: Browser) -> None:
    clock.start_at(tokyo("2026-01-31T23:40"))
    await buy(contractor)
    ((pin, _, _),) = await pins()
    await contractor.open(PAGE)
    await contractor.submit(f"{PAGE}{FULL}&want=cancel")
    assert contractor.rows["お申し込み内容"] == "解約する"
    assert contractor.rows["今月（2026年1月）の料金"] == "550円（税込、日割りなし）"
    assert contractor.rows["最後に利用できる日"].startswith("2026/01/31")
    await contractor.submit()
    await contractor.open(STATUS)
    assert f"解約済（2026/01/31まで利用可） （PIN番号: {pin} ）" in contractor.text
    await contractor.open(f"/?open={WIFE}")
    assert "解約済（2026/01/31まで利用可）" in contractor.text
    clock.start_at(tokyo("2026-02-01T00:00"))
    await contractor.open(STATUS)
    assert contractor.answer.status_code == 200
    assert pin not in contractor.text
    assert "解約済" not in contractor.text


@pytest.mark.slow
async def test_the_end_of_one_option_leaves_the_others_as_they_are(contractor: Browser) -> None:
    clock.start_at(tokyo("2026-01-20T10:00"))
    for product in ("security-360", "security-online"):
        await buy(contractor, product=product)
    await cancel(contractor)
    shown = {
        "security-360": "解約済（2026/01/31まで利用可）",
        "security-online": "購入済",
        "kids-filter": "未購入",
    }
    await contractor.open(PAGE)
    for product, state in shown.items():
        assert contractor.page.select(f"#{product} dd")[0].get_text(strip=True) == state
    row = await contractor.htmx(f"/accounts/{WIFE}")
    for product, state in shown.items():
        assert row.select(f"#{product}-{WIFE} .state")[0].get_text(strip=True) == state


@pytest.mark.slow
async def test_buying_again_takes_a_new_pin_and_both_are_shown(contractor: Browser) -> None:
    await buy(contractor)
    await cancel(contractor)
    await buy(contractor)
    (old, _, old_goes_on), (new, _, new_goes_on) = await pins()
    assert (old == new, old_goes_on, new_goes_on) == (False, False, True)
    await contractor.open(STATUS)
    assert f"PIN番号: {old}" in contractor.text
    assert f"購入済 （PIN番号: {new} ）" in contractor.text
    await contractor.open(PAGE)
    assert "購入済" in contractor.text


@pytest.mark.slow
async def test_a_deleted_account_ids_options_end_at_once(contractor: Browser, admin: Browser) -> None:
    await buy(admin)
    ((pin, _, _),) = await pins()
    cancelled, row = "kids-filter", "すぐに利用できなくなる解約済みのオプション"
    await contractor.open(f"/accounts/{WIFE}/delete")
    assert row not in contractor.rows
    await buy(admin, product=cancelled)
    await cancel(admin, product=cancelled)
    await contractor.open(f"/accounts/{WIFE}/delete")
    assert contractor.rows[row] == "安心 Kidsフィルター"
    await contractor.submit()
    assert contractor.rows[row] == "安心 Kidsフィルター"
    last_day = f"最後に利用できる日：{clock.day(clock.now())}"
    assert contractor.rows["セキュリティ360°"].endswith(last_day)
    assert contractor.rows["安心 Kidsフィルター"].endswith(last_day)
    assert "に解約した分 330円" in contractor.rows["安心 Kidsフィルター"]
    assert "本日" not in contractor.text
    await contractor.submit()
    await admin.open(STATUS)
    assert admin.answer.status_code == 200
    assert pin not in admin.text
    assert "購入済" not in admin.text
    assert "PIN番号" not in admin.text
    assert [goes_on for _, _, goes_on in await pins()] == [False, False]


# --- download ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_the_download_link_leads_the_owner_to_the_installer_for_some_minutes(
    contractor: Browser, stranger: Browser, family_user: Browser
) -> None:
    await buy(contractor)
    await contractor.open(STATUS)
    (link,) = [str(a["href"]) for a in contractor.page.select("main a") if "ダウンロード" in a.get_text()]
    answer = await contractor.get(link)
    assert answer.status_code == 303
    assert answer.headers["location"] == "https://download.example.jp/security-360/setup"
    for other in (stranger, family_user):
        assert (await other.get(link)).status_code == 404
    for broken in (link[:-1], link.replace(WIFE, SON), f"{PAGE}/download"):
        assert (await contractor.get(broken)).headers["location"].endswith("/security/status?late=1")
    clock.start_at(clock.now() + timedelta(minutes=11))
    await contractor.open(link)
    assert "有効期間が切れました" in contractor.text
    await cancel(contractor)
    await contractor.open(STATUS)
    assert contractor.page.select("main a[href*='download?link=']"), "usable to the end of the month"


async def test_a_link_opens_nothing_after_the_account_ids_option_is_over(contractor: Browser) -> None:
    await buy(contractor)
    await contractor.open(STATUS)
    link = str(contractor.page.select("main a[href*='download?link=']")[0]["href"])
    await database.rows("UPDATE service_period SET started_at = '2020-01-01', ended_at = '2020-01-02'")
    assert (await contractor.get(link)).status_code == 404


# --- who may ----------------------------------------------------------------------------------------------------------


async def test_the_selector_leads_to_another_account_id_of_the_contract_only(
    contractor: Browser, family_user: Browser
) -> None:
    await contractor.open(PAGE)
    assert [option["value"] for option in contractor.page.select("select option")] == [SON, WIFE]
    await contractor.open(f"{PAGE}?account={SON}")
    assert contractor.path == f"/accounts/{SON}/security"
    for login in ("tanin-001", "nobody"):
        assert (await contractor.get(f"{PAGE}?account={login}")).status_code == 404
    await family_user.open(f"/accounts/{SON}/security")
    assert not family_user.page.select("select")
    assert (await family_user.get(f"/accounts/{SON}/security?account={WIFE}")).status_code == 404
