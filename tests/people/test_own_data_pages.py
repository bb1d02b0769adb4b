"""ご登録情報のダウンロード: after the customer number's password, for nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.domain import clock
from tests.browser import Browser


async def test_the_customer_types_the_password_again_and_downloads(contractor: Browser) -> None:
    await contractor.open("/own-data")
    assert contractor.heading == "お客様番号で再度ログイン"
    assert (await contractor.get("/own-data.json")).status_code == 303
    await contractor.prove("demo01", "90000000000000")
    assert contractor.heading == "ご登録情報のダウンロード"
    link = contractor.page.select_one("main a.button")
    assert link is not None
    answer = await contractor.get(str(link["href"]))
    assert answer.headers["content-disposition"] == 'attachment; filename="mypage-90000000000000.json"'
    assert answer.headers["cache-control"] == "no-store"
    exported = answer.json()
    assert exported["ご契約"][0]["customer_number"] == "90000000000000"
    assert exported["お支払い方法"][0]["last4"] == "0000"
    assert "argon2" not in answer.text


async def test_an_admin_needs_the_customer_number(admin: Browser) -> None:
    await admin.open("/own-data")
    await admin.prove("demo01", "90000000000000")
    assert (await admin.get("/own-data.json")).status_code == 200


async def test_a_user_role_downloads_the_own_data_after_the_own_password(family_user: Browser) -> None:
    clock.start_at(clock.now() + timedelta(minutes=11))
    await family_user.open("/own-data")
    assert family_user.heading == "パスワードの確認"
    assert (await family_user.get("/own-data.json")).status_code == 303
    await family_user.prove("abc12345")
    assert family_user.heading == "ご登録情報のダウンロード"
    assert "アカウントID「arteri-an-001」について" in family_user.text
    assert "お支払い方法" not in family_user.text
    answer = await family_user.get("/own-data.json")
    assert answer.headers["content-disposition"] == 'attachment; filename="mypage-arteri-an-001.json"'
    exported = answer.json()
    assert [account["login"] for account in exported["アカウントID"]] == ["arteri-an-001"]
    assert list(exported)[1:] == [item.get_text() for item in family_user.page.select("#contents + ul li")]
    for others in ("arteri-an-002", "arteri-kichi@mail.example.com", "arteri-an@keitai.example.jp", "0000"):
        assert others not in answer.text


@pytest.mark.slow
async def test_the_menu_leads_each_role_there(
    contractor: Browser, admin: Browser, family_user: Browser
) -> None:
    for browser in (contractor, admin, family_user):
        await browser.open("/")
        assert browser.page.select("#menu a[href='/own-data']")
