"""Purchase requests through their pages: ユーザー権限 asks, customer and admins approve or refuse, others see nothing of it."""

from __future__ import annotations

from uuid import uuid4

import pytest
from bs4 import BeautifulSoup

from app.domain import clock
from app.domain.cards import kept as payment
from app.domain.options import licences, purchase_requests, security
from app.postgres import database
from tests.browser import Browser, filled_in
from tests.options.asked import later
from tests.options.steps import FULL, SON, give_address, pins, token
from tests.products import Shipped

PAGE = f"/accounts/{SON}/security"
CELL = f"security-360-{SON}"
WAITS = "未購入・購入の申請中"


@pytest.fixture
async def asking_user(family_user: Browser) -> Browser:
    """The son, who has an address, in a contract where ユーザー権限 has to ask."""
    await give_address(SON)
    await database.rows("UPDATE contract SET user_purchases = 'ask'")
    return family_user


async def ask(browser: Browser) -> str:
    """Ask for セキュリティ360°; the path of the request."""
    await browser.open(PAGE)
    await browser.submit(PAGE + FULL, agree="yes")
    await browser.submit()
    assert browser.heading == "セキュリティオプション購入の申請受付完了", browser.text
    link = browser.page.select_one("main .notice a[href^='/purchase-requests/']")
    assert link
    return str(link["href"])


# --- asking -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_user_reads_that_he_has_to_ask_agrees_and_asks_over_confirm_to_complete(
    asking_user: Browser,
) -> None:
    await asking_user.open(PAGE)
    assert "申請が必要です" in asking_user.text
    buttons = [
        button.get_text(strip=True) for button in asking_user.page.select("main form[method=post] button")
    ]
    assert buttons == [
        f"{name}の購入を申請する"
        for name in ("セキュリティ360°", "セキュリティオンライン", "安心 Kidsフィルター")
    ]
    await asking_user.submit(PAGE + FULL)
    assert asking_user.reasons == [
        "同意のチェックが入っていません。内容をお読みのうえ、同意する場合はチェックしてください。"
    ]
    await asking_user.submit(PAGE + FULL, agree="yes")
    assert asking_user.heading == "セキュリティオプション購入の申請確認"
    assert asking_user.rows["お申し込み内容"] == "購入を申請する"
    assert asking_user.rows["承認されて購入になったとき"].startswith("550円／月（税込）を")
    await asking_user.open(str(asking_user.page.select("main .buttons a")[0]["href"]))
    assert asking_user.page.select("#f-security-360-agree[checked]")
    request = await ask(asking_user)
    assert await pins() == []
    await asking_user.open(PAGE)
    assert asking_user.rows["現在のご契約状態"]
    assert WAITS in asking_user.text
    assert not asking_user.page.select(f"form[action='{PAGE}{FULL}']")
    await asking_user.open("/")
    assert WAITS in asking_user.text
    assert asking_user.page.select_one(f"main a[href='{request}']")
    secret = await token(asking_user)
    await asking_user.press(PAGE + FULL, {"csrf_token": secret, "agree": "yes"})
    assert asking_user.reasons == ["セキュリティ360°の購入は、すでに申請しています。"]


async def test_in_the_accordion_the_panel_asks_in_place(asking_user: Browser) -> None:
    secret = await token(asking_user)
    headers = {"HX-Request": "true", "HX-Target": f"dd#{CELL}", "Sec-Fetch-Site": "same-origin"}
    link = asking_user.page.select_one(f"#{CELL} a[data-hx-post]")
    assert link
    assert link.get_text().endswith("購入を申請する")
    answer = await asking_user.post(
        str(link["data-hx-post"]), data={"csrf_token": secret}, headers=headers, follow_redirects=True
    )
    panel = BeautifulSoup(answer.text, "html.parser")
    assert "セキュリティ360°の購入の申請の確認" in panel.get_text()
    form = panel.select("form")[0]
    answer = await asking_user.post(
        str(form["action"]), data=filled_in(form), headers=headers, follow_redirects=True
    )
    cell = BeautifulSoup(answer.text, "html.parser")
    assert WAITS in cell.get_text()
    assert "購入の申請を受け付け" in cell.get_text()
    assert "申込み完了メール" not in cell.get_text()
    assert not cell.select("a[data-hx-post]")
    assert cell.select_one("a[href^='/purchase-requests/']")
    assert len(answer.content) <= 4096


