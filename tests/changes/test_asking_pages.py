"""Confirm and complete pages, and お手続き履歴, through their pages."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from app.domain import clock
from app.domain.changes import history
from app.postgres import database
from tests.browser import Browser
from tests.mail.steps import confirmed


async def ask(browser: Browser, given: str = "改") -> str:
    """Ask for a change of name; the path of its confirm page."""
    await browser.open("/accounts/arteri-an-001/edit")
    await browser.submit(given=given)
    assert browser.heading == "アカウントID登録／変更確認"
    return browser.path


@pytest.mark.slow
async def test_a_confirm_page_expires_after_30_minutes_and_says_so(contractor: Browser) -> None:
    path = await ask(contractor)
    start = clock.now()
    for minutes in (10, 20, 29):
        clock.start_at(start + timedelta(minutes=minutes))
        await contractor.open(path)
        if contractor.heading == "パスワードの確認":
            await contractor.prove("demo01")
        assert contractor.heading == "アカウントID登録／変更確認"
    token = str(contractor.form().select("input")[0]["value"])
    clock.start_at(start + timedelta(minutes=31))
    await contractor.open(path)
    assert contractor.heading == "確認画面の有効期間が切れました"
    await contractor.press(path, {"csrf_token": token})
    assert contractor.heading == "確認画面の有効期間が切れました"
    await contractor.open("/accounts")
    assert "有光 改" not in contractor.text


async def test_the_confirm_page_says_until_when_it_is_valid(contractor: Browser) -> None:
    await ask(contractor)
    assert "まで有効です。" in contractor.text


async def test_reloading_and_pressing_again_show_the_same_receipt(contractor: Browser) -> None:
    path = await ask(contractor)
    token = str(contractor.form().select("input")[0]["value"])
    await contractor.submit()
    number = contractor.rows["受付番号"]
    await contractor.open(path)
    assert contractor.rows["受付番号"] == number
    await contractor.press(path, {"csrf_token": token})
    assert contractor.rows["受付番号"] == number


async def test_two_tabs_are_two_changes_and_each_is_applied_once(contractor: Browser) -> None:
    first, second = await ask(contractor, "一"), await ask(contractor, "二")
    for path in (second, first):
        await contractor.open(path)
        await contractor.submit()
    await contractor.open("/accounts")
    assert "有光 一" in contractor.text


async def test_an_unknown_change_is_not_found(contractor: Browser) -> None:
    for path in (f"/changes/{uuid4()}", "/changes/not-a-change"):
        await contractor.open(path)
        assert contractor.answer.status_code == 404


async def test_the_history_lists_changes_newest_first_with_who_asked(
    contractor: Browser, admin: Browser
) -> None:
    await ask(contractor, "一")
    await contractor.submit()
    await ask(admin, "二")
    await admin.submit()
    await contractor.open("/changes")
    rows = [
        [cell.get_text(strip=True) for cell in row.select("th, td")]
        for row in contractor.page.select("tbody tr")
    ]
    assert [row[4] for row in rows] == ["arteri-an-002", "ご契約者様（お客様番号）"]
    assert rows[0][0] > rows[1][0]
    assert rows[0][2:4] == ["アカウントID変更", "arteri-an-001"]
    link = contractor.page.select_one("tbody a")
    assert link is not None
    await contractor.open(str(link["href"]))
    assert contractor.heading == "アカウントID登録／変更完了"


async def test_a_long_history_is_read_page_by_page(contractor: Browser) -> None:
    path = await ask(contractor)
    await contractor.submit()
    await database.rows(
        "INSERT INTO change (id, contract, asker, kind, subject, asked_at, applied_at, receipt_number, receipt)"
        " SELECT gen_random_uuid(), contract, asker, kind, subject, asked_at, applied_at, n, receipt"
        " FROM change, generate_series(1, $1::int) n WHERE id = $2::text::uuid",
        history.PAGE,
        path.removeprefix("/changes/"),
    )
    await contractor.open("/changes")
    assert len(contractor.page.select("tbody tr")) == history.PAGE
    older = [link for link in contractor.page.select("main a") if "これより前" in link.get_text()]
    await contractor.open(str(older[0]["href"]))
    assert len(contractor.page.select("tbody tr")) == 1
    await contractor.open("/changes?before=99999999999999999999")
    assert contractor.answer.status_code == 200


@pytest.mark.slow
async def test_the_password_and_its_first_characters_are_in_no_table(contractor: Browser) -> None:
    await contractor.open("/accounts/arteri-an-001/edit")
    await contractor.submit(password="Zq7-geheim", password_again="Zq7-geheim")
    assert contractor.rows["パスワード"] == "Zq7*****"
    assert "Zq7" not in await dump()
    await contractor.submit()
    assert contractor.rows["パスワード"] == "Zq7*****"
    assert "Zq7" not in await dump()
    for answer in [*contractor.answer.history, contractor.answer]:
        assert "Zq7" not in str(answer.url)
        assert "Zq7" not in str(answer.headers)
    assert "geheim" not in contractor.answer.text


@pytest.mark.slow
async def test_the_first_characters_are_shown_to_the_session_that_typed_them_only(
    contractor: Browser, another_browser: Browser
) -> None:
    await contractor.open("/accounts/arteri-an-001/edit")
    await contractor.submit(password="Zq7-geheim", password_again="Zq7-geheim")
    await another_browser.log_in("customer", "90000000000000", "demo01")
    await another_browser.open(contractor.path)
    assert another_browser.rows["パスワード"] == "*****"


async def dump() -> str:
    """Every row of every table as text."""
    tables = await database.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    rows = [await database.rows(f'SELECT t::text FROM "{table["tablename"]}" t') for table in tables]
    return "\n".join(row["t"] for found in rows for row in found)


@pytest.mark.slow
async def test_where_nobody_can_be_mailed_the_complete_page_says_so(visitor: Browser) -> None:
    await visitor.log_in("customer", "90000000000003", "demo01")
    await confirmed(visitor, "/customer-password", password="hik!7q2m", password_again="hik!7q2m")
    expected = "送り先のメールアドレスが未登録のため、送信していません"
    assert visitor.rows["お知らせのメール"] == expected


async def test_a_receipt_names_no_login_of_others_and_no_address(family_user: Browser) -> None:
    await confirmed(family_user, "/accounts/arteri-an-001/edit", user_name="ひかり")
    assert family_user.rows["お知らせのメール"] == "連絡用メールアドレスに送信しました"
    assert "arteri-an-002" not in family_user.text
