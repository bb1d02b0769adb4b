"""アカウントID管理 (manual 7, 8, 9) through its pages."""

from __future__ import annotations

import asyncio

import pytest

from app.domain import tables
from app.domain.people import account_password, accounts
from tests.browser import Browser, filled_in

NEW = {
    "login": "arteri-an-003",
    "family": "有光",
    "given": "三",
    "family_kana": "ありみつ",
    "given_kana": "ｻﾝ",
    "user_name": "有光三",
    "password": "abc-7q2mzw",
    "password_again": "abc-7q2mzw",
}


async def register(browser: Browser, **typed: str) -> None:
    """Register an account ID through its pages."""
    await browser.open("/accounts/new")
    await browser.submit(**{**NEW, **typed})
    await browser.submit()
    assert browser.heading == "アカウントID登録／変更完了"


async def test_the_list_shows_each_account_id_with_its_links(contractor: Browser) -> None:
    await contractor.open("/accounts")
    rows = [
        [cell.get_text(" ", strip=True) for cell in row.select("th, td")]
        for row in contractor.page.select("tbody tr")
    ]
    assert [row[0] for row in rows] == ["arteri-an-001", "arteri-an-002"]
    assert rows[0][2].endswith("未登録")
    assert [row[3] for row in rows] == ["ユーザー権限", "管理者権限"]
    assert rows[0][4] == "arteri-an-001を 削除"
    assert contractor.page.select_one("main a[href='/accounts/new']")


@pytest.mark.slow
async def test_registering_goes_from_input_over_confirm_to_complete(contractor: Browser) -> None:
    await contractor.open("/accounts/new")
    await contractor.submit(**NEW)
    assert contractor.heading == "アカウントID登録／変更確認"
    assert contractor.rows["アカウントID"] == "arteri-an-003"
    assert contractor.rows["氏名カナ"] == "（姓カナ）アリミツ （名カナ）サン"
    assert contractor.rows["パスワード"] == "abc*****"
    assert contractor.rows["アカウント権限種別"] == "ユーザー権限"
    assert not await tables.Account.exists().where(tables.Account.login == "arteri-an-003")
    await contractor.submit()
    assert contractor.heading == "アカウントID登録／変更完了"
    assert contractor.rows["パスワード"] == "abc*****"
    assert contractor.rows["受付番号"]
    await contractor.open(contractor.path)
    assert contractor.rows["パスワード"] == "*****"


@pytest.mark.slow
async def test_the_new_account_id_can_log_in(contractor: Browser, another_browser: Browser) -> None:
    await register(contractor)
    await another_browser.log_in("account", "arteri-an-003", "abc-7q2mzw")
    assert another_browser.heading == "ユーザー管理"


async def test_every_wrong_field_is_told_and_what_was_typed_stays_but_the_passwords(
    contractor: Browser,
) -> None:
    await contractor.open("/accounts/new")
    await contractor.submit(
        login="Bad_", family="", given="三", family_kana="漢字", given_kana="", user_name="半角.空白", password="short",
        password_again="other",
    )  # fmt: skip
    assert contractor.answer.status_code == 422
    assert len(contractor.reasons) == 7
    for link in contractor.page.select(".error-summary a"):
        field = contractor.page.select_one(str(link["href"]))
        assert field is not None
        assert field["aria-invalid"] == "true"
        reason = contractor.page.select_one("#" + str(field["aria-describedby"]).split()[0])
        assert reason is not None
        assert reason.get_text() == link.get_text()
    assert contractor.form().select_one("input[name=given]")["value"] == "三"  # type: ignore[index]
    assert contractor.form().select_one("input[name=login]")["value"] == "Bad_"  # type: ignore[index]
    assert "short" not in contractor.answer.text


async def test_a_name_that_others_have_or_had_is_refused_with_the_reason(contractor: Browser) -> None:
    await contractor.open("/accounts/new")
    await contractor.submit(**{**NEW, "login": "tanin-001"})
    assert contractor.reasons == [accounts.TAKEN]


@pytest.mark.slow
async def test_a_deleted_name_is_refused_and_says_why(contractor: Browser) -> None:
    await register(contractor)
    await contractor.open("/accounts/arteri-an-003/delete")
    assert contractor.rows["アカウント"] == "arteri-an-003"
    await contractor.submit()
    assert contractor.heading == "アカウントID情報削除確認"
    await contractor.submit()
    assert contractor.heading == "アカウントID削除完了"
    await contractor.open("/accounts/new")
    await contractor.submit(**NEW)
    assert contractor.reasons == [accounts.deleted_name("arteri-an-003")]