async def test_where_it_is_not_permitted_there_is_no_button_but_the_reason_and_whom_to_ask(
    asking_user: Browser,
) -> None:
    await database.rows("UPDATE contract SET user_purchases = 'no'")
    for path in (PAGE, "/"):
        await asking_user.open(path)
        assert security.NOT_ALLOWED in asking_user.text
        assert "ご契約者様、または管理者権限をお持ちの方にご相談ください" in asking_user.text
        assert "購入を申請する" not in asking_user.text
        assert not asking_user.page.select("main input[type=checkbox], main a[data-hx-post]")
    agreed = {"csrf_token": await token(asking_user), "agree": "yes"}
    await asking_user.press(PAGE + FULL, agreed)
    assert asking_user.reasons == [security.NOT_ALLOWED]
    assert await database.rows("SELECT 1 FROM purchase_request") == []


@pytest.mark.slow
async def test_the_asker_reads_it_and_takes_it_back(asking_user: Browser) -> None:
    request = await ask(asking_user)
    await asking_user.open("/purchase-requests")
    assert asking_user.page.select_one(f"main a[href='{request}']")
    await asking_user.open(request)
    assert asking_user.rows["状態"] == "申請中"
    assert asking_user.rows["申請の期限"]
    await asking_user.submit()
    assert asking_user.heading == "購入の申請の取り下げ確認"
    await asking_user.submit()
    assert asking_user.heading == "購入の申請の取り下げ完了"
    await asking_user.open(request)
    assert asking_user.rows["状態"] == "取り下げ"
    assert not asking_user.page.select("main form")
    await asking_user.press(request, {"csrf_token": await token(asking_user)})
    assert "すでに承認、却下、取り下げ" in asking_user.text
    assert asking_user.answer.status_code == 422


# --- deciding ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("role", ["customer", "admin"])
async def test_whoever_pays_finds_it_on_the_overview_and_approves_it(
    asking_user: Browser, contractor: Browser, admin: Browser, role: str
) -> None:
    payer = contractor if role == "customer" else admin
    await payer.open("/")
    assert "購入の申請が届いています" not in payer.text
    request = await ask(asking_user)
    await payer.open("/")
    first = payer.page.select("main section, main .notice")[0]
    assert "購入の申請が届いています" in first.get_text()
    link = first.select("a")[0]
    await payer.open(str(link["href"]))
    assert payer.path == f"{request}/decision"
    assert payer.rows["申請した方"] == f"{SON}（有光 杏）"
    await payer.submit(f"{request}/decision?want=approve")
    assert payer.heading == "セキュリティオプション購入／解約確認"
    assert {"数量", "ご契約期間", "料金", "お支払い", "ご利用開始", "解約"} < set(payer.rows)
    assert await pins() == []
    await payer.submit()
    assert payer.heading == "セキュリティオプション購入／解約完了"
    assert [login for _, login, _ in await pins()] == [SON]
    who = "ご契約者様（お客様番号）" if role == "customer" else "arteri-an-002"
    for browser in (payer, asking_user):
        await browser.open("/changes?kind=セキュリティオプション購入の申請の承認")
        assert who in browser.text
        await browser.open(str(browser.page.select("main tbody a")[0]["href"]))
        assert browser.heading == "セキュリティオプション購入／解約完了"
    await asking_user.open(request)
    assert (asking_user.rows["状態"], asking_user.rows["お手続きした方"]) == ("承認", who)
    await asking_user.open(f"{PAGE}/status")
    assert "PIN番号" in asking_user.text
    await payer.open("/")
    assert "購入の申請が届いています" not in payer.text
    await payer.open(f"{request}/decision")
    assert payer.path == request


