"""The step that asks for a password again: who is asked when, what it opens, and what it does to the session."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from app.domain import clock
from app.postgres import database
from tests.access.test_matrix import ROUTES
from tests.browser import Browser, filled_in

pytestmark = pytest.mark.slow  # a walk through every form, change or step: `make test` takes it

AFTER = "/customer-password"
ASKED = {
    **dict.fromkeys(
        (
            (method, path)
            for method in ("GET", "POST")
            for path in ("/customer", "/customer/email", "/payment", "/accounts/new")
        ),
        "recent",
    ),
    **dict.fromkeys(
        (
            (method, path)
            for method in ("GET", "POST")
            for path in (
                *("/customer-password", "/accounts/{login:str}/edit", "/accounts/{login:str}/password"),
            )
        ),
        "recent",
    ),
    **dict.fromkeys(
        (
            (method, path)
            for method in ("GET", "POST")
            for path in ("/second-factor/passkeys/new", "/second-factor/totp")
        ),
        "recent",
    ),
    ("GET", "/second-factor/passkeys.json"): "recent",
    ("POST", "/payment/visit"): "recent",
    ("GET", "/payment/return"): "recent",
    ("GET", "/calls/{service:str}"): "customer",
    ("GET", "/calls/{service:str}/{name:str}"): "customer",
    ("GET", "/statements"): "customer",
    ("GET", "/statements/{name:str}"): "customer",
    ("GET", "/own-data"): "customer",
    ("GET", "/own-data.json"): "customer",
    ("GET", "/giga-cinema"): "customer",
    ("GET", "/club-off"): "customer",
}
"""The steps of all pages, whatever is sent to them; those of changes are in protocols/."""


def pass_minutes(minutes: int) -> None:
    clock.start_at(clock.now() + timedelta(minutes=minutes))


async def test_no_other_page_asks_for_a_password_again_and_none_of_these_forgets_to(
    contractor: Browser,
) -> None:
    await contractor.open("/")
    token = str(contractor.form("/logout").select("input")[0]["value"])
    asked: dict[tuple[str, str], str] = {}
    for method, path in sorted(ROUTES, key=lambda route: route[1] == "/logout"):
        await database.rows("UPDATE session SET opened_at = $1", clock.now() - timedelta(minutes=11))
        concrete = re.sub(r"{identity:uuid}", "00000000-0000-0000-0000-000000000000", path)
        concrete = re.sub(r"{\w+:\w+}", "arteri-an-001", concrete)
        sent = {"csrf_token": token} if method == "POST" else None
        headers = {"Sec-Fetch-Site": "same-origin"}
        answer = await contractor.request(method, concrete, data=sent, headers=headers)
        step = re.match(r"/proof\?step=(\w+)&", answer.headers.get("location", ""))
        asked |= {(method, path): step[1]} if step else {}
    assert asked == ASKED


async def test_after_ten_minutes_an_important_page_asks_for_the_password_and_then_opens(
    contractor: Browser,
) -> None:
    await contractor.open(AFTER)
    assert contractor.heading == "お客様番号パスワード変更"
    pass_minutes(11)
    await contractor.open(AFTER)
    assert contractor.heading == "パスワードの確認"
    assert contractor.rows == {"お客様番号": "90000000000000"}
    await contractor.prove("demo01")
    assert (contractor.heading, contractor.path) == ("お客様番号パスワード変更", AFTER)


async def test_a_wrong_or_missing_password_is_told_and_opens_nothing(contractor: Browser) -> None:
    pass_minutes(11)
    await contractor.open(AFTER)
    await contractor.prove("demo02")
    assert contractor.reasons == ["パスワードが正しくありません。"]
    assert contractor.answer.status_code == 422
    await contractor.prove("")
    assert contractor.reasons == ["パスワードを入力してください。"]
    await contractor.open(AFTER)
    assert contractor.heading == "パスワードの確認"


async def test_guessing_there_is_limited_as_at_login(contractor: Browser) -> None:
    pass_minutes(11)
    await contractor.open(AFTER)
    for _ in range(10):
        await contractor.prove("guess")
        assert contractor.answer.status_code == 422
        await contractor.open(AFTER)
    await contractor.prove("demo01")
    assert contractor.answer.status_code == 429
    assert "パスワードの確認の失敗が続いた" in contractor.text


async def test_guessing_at_one_open_screen_holds_up_no_other_session_of_the_login(
    contractor: Browser, another_browser: Browser
) -> None:
    await another_browser.log_in("customer", "90000000000000", "demo01")
    pass_minutes(11)
    for _ in range(11):
        await contractor.open(AFTER)
        await contractor.prove("guess")
    assert contractor.answer.status_code == 429
    await another_browser.open(AFTER)
    await another_browser.prove("demo01")
    assert another_browser.path == AFTER


async def test_a_new_session_of_an_admin_brings_no_new_guesses_at_the_customers_password(
    admin: Browser, another_browser: Browser
) -> None:
    for _ in range(10):
        await admin.open("/statements")
        await admin.prove("guess", "90000000000000")
    await another_browser.log_in("account", "arteri-an-002", "abc12345")
    await another_browser.open("/statements")
    await another_browser.prove("demo01", "90000000000000")
    assert another_browser.answer.status_code == 429


async def test_an_account_id_gives_its_own_password_and_comes_back_to_its_confirm_page(
    admin: Browser,
) -> None:
    await admin.open("/accounts/arteri-an-001/delete")
    pass_minutes(11)
    await admin.submit()
    assert admin.rows == {"アカウントID": "arteri-an-002"}
    await admin.prove("abc12345")
    assert admin.heading == "アカウントID情報削除確認"
    await admin.submit()
    assert admin.heading == "アカウントID削除完了"


async def test_a_confirm_page_that_was_left_open_asks_again_before_it_is_carried_out(admin: Browser) -> None:
    await admin.open("/accounts/arteri-an-001/delete")
    await admin.submit()
    confirm = admin.path
    pass_minutes(11)
    await admin.submit()
    assert admin.heading == "パスワードの確認"
    await admin.prove("abc12345")
    assert (admin.path, admin.heading) == (confirm, "アカウントID情報削除確認")


async def test_what_was_typed_and_its_peek_are_still_there_after_the_step(contractor: Browser) -> None:
    await contractor.open(AFTER)
    await contractor.submit(password="Neu!1234", password_again="Neu!1234")
    confirm = contractor.path
    pass_minutes(11)
    await contractor.open(confirm)
    assert contractor.heading == "パスワードの確認"
    await contractor.prove("demo01")
    assert contractor.rows["新パスワード"] == "Neu*****"


async def test_a_password_that_is_sent_too_late_is_not_looked_at_before_the_step(
    contractor: Browser, hashed: list[dict[str, Any]]
) -> None:
    """Whether it was used before would be an answer to somebody who only found the screen open."""
    await contractor.open(AFTER)
    pass_minutes(11)
    form = contractor.page
    for typed in ("demo01", "Neu!1234"):
        contractor.page = form
        hashed.clear()
        await contractor.submit(password=typed, password_again=typed)
        assert contractor.heading == "パスワードの確認"
        assert hashed == []
        assert filled_in(contractor.form("/proof"))["next"].startswith(f"{AFTER}?typed=")


@pytest.mark.parametrize(
    ("by", "name", "password", "page"),
    [
        ("customer", "90000000000000", "demo01", "/customer-password"),
        ("account", "arteri-an-001", "abc12345", "/accounts/arteri-an-001/password"),
        ("account", "arteri-an-002", "abc12345", "/accounts/arteri-an-002/edit"),
    ],
)
async def test_a_password_that_was_set_in_a_session_proves_nothing_in_it_and_much_in_the_next(
    visitor: Browser, another_browser: Browser, by: str, name: str, password: str, page: str
) -> None:
    browser, new = visitor, "kumo-7Zq4"
    await browser.log_in(by, name, password)
    token = str(browser.form("/logout").select("input")[0]["value"])
    await browser.open(page)
    await browser.submit(password=new, password_again=new)
    await browser.submit()
    assert browser.heading.endswith("完了")
    pass_minutes(11)
    await browser.open(page)
    assert "このログイン中に変更したパスワードでは" in browser.text
    assert not browser.page.select("input[type=password]")
    for typed in (new, password):
        sent = {"csrf_token": token, "step": "recent", "next": page, "password": typed}
        await browser.press("/proof", sent)
        assert "このログイン中に変更したパスワードでは" in browser.text
    await another_browser.log_in(by, name, new)
    pass_minutes(11)
    await another_browser.open(page)
    await another_browser.prove(new)
    assert another_browser.path == page


async def test_the_customers_step_writes_into_nobody_elses_history_and_is_one_count_whatever_number_is_typed(
    admin: Browser, hashed: list[dict[str, Any]]
) -> None:
    await admin.open("/statements")
    hashed.clear()
    for number in range(10):
        await admin.prove("guess!1", f"8000000000000{number}")
        assert admin.answer.status_code == 422
        await admin.open("/statements")
    await admin.prove("demo01", "90000000000000")
    assert admin.answer.status_code == 429
    assert len(hashed) == 10
    rows = await database.rows(
        "SELECT c.customer_number, e.account, count(*) FROM login_event e JOIN contract c ON c.id = e.contract"
        " WHERE e.result = 'wrong' GROUP BY 1, 2"
    )
    assert [tuple(row) for row in rows] == [("90000000000000", None, 10)]


@pytest.mark.parametrize(
    ("by", "name", "password", "page"),
    [
        ("customer", "90000000000000", "demo01", "/customer-password"),
        ("account", "arteri-an-001", "abc12345", "/accounts/arteri-an-001/password"),
        ("account", "arteri-an-002", "abc12345", "/accounts/arteri-an-002/edit"),
    ],
)
async def test_the_browser_that_changes_the_own_password_is_known_by_the_new_one(
    visitor: Browser, another_browser: Browser, by: str, name: str, password: str, page: str
) -> None:
    await visitor.log_in(by, name, password)
    await visitor.open(page)
    await visitor.submit(password="kumo-7Zq4", password_again="kumo-7Zq4")
    await visitor.submit()
    assert visitor.heading.endswith("完了")
    await visitor.submit("/logout")
    for _ in range(11):
        await another_browser.log_in(by, name, "guess-123")
    assert another_browser.answer.status_code == 429
    await visitor.log_in(by, name, "kumo-7Zq4")
    assert visitor.page.select("form[action='/logout']")


async def test_a_password_that_is_set_for_somebody_else_makes_no_browser_known_to_him(
    contractor: Browser, another_browser: Browser
) -> None:
    await contractor.open("/accounts/arteri-an-001/password")
    await contractor.submit(password="kumo-7Zq4", password_again="kumo-7Zq4")
    await contractor.submit()
    await contractor.submit("/logout")
    for _ in range(11):
        await another_browser.log_in("account", "arteri-an-001", "guess-123")
    await contractor.log_in("account", "arteri-an-001", "kumo-7Zq4")
    assert contractor.answer.status_code == 429


async def test_a_password_set_for_somebody_else_takes_no_proof_away(contractor: Browser) -> None:
    await contractor.open("/accounts/arteri-an-001/password")
    await contractor.submit(password="kumo-7Zq4", password_again="kumo-7Zq4")
    await contractor.submit()
    pass_minutes(11)
    await contractor.open(AFTER)
    await contractor.prove("demo01")
    assert contractor.path == AFTER


async def test_an_admin_gives_the_customers_own_password_to_change_it_and_counts_as_customer_no_longer(
    admin: Browser,
) -> None:
    await admin.open(AFTER)
    assert admin.heading == "お客様番号で再度ログイン"
    await admin.prove("abc12345", "90000000000000")
    assert admin.answer.status_code == 422
    await admin.prove("demo01", "90000000000000")
    await admin.submit(password="Neu!1234", password_again="Neu!1234")
    await admin.submit()
    assert admin.heading == "お客様番号パスワード変更完了"
    pass_minutes(11)
    await admin.open("/statements")
    assert "このログイン中に変更したパスワードでは" in admin.text


async def test_the_session_goes_on_under_a_new_id_and_the_old_cookie_opens_nothing(
    contractor: Browser, another_browser: Browser
) -> None:
    another_browser.cookies = contractor.cookies
    copied = dict(contractor.cookies)
    pass_minutes(11)
    await contractor.open(AFTER)
    await contractor.prove("demo01")
    assert contractor.cookies["__Host-mypage"] != copied["__Host-mypage"]
    another_browser.cookies.clear()
    for name, value in copied.items():
        another_browser.cookies.set(name, value, domain="mypage.example.jp")
    await another_browser.open("/")
    assert another_browser.heading == "ログイン"


async def test_a_form_opened_before_the_step_can_still_be_sent_after_it(contractor: Browser) -> None:
    await contractor.open("/accounts/arteri-an-001/edit")
    typed = contractor.page
    pass_minutes(11)
    await contractor.open(AFTER)
    await contractor.prove("demo01")
    contractor.page = typed
    await contractor.submit(given="次")
    assert contractor.heading == "アカウントID登録／変更確認"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example"])
async def test_the_step_leads_to_own_paths_only(contractor: Browser, target: str) -> None:
    await contractor.open(f"/proof?step=recent&next={quote(target)}")
    await contractor.prove("demo01")
    assert contractor.path == "/"


async def test_the_customers_step_asks_for_number_and_password_even_after_a_fresh_login(
    contractor: Browser, admin: Browser
) -> None:
    for browser, told in ((contractor, False), (admin, True)):
        await browser.open("/proof?step=customer&next=/accounts")
        assert browser.heading == "お客様番号で再度ログイン"
        assert ("管理者権限のアカウントIDでは表示できません" in browser.text) is told
        await browser.prove("demo01", "9000-0000-0000-00")
        assert browser.path == "/accounts"


@pytest.mark.parametrize(
    ("number", "password"),
    [("90000000000000", "abc12345"), ("80000000000000", "tanin-1"), ("90000000000009", "demo01")],
    ids=["wrong password", "another contract's own pair", "unknown number"],
)
async def test_only_the_own_contracts_pair_passes_the_customers_step(
    admin: Browser, number: str, password: str
) -> None:
    await admin.open("/proof?step=customer&next=/accounts")
    await admin.prove(password, number)
    assert admin.reasons == ["入力されたお客様番号とお客様番号パスワードの組み合わせが正しくありません。"]


@pytest.mark.parametrize("number", ["80000000000000", "90000000000009"])
async def test_another_number_costs_the_customers_step_the_same_computing_as_a_wrong_password(
    admin: Browser, hashed: list[dict[str, Any]], number: str
) -> None:
    await admin.open("/proof?step=customer&next=/accounts")
    await admin.prove("Chigau-9", "90000000000000")
    of_the_own_number = list(hashed)
    assert len(of_the_own_number) == 1
    hashed.clear()
    await admin.prove("Chigau-9", number)
    assert hashed == of_the_own_number


async def test_a_user_role_member_cannot_pass_the_customers_step(family_user: Browser) -> None:
    assert (await family_user.get("/proof?step=customer")).status_code == 403
    await family_user.open("/proof?step=recent")
    body = {"step": "customer", "customer_number": "90000000000000", "password": "demo01"}
    body["csrf_token"] = str(family_user.form("/proof").select_one("[name=csrf_token]")["value"])  # type: ignore[index]
    await family_user.press("/proof", body)
    assert family_user.answer.status_code == 403


async def test_a_deleted_person_is_told_so_instead_of_being_asked(
    admin: Browser, contractor: Browser
) -> None:
    await contractor.open("/accounts/arteri-an-002/delete")
    await contractor.submit()
    await contractor.submit()
    await admin.open("/proof?step=recent")
    assert admin.answer.status_code == 403
    assert "削除された" in admin.text


async def test_an_unknown_step_is_no_page(contractor: Browser) -> None:
    assert (await contractor.get("/proof")).status_code == 404
    assert (await contractor.get("/proof?step=sideways")).status_code == 404


async def test_htmx_is_sent_there_as_a_whole_page(contractor: Browser) -> None:
    pass_minutes(11)
    answer = await contractor.get(AFTER, headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == "/proof?step=recent&next=%2Fcustomer-password"


async def test_htmx_goes_on_as_a_whole_page_and_a_wrong_password_is_told_in_place(
    contractor: Browser,
) -> None:
    await contractor.open(f"/proof?step=recent&next={quote(AFTER)}")
    token = contractor.form("/proof").select_one("[name=csrf_token]")
    assert token is not None
    body = {"step": "recent", "next": AFTER, "csrf_token": str(token["value"])}
    sent = {"HX-Request": "true", "Sec-Fetch-Site": "same-origin"}
    answer = await contractor.post("/proof", data={**body, "password": "demo02"}, headers=sent)
    assert (answer.status_code, "HX-Redirect" in answer.headers) == (422, False)
    answer = await contractor.post("/proof", data={**body, "password": "demo01"}, headers=sent)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, AFTER)


async def test_a_session_that_ends_on_the_step_leads_back_to_a_page_after_login(contractor: Browser) -> None:
    await contractor.open("/proof?step=recent&next=/payment")
    pass_minutes(31)
    await contractor.prove("demo01")
    assert contractor.heading == "ログイン"
    nexts = {str(field["value"]) for field in contractor.page.select("main input[name=next]")}
    assert nexts == {"/"}


async def test_an_admin_who_got_in_with_the_old_customer_password_is_asked_for_the_new_one(
    admin: Browser, contractor: Browser
) -> None:
    await admin.open("/statements")
    await admin.prove("demo01", "90000000000000")
    assert admin.heading == "月額請求明細照会"
    await contractor.open(AFTER)
    await contractor.submit(password="Neu!1234", password_again="Neu!1234")
    await contractor.submit()
    await admin.open("/statements")
    assert admin.heading == "お客様番号で再度ログイン"
