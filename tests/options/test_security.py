"""セキュリティオプション through its pages (manual 14, 15, spec 9), the accordion's inline panel, and the switch (spec 1)."""

from __future__ import annotations

import logging
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup

from app.domain import clock
from app.domain.cards import kept as payment
from app.domain.catalogue import Product
from app.domain.options import licences, security
from app.postgres import database
from tests.browser import Browser

WIFE, SON = "arteri-an-002", "arteri-an-001"
"""She has an address of another company, he has none yet."""
PAGE, STATUS = f"/accounts/{WIFE}/security", f"/accounts/{WIFE}/security/status"
FULL = "?product=security-360"
CELL = f"security-360-{WIFE}"
INLINE = {"HX-Request": "true", "HX-Target": f"dd#{CELL}"}


async def buy(browser: Browser, login: str = WIFE, product: str = "security-360") -> None:
    path = f"/accounts/{login}/security"
    await browser.open(path)
    await browser.submit(f"{path}?product={product}", agree="yes")
    await browser.submit()
    assert browser.heading == "セキュリティオプション購入／解約完了", browser.text


async def cancel(browser: Browser, login: str = WIFE, product: str = "security-360") -> None:
    path = f"/accounts/{login}/security"
    await browser.open(path)
    await browser.submit(f"{path}?product={product}&want=cancel")
    await browser.submit()
    assert browser.heading == "セキュリティオプション購入／解約完了", browser.text


async def token(browser: Browser) -> str:
    """The session's CSRF token, off any page."""
    await browser.open("/")
    return str(browser.page.select("header [name=csrf_token]")[0]["value"])


async def pins() -> list[tuple[str, str, bool]]:
    """PIN, account ID and whether its period goes on, of every licence key that was taken."""
    from app.domain.options import data_keys

    rows = await database.rows(
        "SELECT l.pin, a.login, p.ended_at IS NULL AS goes_on FROM licence l JOIN service_period p ON p.id = l.period"
        " JOIN account a ON a.id = p.account ORDER BY p.id"
    )
    return [(data_keys.current().decrypt(row["pin"]), row["login"], row["goes_on"]) for row in rows]


async def give_address(login: str) -> None:
    await database.rows("UPDATE account SET other_address = 'son@example.com' WHERE login = $1", login)


def tokyo(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=clock.TOKYO)


# --- buying -----------------------------------------------------------------------------------------------------------


