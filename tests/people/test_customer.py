"""お客様情報変更 (manual 20, spec 12) through its pages."""

from __future__ import annotations

import pytest

from app.domain.changes import words
from app.domain.people import customer
from app.postgres import database
from tests.browser import Browser
from tests.people.customer_steps import OLD, change, changed, mails, stored


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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


async def test_what_another_change_replaced_meanwhile_is_not_put_back(
    contractor: Browser, admin: Browser
) -> None:
    await change(contractor, fax="03-0000-0002")
    await changed(admin, phone="03-0000-0001")
    await contractor.submit()
    assert contractor.answer.status_code == 422
    assert customer.MEANWHILE in contractor.text
    assert (await stored("phone"), await stored("fax")) == ("03-0000-0001", "")