@pytest.mark.slow
async def test_back_from_the_confirm_page_what_was_typed_is_there_and_the_password_is_kept(
    contractor: Browser,
) -> None:
    await contractor.open("/accounts/new")
    await contractor.submit(**NEW)
    back = contractor.page.select_one("main a.button")
    assert back is not None
    await contractor.open(str(back["href"]))
    assert contractor.form().select_one("input[name=family_kana]")["value"] == "アリミツ"  # type: ignore[index]
    assert "先ほど入力したパスワード" in contractor.text
    await contractor.submit(given="参")
    assert contractor.rows["氏名"] == "（姓）有光 （名）参"
    assert contractor.rows["パスワード"] == "abc*****"
    await contractor.submit()
    assert contractor.heading == "アカウントID登録／変更完了"


async def test_a_kept_password_is_not_taken_for_another_account_id(contractor: Browser) -> None:
    await contractor.open("/accounts/new")
    await contractor.submit(**NEW)
    await contractor.open(f"/accounts/new?change={contractor.path.removeprefix('/changes/')}")
    await contractor.submit(login="another-one")
    assert "パスワードを入力してください。" in contractor.reasons


@pytest.mark.parametrize(
    ("page", "typed"),
    [
        ("edit", {"given": "改", "password": "neu-12345", "password_again": "neu-12345"}),
        ("mail-address", {"kind": "other", "address": "taro@example.com", "agree": "yes"}),
    ],
)
async def test_what_was_typed_for_another_account_id_fills_no_input_page(
    contractor: Browser, page: str, typed: dict[str, str]
) -> None:
    await contractor.open(f"/accounts/arteri-an-001/{page}")
    await contractor.submit(**typed)
    change = contractor.path.removeprefix("/changes/")
    for login, filled in (("arteri-an-001", True), ("arteri-an-002", False)):
        await contractor.open(f"/accounts/{login}/{page}?change={change}")
        shown = "改" in contractor.answer.text or "taro@example.com" in contractor.answer.text
        kept = "先ほど入力したパスワード" in contractor.text
        assert (shown, kept) == (filled, filled and page == "edit")


@pytest.mark.slow
async def test_an_account_id_is_changed_and_an_empty_password_keeps_the_old(
    contractor: Browser, another_browser: Browser
) -> None:
    await contractor.open("/accounts/arteri-an-001/edit")
    await contractor.submit(given="改", role="admin")
    assert contractor.rows["パスワード"] == "変更しない"
    assert "お客様番号でログインしたときと同じお手続き" in contractor.text
    await contractor.submit()
    await contractor.open("/accounts")
    assert "有光 改" in contractor.text
    await another_browser.log_in("account", "arteri-an-001", "abc12345")
    assert another_browser.heading == "ご契約情報一覧"


@pytest.mark.slow
async def test_a_changed_password_ends_the_other_sessions_of_that_login(
    contractor: Browser, family_user: Browser, admin: Browser
) -> None:
    await contractor.open("/accounts/arteri-an-001/edit")
    await contractor.submit(password="neu-12345", password_again="neu-12345")
    assert contractor.rows["パスワード"] == "neu*****"
    await contractor.submit()
    assert (await family_user.get("/")).status_code == 303
    assert (await admin.get("/")).status_code == 200
    assert (await contractor.get("/")).status_code == 200
    await family_user.log_in("account", "arteri-an-001", "abc12345")
    assert family_user.answer.status_code == 422
    await family_user.log_in("account", "arteri-an-001", "neu-12345")
    assert family_user.heading == "ユーザー管理"


@pytest.mark.slow
@pytest.mark.parametrize("page", ["edit", "password"])
async def test_a_password_is_never_used_twice_on_an_account_id(contractor: Browser, page: str) -> None:
    await contractor.open(f"/accounts/arteri-an-001/{page}")
    await contractor.submit(password="neu-12345", password_again="neu-12345")
    await contractor.submit()
    await contractor.open(f"/accounts/arteri-an-001/{page}")
    await contractor.submit(password="neu-12345", password_again="neu-12345")
    assert contractor.reasons == [account_password.USED_BEFORE]


@pytest.mark.slow
async def test_a_user_role_member_changes_the_own_password_and_stays_logged_in(family_user: Browser) -> None:
    await family_user.open("/accounts/arteri-an-001/password")
    await family_user.submit(password="neu-12345", password_again="neu-12346")
    assert len(family_user.reasons) == 1
    await family_user.submit(password="neu-12345", password_again="neu-12345")
    await family_user.submit()
    assert family_user.heading == "アカウントIDパスワード変更完了"
    assert family_user.rows["パスワード"] == "neu*****"
    await family_user.open("/")
    assert family_user.heading == "ユーザー管理"


async def test_the_last_admin_may_be_taken_away(contractor: Browser) -> None:
    await contractor.open("/accounts/arteri-an-002/edit")
    await contractor.submit(role="user")
    await contractor.submit()
    assert contractor.heading == "アカウントID登録／変更完了"


