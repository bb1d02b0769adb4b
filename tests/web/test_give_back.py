"""A form that is sent from a page of ours is given back filled, whatever stands in its way. The forms are the portal's own."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup, Tag

from app.domain import clock, housekeeping, tables
from app.domain.access import attempts, typed
from app.domain.access.matrix import Role
from app.domain.access.typed import Kept
from app.domain.changes import asking
from app.postgres import database
from app.web import errors, forms
from tests.access.steps import code_of, next_step, set_up_totp
from tests.access.test_matrix import LOGINS, ROUTES, delete
from tests.access.test_proofs import pass_minutes
from tests.access.test_steps import RIGHT as CHANGES
from tests.access.test_steps import look_at, pass_step
from tests.browser import Browser, filled_in
from tests.conftest import HOST
from tests.mail.steps import buy, get_address
from tests.test_canary import dump

pytestmark = pytest.mark.slow  # a walk through every form, change or step: `make test` takes it

SON, MOTHER = "arteri-an-001", "arteri-an-002"
PASSWORD, CARD = "Z!9-first", "4111111111111111"
OPEN_TO_ALL = {"/login", "/forgotten"}
REQUEST = "0a1b2c3d-0000-4000-8000-000000000001"
"""What MOTHER asks whoever pays to buy."""
NOTHING_TYPED = {
    *("/changes/{identity:uuid}", f"/accounts/{MOTHER}/delete", f"/accounts/{MOTHER}/password"),
    *("/customer-password", "/customer/email", "/forgotten/new", "/new-password", "/payment/visit"),
    *("/login/passkey", "/login/second", "/login/second/passkey", "/proof/passkey", "/logout", "/logins/end"),
    *("/second-factor/passkeys/remove", "/second-factor/recovery-codes", "/second-factor/totp"),
    *("/second-factor/totp/remove", "/notices/dismiss", "/session/extend", "/{path:path}"),
    *("/owner-notices/seen", f"/purchase-requests/{REQUEST}"),
}
"""Where forms are sent to that hold nothing but buttons, passwords, codes and what a link brings along."""
KEPT = "入力した内容は残っています"


def typed_into(form: Tag) -> dict[str, str]:
    """What a member might leave in each field that can be filled in."""
    typed: dict[str, str] = {}
    for field in form.select("input[name], select[name], textarea[name]"):
        name, kind = str(field["name"]), str(field.get("type", field.name))
        if kind == "hidden" or field.has_attr("disabled") or field.has_attr("readonly"):
            continue
        if kind == "password":
            typed[name] = PASSWORD
        elif kind == "select":
            typed[name] = str(field.select("option")[-1]["value"])
        elif kind in ("radio", "checkbox"):
            typed[name] = str(field["value"])
        else:
            typed[name] = f"見本 <{name}>" + ("\n二行目" if kind == "textarea" else "")
    return typed


def shown(form: Tag, typed: dict[str, str]) -> dict[str, str]:
    """The same fields as the page has them now, line ends as they were typed."""
    now = filled_in(form)
    return {name: now.get(name, "").strip("\r\n").replace("\r\n", "\n") for name in typed}


def expected(typed: dict[str, str]) -> dict[str, str]:
    """Everything but passwords, card numbers and codes."""
    secret = forms.SECRETS | {forms.CARD_FIELD}
    return {name: "" if name in secret else text for name, text in typed.items()}


def at_hand(path: str) -> str:
    """The path of a route for the account ID and the request that `member` has."""
    request = f"/purchase-requests/{REQUEST}"
    return path.replace("{login:str}", MOTHER).replace("/purchase-requests/{identity:uuid}", request)


async def forms_with_text(browser: Browser) -> AsyncIterator[tuple[str, Tag]]:
    """Every form of every page of the portal into which something is typed, with its page open in the browser."""
    opened = [path for method, path in ROUTES if method == "GET" and not path.endswith((".json", ".ico"))]
    for path in opened:
        address = at_hand(path)
        if "{" in address or address in (
            "/healthz",
            "/readyz",
            "/payment/return",
            "/.well-known/security.txt",
        ):
            continue
        for form in await look_at(browser, address):
            if set(expected(typed_into(form)).values()) - {""}:
                yield address, form


@pytest.fixture
async def member(contractor: Browser) -> Browser:
    """The contractor, with mail for an account ID, so that its forms are there."""
    await buy(contractor)
    await get_address(contractor, MOTHER, "hikari.taro")
    await database.rows(
        "INSERT INTO purchase_request (id, contract, account, product, asked_at, lapses_at)"
        " SELECT $1, contract, id, 'security-online', $3::timestamptz, $3::timestamptz + interval '14 days'"
        " FROM account WHERE login = $2",
        *(REQUEST, MOTHER, clock.now()),
    )
    return contractor


def same_form(browser: Browser, form: Tag) -> Tag:
    """The form of the same kind on the page that came."""
    again = [one for one in browser.page.select("main form[method=post]") if one["action"] == form["action"]]
    return again[[*map(fields_of, again)].index(fields_of(form))]


def fields_of(form: Tag) -> list[str]:
    """What tells two forms of one action apart."""
    return [
        f"{field['name']} {field.get('value') if field.get('type') == 'hidden' else ''}"
        for field in form.select("[name]:not([name=csrf_token]):not([name=setup])")
    ][:1]


async def send(browser: Browser, form: Tag, **headers: str) -> dict[str, str]:
    """Fill in the form and send it; what was typed."""
    typed = typed_into(form)
    await browser.press(str(form["action"]), {**filled_in(form), **typed}, **headers)
    return typed


async def again(browser: Browser, role: Role = Role.CUSTOMER) -> None:
    """A new login in another tab of the browser."""
    await browser.submit("/logout")
    await browser.log_in(*LOGINS[role])


# --- another tab ------------------------------------------------------------------------------------------------------


async def test_after_a_login_in_another_tab_every_form_comes_back_filled_with_a_fresh_token(
    member: Browser,
) -> None:
    seen = set()
    async for page, form in forms_with_text(member):
        await again(member)
        typed = await send(member, form)
        where = f"{page} {form['action']}"
        assert member.answer.status_code == 422, where
        assert errors.STALE in member.text, where
        assert KEPT in member.text, where
        assert shown(same_form(member, form), typed) == expected(typed), where
        assert PASSWORD not in member.answer.text
        await member.press(str(form["action"]), {**filled_in(same_form(member, form)), **typed})
        assert errors.STALE not in member.text, where
        seen.add(urlsplit(str(form["action"])).path)
    sent = {at_hand(path) for method, path in ROUTES if method == "POST"}
    of_others = {"/login", "/proof", "/mail-service"}
    assert {path for path in sent if path not in seen} == NOTHING_TYPED | of_others


async def test_nothing_is_done_with_a_form_that_is_given_back(member: Browser) -> None:
    before = [row for table, row in await dump() if table == "public.change"]
    async for _, form in forms_with_text(member):
        await again(member)
        await send(member, form)
        assert await database.rows("SELECT 1 FROM kept_form") == []
    assert [row for table, row in await dump() if table == "public.change"] == before


async def test_a_piece_of_the_accordion_comes_back_as_a_piece_that_works(contractor: Browser) -> None:
    action = f"/accounts/{MOTHER}/security?product=kids-filter"
    cell = f"kids-filter-{MOTHER}"
    await contractor.open("/")
    old = token(contractor)
    await again(contractor)
    htmx = {"HX-Request": "true", "HX-Target": f"dd#{cell}", "Sec-Fetch-Site": "same-origin"}
    answer = await contractor.post(action, data={"csrf_token": old}, headers=htmx)
    assert (answer.status_code, "<h1" in answer.text) == (422, False)
    assert errors.STALE in answer.text
    fresh = renewed(answer.text)
    answer = await contractor.post(action, data={"csrf_token": fresh}, headers=htmx)
    assert answer.status_code == 303
    confirm = str(answer.headers["location"])
    await contractor.open("/")
    await again(contractor)
    answer = await contractor.post(confirm, data={"csrf_token": fresh}, headers=htmx)
    assert (answer.status_code, "<h1" in answer.text, errors.STALE in answer.text) == (422, False, True)
    body = filled_in_text(answer.text)
    assert body["csrf_token"] == renewed(answer.text)
    answer = await contractor.post(confirm, data=body, headers=htmx)
    assert answer.status_code == 303
    assert answer.headers["location"] == confirm


def renewed(text: str) -> str:
    """The token that htmx puts into the frame of the page, where what is sent from the accordion takes it."""
    page = BeautifulSoup(text, "lxml")
    assert page.select_one("#who[data-hx-swap-oob]")
    return str(page.select("input#csrf[data-hx-swap-oob]")[0]["value"])


def filled_in_text(text: str) -> dict[str, str]:
    form = BeautifulSoup(text, "lxml").form
    assert form is not None
    return filled_in(form)


def token(browser: Browser) -> str:
    return str(browser.page.select("input[name=csrf_token]")[0]["value"])


async def test_htmx_gets_the_panel_with_the_filled_form(contractor: Browser) -> None:
    (form,) = await look_at(contractor, "/customer")
    await again(contractor)
    body = {**filled_in(form), **typed_into(form)}
    answer = await contractor.post(
        "/customer",
        data=body,
        headers={"HX-Request": "true", "HX-Target": "main#main", "Sec-Fetch-Site": "same-origin"},
    )
    assert (answer.status_code, answer.headers["hx-retarget"]) == (422, "#main")
    assert "<html" not in answer.text
    assert filled_in_text(answer.text)["phone"] == "見本 <phone>"


async def test_a_confirm_page_of_an_earlier_login_is_shown_again_and_nothing_is_done(
    contractor: Browser,
) -> None:
    await contractor.open("/customer")
    await contractor.submit(phone="03-0000-0001")
    confirm, body = contractor.path, filled_in(contractor.form())
    await again(contractor)
    await contractor.press(confirm, body)
    assert (contractor.answer.status_code, contractor.heading) == (422, "顧客基本情報確認")
    assert errors.STALE in contractor.text
    await contractor.submit()
    assert contractor.heading == "顧客情報登録完了"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://[:"},
        {},
    ],
)
async def test_a_form_of_another_site_is_refused_and_shows_nothing_back(
    contractor: Browser, headers: dict[str, str]
) -> None:
    for path, body in (
        ("/customer", {"phone": "planted-1"}),
        ("/login", {"by": "customer", "name": "planted-1"}),
    ):
        await look_at(contractor, "/customer")
        for sent in ({}, {"csrf_token": "x"}, *([{"csrf_token": token(contractor)}] if headers else [])):
            answer = await contractor.post(path, data={**sent, **body}, headers=headers)
            assert answer.status_code == 403
            assert "planted-1" not in answer.text
    assert await database.rows("SELECT 1 FROM kept_form") == []


async def test_an_old_browser_that_names_its_origin_alone_gets_its_form_back(contractor: Browser) -> None:
    (form,) = await look_at(contractor, "/customer")
    await again(contractor)
    body = {**filled_in(form), **typed_into(form)}
    answer = await contractor.post("/customer", data=body, headers={"Origin": "https://mypage.example.jp"})
    assert (answer.status_code, filled_in_text_of(answer.text, "/customer")["phone"]) == (422, "見本 <phone>")


def filled_in_text_of(text: str, action: str) -> dict[str, str]:
    form = BeautifulSoup(text, "lxml").select_one(f"form[action='{action}']")
    assert form is not None
    return filled_in(form)


# --- the session is over ----------------------------------------------------------------------------------------------


def idle(browser: Browser) -> None:
    clock.start_at(clock.now() + timedelta(minutes=31))


async def logged_out(browser: Browser) -> None:
    await browser.submit("/logout")


async def swept(browser: Browser) -> None:
    """Idle, and the session's row is gone, as housekeeping erases it a day later."""
    idle(browser)
    await database.rows("DELETE FROM session")