async def test_an_option_is_bought_over_confirm_to_complete_and_its_pin_is_on_the_status_page_alone(
    contractor: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await contractor.open(PAGE)
    assert contractor.rows["月額利用料"]
    await contractor.submit(PAGE + FULL)
    assert contractor.reasons == ["内容をお読みになり、同意する場合はチェックしてください。"]
    assert contractor.page.select_one("#f-security-360-agree[aria-invalid]")
    await contractor.submit(PAGE + FULL, agree="yes")
    assert contractor.heading == "セキュリティオプション購入／解約確認"
    assert contractor.rows["商品名"] == "セキュリティ360°"
    assert "0円（購入した月は無料）" in contractor.text
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


async def test_each_of_the_three_has_its_own_pin_and_price(contractor: Browser) -> None:
    for product in ("security-360", "security-online", "kids-filter"):
        await buy(contractor, product=product)
    taken = await pins()
    assert [pin[:8] for pin, _, _ in taken] == ["DEMO-360", "DEMO-ONL", "DEMO-KID"]
    await contractor.open(STATUS)
    assert all(pin in contractor.text for pin, _, _ in taken)


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


async def test_with_no_stock_it_is_refused_in_words_at_the_button_and_at_the_last_moment(
    contractor: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    await contractor.open(PAGE)
    await contractor.submit(PAGE + FULL, agree="yes")
    await database.rows("DELETE FROM licence WHERE product = 'security-360'")
    await contractor.submit()
    assert contractor.answer.status_code == 422
    assert licences.no_stock(Product.SECURITY_360) in contractor.text
    assert await database.rows("SELECT 1 FROM service_period") == []
    assert await database.rows("SELECT 1 FROM outbox") == []
    assert "licence keys are running out: 0 left of security-360" in caplog.text
    await contractor.open(PAGE)
    await contractor.submit(PAGE + FULL, agree="yes")
    assert contractor.reasons == [licences.no_stock(Product.SECURITY_360)]
    ready = await contractor.get("/readyz")
    assert (ready.status_code, ready.text) == (
        200,
        "ok\nlicence keys are running out: 0 left of security-360",
    )


async def test_stock_that_runs_low_warns_operators_and_no_member(
    contractor: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    assert (await contractor.get("/readyz")).text == "ok"
    await database.rows("DELETE FROM licence WHERE product = 'security-360' AND id % 2 = 0")
    await buy(contractor)
    assert "licence keys are running out: 9 left of security-360" in caplog.text
    for path in (contractor.path, PAGE, STATUS):
        await contractor.open(path)
        assert not re.search("licence keys|running out|残り|在庫", contractor.answer.text)
    assert (
        await contractor.get("/readyz")
    ).text == "ok\nlicence keys are running out: 9 left of security-360"


# --- cancelling -------------------------------------------------------------------------------------------------------


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
    assert "（本日）" in contractor.text
    await contractor.submit()
    await admin.open(STATUS)
    assert admin.answer.status_code == 200
    assert pin not in admin.text
    assert "購入済" not in admin.text
    assert "PIN番号" not in admin.text
    assert [goes_on for _, _, goes_on in await pins()] == [False, False]


# --- in the accordion -------------------------------------------------------------------------------------------------


async def inline(browser: Browser, method: str, path: str, **body: str) -> BeautifulSoup:
    """What htmx gets for the option's cell."""
    headers = {**INLINE, "Sec-Fetch-Site": "same-origin"}
    sent: dict[str, Any] = {"data": body} if method == "POST" else {}
    browser.answer = await browser.request(method, path, headers=headers, follow_redirects=True, **sent)
    return BeautifulSoup(browser.answer.text, "html.parser")


async def test_the_panel_opens_in_place_and_its_button_swaps_the_new_state_in(contractor: Browser) -> None:
    secret = await token(contractor)
    piece = await contractor.htmx(f"/accounts/{WIFE}")
    link = piece.select_one(f"#{CELL} a[data-hx-post]")
    assert link
    assert str(link["href"]).startswith(PAGE)
    panel = await inline(contractor, "POST", str(link["data-hx-post"]), csrf_token=secret)
    assert not panel.select("h1, title")
    assert "550円／月（税込）" in panel.get_text()
    assert security.CONSENT in panel.get_text()
    assert len(contractor.answer.content) <= 4096
    form = panel.select("form")[0]
    assert form["data-hx-target"] == f"#{CELL}"
    assert await pins() == []
    cell = await inline(contractor, "POST", str(form["action"]), csrf_token=secret)
    assert "購入済" in cell.get_text()
    assert "解約する" in cell.get_text()
    assert cell.select_one(f"a[href='{form['action']}']"), "the receipt"
    assert len(await pins()) == 1
    again = await inline(contractor, "POST", str(form["action"]), csrf_token=secret)
    assert again.get_text() == cell.get_text()
    assert len(await pins()) == 1
    (link,) = cell.select("a[data-hx-post]")
    panel = await inline(contractor, "POST", str(link["data-hx-post"]), csrf_token=secret)
    assert "日割りなし" in panel.get_text()
    back = panel.select_one("a[data-hx-get]")
    assert back
    stays = await inline(contractor, "GET", str(back["data-hx-get"]))
    assert "購入済" in stays.get_text()
    cell = await inline(contractor, "POST", str(panel.select("form")[0]["action"]), csrf_token=secret)
    assert "解約済（" in cell.get_text()
    assert "購入する" in cell.get_text()


async def test_the_accordion_offers_nothing_that_would_be_refused_and_says_why_with_the_way_out(
    contractor: Browser,
) -> None:
    row = await inline(contractor, "GET", f"/accounts/{SON}")
    assert security.NO_ADDRESS in row.get_text()
    assert row.select(f"p.reason a[href='/accounts/{SON}/mail-address']")
    assert not row.select("a[data-hx-post]")
    await database.rows("DELETE FROM card")
    row = await inline(contractor, "GET", f"/accounts/{WIFE}")
    assert payment.NO_CARD in row.get_text()
    assert row.select("p.reason a[href='/payment']")
    assert not row.select("a[data-hx-post]")


async def test_what_cannot_be_bought_says_so_in_place_and_an_old_panel_takes_the_page(
    contractor: Browser,
) -> None:
    secret = await token(contractor)
    refused = await inline(contractor, "POST", f"/accounts/{SON}/security{FULL}", csrf_token=secret)
    assert contractor.answer.status_code == 422
    assert security.NO_ADDRESS in refused.get_text()
    panel = await inline(contractor, "POST", PAGE + FULL, csrf_token=secret)
    action = str(panel.select("form")[0]["action"])
    await database.rows("UPDATE change SET asked_at = asked_at - interval '31 minutes'")
    late = await inline(contractor, "POST", action, csrf_token=secret)
    assert contractor.answer.headers["hx-retarget"] == "#main"
    assert "有効期間が切れました" in late.get_text()
    panel = await inline(contractor, "POST", PAGE + FULL, csrf_token=secret)
    await database.rows("DELETE FROM licence")
    late = await inline(contractor, "POST", str(panel.select("form")[0]["action"]), csrf_token=secret)
    assert contractor.answer.headers["hx-retarget"] == "#main"
    assert licences.no_stock(Product.SECURITY_360) in late.get_text()


async def test_a_panel_that_is_left_open_over_the_end_of_a_month_is_shown_anew(contractor: Browser) -> None:
    secret = await token(contractor)
    clock.start_at(tokyo("2026-01-31T23:50"))
    panel = await inline(contractor, "POST", PAGE + FULL, csrf_token=secret)
    assert "今月（2026年1月）の料金" in panel.get_text()
    form = panel.select("form")[0]
    seen = str(form.select("[name=seen]")[0]["value"])
    clock.start_at(tokyo("2026-02-01T00:01"))
    anew = await inline(contractor, "POST", str(form["action"]), csrf_token=secret, seen=seen)
    assert "内容が変わりました" in anew.get_text()
    assert "今月（2026年2月）の料金" in anew.get_text()
    assert not anew.select("h1")
    assert await pins() == []


# --- download ---------------------------------------------------------------------------------------------------------


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


async def test_a_user_buys_for_himself_until_the_contract_forbids_it(
    contractor: Browser, family_user: Browser
) -> None:
    await give_address(SON)
    await buy(family_user, SON)
    await contractor.open("/accounts")
    assert contractor.rows["ユーザー権限によるセキュリティオプションの購入"].startswith("許可する")
    await contractor.open("/accounts/user-purchase-permission")
    await contractor.submit(permitted="no")
    assert "変更前：許可する" in contractor.text
    await contractor.submit()
    assert contractor.heading == "ユーザー権限による購入の設定変更完了"
    await family_user.open(f"/accounts/{SON}/security")
    assert security.NOT_ALLOWED in family_user.text
    assert not family_user.page.select("input[type=checkbox]")
    secret = await token(family_user)
    assert "購入する" not in family_user.text
    online = f"/accounts/{SON}/security?product=security-online"
    await family_user.press(online, {"csrf_token": secret, "agree": "yes"})
    assert family_user.reasons == [security.NOT_ALLOWED]
    await family_user.open(f"/accounts/{SON}/security/status")
    assert "PIN番号" in family_user.text
    await cancel(family_user, SON)
    await buy(contractor, SON)
    await contractor.open("/accounts/user-purchase-permission")
    await contractor.submit(permitted="")
    assert contractor.reasons == ["許可するかどうかを選択してください。"]


async def test_the_switch_counts_when_the_button_is_pressed_and_cancelling_stays_free(
    contractor: Browser, family_user: Browser
) -> None:
    await give_address(SON)
    await buy(family_user, SON)
    page = f"/accounts/{SON}/security"
    await family_user.open(page)
    await family_user.submit(f"{page}?product=kids-filter", agree="yes")
    asked, secret = family_user.path, await token(family_user)
    await contractor.open("/accounts/user-purchase-permission")
    await contractor.submit(permitted="no")
    await contractor.submit()
    await family_user.press(asked, {"csrf_token": secret})
    assert family_user.answer.status_code == 422
    assert security.NOT_ALLOWED in family_user.text
    await cancel(family_user, SON)
    assert [login for _, login, goes_on in await pins()] == [SON]


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
