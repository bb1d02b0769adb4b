"""お支払い方法登録／変更 (manual 19, spec 11) through its pages, with the local vault."""

from __future__ import annotations

import pytest

from app.domain import clock
from app.domain.cards import checks, kept, numbers
from app.domain.cards import register as payment
from app.postgres import database
from app.web import forms
from tests.browser import Browser
from tests.cards.steps import TYPED, VISA, card_of, register, type_in
from tests.mail.steps import mails


async def test_the_contractors_own_card_is_registered_and_told_by_mail(contractor: Browser) -> None:
    await contractor.open("/payment")
    assert contractor.rows["カード会社"] == "VISA"
    assert contractor.rows["有効期限"] == "01月 / 2030年"
    assert contractor.rows["カード番号"] == "XXXX-XXXX-XXXX-0000"
    await type_in(contractor)
    assert contractor.heading == "お支払い方法登録／変更確認"
    assert contractor.rows["カード名義"] == "（名）AN（姓）ARUTERI"
    assert contractor.rows["カード番号"] == "XXXX-XXXX-XXXX-1111"
    assert "変更前：XXXX-XXXX-XXXX-0000" in contractor.text
    assert payment.NAME_DIFFERS not in contractor.text
    await contractor.submit()
    assert contractor.heading == "お支払い方法登録／変更完了"
    assert await card_of() == ("VISA", "1111", "2040-01", "AN ARUTERI")
    told = await mails()
    assert [mail["subject"] for mail in told] == ["【マイページ】お支払い方法登録／変更完了のお知らせ"]
    assert told[0]["recipient"] == "arteri-an@keitai.example.jp"
    await contractor.open("/payment")
    assert contractor.rows["有効期限"] == "01月 / 2040年"


async def test_the_notes_say_what_goes_to_the_issuer_and_stand_on_the_confirm_page_too(
    contractor: Browser,
) -> None:
    await type_in(contractor, agree="")
    for _ in range(2):
        notes = contractor.page.select("[aria-labelledby=terms-card]")[0].get_text()
        for fact in ("カード名義", "カード番号", "IPアドレス", "カードを発行した会社に提供", "3Dセキュア"):
            assert fact in notes
        await contractor.submit(**TYPED)
    (card,) = await database.rows("SELECT three_d_secure FROM card WHERE token LIKE 'vault_%'")
    assert card["three_d_secure"] == "not_supported"


BRANDS = [
    ("5555-5555-5555-4444", numbers.MASTERCARD, "4444"),
    ("２２２３００３１２２００３２２２", numbers.MASTERCARD, "3222"),
    ("3530111333300000", numbers.JCB, "0000"),
    ("3782 822463 10005", numbers.AMEX, "0005"),
    ("30569309025904", numbers.DINERS, "5904"),
]


async def test_each_of_the_other_brands_is_found_from_its_number(contractor: Browser) -> None:
    for number, brand, last4 in BRANDS:
        await type_in(contractor, card_number=number)
        assert contractor.rows["カード会社"] == brand
        assert contractor.rows["カード番号"] == f"XXXX-XXXX-XXXX-{last4}"


WRONG: list[tuple[dict[str, str], str]] = [
    ({"card_number": ""}, "カード番号を入力してください。"),
    ({"card_number": "4111-1111"}, "カード番号は、14桁から16桁の数字で入力してください。"),
    ({"card_number": "41111111111111111"}, "カード番号は、14桁から16桁の数字で入力してください。"),
    ({"card_number": "4111111111111112"}, numbers.MISTYPED),
    ({"card_number": "378282246310005" + "0"}, numbers.MISTYPED),
    ({"card_number": "6011111111111117"}, numbers.NOT_TAKEN),
    ({"month": "13"}, "有効期限の月は、01から12までの数字で入力してください。"),
    ({"month": ""}, "有効期限の月は、01から12までの数字で入力してください。"),
    ({"year": "203"}, "有効期限の年は、4桁の数字で入力してください。"),
    ({"year": "2014"}, numbers.EXPIRED),
    ({"year": "9999"}, "有効期限の年が正しくありません。もう一度お確かめください。"),
    ({"given": ""}, "カード名義（名）を入力してください。"),
    (
        {"family": "有光"},
        "カード名義（姓）は、カードに記載のとおり、半角のローマ字で入力してください。"
        "「有光」の「有」（1文字目）は使えません。",
    ),
    (
        {"agree": ""},
        "同意のチェックが入っていません。内容をお読みのうえ、同意する場合はチェックしてください。",
    ),
    ({"family": VISA}, forms.CARD_ELSEWHERE),
]


