"""お客様番号パスワード変更 (manual 21) through its pages."""

from __future__ import annotations

import pytest

from app.domain.people import customer_password
from tests.browser import Browser


async def change(browser: Browser, password: str, again: str | None = None) -> None:
    await browser.open("/customer-password")
    await browser.submit(password=password, password_again=password if again is None else again)


@pytest.mark.parametrize("password", ["abc!12", "0471936285", "~;[%,}", "AQZMKWXRPV"])
async def test_six_to_ten_letters_digits_and_symbols_are_taken(contractor: Browser, password: str) -> None:
    await change(contractor, password)
    assert contractor.heading == "お客様番号パスワード変更確認"
    assert contractor.rows["新パスワード"] == password[:3] + "*****"
    assert contractor.rows["お客様番号"] == "90000000000000"


@pytest.mark.parametrize(
    "password", ["abc12", "01234567890", "パスワード12", "abc 123", "000000", "900000", ""]
)
async def test_others_are_refused_and_never_cut(contractor: Browser, password: str) -> None:
    await change(contractor, password)
    assert contractor.answer.status_code == 422
    assert contractor.reasons


async def test_the_repetition_must_be_the_same(contractor: Browser) -> None:
    await change(contractor, "abc!12", "abc!13")
    assert contractor.reasons == ["確認のため入力したパスワードが、新パスワードと一致しません。"]


@pytest.mark.slow
async def test_a_changed_password_counts_at_once_and_ends_the_customers_other_sessions(
    contractor: Browser, another_browser: Browser, admin: Browser
) -> None:
    await another_browser.log_in("customer", "90000000000000", "demo01")
    await change(contractor, "neu!99")
    await contractor.submit()
    assert contractor.heading == "お客様番号パスワード変更完了"
    assert contractor.rows["新パスワード"] == "neu*****"
    assert (await contractor.get("/")).status_code == 200
    assert (await admin.get("/")).status_code == 200
    assert (await another_browser.get("/")).status_code == 303
    await another_browser.log_in("customer", "90000000000000", "demo01")
    assert another_browser.answer.status_code == 422
    await another_browser.log_in("customer", "90000000000000", "neu!99")
    assert another_browser.heading == "ご契約情報一覧"


@pytest.mark.slow
async def test_a_password_is_never_used_twice(contractor: Browser) -> None:
    await change(contractor, "demo01")
    assert contractor.reasons == [customer_password.USED]
    await change(contractor, "neu!99")
    await contractor.submit()
    for used in ("demo01", "neu!99"):
        await change(contractor, used)
        assert contractor.reasons == [customer_password.USED]


@pytest.mark.slow
async def test_two_confirm_pages_with_the_same_password_are_one_change(contractor: Browser) -> None:
    await change(contractor, "neu!99")
    first = contractor.path
    await change(contractor, "neu!99")
    await contractor.submit()
    await contractor.open(first)
    await contractor.submit()
    assert contractor.answer.status_code == 422
    assert customer_password.USED in contractor.text


@pytest.mark.slow
async def test_an_admin_who_knows_it_changes_it_too(admin: Browser, contractor: Browser) -> None:
    await admin.open("/customer-password")
    await admin.prove("demo01", "90000000000000")
    await change(admin, "neu!99")
    await admin.submit()
    assert admin.heading == "お客様番号パスワード変更完了"
    assert (await contractor.get("/")).status_code == 303