@pytest.mark.slow
async def test_a_sixth_account_id_is_answered_with_the_limit(contractor: Browser) -> None:
    for number in (3, 4, 5):
        await register(contractor, login=f"arteri-an-00{number}")
    await contractor.open("/accounts")
    assert accounts.full() in contractor.text
    assert not contractor.page.select("main a[href='/accounts/new']")
    await contractor.open("/accounts/new")
    assert accounts.full() in contractor.text
    token = str(contractor.form("/logout").select("input")[0]["value"])
    await contractor.press(
        "/accounts/new", {**NEW, "login": "arteri-an-006", "role": "user", "csrf_token": token}
    )
    assert contractor.answer.status_code == 422
    assert accounts.full() in contractor.text


@pytest.mark.slow
async def test_twenty_registrations_at_once_leave_five_account_ids(contractor: Browser) -> None:
    confirm_pages = []
    for number in range(20):
        await contractor.open("/accounts/new")
        await contractor.submit(**{**NEW, "login": f"arteri-an-1{number:02}"})
        confirm_pages.append((contractor.path, filled_in(contractor.form())))
    answers = await asyncio.gather(
        *(contractor.post(path, data=form, follow_redirects=True) for path, form in confirm_pages)
    )
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [422] * 17
    assert all(accounts.full() in answer.text for answer in answers if answer.status_code == 422)
    assert (
        await tables.Account.count().where(
            tables.Account.deleted_at.is_null(), tables.Account.login.like("arteri-an-%")
        )
        == 5
    )


@pytest.mark.slow
async def test_pressing_twice_is_one_change_and_the_same_receipt(contractor: Browser) -> None:
    await contractor.open("/accounts/new")
    await contractor.submit(**NEW)
    path, form = contractor.path, filled_in(contractor.form())
    answers = await asyncio.gather(
        *(contractor.post(path, data=form, follow_redirects=True) for _ in range(5))
    )
    assert {answer.status_code for answer in answers} == {200}
    await contractor.open("/changes")
    assert len(contractor.page.select("tbody tr")) == 1


@pytest.mark.slow
async def test_a_name_taken_meanwhile_is_refused_in_words_and_nothing_is_kept(
    contractor: Browser, stranger: Browser
) -> None:
    for browser in (contractor, stranger):
        await browser.open("/accounts/new")
        await browser.submit(**{**NEW, "login": "same-name"})
    await stranger.submit()
    await contractor.submit()
    assert contractor.answer.status_code == 422
    assert accounts.TAKEN in contractor.text
    back = contractor.page.select_one("main a.button")
    assert back is not None
    await contractor.open(str(back["href"]))
    assert contractor.form().select_one("input[name=family_kana]")["value"] == "アリミツ"  # type: ignore[index]


async def test_who_deletes_the_own_account_id_reads_on_with_a_bar_and_writes_no_more(admin: Browser) -> None:
    await admin.open("/accounts/arteri-an-002/delete")
    await admin.submit()
    await admin.submit()
    assert admin.heading == "アカウントID削除完了"
    assert "削除済み" in admin.page.get_text()
    await admin.open("/accounts")
    assert admin.answer.status_code == 200
    assert "arteri-an-002" not in admin.text


async def test_a_deleted_account_id_cannot_log_in(contractor: Browser, another_browser: Browser) -> None:
    await contractor.open("/accounts/arteri-an-001/delete")
    await contractor.submit()
    await contractor.submit()
    await another_browser.log_in("account", "arteri-an-001", "abc12345")
    assert another_browser.answer.status_code == 422


async def test_htmx_walks_the_same_path_with_panels(contractor: Browser) -> None:
    await contractor.open("/accounts/new")
    form = contractor.form()
    body = {"csrf_token": str(form.select("input")[0]["value"]), "role": "user", **NEW}
    wrong = await contractor.post("/accounts/new", data={**body, "login": ""}, headers={"HX-Request": "true"})
    assert wrong.status_code == 422
    assert "<html" not in wrong.text
    assert "<title>エラー：" in wrong.text
    assert wrong.headers["vary"] == "HX-Request"
    right = await contractor.post("/accounts/new", data=body, headers={"HX-Request": "true"})
    assert right.status_code == 303
    panel = await contractor.htmx(right.headers["location"])
    assert panel.h1 is not None
    assert panel.h1.get_text() == "アカウントID登録／変更確認"
    assert not panel.select("html, nav#menu")


async def test_a_change_of_an_account_id_that_was_deleted_meanwhile_is_refused_in_words(
    contractor: Browser, admin: Browser
) -> None:
    await contractor.open("/accounts/arteri-an-001/edit")
    await contractor.submit(given="改")
    confirm_page = contractor.path
    await admin.open("/accounts/arteri-an-001/delete")
    await admin.submit()
    await admin.submit()
    await contractor.submit()
    assert contractor.answer.status_code == 422
    assert "すでに削除されています" in contractor.text
    await contractor.open(confirm_page)
    assert contractor.answer.status_code == 422
    assert "すでに削除されています" in contractor.text
    assert not contractor.page.select("main a[href*=edit]")