@pytest.mark.parametrize("ends", [idle, logged_out, swept])
async def test_when_the_session_is_over_every_form_is_there_after_the_login(
    member: Browser, ends: Callable[[Browser], Any]
) -> None:
    async for page, form in forms_with_text(member):
        if page in OPEN_TO_ALL:
            continue
        ended = ends(member)
        if ended is not None:
            await ended
        typed = await send(member, form)
        where = f"{page} {form['action']}"
        assert member.heading == "ログイン", where
        assert "30分間お預かりしています" in member.text, where
        await log_in_here(member, Role.CUSTOMER)
        assert "ログインしました。入力した内容は残っています" in member.text, where
        assert shown(same_form(member, form), typed) == expected(typed), where
        assert PASSWORD not in member.answer.text
        held = [row for table, row in await dump() if table == "public.kept_form"]
        assert held, where
        assert not [row for row in held if "見本" in row or "見本".encode().hex() in row]


async def log_in_here(browser: Browser, role: Role) -> None:
    """With the login page's own form, which knows the way back."""
    by, name, password = LOGINS[role]
    (form,) = (one for one in browser.page.select("main form") if filled_in(one).get("by") == by)
    await browser.press("/login", {**filled_in(form), "name": name, "password": password})
    await pass_step(browser)


async def test_another_login_in_that_browser_sees_nothing_of_it(contractor: Browser) -> None:
    (form,) = await look_at(contractor, "/customer")
    idle(contractor)
    await send(contractor, form)
    waiting = contractor.page
    await log_in_here(contractor, Role.ADMIN)
    assert contractor.heading == "顧客基本情報入力"
    assert "見本" not in contractor.answer.text
    await contractor.submit("/logout")
    contractor.page = waiting
    await log_in_here(contractor, Role.CUSTOMER)
    assert "見本" in contractor.answer.text