@pytest.mark.slow
async def test_a_wrong_form_says_why_and_keeps_everything_but_the_number(contractor: Browser) -> None:
    for changed, reason in WRONG:
        await type_in(contractor, **changed)
        assert contractor.reasons == [reason]
        kept = {**TYPED, **changed, "card_number": ""}
        for name in ("month", "year", "given", "family", "card_number"):
            field = contractor.page.select_one(f"input[name={name}]")
            assert field
            assert field["value"] == ("●●●● ●●●● ●●●● ●●●●" if kept[name] == VISA else kept[name])
        digits = changed.get("card_number", VISA)
        assert not digits or digits not in contractor.answer.text


async def test_a_card_is_taken_to_the_end_of_its_month_and_not_longer(contractor: Browser) -> None:
    today = clock.today()
    await type_in(contractor, month=f"{today:%m}", year=f"{today:%y}")
    assert contractor.rows["有効期限"] == f"{today:%m}月 / {today:%Y}年"
    before = (today.replace(day=1).toordinal()) - 1
    last = type(today).fromordinal(before)
    await type_in(contractor, month=str(last.month), year=str(last.year))
    assert contractor.reasons == [numbers.EXPIRED]


async def test_a_card_that_expired_since_it_was_typed_is_refused(contractor: Browser) -> None:
    await type_in(contractor)
    await database.rows("UPDATE change SET data = jsonb_set(data, '{card,expires}', '\"2026-01\"')")
    await contractor.submit()
    assert numbers.EXPIRED in contractor.text
    assert (await card_of())[1] == "0000"


async def test_back_from_the_confirm_page_all_is_there_but_the_number(contractor: Browser) -> None:
    await type_in(contractor)
    link = contractor.page.find("a", string="入力画面へ戻る")
    assert link
    await contractor.open(str(link["href"]))
    assert contractor.heading == "お支払い方法登録／変更"
    form = contractor.form("/payment")
    typed = {str(field["name"]): field.get("value") for field in form.select("input[name]")}
    assert (typed["month"], typed["year"], typed["given"], typed["family"]) == ("01", "2040", "AN", "ARUTERI")
    assert typed["card_number"] == ""


async def test_the_same_card_typed_twice_is_kept_once(contractor: Browser) -> None:
    await type_in(contractor)
    await type_in(contractor, card_number="4111111111111111")
    kept = await database.rows("SELECT brand, last4, expires FROM vault_card")
    assert [tuple(row) for row in kept] == [("VISA", "1111", "2040-01")]


@pytest.mark.slow
async def test_a_confirm_page_of_this_change_asks_for_the_password_again_when_it_was_long_ago(
    contractor: Browser,
) -> None:
    await type_in(contractor)
    confirm = contractor.path
    await database.rows("UPDATE session SET opened_at = opened_at - interval '11 minutes', proved_at = NULL")
    await contractor.open(confirm)
    assert contractor.heading == "パスワードの確認"
    await contractor.submit(password="demo01")
    assert contractor.path == confirm
    await contractor.submit()
    assert contractor.heading == "お支払い方法登録／変更完了"


# --- a holder who is not the contractor -------------------------------------------------------------------------------