@pytest.mark.slow
async def test_a_refusal_needs_a_reason_that_the_asker_then_reads(
    asking_user: Browser, contractor: Browser
) -> None:
    request = await ask(asking_user)
    decision = f"{request}/decision"
    await contractor.open(decision)
    for reason, wrong in (
        (" \n ", "却下の理由を入力してください。"),
        ("あ" * 201, "却下の理由は200文字以内で入力してください。"),
        (
            "\x07あ",
            "却下の理由に、使えない文字が含まれています。「□あ」の□（見えない文字 U+0007、1文字目）は使えません。",
        ),
    ):
        await contractor.submit(f"{decision}?want=refuse", reason=reason)
        assert contractor.reasons == [wrong]
        assert contractor.page.select("textarea")[0].get_text().strip("\n") == reason.strip("\n\x07")
    text = "<b>いまは</b>\r\n必要ない\tと思います。"
    await contractor.submit(f"{decision}?want=refuse", reason=text)
    assert contractor.heading == "購入の申請の却下確認"
    await contractor.open(str(contractor.page.select("main .buttons a")[0]["href"]))
    assert "必要ない と思います。" in contractor.page.select("textarea")[0].get_text()
    await contractor.submit(f"{decision}?want=refuse")
    await contractor.submit()
    assert contractor.heading == "購入の申請の却下完了"
    await asking_user.open(request)
    assert asking_user.rows["状態"] == "却下"
    assert "<b>いまは</b>" in asking_user.rows["理由"]
    assert not asking_user.page.select("main b")
    assert await pins() == []


@pytest.mark.slow
async def test_the_decision_says_before_it_is_pressed_that_it_cannot_be_bought_and_refusing_stays(
    asking_user: Browser, contractor: Browser
) -> None:
    decision = f"{await ask(asking_user)}/decision"
    await database.rows("DELETE FROM licence")
    await contractor.open(decision)
    assert licences.no_stock(Shipped.SECURITY_360) in contractor.text
    assert not contractor.page.select(f"form[action='{decision}?want=approve']")
    await database.rows("DELETE FROM card")
    await contractor.open(decision)
    assert payment.NO_CARD in contractor.text
    assert contractor.page.select("main a[href='/payment']")
    await contractor.press(f"{decision}?want=approve", {"csrf_token": await token(contractor)})
    assert contractor.reasons == [payment.NO_CARD]
    await contractor.open(decision)
    assert contractor.page.select(f"form[action='{decision}?want=refuse']")


@pytest.mark.slow
async def test_what_was_decided_meanwhile_says_so_in_place_of_a_decision(
    asking_user: Browser, contractor: Browser, admin: Browser
) -> None:
    request = await ask(asking_user)
    await contractor.open(f"{request}/decision")
    await admin.open(f"{request}/decision")
    await admin.submit(f"{request}/decision?want=refuse", reason="いりません。")
    await admin.submit()
    for want, typed in (("approve", {}), ("refuse", {"reason": "遅れて"})):
        await contractor.open("/")
        sent = {"csrf_token": await token(contractor), **typed}
        await contractor.press(f"{request}/decision?want={want}", sent)
        assert contractor.answer.status_code == 422
        assert "すでに承認、却下、取り下げ、または期限切れ" in contractor.text
        assert contractor.rows["理由"] == "いりません。"


@pytest.mark.slow
async def test_after_fourteen_days_it_is_on_no_overview_and_its_page_says_so(
    asking_user: Browser, contractor: Browser
) -> None:
    request = await ask(asking_user)
    later(days=14)
    await database.rows("UPDATE session SET opened_at = $1, seen_at = $1", clock.now())
    await contractor.open("/")
    assert "購入の申請が届いています" not in contractor.text
    await contractor.open(f"{request}/decision")
    assert (contractor.path, contractor.rows["状態"]) == (request, "期限切れ")
    await asking_user.open(PAGE)
    assert WAITS not in asking_user.text
    await ask(asking_user)


# --- who may ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_request_is_seen_cell_by_cell(
    asking_user: Browser, contractor: Browser, admin: Browser, stranger: Browser
) -> None:
    request = await ask(asking_user)
    missing = f"/purchase-requests/{uuid4()}"
    for browser, seen, decided in (
        (contractor, 303, 200),
        (admin, 303, 200),
        (asking_user, 200, 403),
        (stranger, 404, 404),
    ):
        assert (await browser.get(request)).status_code == seen
        answer = await browser.get(f"{request}/decision", follow_redirects=True)
        assert answer.status_code == decided
        assert (await browser.get(missing)).status_code == 404
        assert (await browser.get("/purchase-requests")).status_code == 200
    assert SON not in (await stranger.get("/purchase-requests")).text


