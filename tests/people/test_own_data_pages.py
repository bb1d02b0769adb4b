"""ご登録情報のダウンロード: after the customer number's password, for nobody else."""

from __future__ import annotations

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


async def test_an_admin_needs_the_customer_number_and_a_user_role_member_may_not(
    admin: Browser, family_user: Browser
) -> None:
    await admin.open("/own-data")
    await admin.prove("demo01", "90000000000000")
    assert (await admin.get("/own-data.json")).status_code == 200
    assert (await family_user.get("/own-data.json")).status_code == 403
