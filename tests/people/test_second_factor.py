"""2段階認証: what is registered and removed, by whom, and what comes of it; passkeys by an authenticator in software."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from app.domain import clock, tables
from app.domain.access import names
from app.domain.access.matrix import Missing
from app.domain.people.second_factor import (
    CHANGED,
    NO_FACTOR,
    OLD_CODES,
    ONCE,
    TOTP_TAKEN,
    NoFactor,
    RenewRecoveryCodes,
    remove_by_staff,
)
from app.postgres import database
from app.routes.people import second_factor as pages
from tests import authenticator, households
from tests.access.steps import code_of, codes_on, next_step, set_up_totp
from tests.access.test_matrix import delete
from tests.browser import Browser
from tests.conftest import Installed
from tests.mail.steps import mails

PAGE = "/second-factor"


async def rows_of(table: str) -> int:
    (row,) = await database.rows(f"SELECT count(*) AS number FROM {table}")
    return int(row["number"])


# --- authenticator app ------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_an_app_is_registered_with_its_code_and_brings_ten_recovery_codes_shown_once(
    contractor: Browser,
) -> None:
    _, codes = await set_up_totp(contractor)
    assert len(set(codes)) == 10
    assert contractor.rows["受付番号"]
    await contractor.open(contractor.path)
    assert codes_on(contractor) == []
    assert ONCE in contractor.text
    (mail,) = await mails()
    assert mail["subject"] == "【マイページ】認証アプリ登録のお知らせ"
    assert "お客様番号（末尾0000）" in mail["body"]
    await contractor.open("/changes")
    assert "認証アプリ登録" in contractor.text
    await contractor.open(PAGE)
    assert contractor.rows["残り"] == "10個"


@pytest.mark.slow
async def test_in_a_demo_at_another_time_the_app_goes_by_the_time_of_phones(
    visitor: Browser, another_browser: Browser
) -> None:
    clock.start_at(clock.now() + timedelta(days=700, seconds=1000))
    await visitor.log_in("customer", "90000000000000", "demo01")
    await visitor.open("/second-factor/totp")
    key = visitor.rows["キー"].replace(" ", "")
    await visitor.submit(code=pyotp.TOTP(key).at(datetime.now(UTC)))
    await visitor.submit()
    assert visitor.heading == "認証アプリ登録完了"
    await another_browser.log_in("customer", "90000000000000", "demo01")
    await another_browser.submit(
        "/login/second", code=pyotp.TOTP(key).at(datetime.now(UTC) + timedelta(seconds=30))
    )
    assert another_browser.heading == "ご契約情報一覧"
    (row,) = await database.rows("SELECT used_at - registered_at AS between FROM totp")
    assert timedelta() < row["between"] < timedelta(minutes=5)


async def test_neither_the_secret_nor_a_recovery_code_is_kept_to_be_read(contractor: Browser) -> None:
    key, codes = await set_up_totp(contractor)
    plain = key.replace(" ", "")
    for table in ("totp", "recovery_code", "change", "outbox", "session"):
        found = str([dict(row) for row in await database.rows(f"SELECT * FROM {table}")])
        assert not [
            one for one in (plain, key, *codes, *(code.replace("-", "") for code in codes)) if one in found
        ]


@pytest.mark.slow
async def test_a_wrong_code_keeps_the_same_key(contractor: Browser) -> None:
    await contractor.open("/second-factor/totp")
    key = contractor.rows["キー"]
    await contractor.submit(code="000000" if code_of(key) != "000000" else "111111")
    assert contractor.answer.status_code == 422
    assert "コードが正しくありません。" in contractor.reasons[0]
    assert contractor.rows["キー"] == key
    await contractor.submit(code="")
    assert contractor.reasons == ["コードを入力してください。"]
    await contractor.submit(code=f" {code_of(key)[:3]} {code_of(key)[3:]} ")
    assert contractor.heading == "認証アプリ登録確認"


@pytest.mark.parametrize(("seconds", "said"), [(90, "約90秒進んで"), (-90, "約90秒遅れて")])
async def test_a_clock_that_is_off_is_told_while_it_is_set_up(
    contractor: Browser, seconds: int, said: str
) -> None:
    await contractor.open("/second-factor/totp")
    await contractor.submit(code=code_of(contractor.rows["キー"], timedelta(seconds=seconds)))
    assert said in contractor.reasons[0]


@pytest.mark.slow
async def test_the_way_back_from_the_confirm_page_shows_the_same_key(contractor: Browser) -> None:
    await contractor.open("/second-factor/totp")
    key = contractor.rows["キー"]
    await contractor.submit(code=code_of(key))
    await contractor.open(str(contractor.page.select("main .buttons a")[0]["href"]))
    assert contractor.rows["キー"] == key


@pytest.mark.parametrize("setup", ["", "x", "gAAAAA", "日本"])
async def test_a_forged_or_old_page_is_answered_with_a_new_key(contractor: Browser, setup: str) -> None:
    await contractor.open("/second-factor/totp")
    key = contractor.rows["キー"]
    await contractor.submit(code=code_of(key), setup=setup)
    assert "有効期間が切れました" in contractor.reasons[0]
    assert contractor.rows["キー"] != key
    assert await rows_of("change") == 0


@pytest.mark.slow
async def test_a_page_that_was_open_too_long_is_answered_with_a_new_key(
    contractor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await contractor.open("/second-factor/totp")
    key = contractor.rows["キー"]
    monkeypatch.setattr(pages, "SECRET_LASTS", -1)
    await contractor.submit(code=code_of(key))
    assert "有効期間が切れました" in contractor.reasons[0]
    assert contractor.rows["キー"] != key


async def test_another_sessions_page_registers_no_key_here(contractor: Browser, admin: Browser) -> None:
    await admin.open("/second-factor/totp")
    setup = str(admin.page.select("input[name=setup]")[0]["value"])
    code = code_of(admin.rows["キー"])
    await contractor.open("/second-factor/totp")
    await contractor.submit(code=code, setup=setup)
    assert contractor.answer.status_code == 422


@pytest.mark.slow
async def test_a_second_app_is_refused_until_the_first_is_removed(contractor: Browser) -> None:
    await contractor.open("/second-factor/totp")
    await contractor.submit(code=code_of(contractor.rows["キー"]))
    waiting = contractor.path
    await set_up_totp(contractor)
    await contractor.open("/second-factor/totp")
    assert contractor.reasons == [TOTP_TAKEN]
    await contractor.open(waiting)
    await contractor.submit()
    assert TOTP_TAKEN in contractor.text
    assert await rows_of("totp") == 1


# --- passkeys ---------------------------------------------------------------------------------------------------------


async def test_a_passkey_is_registered_under_its_name_and_told(family_user: Browser) -> None:
    await authenticator.register(family_user, "息子の電話")
    assert family_user.rows["パスキーの名前"] == "息子の電話"
    assert len(codes_on(family_user)) == 10
    (mail,) = await mails()
    assert "息子の電話" in mail["body"]
    assert "アカウントID「arteri-an-001」" in mail["body"]
    await family_user.open(PAGE)
    assert "息子の電話" in family_user.text


@pytest.mark.slow
async def test_the_second_factor_of_a_login_brings_no_codes(contractor: Browser) -> None:
    _, codes = await set_up_totp(contractor)
    await authenticator.register(contractor)
    assert codes_on(contractor) == []
    assert "回復コード" not in contractor.rows
    assert await rows_of("recovery_code") == len(codes)


async def test_of_two_first_factors_in_two_tabs_the_later_one_says_that_the_former_codes_are_over(
    contractor: Browser,
) -> None:
    await contractor.open("/second-factor/totp")
    await contractor.submit(code=code_of(contractor.rows["キー"]))
    waiting = contractor.path
    await authenticator.register(contractor)
    before = codes_on(contractor)
    await contractor.open(waiting)
    await contractor.submit()
    assert OLD_CODES in contractor.text
    assert not set(codes_on(contractor)) & set(before)
    assert await rows_of("recovery_code") == 10


@pytest.mark.slow
async def test_a_login_has_five_passkeys_at_most(contractor: Browser, admin: Browser) -> None:
    for number in range(5):
        await authenticator.register(contractor, f"電話{number}")
    await contractor.open(PAGE)
    assert "パスキーを登録する" not in contractor.text
    with pytest.raises(AssertionError, match="5個まで"):
        await authenticator.register(contractor, "電話6")
    await authenticator.register(admin)
    assert await rows_of("passkey") == 6


async def test_its_name_which_mails_show_holds_no_link(contractor: Browser) -> None:
    await contractor.open("/second-factor/passkeys/new")
    await contractor.submit("/second-factor/passkeys/new", credential="{}", name="更新はevil.example")
    assert any(reason.startswith("パスキーの名前に、リンク") for reason in contractor.reasons)


async def test_a_passkey_is_registered_once(contractor: Browser) -> None:
    passkey = await authenticator.register(contractor)
    asked = await authenticator.options(contractor, "/second-factor/passkeys.json")
    assert [one["id"] for one in asked["excludeCredentials"]] == [bytes_to_base64url(passkey.identity)]
    await contractor.open("/second-factor/passkeys/new")
    await contractor.submit("/second-factor/passkeys/new", credential=passkey.made(asked))
    await contractor.submit()
    assert "すでに登録されています" in contractor.text
    assert await rows_of("passkey") == 1


@pytest.mark.slow
async def test_each_login_has_a_handle_of_its_own_and_keeps_it(
    contractor: Browser, admin: Browser, stranger: Browser
) -> None:
    handles = [
        (await authenticator.options(browser, "/second-factor/passkeys.json"))["user"]["id"]
        for browser in (contractor, admin, stranger, contractor)
    ]
    assert len(set(handles)) == 3
    assert handles[0] == handles[3]
    assert {len(base64url_to_bytes(handle)) for handle in handles} == {32}


async def test_a_new_passkey_must_be_asked_for_here_by_its_owner(contractor: Browser) -> None:
    for forged in (
        {"origin": "https://evil.example"},
        {"origin": "https://mypage.example.jp:8443"},
        {"cross_origin": True},
        {"flags": authenticator.PRESENT},
        {"challenge": "AAAA"},
    ):
        await contractor.open("/second-factor/passkeys/new")
        asked = await authenticator.options(contractor, "/second-factor/passkeys.json")
        passkey = authenticator.Passkey("mypage.example.jp", b"x" * 32)
        await contractor.submit("/second-factor/passkeys/new", credential=passkey.made(asked, **forged))
        assert contractor.answer.status_code == 422, forged
    assert await rows_of("change") == 0


@pytest.mark.parametrize(
    "junk", ["", "x", "{}", "[]", "null", '{"response": {"clientDataJSON": "%%%"}}', "[" * 9000]
)
async def test_junk_instead_of_a_passkey_is_refused_in_words_and_the_name_stays(
    contractor: Browser, junk: str
) -> None:
    await contractor.open("/second-factor/passkeys/new")
    await contractor.submit("/second-factor/passkeys/new", credential=junk, name="私の電話")
    assert contractor.answer.status_code == 422
    assert len(contractor.reasons) == 1
    assert contractor.page.select("input[name=name]")[0]["value"] == "私の電話"


async def test_what_the_browser_asks_of_an_authenticator_is_strict(contractor: Browser) -> None:
    asked = await authenticator.options(contractor, "/second-factor/passkeys.json")
    assert asked["rp"] == {"id": "mypage.example.jp", "name": "マイページ"}
    assert asked["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    assert (asked["attestation"], asked["timeout"]) == ("none", 300_000)


@pytest.mark.slow
async def test_another_device_that_is_logged_in_goes_on_when_a_first_factor_is_registered(
    contractor: Browser, another_browser: Browser
) -> None:
    await another_browser.log_in("customer", "90000000000000", "demo01")
    await set_up_totp(contractor)
    await another_browser.open("/")
    assert another_browser.heading == "ご契約情報一覧"


# --- removing ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_the_last_factor_takes_the_recovery_codes_with_it(contractor: Browser) -> None:
    await set_up_totp(contractor)
    await contractor.open(PAGE)
    await contractor.submit("/second-factor/totp/remove")
    assert "回復コードも使えなくなります" in contractor.text
    await contractor.submit()
    assert contractor.heading == "認証アプリ削除完了"
    assert await rows_of("totp") == await rows_of("recovery_code") == 0
    assert "【マイページ】認証アプリ削除のお知らせ" in [mail["subject"] for mail in await mails()]


@pytest.mark.slow
async def test_one_of_two_leaves_the_recovery_codes(contractor: Browser) -> None:
    await set_up_totp(contractor)
    await authenticator.register(contractor)
    await contractor.open(PAGE)
    await contractor.submit("/second-factor/passkeys/remove")
    assert "回復コードも使えなくなります" not in contractor.text
    await contractor.submit()
    assert contractor.heading == "パスキー削除完了"
    assert (await rows_of("passkey"), await rows_of("recovery_code")) == (0, 10)


@pytest.mark.slow
async def test_where_one_is_wanted_the_confirm_page_says_what_comes_next(
    contractor: Browser, family_user: Browser, installed: Installed
) -> None:
    installed(second_factor="admins")
    for browser, said in ((contractor, "もう一度登録していただきます"), (family_user, "パスワードだけで")):
        await set_up_totp(browser)
        await browser.open(PAGE)
        await browser.submit("/second-factor/totp/remove")
        assert said in browser.text


@pytest.mark.slow
async def test_what_the_confirm_page_said_of_the_last_one_has_to_hold(contractor: Browser) -> None:
    await set_up_totp(contractor)
    await authenticator.register(contractor)
    await contractor.open(PAGE)
    await contractor.submit("/second-factor/totp/remove")
    waiting = contractor.path
    await contractor.open(PAGE)
    await contractor.submit("/second-factor/passkeys/remove")
    await contractor.submit()
    await contractor.open(waiting)
    await contractor.submit()
    assert CHANGED in contractor.text
    assert (await rows_of("totp"), await rows_of("recovery_code")) == (1, 10)


@pytest.mark.slow
async def test_what_was_removed_in_another_tab_is_told(contractor: Browser) -> None:
    await set_up_totp(contractor)
    await contractor.open(PAGE)
    token = {"csrf_token": str(contractor.form("/second-factor/totp/remove").select("input")[0]["value"])}
    await contractor.submit("/second-factor/totp/remove")
    await contractor.submit()
    for path in (
        "/second-factor/totp/remove",
        "/second-factor/passkeys/remove",
        "/second-factor/recovery-codes",
    ):
        await contractor.press(path, token)
        assert contractor.answer.status_code == 422
    assert contractor.reasons == [NO_FACTOR]


# --- recovery codes ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_new_codes_take_the_place_of_the_old_ones(contractor: Browser) -> None:
    _, before = await set_up_totp(contractor)
    await contractor.open(PAGE)
    await contractor.submit("/second-factor/recovery-codes")
    assert codes_on(contractor) == []
    await contractor.submit()
    after = codes_on(contractor)
    assert len(after) == 10
    assert not set(after) & set(before)
    assert await rows_of("recovery_code") == 10


# --- rights -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_nobody_sees_or_removes_a_factor_of_another_login(
    contractor: Browser, admin: Browser, family_user: Browser, stranger: Browser
) -> None:
    await authenticator.register(family_user, "息子の電話")
    await set_up_totp(family_user)
    (passkey,) = await database.rows("SELECT id FROM passkey")
    for other in (contractor, admin, stranger):
        await other.open(PAGE)
        assert "息子の電話" not in other.text
        token = str(other.form("/logout").select("input")[0]["value"])
        for path, typed in (
            ("/second-factor/passkeys/remove", {"passkey": str(passkey["id"])}),
            ("/second-factor/totp/remove", {}),
            ("/second-factor/recovery-codes", {}),
        ):
            await other.press(path, {"csrf_token": token, **typed})
            assert other.answer.status_code == 422
    assert (await rows_of("passkey"), await rows_of("totp"), await rows_of("recovery_code")) == (1, 1, 10)


@pytest.mark.slow
async def test_another_login_cannot_confirm_what_waits(contractor: Browser, family_user: Browser) -> None:
    await set_up_totp(family_user)
    await family_user.open(PAGE)
    await family_user.submit("/second-factor/totp/remove")
    assert (await contractor.get(family_user.path)).status_code == 404


async def test_a_change_of_another_login_is_about_nothing_there(empty_database: str) -> None:
    family = await households.new_household()
    mother = await households.log_in(family.contract, family.mother)
    assert RenewRecoveryCodes(family.mothers_login, []).judge(mother, clock.now()) is None
    for login in (family.sons_login, None):
        with pytest.raises(Missing):
            RenewRecoveryCodes(login, []).judge(mother, clock.now())


@pytest.mark.slow
async def test_every_change_of_it_asks_for_the_password_again(contractor: Browser) -> None:
    await set_up_totp(contractor)
    await contractor.open(PAGE)
    clock.start_at(clock.now() + timedelta(minutes=11))
    for path in ("/second-factor/totp/remove", "/second-factor/recovery-codes"):
        await contractor.open(PAGE)
        await contractor.submit(path)
        assert contractor.heading == "パスワードの確認"
    for path in ("/second-factor/totp", "/second-factor/passkeys/new", "/second-factor/passkeys.json"):
        assert (await contractor.get(path)).headers["location"].startswith("/proof?step=recent")


@pytest.mark.slow
async def test_a_deleted_person_has_none_and_registers_none(
    contractor: Browser, family_user: Browser
) -> None:
    passkey = await authenticator.register(family_user)
    await set_up_totp(family_user)
    await delete(contractor, "arteri-an-001")
    assert await rows_of("passkey") == await rows_of("totp") == await rows_of("recovery_code") == 0
    await family_user.open(PAGE)
    assert not family_user.page.select("main form")
    token = str(family_user.form("/logout").select("input")[0]["value"])
    for path in ("/second-factor/totp", "/second-factor/recovery-codes", "/second-factor/totp/remove"):
        await family_user.press(path, {"csrf_token": token})
        assert family_user.answer.status_code == 403
    assert "2段階認証" not in str(family_user.menu)
    assert passkey.count == 0


# --- by staff ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ["90000000000000", "Arteri-An-001"])
async def test_staff_remove_all_of_a_login_and_it_is_told(
    contractor: Browser, family_user: Browser, name: str
) -> None:
    for browser in (contractor, family_user):
        await set_up_totp(browser)
        next_step()
        await authenticator.register(browser)
    await database.rows(
        "INSERT INTO former_address (contract, address, replaced_at) "
        "SELECT id, 'before@example.com', $1 FROM contract WHERE customer_number = '90000000000000'",
        clock.now(),
    )
    told = await remove_by_staff(names.read("account", name))
    assert "before@example.com" in told
    left = await tables.Totp.select(tables.Totp.account)
    assert len(left) == await rows_of("passkey") == 1
    assert (left[0]["account"] is None) == (name == "Arteri-An-001")
    sent = [mail for mail in await mails() if mail["subject"] == "【マイページ】2段階認証解除のお知らせ"]
    assert {mail["recipient"] for mail in sent} == set(told)
    with pytest.raises(NoFactor):
        await remove_by_staff(names.read("account", name))


async def test_staff_are_told_of_a_login_that_is_none(contractor: Browser) -> None:
    for name in ("nobody-at-all", "99999999999999", "arteri-an-002"):
        with pytest.raises(NoFactor):
            await remove_by_staff(names.read("account", name))
