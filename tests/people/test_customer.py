"""お客様情報変更 (manual 20, spec 12) through its pages, and the verification of a new 連絡用メールアドレス."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest

from app.domain import clock
from app.domain.changes import words
from app.domain.people import contact_address, customer
from app.domain.people.contact_address import UNUSABLE
from app.postgres import database
from tests.browser import Browser

OLD = "arteri-an@keitai.example.jp"
NEW = "an@new.example.jp"


async def change(browser: Browser, **typed: str) -> None:
    await browser.open("/customer")
    await browser.submit(**typed)


async def changed(browser: Browser, **typed: str) -> None:
    await change(browser, **typed)
    assert browser.heading == "顧客基本情報確認", browser.reasons
    await browser.submit()
    assert browser.heading == "顧客情報登録完了", browser.text


async def mails() -> list[tuple[str, str]]:
    found = await database.rows("SELECT recipient, subject FROM outbox ORDER BY id")
    return [(row["recipient"], row["subject"].removeprefix("【マイページ】")) for row in found]


async def link() -> str:
    """Path of the link that was mailed last."""
    (row,) = await database.rows(
        "SELECT body FROM outbox WHERE body LIKE '%token=%' ORDER BY id DESC LIMIT 1"
    )
    found = re.search(r"https://[^/]+(/customer/email\?token=\S+)", row["body"])
    assert found
    return found[1]


async def stored(column: str = "email") -> Any:
    found = await database.rows(f"SELECT {column} FROM contract WHERE customer_number = '90000000000000'")
    return found[0][column]


async def test_what_only_paper_changes_is_shown_and_cannot_be_typed(contractor: Browser) -> None:
    await contractor.open("/customer")
    assert contractor.rows["氏名"] == "（姓）有光 （名）杏"
    assert contractor.rows["氏名カナ"] == "（姓カナ）アルテリ （名カナ）アン"
    assert contractor.rows["生年月日"] == "1985/06/12"
    assert contractor.rows["性別"] == "女性"
    assert "書面のみ" in contractor.text
    names = {str(field["name"]) for field in contractor.form("/customer").select("[name]")}
    assert names == {"csrf_token", "occupation", "household", "phone", "fax", "mobile", "email"}
    await changed(contractor, phone="03-0000-0001", family="別人", birth_date="2000-01-01")
    await contractor.open("/customer")
    assert contractor.rows["氏名"] == "（姓）有光 （名）杏"


async def test_the_changeable_ones_are_changed_over_a_confirm_page_that_lists_all(
    contractor: Browser,
) -> None:
    await change(
        contractor, occupation="自営業", household="３", phone="０３‐0000-0001", mobile="090 0000 0001"
    )
    rows = contractor.rows
    assert list(rows) == [
        *("氏名", "氏名カナ", "生年月日", "性別", "設置先住所"),
        *("職業", "同居人数", "電話番号", "FAX番号", "携帯電話番号", "連絡用メールアドレス"),
    ]
    assert (rows["職業"], rows["同居人数"], rows["電話番号"]) == ("自営業", "3人", "03-0000-0001")
    assert (rows["FAX番号"], rows["携帯電話番号"], rows["連絡用メールアドレス"]) == (
        "未登録",
        "09000000001",
        OLD,
    )
    assert "変更前：012-345-6789" in contractor.text
    await contractor.submit()
    assert contractor.heading == "顧客情報登録完了"
    assert await mails() == [(OLD, "お客様情報変更のお知らせ")]
    (row,) = await database.rows("SELECT body FROM outbox")
    assert "職業（変更）、同居人数（変更）、電話番号（変更）、携帯電話番号（変更）" in row["body"]
    assert "0000" not in row["body"].replace("0120-000-0000", "")


async def test_an_emptied_optional_field_is_deleted_and_the_confirm_page_says_so(contractor: Browser) -> None:
    await changed(contractor, fax="03-0000-0002")
    await change(contractor, fax="", household="", email="")
    rows = contractor.rows
    assert (rows["FAX番号"], rows["同居人数"], rows["連絡用メールアドレス"]) == ("削除", "削除", "削除")
    await contractor.submit()
    assert (await stored("fax"), await stored("household"), await stored()) == ("", None, "")
    assert (await mails())[-1] == (OLD, "お客様情報変更のお知らせ")
    await contractor.open("/customer")
    for name in ("fax", "household", "email"):
        field = contractor.page.select_one(f"input[name={name}]")
        assert field
        assert field["value"] == ""


async def test_wrong_fields_are_told_and_what_was_typed_stays(contractor: Browser) -> None:
    wrong = {"household": "21", "phone": "012-345", "fax": "12345", "mobile": "0", "email": "a@x, b@y"}
    await change(contractor, **wrong)
    assert len(contractor.reasons) == 5
    for name, text in wrong.items():
        field = contractor.page.select_one(f"input[name={name}]")
        assert field
        assert field["value"] == text
    for phone in ("", "1234567890", "012-345-678", "0123456789012"):
        await change(contractor, phone=phone)
        assert len(contractor.reasons) == 1
    for phone in ("012-345-6780", "0-1-2-3-4-5-6-7-8-0", "09012345678"):
        await change(contractor, phone=phone)
        assert contractor.rows["電話番号"] == phone


async def test_a_wrong_number_is_called_by_the_name_of_its_field(contractor: Browser) -> None:
    await change(contractor, phone="1", fax="2", mobile="3")
    assert [reason.partition("は、")[0] for reason in contractor.reasons] == [
        "電話番号",
        "FAX番号",
        "携帯電話番号",
    ]


async def test_nothing_changed_is_no_change(contractor: Browser) -> None:
    await change(contractor)
    assert contractor.reasons == [words.NOTHING]
    assert not contractor.page.select("[aria-invalid], .error-summary a"), "no field is wrong"
    await change(contractor, phone="0300000001")
    first = contractor.path
    await changed(contractor, phone="0300000001")
    await contractor.open(first)
    await contractor.submit()
    assert words.NOTHING in contractor.text
    assert len(await mails()) == 1


async def test_back_from_the_confirm_page_all_is_there_in_two_round_trips(
    contractor: Browser, round_trips: list[str]
) -> None:
    await change(contractor, phone="03-0000-0001")
    link = contractor.page.find("a", string="入力画面へ戻る")
    assert link
    round_trips.clear()
    await contractor.open(str(link["href"]))
    assert len(round_trips) == 2
    field = contractor.page.select_one("input[name=phone]")
    assert field
    assert field["value"] == "03-0000-0001"
    assert contractor.rows["性別"] == "女性"


async def test_a_new_contact_address_counts_when_its_link_was_answered(contractor: Browser) -> None:
    await changed(contractor, email=NEW)
    assert contractor.rows["連絡用メールアドレス"] == f"{NEW}（確認の後に登録）"
    assert await stored() == OLD
    assert customer.TOLD in contractor.text
    assert await mails() == [
        (OLD, "お客様情報変更のお知らせ"),
        (NEW, "連絡用メールアドレスの確認のお願い"),
    ]
    await contractor.open("/customer")
    assert f"{NEW} に、確認のメールを送っています。" in contractor.text
    path = await link()
    await contractor.open(path)
    await contractor.open(path)
    assert contractor.rows["新しい連絡用メールアドレス"] == NEW
    assert await stored() == OLD
    await contractor.submit("/customer/email")
    assert contractor.heading == "連絡用メールアドレス登録完了"
    assert await stored() == NEW
    assert (await mails())[2:] == [
        (OLD, "連絡用メールアドレス変更のお知らせ"),
        (NEW, "連絡用メールアドレス変更のお知らせ"),
    ]
    await contractor.open(path)
    assert UNUSABLE in contractor.text
    assert not contractor.page.select("form[action='/customer/email']")


async def test_the_link_asks_for_a_login_and_leads_back(
    contractor: Browser, another_browser: Browser, family_user: Browser, stranger: Browser, admin: Browser
) -> None:
    await changed(contractor, email=NEW)
    path = await link()
    await family_user.open(path)
    assert family_user.answer.status_code == 403
    await stranger.open(path)
    assert UNUSABLE in stranger.text
    assert NEW not in stranger.answer.text
    await another_browser.open(path)
    assert another_browser.heading == "ログイン"
    filled = {"by": "customer", "name": "90000000000000", "password": "demo01"}
    for form in another_browser.page.select("main form"):
        hidden = {str(field["name"]): str(field["value"]) for field in form.select("input[type=hidden]")}
        if hidden["by"] == "customer":
            await another_browser.press("/login", {**hidden, **filled})
            break
    assert another_browser.rows["新しい連絡用メールアドレス"] == NEW
    await admin.open(path)
    await admin.submit("/customer/email")
    assert await stored() == NEW
    await another_browser.submit("/customer/email")
    assert UNUSABLE in another_browser.text


async def test_a_link_that_two_answer_at_the_same_time_is_answered_once(
    contractor: Browser, admin: Browser
) -> None:
    await changed(contractor, email=NEW)
    path = await link()
    for browser in (contractor, admin):
        await browser.open(path)
    await asyncio.gather(*(browser.submit("/customer/email") for browser in (contractor, admin)))
    told = sorted(browser.heading for browser in (contractor, admin))
    assert told == ["連絡用メールアドレスの確認", "連絡用メールアドレス登録完了"]
    assert len(await mails()) == 4


async def test_a_link_dies_after_a_day_by_a_newer_one_and_by_deleting_the_address(
    contractor: Browser,
) -> None:
    await changed(contractor, email="first@new.example.jp")
    first = await link()
    await changed(contractor, email=NEW)
    await contractor.open(first)
    assert UNUSABLE in contractor.text
    await database.rows("UPDATE email_check SET asked_at = asked_at - interval '24 hours'")
    await contractor.open(await link())
    assert UNUSABLE in contractor.text
    await changed(contractor, email=NEW)
    await changed(contractor, email="")
    await contractor.open(await link())
    assert UNUSABLE in contractor.text
    assert await stored() == ""


async def test_the_receipt_of_a_new_contact_address_is_true_whenever_it_is_opened(
    contractor: Browser,
) -> None:
    await changed(contractor, email=NEW)
    receipt = contractor.path
    (row,) = await database.rows("SELECT applied_at FROM change")
    said = contact_address.receipt_notice(NEW, row["applied_at"])
    assert f"{clock.minute(row['applied_at'] + contact_address.VALID)}までに、" in said
    assert said in contractor.text
    await contractor.open(await link())
    await contractor.submit("/customer/email")
    await contractor.open(receipt)
    assert said in contractor.text
    for word in ("まだ", "24時間以内"):
        assert word not in contractor.text
    assert contractor.page.select("main a[href='/customer']")


async def test_links_are_not_sent_without_end(contractor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contact_address, "MOST", 2)
    for name in ("a", "b", "c"):
        await change(contractor, email=f"{name}@new.example.jp")
        await contractor.submit()
    assert contact_address.TOO_OFTEN in contractor.text
    assert not any(recipient == "c@new.example.jp" for recipient, _ in await mails())
    await changed(contractor, phone="0300000001")
    await database.rows("UPDATE change SET applied_at = applied_at - interval '1 day'")
    await changed(contractor, email="c@new.example.jp")


async def test_another_change_leaves_the_address_that_waits_alone(contractor: Browser) -> None:
    await change(contractor, phone="0300000001")
    confirm = contractor.path
    await changed(contractor, email=NEW)
    await contractor.open(await link())
    await contractor.submit("/customer/email")
    await contractor.open(confirm)
    await contractor.submit()
    assert contractor.heading == "顧客情報登録完了"
    assert (await stored(), await stored("phone")) == (NEW, "0300000001")


async def test_what_another_change_replaced_meanwhile_is_not_put_back(
    contractor: Browser, admin: Browser
) -> None:
    await change(contractor, fax="03-0000-0002")
    await changed(admin, phone="03-0000-0001")
    await contractor.submit()
    assert contractor.answer.status_code == 422
    assert customer.MEANWHILE in contractor.text
    assert (await stored("phone"), await stored("fax")) == ("03-0000-0001", "")


async def test_a_made_up_link_opens_nothing(contractor: Browser) -> None:
    for token in ("x", "あ", "' OR 1=1"):
        await contractor.open(f"/customer/email?token={token}")
        assert UNUSABLE in contractor.text
    await contractor.open("/customer/email")
    assert contact_address.OPEN_AGAIN in contractor.text
    assert not contractor.page.select("form[action='/customer/email']")


async def test_a_link_that_is_opened_or_answered_late_asks_for_the_password_first(
    contractor: Browser,
) -> None:
    await changed(contractor, email=NEW)
    path = await link()
    clock.start_at(clock.now() + timedelta(minutes=11))
    await contractor.open(path)
    assert contractor.heading == "パスワードの確認"
    assert OLD not in contractor.answer.text
    await contractor.prove("demo01")
    assert contractor.rows["現在の連絡用メールアドレス"] == OLD
    clock.start_at(clock.now() + timedelta(minutes=11))
    await contractor.submit("/customer/email")
    assert (contractor.heading, await stored()) == ("パスワードの確認", OLD)
    await contractor.prove("demo01")
    page = contractor.page
    await contractor.submit("/customer/email")
    assert await stored() == NEW
    contractor.page = page
    await contractor.submit("/customer/email")
    assert (contractor.answer.url.path, UNUSABLE in contractor.text) == ("/customer/email", True)


async def test_only_the_hash_of_the_links_token_is_kept(contractor: Browser) -> None:
    await changed(contractor, email=NEW)
    token = (await link()).rpartition("=")[2]
    kept = await database.rows("SELECT k::text AS row FROM email_check k")
    asking = await database.rows("SELECT k::text AS row FROM change k")
    assert not any(token in row["row"] for row in [*kept, *asking])