async def test_the_link_back_is_nothing_in_another_browser_of_the_same_login(
    contractor: Browser, another_browser: Browser
) -> None:
    (form,) = await look_at(contractor, "/customer")
    idle(contractor)
    await send(contractor, form)
    back = str(filled_in(contractor.page.select("main form")[0])["next"])
    await another_browser.log_in(*LOGINS[Role.CUSTOMER])
    await another_browser.open(back)
    assert another_browser.heading == "顧客基本情報入力"
    assert "見本" not in another_browser.answer.text


async def test_no_browser_can_plant_a_form_that_another_login_sees(
    contractor: Browser, another_browser: Browser
) -> None:
    """Whoever knows a token of the other's page, and the other's link back, gets nothing into the other's browser."""
    (form,) = await look_at(contractor, "/customer")
    stolen = filled_in(form)
    idle(contractor)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}):
        answer = await contractor.post("/customer", data={**stolen, "phone": "planted"}, headers=headers)
        assert answer.headers["location"].startswith("/login?next=%2Fcustomer&")
    for caller, body in (
        (another_browser, stolen),
        (another_browser, {**stolen, "csrf_token": f"{'0' * 64}.{stolen['csrf_token'].partition('.')[2]}"}),
        (another_browser, {**stolen, "csrf_token": "x"}),
        (another_browser, {**stolen, "csrf_token": "x.AAAA"}),
        (another_browser, {**stolen, "csrf_token": "x.é!"}),
    ):
        await caller.open("/login")
        await caller.press("/customer", {**body, "phone": "planted"})
        assert caller.heading == "ログイン"
        assert "お預かりして" not in caller.text
    assert await database.rows("SELECT 1 FROM kept_form") == []


