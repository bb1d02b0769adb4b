"""A user role corrects the own 氏名, カナ and ユーザーネーム (spec 1, manual 6), and nothing else of the account ID."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain import tables
from app.domain.access.matrix import Missing
from app.domain.changes import asking
from app.domain.people.account_names import AccountNames, EditNames
from app.postgres import database
from tests import households
from tests.browser import Browser

SON, WIFE = "arteri-an-001", "arteri-an-002"
NAMES = AccountNames("有光", "新", "アルテリ", "アラタ", "あらた")
TYPED = {"given": "新", "given_kana": "あらた", "user_name": "あらた"}


async def row_of(login: str) -> dict[str, Any]:
    row = await tables.Account.select().where(tables.Account.login == login).first()
    assert row
    return row


@pytest.mark.slow
async def test_a_user_corrects_the_own_names_over_confirm_to_complete_and_reads_it_in_the_history(
    family_user: Browser,
) -> None:
    before = await row_of(SON)
    await family_user.open("/")
    assert family_user.page.select_one(f"main a[href='/accounts/{SON}/edit']")
    await family_user.open(f"/accounts/{SON}/edit")
    assert {
        str(field["name"]) for field in family_user.page.select("main form input:not([type=hidden])")
    } == {
        *("family", "given", "family_kana", "given_kana", "user_name"),
    }
    await family_user.submit()
    assert family_user.reasons == ["変更された項目がありません。"]
    await family_user.submit(given="", user_name="")
    assert len(family_user.reasons) == 2
    await family_user.submit(**TYPED)
    assert family_user.heading == "氏名・ユーザーネーム変更確認"
    assert family_user.rows["氏名カナ"] == "（姓カナ）アルテリ （名カナ）アラタ"
    way_back = str(family_user.page.select("main .buttons a")[0]["href"])
    await family_user.open(way_back)
    assert str(family_user.page.select("#f-given")[0]["value"]) == "新"
    await family_user.submit()
    await family_user.submit()
    assert family_user.heading == "氏名・ユーザーネーム変更完了"
    after = await row_of(SON)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"given", "given_kana", "user_name"}
    (mail,) = await tables.Outbox.select()
    assert "変更した項目：氏名、氏名カナ、ユーザーネーム" in mail["body"]
    await family_user.open("/changes")
    assert "氏名・ユーザーネーム変更" in family_user.text


LINK = "請求はevil.example/pay"


@pytest.mark.parametrize(
    ("field", "label", "text"),
    [
        ("family", "氏名（姓）", LINK),
        ("given", "氏名（名）", LINK),
        ("user_name", "ユーザーネーム", "；http：／／ｅｖｉｌ"),
    ],
)
async def test_no_name_holds_a_link_whoever_changes_it_but_what_is_registered_stays(
    family_user: Browser, admin: Browser, contractor: Browser, field: str, label: str, text: str
) -> None:
    typed = {field: text}
    for browser in (family_user, admin):
        await browser.open(f"/accounts/{SON}/edit")
        await browser.submit(**typed)
        assert browser.reasons[0].startswith(f"{label}に、リンク（URL）として読まれる")
        assert str(browser.page.select(f"main [name={field}]")[0]["value"])  # what was typed is still there
    await contractor.open("/accounts/new")
    await contractor.submit(login="musume-003", **typed)
    assert any(f"{label}に、リンク" in reason for reason in contractor.reasons)
    await database.rows(f"UPDATE account SET {field} = $1 WHERE login = $2", text, SON)
    await family_user.open(f"/accounts/{SON}/edit")
    await family_user.submit(given_kana="アラタ")
    assert family_user.heading == "氏名・ユーザーネーム変更確認"


@pytest.mark.parametrize("text", ["\ufffd", "・", "ー", "-"])
@pytest.mark.parametrize("field", ["family", "given", "family_kana", "given_kana", "user_name"])
async def test_a_name_that_nobody_can_read_is_refused(family_user: Browser, field: str, text: str) -> None:
    await family_user.open(f"/accounts/{SON}/edit")
    await family_user.submit(**{field: text})
    assert len(family_user.reasons) == 1


async def test_whatever_else_is_sent_with_the_names_changes_nothing(family_user: Browser) -> None:
    before = await row_of(SON)
    await family_user.open(f"/accounts/{SON}/edit")
    password = {"password": "hik-7q2mzw", "password_again": "hik-7q2mzw"}
    await family_user.submit(
        **TYPED, **password, role="admin", login="other-001", other_address="x@example.jp"
    )
    assert family_user.heading == "氏名・ユーザーネーム変更確認"
    await family_user.submit()
    after = await row_of(SON)
    for name in ("role", "password_hash", "login", "other_address"):
        assert after[name] == before[name]
    assert (await family_user.get("/accounts")).status_code == 403


async def test_a_siblings_names_are_not_a_users_to_see_or_change(family_user: Browser) -> None:
    await family_user.open(f"/accounts/{SON}/edit")
    sent = {str(field["name"]): "x" for field in family_user.page.select("main form input")}
    sent["csrf_token"] = str(family_user.page.select("[name=csrf_token]")[0]["value"])
    assert (await family_user.get(f"/accounts/{WIFE}/edit")).status_code == 404
    await family_user.press(f"/accounts/{WIFE}/edit", sent)
    assert family_user.answer.status_code == 404


async def test_customer_and_admin_change_all_of_it_on_the_same_page(
    contractor: Browser, admin: Browser
) -> None:
    for browser in (contractor, admin):
        await browser.open(f"/accounts/{SON}/edit")
        assert browser.heading == "アカウントID登録／変更"
        assert browser.page.select("input[name=role], input[name=password]")


async def test_names_that_an_admin_changed_meanwhile_are_not_brought_back_with_the_role(
    empty_database: str,
) -> None:
    family = await households.new_household()
    son = await households.log_in(family.contract, family.son)
    identity = await asking.ask(son, EditNames(family.sons_login, NAMES))
    await tables.Account.update({tables.Account.role: "admin"}).where(tables.Account.id == family.son)
    await asking.confirm(son, identity)
    row = await row_of(family.sons_login)
    assert (row["given"], row["role"]) == ("新", "admin")


async def test_a_users_change_of_another_account_id_is_of_nothing_that_is_there(empty_database: str) -> None:
    family = await households.new_household()
    son = await households.log_in(family.contract, family.son)
    with pytest.raises(Missing):
        asking.judge(son, EditNames(family.mothers_login, NAMES))