@pytest.mark.slow
@pytest.mark.parametrize("want", ["approve", "refuse", "other"])
async def test_who_may_not_decide_posts_nothing(asking_user: Browser, stranger: Browser, want: str) -> None:
    request = await ask(asking_user)
    for browser, status in ((asking_user, 403), (stranger, 404)):
        sent = {"csrf_token": await token(browser), "reason": "x"}
        await browser.press(f"{request}/decision?want={want}", sent)
        assert browser.answer.status_code == status
    assert [row["state"] for row in await database.rows("SELECT state FROM purchase_request")] == ["pending"]


@pytest.mark.slow
async def test_only_who_asked_takes_it_back(
    asking_user: Browser, contractor: Browser, admin: Browser, stranger: Browser
) -> None:
    request = await ask(asking_user)
    for browser in (contractor, admin, stranger):
        await browser.press(request, {"csrf_token": await token(browser)})
        assert browser.answer.status_code == 404


async def test_a_sibling_with_user_role_sees_nothing_of_it(asking_user: Browser, admin: Browser) -> None:
    request = await ask(asking_user)
    await database.rows("UPDATE account SET role = 'user' WHERE login = 'arteri-an-002'")
    assert (await admin.get(request)).status_code == 404
    await admin.open("/purchase-requests")
    assert "購入の申請は、まだありません。" in admin.text
    await admin.open("/")
    assert SON not in admin.text


# --- how much it asks the database ------------------------------------------------------------------------------------


async def test_no_page_of_it_takes_more_than_two_round_trips(
    asking_user: Browser, contractor: Browser, round_trips: list[str]
) -> None:
    request = await ask(asking_user)
    pages = [
        *((contractor, path, 1) for path in ("/", f"/accounts/{SON}", "/accounts")),
        *((contractor, path, 2) for path in (f"{request}/decision", "/purchase-requests", request)),
        *((asking_user, path, 1) for path in ("/", PAGE, f"/accounts/{SON}")),
        *((asking_user, path, 2) for path in (request, "/purchase-requests")),
    ]
    for browser, path, most in pages:
        round_trips.clear()
        await browser.get(path)
        assert len(round_trips) <= most, (path, round_trips)


@pytest.mark.slow
async def test_what_is_sent_about_a_request_takes_two_round_trips(
    asking_user: Browser, contractor: Browser, round_trips: list[str]
) -> None:
    request = await ask(asking_user)
    for browser, path, more in (
        (asking_user, request, {}),
        (contractor, f"{request}/decision?want=refuse", {"reason": "いまは必要ないと思います。"}),
    ):
        await browser.open(path.partition("?")[0])
        typed = {"csrf_token": await token(browser), **more}
        round_trips.clear()
        answer = await browser.post(path, data=typed)
        assert answer.status_code == 303
        assert len(round_trips) == 2, round_trips
    round_trips.clear()
    assert (
        await contractor.get(request)
    ).status_code == 303  # on to the decision, from what is known already
    assert len(round_trips) == 1, round_trips


@pytest.mark.slow
async def test_the_list_leads_on_to_older_requests(
    asking_user: Browser, contractor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purchase_requests, "PAGE", 2)
    paths = []
    for _ in range(3):
        paths.append(await ask(asking_user))
        await asking_user.open(paths[-1])
        await asking_user.submit()
        await asking_user.submit()
    for browser in (asking_user, contractor):
        await browser.open("/purchase-requests")
        shown = [str(link["href"]) for link in browser.page.select("tbody a")]
        assert shown == paths[:0:-1]
        older = browser.page.select_one("main p a[href*='before=']")
        assert older
        await browser.open(str(older["href"]))
        assert [str(link["href"]) for link in browser.page.select("tbody a")] == paths[:1]
        assert "これより前の申請" not in browser.text
    await contractor.open(f"/purchase-requests?before={paths[0].rpartition('/')[2]}")
    assert "これより前の申請はありません。" in contractor.text
    for odd in ("x", "", "00000000-0000-0000-0000-000000000000"):
        assert (await contractor.get(f"/purchase-requests?before={odd}")).status_code == 200


@pytest.mark.slow
async def test_an_empty_stock_is_said_to_who_asks_before_anything_is_pressed(asking_user: Browser) -> None:
    for path in (PAGE, f"/?open={SON}"):
        await asking_user.open(path)
        assert "承認されません" not in asking_user.text
    await database.rows("DELETE FROM licence WHERE product = 'security-360'")
    for path in (PAGE, f"/?open={SON}"):
        await asking_user.open(path)
        assert asking_user.text.count("購入できるようになるまで承認されません") == 1
    await ask(asking_user)
