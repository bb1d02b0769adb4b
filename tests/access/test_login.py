"""ログイン方法 (manual 3), sessions, and what a forged or forgotten cookie meets."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from litestar.types import ASGIApp

from app.domain import clock
from app.domain.access import attempts, names
from app.postgres import database
from app.routes.access.login import FIRST_REGISTRATION
from app.web.render import own_path
from tests.access.test_matrix import inner
from tests.browser import Browser, filled_in
from tests.conftest import HOST

WRONG = "入力されたお客様番号またはアカウントIDと、パスワードの組み合わせが正しくありません。"


@pytest.mark.slow
async def test_the_customer_number_lands_on_the_overview(visitor: Browser) -> None:
    await visitor.log_in("customer", "90000000000000", "demo01")
    assert visitor.path == "/"
    assert visitor.heading == "ご契約情報一覧"


@pytest.mark.slow
async def test_a_first_login_without_an_account_id_lands_on_registering_one(visitor: Browser) -> None:
    await visitor.log_in("customer", "90000000000001", "demo01")
    assert visitor.path == FIRST_REGISTRATION
    assert visitor.heading == "アカウントID登録／変更"


@pytest.mark.slow
async def test_an_admin_lands_on_the_overview_and_a_user_on_the_own_page(
    visitor: Browser, another_browser: Browser
) -> None:
    await another_browser.log_in("account", "arteri-an-002", "abc12345")
    assert another_browser.heading == "ご契約情報一覧"
    await visitor.log_in("account", "arteri-an-001", "abc12345")
    assert visitor.heading == "ユーザー管理"


async def test_full_width_digits_spaces_and_hyphens_are_understood(visitor: Browser) -> None:
    await visitor.log_in("customer", " ９０００-0000 000000 ", "demo01")
    assert visitor.heading == "ご契約情報一覧"


@pytest.mark.parametrize(
    ("by", "name", "password"),
    [
        ("customer", "90000000000000", "Chigau-9"),
        ("customer", "12345678901234", "demo01"),
        ("account", "arteri-an-001", "wrong123"),
        ("account", "nobody", "abc12345"),
        ("account", "x" * 5000, "y" * 5000),
        ("customer", "90000000000000", "abc12345"),
    ],
)
async def test_a_wrong_pair_gets_one_message_whichever_half_was_wrong(
    visitor: Browser, by: str, name: str, password: str
) -> None:
    await visitor.log_in(by, name, password)
    assert visitor.answer.status_code == 422
    assert visitor.reasons == [WRONG]
    assert password not in visitor.answer.text


@pytest.mark.parametrize(
    ("by", "known", "unknown"),
    [
        ("customer", "90000000000000", "12345678901234"),
        ("account", "arteri-an-002", "nobody-at-all"),
        ("account", "arteri-an-002", "arteri-an-001"),
    ],
    ids=["customer number", "account ID", "deleted account ID"],
)
async def test_an_unknown_name_costs_the_same_computing_as_a_wrong_password(
    visitor: Browser, hashed: list[dict[str, Any]], by: str, known: str, unknown: str
) -> None:
    await database.rows("UPDATE account SET deleted_at = registered_at WHERE login = $1", unknown)
    await visitor.log_in(by, known, "Chigau-9")
    assert visitor.reasons == [WRONG]
    of_a_known_name = list(hashed)
    assert len(of_a_known_name) == 1
    hashed.clear()
    await visitor.log_in(by, unknown, "Chigau-9")
    assert visitor.reasons == [WRONG]
    assert hashed == of_a_known_name


@pytest.mark.parametrize("by", ["customer", "account"])
@pytest.mark.parametrize(
    "name",
    [
        "arteri-an-002@s2.spaaqs.ne.jp",
        "nobody@s2.spaaqs.ne.jp",
        "ａｒｔｅｒｉ-an-002＠gmail.com",
        "a@",
        "90000000000000@x",
    ],
)
async def test_a_mail_address_is_explained_the_same_whoevers_it_is_and_counts_as_no_try(
    visitor: Browser, by: str, name: str
) -> None:
    await visitor.log_in(by, name, "abc12345")
    assert visitor.reasons == [names.NO_ADDRESS]
    assert await database.rows("SELECT 1 FROM attempt") == []
    await visitor.open("/forgotten")
    await visitor.submit(by=by, name=name, email="a@example.com")
    assert visitor.reasons == [names.NO_ADDRESS]


async def test_an_empty_form_says_what_is_missing(visitor: Browser) -> None:
    await visitor.log_in("account", "", "")
    assert visitor.reasons == ["アカウントIDを入力してください。", "パスワードを入力してください。"]


@pytest.mark.slow
async def test_login_gives_a_new_session_and_ends_the_one_of_this_browser(visitor: Browser) -> None:
    await visitor.log_in("customer", "90000000000000", "demo01")
    first = visitor.cookies["__Host-mypage"]
    await visitor.submit("/logout")
    await visitor.log_in("customer", "90000000000000", "demo01")
    assert visitor.cookies["__Host-mypage"] != first
    visitor.cookies.set("__Host-mypage", first, domain=HOST)
    await visitor.open("/accounts")
    assert visitor.heading == "ログイン"


async def test_after_logout_no_copy_of_the_cookie_opens_anything(contractor: Browser) -> None:
    cookie = contractor.cookies["__Host-mypage"]
    await contractor.open("/")
    await contractor.submit("/logout")
    assert "ログアウトしました。" in contractor.text
    contractor.cookies.set("__Host-mypage", cookie, domain=HOST)
    await contractor.open("/")
    assert contractor.heading == "ログイン"


async def test_the_browser_forgets_what_it_stored_and_stays_known_to_the_login(contractor: Browser) -> None:
    await contractor.open("/")
    token = csrf_token(contractor)
    answer = await contractor.post("/logout", data={"csrf_token": token})
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert (await contractor.get("/login")).headers.get("clear-site-data") is None


@pytest.mark.slow
async def test_an_old_page_of_ours_logs_out_whoever_is_logged_in_now(visitor: Browser) -> None:
    await visitor.log_in("customer", "90000000000000", "demo01")
    old_tab = visitor.page
    await visitor.submit("/logout")
    await visitor.log_in("account", "arteri-an-002", "abc12345")
    now = visitor.cookies["__Host-mypage"]
    visitor.page = old_tab
    await visitor.submit("/logout")
    assert (visitor.heading, visitor.path) == ("ログイン", "/login?out=1")
    visitor.cookies.set("__Host-mypage", now, domain=HOST)
    assert (await visitor.get("/accounts")).status_code == 303


async def test_logging_out_where_nobody_is_logged_in_any_more_shows_the_login(contractor: Browser) -> None:
    await contractor.open("/")
    clock.start_at(clock.now() + timedelta(minutes=31))
    await contractor.submit("/logout")
    assert (contractor.heading, contractor.path) == ("ログイン", "/login?out=1")
    await contractor.press("/logout", {})
    assert (contractor.heading, contractor.path) == ("ログイン", "/login?out=1")


@pytest.mark.parametrize("said", [{"Origin": f"https://{HOST}"}, {"Sec-Fetch-Site": "same-origin"}])
async def test_either_word_of_the_browser_is_enough_to_log_out(
    contractor: Browser, said: dict[str, str]
) -> None:
    answer = await contractor.post("/logout", data={"csrf_token": "of an old page"}, headers=said)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?out=1")
    assert (await contractor.get("/accounts")).status_code == 303


@pytest.mark.slow
async def test_without_a_word_of_the_browser_logging_out_needs_a_token_of_now(visitor: Browser) -> None:
    await visitor.log_in("customer", "90000000000000", "demo01")
    old = str(visitor.form("/logout").select("input")[0]["value"])
    await visitor.submit("/logout")
    await visitor.log_in("account", "arteri-an-002", "abc12345")
    assert (await visitor.post("/logout", data={"csrf_token": old})).status_code == 403
    assert (await visitor.get("/accounts")).status_code == 200


async def test_a_session_ends_after_30_idle_minutes_with_a_sentence_and_leads_back(
    contractor: Browser,
) -> None:
    clock.start_at(clock.now() + timedelta(minutes=31))
    await contractor.open("/accounts?x=1")
    assert "30分間操作がなかったため、ログアウトしました。" in contractor.text
    assert contractor.path == "/login?next=%2Faccounts%3Fx%3D1&expired=1"
    await contractor.log_in("customer", "90000000000000", "demo01", contractor.path)
    assert contractor.path == "/accounts?x=1"


@pytest.mark.slow
async def test_a_session_in_use_ends_after_12_hours(contractor: Browser) -> None:
    start = clock.now()
    for quarter in range(1, 48):
        clock.start_at(start + timedelta(minutes=15 * quarter))
        assert (await contractor.get("/")).status_code == 200
    clock.start_at(start + timedelta(hours=12, minutes=1))
    await contractor.open("/")
    assert "ログインから12時間が過ぎたため、ログアウトしました。" in contractor.text


async def test_a_session_that_was_ended_elsewhere_says_so(
    contractor: Browser, another_browser: Browser
) -> None:
    await another_browser.log_in("customer", "90000000000000", "demo01")
    await another_browser.open("/logins")
    (end,) = [form for form in another_browser.page.select("form") if form["action"] == "/logins/end"]
    await another_browser.press("/logins/end", filled_in(end))
    await contractor.open("/accounts")
    assert contractor.path == "/login?next=%2Faccounts&expired=elsewhere"
    assert "ログインが終了しています。ほかの端末でログアウトされたか" in contractor.text
    assert "操作がなかった" not in contractor.text


@pytest.mark.parametrize("word", ["idle", "<b>", ""])
async def test_no_other_word_says_that_a_session_ended(visitor: Browser, word: str) -> None:
    await visitor.open(f"/login?expired={word}")
    assert not visitor.page.select("main .notice")


@pytest.mark.parametrize("cookie", ["forged", "WyJ4IiwiY3VzdG9tZXIiXQ.AAAA", "é", ".", "a.b.c"])
async def test_a_forged_cookie_leads_to_the_login_with_a_sentence(visitor: Browser, cookie: str) -> None:
    answer = await visitor.get("/", headers={b"cookie": f"__Host-mypage={cookie}".encode()})
    assert answer.status_code == 303
    assert answer.headers["location"].endswith("expired=elsewhere")


async def test_the_cookies_are_host_only_http_only_and_secure(visitor: Browser) -> None:
    await visitor.open("/login")
    csrf = visitor.page.select("main form")[0].select_one("input[name=csrf_token]")
    assert csrf is not None
    answer = await visitor.post(
        "/login",
        data={
            "csrf_token": str(csrf["value"]),
            "by": "customer",
            "name": "90000000000000",
            "password": "demo01",
        },
    )
    cookies = answer.headers.get_list("set-cookie")
    assert {cookie.partition("=")[0] for cookie in cookies} == {"__Host-mypage", "__Host-mypage-browser"}
    for cookie in cookies:
        attributes = cookie.lower()
        assert "httponly" in attributes
        assert "secure" in attributes
        assert "samesite=lax" in attributes
        assert "path=/" in attributes
        assert "domain" not in attributes
        assert "90000000000000" not in cookie


async def test_an_older_secret_key_still_opens_its_sessions(
    contractor: Browser, application: ASGIApp
) -> None:
    litestar = inner(application)
    settings = litestar.state.settings
    rotated = type(settings)(
        **{**vars(settings), "secret_keys": (b"the key of the next month, 32 chars", *settings.secret_keys)}
    )
    litestar.state.settings = rotated
    try:
        assert (await contractor.get("/")).status_code == 200
        litestar.state.settings = type(settings)(**{**vars(settings), "secret_keys": rotated.secret_keys[:1]})
        assert (await contractor.get("/")).status_code == 303
    finally:
        litestar.state.settings = settings


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/accounts", "/accounts"),
        ("/accounts?open=a", "/accounts?open=a"),
        ("", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nSet-Cookie: x=1", "/"),
        ("accounts", "/"),
        ("/日本", "/"),
        ("http://[", "/"),
        ("/[", "/["),
    ],
)
def test_next_leads_only_to_paths_of_ours(path: str, leads_to: str) -> None:
    assert own_path(path) == leads_to


@pytest.mark.slow
async def test_guessing_is_stopped_with_a_wait_and_the_right_password_waits_too(
    visitor: Browser, another_browser: Browser
) -> None:
    for _ in range(attempts.PER_LOGIN):
        await visitor.log_in("account", "arteri-an-001", "guess1234")
        assert visitor.answer.status_code == 422
    await visitor.log_in("account", "arteri-an-001", "abc12345")
    assert visitor.answer.status_code == 429
    assert "約15分後に" in visitor.text
    assert "ログインの失敗が続いた" in visitor.text
    assert f"エラー番号「{visitor.answer.headers['x-request-id']}」" in visitor.text.replace(" ", "")
    assert 0 < int(visitor.answer.headers["retry-after"]) <= 900
    await another_browser.log_in("account", "arteri-an-002", "abc12345")
    assert another_browser.heading == "ご契約情報一覧"
    clock.start_at(clock.now() + attempts.WINDOW)
    await visitor.log_in("account", "arteri-an-001", "abc12345")
    assert visitor.heading == "ユーザー管理"


@pytest.mark.slow
async def test_a_browser_that_has_logged_in_before_is_not_locked_out(
    another_browser: Browser, visitor: Browser
) -> None:
    await another_browser.log_in("account", "arteri-an-001", "abc12345")
    await another_browser.submit("/logout")
    for _ in range(attempts.PER_LOGIN + 1):
        await visitor.log_in("account", "arteri-an-001", "guess1234")
    assert visitor.answer.status_code == 429
    await another_browser.log_in("account", "arteri-an-001", "abc12345")
    assert another_browser.heading == "ユーザー管理"


async def test_a_form_without_token_or_from_elsewhere_is_refused(
    contractor: Browser, stranger: Browser
) -> None:
    await stranger.open("/")
    await contractor.open("/")
    theirs, own = (
        str(browser.form("/logout").select("input")[0]["value"]) for browser in (stranger, contractor)
    )
    assert theirs != own
    for token, headers in (
        ("", {}),
        (theirs, {}),
        ("é", {}),
        (own, {"Sec-Fetch-Site": "cross-site"}),
        (own, {"Sec-Fetch-Site": "same-site"}),
        (own, {"Origin": "https://evil.example"}),
        (own, {"Origin": "null"}),
    ):
        answer = await contractor.post("/logout", data={"csrf_token": token}, headers=headers)
        assert answer.status_code == 403
    answer = await contractor.post("/logout", data={"csrf_token": own}, headers={"Origin": f"https://{HOST}"})
    assert answer.status_code == 303


async def test_extending_answers_htmx_with_the_warning_hidden_again(contractor: Browser) -> None:
    await contractor.open("/")
    token = str(contractor.form("/logout").select("input")[0]["value"])
    answer = await contractor.post(
        "/session/extend", data={"csrf_token": token}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 200
    assert 'id="timeout"' in answer.text
    assert "hidden" in answer.text


async def test_htmx_is_sent_to_the_login_page_when_the_session_is_over(contractor: Browser) -> None:
    clock.start_at(clock.now() + timedelta(minutes=31))
    answer = await contractor.get("/accounts/arteri-an-001", headers={"HX-Request": "true"})
    assert answer.headers["hx-redirect"].startswith("/login?next=")
    assert answer.text == ""


@pytest.mark.slow
async def test_while_the_whole_portal_is_guessed_at_a_stranger_waits_and_a_known_browser_does_not(
    visitor: Browser, another_browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    async def noted(seconds: float) -> None:
        waited.append(seconds)

    await visitor.log_in("account", "arteri-an-001", "abc12345")
    await visitor.submit("/logout")
    monkeypatch.setattr(attempts, "OVER_ALL", 0)
    monkeypatch.setattr("app.web.visit.asyncio.sleep", noted)
    await visitor.log_in("account", "arteri-an-001", "abc12345")
    assert waited == []
    await another_browser.log_in("account", "arteri-an-001", "abc12345")
    assert (waited, another_browser.heading) == ([attempts.SLOW], "ユーザー管理")


async def test_a_logged_in_member_has_no_business_on_the_login_page(contractor: Browser) -> None:
    await contractor.open("/login")
    assert contractor.path == "/"


@pytest.mark.parametrize(
    ("next_path", "leads_to"),
    [("/accounts?open=x", "/accounts?open=x"), ("//evil.example", "/"), ("/login", "/")],
)
async def test_who_is_logged_in_already_goes_on_to_where_the_login_page_would_lead(
    contractor: Browser, next_path: str, leads_to: str
) -> None:
    await contractor.open(f"/login?{urlencode({'next': next_path})}")
    assert contractor.path == leads_to


@pytest.mark.slow
async def test_an_imported_hash_gets_the_pepper_at_the_first_login(visitor: Browser) -> None:
    plain = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$"
    from app.domain.access import passwords

    stored = plain + (await passwords._in_thread("demo01", plain, passwords._logins)).removeprefix(plain)
    await database.rows(
        "UPDATE contract SET password_hash = $1 WHERE customer_number = '90000000000002'", stored
    )
    await visitor.log_in("customer", "90000000000002", "demo01")
    kept = await database.rows("SELECT password_hash FROM contract WHERE customer_number = '90000000000002'")
    assert kept[0]["password_hash"].startswith("p1$argon2id$")
    await visitor.submit("/logout")
    await visitor.log_in("customer", "90000000000002", "demo01")
    assert visitor.path == FIRST_REGISTRATION


@pytest.mark.parametrize("first", ["/", "/login", "/login?next=", "/login?next=https://evil.example"])
async def test_a_first_login_lands_on_registering_an_account_id_wherever_it_began(
    visitor: Browser, first: str
) -> None:
    await visitor.log_in("customer", "90000000000001", "demo01", first)
    assert visitor.path == FIRST_REGISTRATION


@pytest.mark.slow
async def test_a_first_login_that_was_asked_for_by_a_page_leads_back_to_it(visitor: Browser) -> None:
    await visitor.log_in("customer", "90000000000001", "demo01", "/changes")
    assert visitor.path == "/changes"


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "//", "https://", ""])
async def test_an_origin_that_is_no_address_is_refused(contractor: Browser, origin: str) -> None:
    await contractor.open("/")
    token = str(contractor.form("/logout").select("input")[0]["value"])
    answer = await contractor.post("/logout", data={"csrf_token": token}, headers={"Origin": origin})
    assert answer.status_code == 403


@pytest.mark.slow
async def test_a_login_page_that_was_open_before_a_login_in_another_tab_still_logs_in(
    visitor: Browser,
) -> None:
    await visitor.open("/login")
    second_tab = visitor.page
    await visitor.log_in("customer", "90000000000000", "demo01")
    first = visitor.cookies["__Host-mypage"]
    visitor.page = second_tab
    body = {"by": "account", "name": "arteri-an-001", "password": "abc12345"}
    await visitor.press("/login", {"csrf_token": csrf_token(visitor), **body})
    assert visitor.heading == "ユーザー管理"
    visitor.cookies.set("__Host-mypage", first, domain=HOST)
    assert (await visitor.get("/")).status_code == 303


async def test_a_token_from_before_the_login_is_good_for_the_login_only(visitor: Browser) -> None:
    await visitor.open("/login")
    before = csrf_token(visitor)
    await visitor.log_in("customer", "90000000000000", "demo01")
    assert (await visitor.post("/session/extend", data={"csrf_token": before})).status_code == 403


def csrf_token(browser: Browser) -> str:
    """Of the first form on the page."""
    field = browser.page.select_one("input[name=csrf_token]")
    assert field is not None
    return str(field["value"])


@pytest.mark.slow
async def test_a_browser_that_logs_in_under_the_new_key_is_known_when_the_old_one_is_gone(
    visitor: Browser, another_browser: Browser, application: ASGIApp
) -> None:
    litestar = inner(application)
    settings = litestar.state.settings
    old, new = settings.secret_keys[0], b"the key of the next month, 32 chars"
    try:
        for keys in ((old,), (new, old)):
            litestar.state.settings = replace(settings, secret_keys=keys)
            await visitor.log_in("account", "arteri-an-001", "abc12345")
            await visitor.submit("/logout")
        for keys in ((new, old), (new,)):
            litestar.state.settings = replace(settings, secret_keys=keys)
            for _ in range(attempts.PER_LOGIN + 1):
                await another_browser.log_in("account", "arteri-an-001", "guess1234")
            assert another_browser.answer.status_code == 429
            await visitor.log_in("account", "arteri-an-001", "abc12345")
            assert visitor.heading == "ユーザー管理"
            await visitor.submit("/logout")
    finally:
        litestar.state.settings = settings


@pytest.mark.slow
async def test_a_browser_that_logged_in_under_an_older_key_is_known_with_a_new_one_in_front(
    visitor: Browser, another_browser: Browser, application: ASGIApp
) -> None:
    litestar = inner(application)
    settings = litestar.state.settings
    await visitor.log_in("account", "arteri-an-001", "abc12345")
    await visitor.submit("/logout")
    litestar.state.settings = replace(
        settings, secret_keys=(b"the key of the next month, 32 chars", *settings.secret_keys)
    )
    try:
        for _ in range(attempts.PER_LOGIN + 1):
            await another_browser.log_in("account", "arteri-an-001", "guess1234")
        await visitor.log_in("account", "arteri-an-001", "abc12345")
        assert visitor.heading == "ユーザー管理"
    finally:
        litestar.state.settings = settings