async def test_a_form_is_kept_for_who_typed_it_when_somebody_else_is_half_logged_in(
    contractor: Browser,
) -> None:
    """Another tab has got as far as the second factor of another login: that one sees nothing, the typist does."""
    await contractor.open("/")
    await again(contractor, Role.ADMIN)
    await contractor.open("/second-factor/totp")
    key, _ = await set_up_totp(contractor)
    await again(contractor)
    (form,) = await look_at(contractor, "/customer")
    await contractor.submit("/logout")
    await contractor.log_in(*LOGINS[Role.ADMIN])
    assert contractor.heading == "2段階認証"
    await send(contractor, form)
    assert contractor.heading == "2段階認証"
    next_step()
    await contractor.submit("/login/second", code=code_of(key))
    await pass_step(contractor)
    assert "見本" not in contractor.answer.text
    (row,) = await database.rows("SELECT account FROM kept_form")
    assert row["account"] is None


async def test_a_form_of_an_earlier_login_of_the_same_member_waits_for_the_step(contractor: Browser) -> None:
    (form,) = await look_at(contractor, "/customer")
    await again(contractor)
    pass_minutes(11)
    typed = await send(contractor, form)
    assert contractor.heading == "パスワードの確認"
    await contractor.prove("demo01")
    assert shown(contractor.form("/customer"), typed) == expected(typed)


async def test_a_kept_form_is_shown_only_where_its_login_may_go_now(
    contractor: Browser, admin: Browser
) -> None:
    (form,) = await look_at(admin, f"/accounts/{SON}/edit")
    idle(admin)
    await send(admin, form)
    await database.rows("UPDATE account SET role = 'user' WHERE login = $1", MOTHER)
    await log_in_here(admin, Role.ADMIN)
    assert admin.answer.status_code in (403, 404)
    assert "見本" not in admin.answer.text