@pytest.mark.slow
async def test_another_name_waits_for_staff_and_nothing_is_bought_meanwhile(
    contractor: Browser, admin: Browser
) -> None:
    await type_in(contractor, given="KICHI")
    assert payment.NAME_DIFFERS in contractor.text
    assert "変更前" not in contractor.text, "the former card stays for now"
    await contractor.submit()
    assert contractor.heading == "お支払い方法登録／変更受付完了"
    assert payment.NAME_DIFFERS in contractor.text
    assert (await card_of())[1] == "0000"
    await contractor.open("/payment")
    assert "確認中のお支払い方法" in contractor.text
    await admin.open("/mail-service")
    assert kept.WAITING in admin.text
    assert admin.page.select("main a[href='/payment']")
    assert not admin.page.select("form[action='/mail-service']")


@pytest.mark.slow
async def test_the_page_of_a_waiting_card_promises_a_mail_where_one_can_go(contractor: Browser) -> None:
    await register(contractor, given="KICHI")
    assert "確認の結果は、連絡用メールアドレスにお知らせします。" in contractor.text
    await database.rows("UPDATE contract SET email = ''")
    await register(contractor, given="KICHI")
    assert "確認の結果は、管理者権限のアカウントIDのメールアドレスにお知らせします。" in contractor.text
    await database.rows("UPDATE account SET role = 'user'")
    await register(contractor, given="KICHI")
    assert payment.NOT_MAILED in contractor.text


@pytest.mark.slow
async def test_the_receipt_of_a_card_that_waited_says_what_came_of_it(
    contractor: Browser, round_trips: list[str]
) -> None:
    receipts: list[str] = []

    async def receive(**changed: str) -> int:
        await register(contractor, given="KICHI", **changed)
        receipts.append(contractor.path)
        (check,) = await checks.waiting()
        return check.id

    async def reads(receipt: str, outcome: str) -> None:
        round_trips.clear()
        await contractor.open(receipt)
        assert len(round_trips) == 2
        today = clock.day(clock.now())
        for name, text in payment.DECIDED.items():
            assert (text.format(day=today) in contractor.text) == (name == outcome)
        colour = "warning" if outcome in ("refused", "replaced", "waiting") else "ok"
        assert contractor.page.select("main .notice")[0]["class"] == ["notice", colour]
        for promised in (payment.NAME_DIFFERS, "まだ登録は完了していません。", "お知らせします。"):
            assert (promised in contractor.text) == (outcome == "waiting")

    await checks.refuse(await receive())
    await checks.approve(await receive())
    await receive()
    await receive(card_number="5555555555554444")
    for receipt, outcome in zip(receipts, ("refused", "approved", "replaced", "waiting"), strict=True):
        await reads(receipt, outcome)
    await register(contractor)
    own = contractor.path
    for receipt, outcome in zip(receipts, ("refused", "approved", "replaced", "replaced"), strict=True):
        await reads(receipt, outcome)
    await reads(own, "")
    assert contractor.heading == "お支払い方法登録／変更完了"


@pytest.mark.slow
async def test_a_refused_card_is_told_on_the_page_until_the_next_is_registered(
    contractor: Browser, round_trips: list[str]
) -> None:
    told = f"{clock.day(clock.now())}にお申し込みのカード（下4桁 1111）は、名義を確認できなかったため登録できませんでした。"
    for again in ("KICHI", "AN"):
        await register(contractor, given="KICHI")
        await contractor.open("/payment")
        assert told not in contractor.text
        (check,) = await checks.waiting()
        await checks.refuse(check.id)
        round_trips.clear()
        await contractor.open("/payment")
        assert told in contractor.text
        assert len(round_trips) <= 2
        await type_in(contractor, given=again)
        await contractor.open("/payment")
        assert told in contractor.text, "nothing is registered before the confirm page"
        await register(contractor, given=again)
        await contractor.open("/payment")
        assert told not in contractor.text


@pytest.mark.slow
async def test_an_approved_card_and_a_replaced_one_leave_no_notice_on_the_page(contractor: Browser) -> None:
    await register(contractor, given="KICHI")
    await register(contractor, given="YOSHI")
    (check,) = await checks.waiting()
    await checks.approve(check.id)
    await contractor.open("/payment")
    assert "登録できませんでした" not in contractor.text