async def test_what_is_kept_holds_no_password_card_number_code_or_token(
    contractor: Browser, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither sealed: what goes into the seal is looked at, and the tables as they are."""
    caplog.set_level(logging.DEBUG)
    sealed: list[Kept] = []
    keep = typed.keep

    async def noted(login: Any, ticket: Any, kept: Kept) -> bool:
        sealed.append(kept)
        return await keep(login, ticket, kept)

    monkeypatch.setattr(typed, "keep", noted)
    for path in ("/payment", "/accounts/new", "/customer-password", "/second-factor/totp"):
        (form,) = [one for one in await look_at(contractor, path) if one["action"] == path]
        idle(contractor)
        body = {**filled_in(form), **typed_into(form)}
        body.update({name: CARD for name in body if name in (forms.CARD_FIELD, "given", "user_name")})
        await contractor.press(path, {**body, "code": "123456"})
        await log_in_here(contractor, Role.CUSTOMER)
    assert sealed
    kept = [text for one in sealed for text in one.typed.values()]
    secrets = [PASSWORD, CARD, "123456", str(filled_in(form)["csrf_token"])]
    everywhere = [
        *kept,
        *(row for _, row in await dump()),
        *(record.getMessage() for record in caplog.records),
    ]
    for secret in secrets:
        assert not [text for text in everywhere if secret in text or secret.encode().hex() in text]


STRONG = "hik-7q2mzw"
RIGHT: dict[str, dict[str, str]] = {
    **{
        path: typed
        | (
            {"password": STRONG, "password_again": STRONG}
            if path.startswith("/accounts") and "password" in typed
            else {}
        )
        for path, typed in CHANGES.items()
        if not path.startswith("/second-factor")
    },
    f"/accounts/{MOTHER}/forwarding": {"address_1": "a@example.com", "keep_copy": "yes", "consent": "yes"},
    f"/accounts/{MOTHER}/auto-reply": {
        "enabled": "on",
        "subject": "不在",
        "body": "戻りは10日です。",
        "consent": "yes",
    },
    f"/accounts/{MOTHER}/mail-address": {"kind": "other", "address": "a@example.com", "agree": "yes"},
    f"/accounts/{MOTHER}/mail-passwords": {"called": "電話", "consent": "yes"},
    f"/accounts/{MOTHER}/web-space": {"space": "hikari"},
    f"/accounts/{MOTHER}/mailbox": {"agree": "yes"},
    "/remote-support": {"agree": "yes"},
    "/accounts/user-purchase-permission": {"permitted": "ask"},
    "/application": {"paper": "name"},
    "/guide-request": {"paper": "guide"},
}


@pytest.mark.parametrize("path", sorted(RIGHT))
async def test_a_confirm_page_that_has_expired_leads_back_to_its_filled_form(
    member: Browser, path: str
) -> None:
    """Whether housekeeping was there or not; a password is asked for again, and nothing knows it any more."""
    (form,) = [
        one for one in await look_at(member, path) if one["action"] == path and "delete" not in filled_in(one)
    ]
    typed = {name: text for name, text in RIGHT[path].items() if one_of(form, name, text)}
    assert typed
    await member.press(path, {**filled_in(form), **RIGHT[path]})
    assert "確認" in member.heading, member.reasons
    confirm = member.path
    for tidy in (False, True):
        await tables.Change.update({tables.Change.asked_at: clock.now() - timedelta(hours=2)}, force=True)
        if tidy:
            await housekeeping.tidy()
            assert not [row for table, row in await dump() if table == "public.change" and "argon2" in row]
        await member.open(confirm)
        assert member.heading == "確認画面の有効期間が切れました"
        await member.open(str(member.page.select("main .buttons a")[0]["href"]))
        (again,) = [
            one for one in member.page.select(f"form[action='{path}']") if "delete" not in filled_in(one)
        ]
        assert shown(again, typed) == expected(typed)
        if "password" in RIGHT[path] and path != f"/accounts/{SON}/edit":
            await member.press(path, filled_in(again))
            assert member.answer.status_code == 422


def one_of(form: Tag, name: str, text: str) -> bool:
    """Whether the form has such a field, or such a choice of it."""
    fields = form.select(f"[name='{name}']")
    return bool(fields) and (fields[0].get("type") != "radio" or text in [field["value"] for field in fields])


# --- too much ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_htmx", [False, True])
async def test_a_text_that_is_too_long_comes_back_with_the_limit_at_its_field(
    member: Browser, by_htmx: bool
) -> None:
    path, long = f"/accounts/{MOTHER}/auto-reply", "長い" * 5_000
    (form,) = await look_at(member, path)
    body = {**filled_in(form), **typed_into(form), "body": long}
    headers = {"HX-Request": "true", "HX-Target": "main#main"} if by_htmx else {}
    answer = await member.post(path, data=body, headers={"Sec-Fetch-Site": "same-origin", **headers})
    assert answer.status_code == 413
    now = filled_in_text_of(answer.text, path)
    assert now["body"].strip() == long
    assert now["subject"] == "見本 <subject>"
    assert "64キロバイト" in answer.text
    assert "この欄の入力（10,000文字）が長すぎます" in answer.text
    assert ("<html" in answer.text) != by_htmx
    answer = await member.post(path, data={**now, "body": "短い"}, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 422 or answer.status_code == 303


async def test_what_is_too_long_to_be_read_at_all_leads_to_the_last_known_state_and_says_so(
    member: Browser,
) -> None:
    await look_at(member, "/customer")
    phone = filled_in(member.form("/customer"))["phone"]
    await member.submit("/customer", phone="x" * 300_000)
    assert (member.answer.status_code, member.heading) == (413, "顧客基本情報入力")
    assert "64キロバイト" in member.text
    assert "登録されている内容に戻しました" in member.text
    assert filled_in(member.form("/customer"))["phone"] == phone != ""


async def test_too_many_fields_come_back_as_far_as_they_were_read(member: Browser) -> None:
    (form,) = await look_at(member, "/customer")
    more = {f"extra{number}": "x" for number in range(forms.MOST_FIELDS)}
    typed = typed_into(form)
    await member.press("/customer", {**filled_in(form), **typed, **more})
    assert (member.answer.status_code, member.heading) == (400, "顧客基本情報入力")
    assert "60個" in member.text
    assert shown(same_form(member, form), typed) == expected(typed)


async def test_text_that_is_no_text_comes_back_without_what_could_not_be_read(member: Browser) -> None:
    (form,) = await look_at(member, "/customer")
    email = filled_in(form)["email"]
    content = b"csrf_token=%b&phone=03%%00-1&phone=2&household=%%FF4" % filled_in(form)["csrf_token"].encode()
    headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
    answer = await member.post("/customer", content=content, headers=headers)
    now = filled_in_text_of(answer.text, "/customer")
    assert (answer.status_code, now["phone"], now["household"]) == (400, "03-1", "\ufffd4")
    assert now["email"] == email != ""


# --- a card number in a text ------------------------------------------------------------------------------------------


async def test_a_card_number_in_a_text_is_masked_and_the_rest_of_it_stays(member: Browser) -> None:
    path = f"/accounts/{MOTHER}/auto-reply"
    await member.open(path)
    text = "出張中です。\nカードは４１１１ 1111-1111 1111です。急ぎは03-1234-5678へ。"
    await member.submit(enabled="on", subject="不在", body=text, consent="yes")
    assert member.answer.status_code == 422
    assert forms.CARD_ELSEWHERE in member.reasons
    now = filled_in(member.form())["body"]
    assert now.strip("\r\n").replace("\r\n", "\n") == text.replace(
        "４１１１ 1111-1111 1111", "●●●● ●●●●-●●●● ●●●●"
    )
    await member.submit(body=now.replace("●●●● ●●●●-●●●● ●●●●", "止めました"))
    assert member.heading.endswith("確認"), member.reasons


# --- limits -----------------------------------------------------------------------------------------------------------


async def test_a_limit_gives_the_form_back_with_the_time_when_it_can_be_sent_again(
    contractor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "MOST_PENDING", 0)
    await database.rows(
        "INSERT INTO change (id, contract, asker, kind, asked_at) SELECT gen_random_uuid(), id, 'お客様番号',"
        " 'customer', $1 FROM contract",
        clock.now(),
    )
    await contractor.open("/customer")
    await contractor.submit(phone="03-0000-0009")
    assert (contractor.answer.status_code, contractor.heading) == (429, "顧客基本情報入力")
    assert "約30分後に" in contractor.text
    assert 0 < int(contractor.answer.headers["retry-after"]) <= 1800
    assert filled_in(contractor.form("/customer"))["phone"] == "03-0000-0009"
    monkeypatch.setattr(asking, "MOST_PENDING", 100)
    await contractor.submit("/customer")
    assert contractor.heading == "顧客基本情報確認"


async def test_a_login_that_waits_keeps_the_number_and_never_the_password(visitor: Browser) -> None:
    for _ in range(attempts.PER_LOGIN + 1):
        await visitor.log_in("account", SON, "guess1234")
        named = {
            filled_in(form).get("by"): filled_in(form).get("name")
            for form in visitor.page.select("main form")
        }
        assert (named["account"], named["customer"]) == (SON, "")
        assert "guess1234" not in visitor.answer.text
    assert visitor.answer.status_code == 429
    assert "パスワードをお忘れの方" in visitor.text


async def test_a_step_that_waits_keeps_the_number_and_the_way_on(contractor: Browser) -> None:
    await contractor.open("/statements")
    for _ in range(attempts.PER_STEP + 1):
        await contractor.submit("/proof", customer_number="90000000000000", password="guess1234")
    assert contractor.answer.status_code == 429
    now = filled_in(contractor.form("/proof"))
    assert (now["customer_number"], now["next"], now["step"]) == ("90000000000000", "/statements", "customer")


async def test_a_form_for_a_lost_password_keeps_what_was_typed_when_its_page_is_too_old(
    visitor: Browser,
) -> None:
    await visitor.open("/forgotten")
    body = {**filled_in(visitor.form()), "by": "account", "name": SON, "email": "a@example.com"}
    await visitor.press("/forgotten", {**body, "csrf_token": "x"})
    now = filled_in(visitor.form())
    assert (visitor.answer.status_code, now["name"], now["email"], now["by"]) == (
        422,
        SON,
        "a@example.com",
        "account",
    )
    assert "Cookieが使えない" in visitor.text


async def test_a_form_that_comes_without_cookies_comes_back_with_a_token_that_holds(visitor: Browser) -> None:
    await visitor.open("/forgotten")
    visitor.cookies.clear()
    await visitor.submit(by="account", name=SON, email="a@example.com")
    assert visitor.answer.status_code == 422
    await visitor.submit()
    assert visitor.heading == "お申し込みを受け付けました"


# --- what is gone -----------------------------------------------------------------------------------------------------


async def test_an_account_id_that_was_deleted_meanwhile_is_named_with_what_was_typed_to_copy(
    contractor: Browser, admin: Browser
) -> None:
    (form,) = await look_at(admin, f"/accounts/{SON}/edit")
    await delete(contractor, SON)
    await send(admin, form)
    assert admin.answer.status_code == 404
    assert f"アカウントID「{SON}」は、" in admin.text
    assert "に削除されました" in admin.text
    texts = [area.get_text().lstrip("\n") for area in admin.page.select("main textarea[readonly]")]
    assert "見本 <family>" in texts
    assert PASSWORD not in admin.answer.text


async def test_of_another_contracts_account_id_nothing_is_said(
    contractor: Browser, stranger: Browser
) -> None:
    await delete(contractor, SON)
    await stranger.open("/")
    body = {"csrf_token": token(stranger), "family": "見本"}
    await stranger.press(f"/accounts/{SON}/edit", body)
    assert stranger.answer.status_code == 404
    assert "削除されました" not in stranger.text


async def test_a_user_role_is_not_told_of_others_account_ids(
    contractor: Browser, family_user: Browser
) -> None:
    await family_user.open("/")
    body = {"csrf_token": token(family_user), "password": PASSWORD}
    await delete(contractor, MOTHER)
    await family_user.press(f"/accounts/{MOTHER}/password", body)
    assert family_user.answer.status_code == 404
    assert "削除されました" not in family_user.text


async def test_an_address_that_was_released_meanwhile_says_so_and_the_text_can_be_copied(
    member: Browser, admin: Browser
) -> None:
    path = f"/accounts/{MOTHER}/auto-reply"
    (form,) = await look_at(admin, path)
    await member.open(f"/accounts/{MOTHER}/mail-address")
    await member.submit(kind="other", address="mother@example.com", agree="yes")
    await member.submit()
    assert member.heading.endswith("完了")
    await send(admin, form)
    assert (admin.answer.status_code, "メールアドレス" in admin.text) == (422, True)
    texts = [area.get_text().lstrip("\n") for area in admin.page.select("main textarea[readonly]")]
    assert "見本 <body>\n二行目" in [text.replace("\r\n", "\n") for text in texts]


# --- trouble of ours --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("error", "status"), [(ConnectionError("away"), 503), (ValueError("a bug"), 500)])
async def test_when_the_portal_fails_the_form_can_be_sent_again_by_a_button(
    contractor: Browser, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    (form,) = await look_at(contractor, "/accounts/new")
    typed = {**typed_into(form), "login": "arteri-an-009"}
    rows = database.rows

    async def away(*_: Any) -> Any:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(database, "rows", away)
        await contractor.press("/accounts/new", {**filled_in(form), **typed})
    assert contractor.answer.status_code == status
    assert PASSWORD not in contractor.answer.text
    assert database.rows is rows
    await contractor.submit("/accounts/new")
    assert contractor.heading == "アカウントID登録／変更"
    assert shown(contractor.form("/accounts/new"), typed) == expected(typed)


# --- the time-out box -------------------------------------------------------------------------------------------------


async def test_typing_extends_the_session_by_one_round_trip_and_not_beyond_its_twelve_hours(
    contractor: Browser, round_trips: list[str]
) -> None:
    headers = {"HX-Request": "true", "HX-Target": "a#timeout", "Sec-Fetch-Site": "same-origin"}
    start = clock.now()
    for minutes in range(20, 12 * 60, 20):
        clock.start_at(start + timedelta(minutes=minutes))
        round_trips.clear()
        assert (await contractor.post("/session/extend", headers=headers)).status_code == 200
        assert len(round_trips) == 1
    clock.start_at(start + timedelta(hours=12))
    answer = await contractor.post("/session/extend", headers=headers)
    assert (answer.status_code, "ログインが終了しました" in answer.text) == (401, True)
    assert "hx-redirect" not in answer.headers


@pytest.mark.parametrize("path", ["/session/extend", "/notices/dismiss"])
async def test_an_old_page_is_extended_and_tidied_without_a_token_and_never_from_another_site(
    contractor: Browser, path: str
) -> None:
    body = {"notice": "1", "csrf_token": "of an old page"}
    for headers, status in (
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({}, 403),
    ):
        assert (await contractor.post(path, data=body, headers=headers)).status_code == status


@pytest.mark.parametrize(
    ("typed", "type_"),
    [("見本", "text"), ("2026-13-01", "text"), ("\u200b", "text"), ("2026-01-20", "date"), ("", "date")],
)
async def test_a_field_for_days_that_is_given_back_shows_what_is_no_day_as_a_text(
    member: Browser, typed: str, type_: str
) -> None:
    path = f"/accounts/{MOTHER}/auto-reply"
    await member.open(path)
    form = filled_in(member.form())
    await again(member)
    await member.press(path, {**form, "starts_on": typed, "subject": "不在\x07\x08です"})
    assert errors.STALE in member.text
    field = member.page.select_one("input[name=starts_on]")
    assert field
    assert (field["type"], field["value"]) == (type_, typed)
    assert filled_in(member.form())["subject"] == "不在です"


async def test_a_form_whose_page_this_login_may_not_open_any_more_is_shown_to_copy_by_a_server_that_keeps_state(
    application: Any, visitor: Browser
) -> None:
    """As the real server calls the application, which a client in this process does not."""

    async def served(scope: Any, receive: Any, send: Any) -> None:
        await application({**scope, "state": {}}, receive, send)

    async with Browser(served, HOST) as browser:
        await browser.log_in(*LOGINS[Role.ADMIN])
        await browser.open("/customer")
        typed = {**filled_in(browser.form()), "phone": "03-1111-2222"}
        await browser.submit("/logout")
        await database.rows("UPDATE account SET role = 'user' WHERE login = $1", MOTHER)
        await browser.log_in(*LOGINS[Role.ADMIN])
        await browser.press("/customer", typed)
        assert browser.answer.status_code == 403
        assert "この操作はできません" in browser.heading
        areas = [area.get_text().strip() for area in browser.page.select("main textarea[readonly]")]
        assert "03-1111-2222" in areas
