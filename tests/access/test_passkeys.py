"""Passkeys: what signs in, passes the second factor and the step, and what does not; by an authenticator in software."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import bytes_to_base64url

from app.domain import clock
from app.domain.access import kept_passkeys, passkeys
from app.domain.access.challenges import FOREIGN, TOO_OLD, USED, Challenges
from app.domain.access.kept_passkeys import WrongPasskey
from app.domain.access.passkeys import (
    ANOTHERS,
    MADE_HERE,
    REFUSED,
    UNKNOWN,
    UNREADABLE,
    RelyingParty,
)
from app.domain.access.second_factor import UsedPasskey
from app.postgres import database
from tests import authenticator
from tests.access.steps import set_up_totp
from tests.access.test_matrix import delete
from tests.access.test_second_factor import CUSTOMER, results
from tests.authenticator import options, register, sign_in
from tests.browser import Browser
from tests.conftest import HOST, Installed

STEP = "/proof?step=recent&next=/customer-password"


async def pass_minutes(minutes: int) -> None:
    clock.start_at(clock.now() + timedelta(minutes=minutes))


# --- signing in -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_passkey_alone_signs_in_whoever_it_belongs_to(
    contractor: Browser, family_user: Browser, visitor: Browser, another_browser: Browser
) -> None:
    son = await register(family_user)
    await sign_in(another_browser, son)
    assert another_browser.heading == "ユーザー管理"
    assert "arteri-an-001" in another_browser.text
    assert await results() == ["ok"]
    await another_browser.open("/second-factor")
    assert "まだありません" not in another_browser.page.select("[data-label=最後に使った日時]")[0].get_text()


async def test_it_leads_to_where_one_was_going_and_passes_the_step_of_the_moment(
    contractor: Browser, another_browser: Browser
) -> None:
    passkey = await register(contractor)
    await sign_in(another_browser, passkey, "/login?next=/customer-password")
    assert another_browser.path == "/customer-password"


@pytest.mark.slow
async def test_it_needs_no_second_factor_although_the_login_has_an_app(
    contractor: Browser, another_browser: Browser
) -> None:
    await set_up_totp(contractor)
    passkey = await register(contractor)
    await sign_in(another_browser, passkey)
    assert another_browser.heading == "ご契約情報一覧"


async def test_where_everybody_must_have_a_factor_it_is_one(
    contractor: Browser, another_browser: Browser, installed: Installed
) -> None:
    passkey = await register(contractor)
    installed(second_factor="all")
    await sign_in(another_browser, passkey)
    assert another_browser.heading == "ご契約情報一覧"


async def test_a_new_browser_is_told_of(contractor: Browser, another_browser: Browser) -> None:
    await database.rows("DELETE FROM alert")
    passkey = await register(contractor)
    await database.rows("DELETE FROM outbox")
    await sign_in(another_browser, passkey)
    (mail,) = await database.rows("SELECT subject FROM outbox")
    assert "新しい端末" in mail["subject"]


JUNK: list[Any] = ["%", "AAAA", "", None, 7, [], {}]
FORGED: dict[str, tuple[dict[str, Any], str]] = {
    "another site's page": ({"origin": "https://mypage.example.jp.evil.example"}, REFUSED),
    "another port": ({"origin": "https://mypage.example.jp:8443"}, REFUSED),
    "plain http": ({"origin": "http://mypage.example.jp"}, REFUSED),
    "inside another site's page": ({"cross_origin": True}, REFUSED),
    "a challenge that was made up": ({"challenge": "AAAA"}, FOREIGN),
    "another key": ({"key": ec.generate_private_key(ec.SECP256R1())}, REFUSED),
    "the owner was not known again": ({"flags": authenticator.PRESENT}, REFUSED),
    "nobody was there": ({"flags": 0}, REFUSED),
    "another handle": ({"handle": b"x" * 32}, ANOTHERS),
    "no handle": ({"handle": None}, REFUSED),
    "a handle that is no base64": ({"handle": "A"}, UNREADABLE),
    "a handle of other signs": ({"handle": "%"}, ANOTHERS),
    "a challenge that is no base64": ({"challenge": "A"}, UNREADABLE),
    "a challenge of other signs": ({"challenge": "%"}, FOREIGN),
    "a count of a copy": ({"count": 0}, REFUSED),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FORGED)
async def test_what_is_forged_opens_nothing(contractor: Browser, another_browser: Browser, name: str) -> None:
    forged, reason = FORGED[name]
    passkey = await register(contractor)
    await sign_in(another_browser, passkey)
    await another_browser.submit("/logout")
    await sign_in(another_browser, passkey, **forged)
    assert (another_browser.answer.status_code, another_browser.reasons) == (422, [reason])
    assert another_browser.heading == "ログイン"
    (row,) = await database.rows("SELECT sign_count FROM passkey")
    assert row["sign_count"] == 1


@pytest.mark.parametrize(
    "junk", ["", "x", "{}", "[]", "7", "null", '{"response": 1}', "[" * 9000, "x" * 20_000]
)
async def test_junk_opens_nothing_and_is_told_in_words(visitor: Browser, junk: str) -> None:
    await visitor.open("/login")
    await visitor.submit("/login/passkey", credential=junk)
    assert (visitor.answer.status_code, visitor.reasons) == (422, [UNREADABLE])


@pytest.mark.slow
async def test_a_part_of_an_answer_that_is_missing_or_junk_is_told_in_words(
    contractor: Browser, another_browser: Browser
) -> None:
    passkey = await register(contractor)
    for part in ("clientDataJSON", "authenticatorData", "signature", "userHandle"):
        for value in JUNK:
            await another_browser.open("/login")
            asked = await options(another_browser, "/login/passkey.json")
            answer = json.loads(passkey.signed(asked))
            answer["response"][part] = value
            await another_browser.submit("/login/passkey", credential=json.dumps(answer))
            assert (another_browser.answer.status_code, len(another_browser.reasons)) == (422, 1), (
                part,
                value,
            )


async def test_an_answer_opens_one_session(contractor: Browser, another_browser: Browser) -> None:
    passkey = await register(contractor)
    await another_browser.open("/login")
    form = another_browser.form("/login/passkey")
    token = str(form.select("input[name=csrf_token]")[0]["value"])
    answer = passkey.signed(await options(another_browser, "/login/passkey.json"))
    await another_browser.press("/login/passkey", {"csrf_token": token, "credential": answer})
    assert another_browser.heading == "ご契約情報一覧"
    await another_browser.submit("/logout")
    await another_browser.press("/login/passkey", {"csrf_token": token, "credential": answer})
    assert another_browser.reasons == [USED]


async def test_an_answer_of_another_browser_is_none(
    contractor: Browser, another_browser: Browser, stranger: Browser
) -> None:
    passkey = await register(contractor)
    asked = await options(stranger, "/login/passkey.json")
    await another_browser.open("/login")
    await another_browser.submit("/login/passkey", credential=passkey.signed(asked))
    assert another_browser.reasons == [FOREIGN]


async def test_an_answer_that_comes_too_late_is_told(contractor: Browser, another_browser: Browser) -> None:
    passkey = await register(contractor)
    await another_browser.open("/login")
    answer = passkey.signed(await options(another_browser, "/login/passkey.json"))
    await pass_minutes(6)
    await another_browser.submit("/login/passkey", credential=answer)
    assert another_browser.reasons == [TOO_OLD]


@pytest.mark.slow
async def test_a_passkey_that_was_removed_and_one_of_nobody_open_nothing(
    contractor: Browser, another_browser: Browser
) -> None:
    passkey = await register(contractor)
    await contractor.open("/second-factor")
    await contractor.submit("/second-factor/passkeys/remove")
    await contractor.submit()
    for unknown in (passkey, authenticator.Passkey(HOST, b"x" * 32)):
        await sign_in(another_browser, unknown)
        assert another_browser.reasons == [UNKNOWN]


@pytest.mark.slow
async def test_a_deleted_persons_passkey_opens_nothing(
    contractor: Browser, family_user: Browser, another_browser: Browser
) -> None:
    passkey = await register(family_user)
    kept = await database.rows("SELECT * FROM passkey")
    await delete(contractor, "arteri-an-001")
    assert kept
    assert await database.rows("SELECT 1 FROM passkey") == []
    await sign_in(another_browser, passkey)
    assert another_browser.reasons == [UNKNOWN]


async def test_nor_would_it_if_its_row_were_left(family_user: Browser, another_browser: Browser) -> None:
    passkey = await register(family_user)
    await database.rows("UPDATE account SET deleted_at = now() WHERE login = 'arteri-an-001'")
    await sign_in(another_browser, passkey)
    assert another_browser.reasons == [UNKNOWN]
    (row,) = await database.rows("SELECT used_at FROM passkey")
    assert row["used_at"] is None


@pytest.mark.slow
async def test_trying_again_and_again_is_limited_by_address(visitor: Browser) -> None:
    await visitor.open("/login")
    token = str(visitor.form("/login/passkey").select("input")[0]["value"])
    for _ in range(100):
        answer = await visitor.post(
            "/login/passkey",
            data={"csrf_token": token, "credential": "x"},
            headers={"Sec-Fetch-Site": "same-origin"},
        )
        assert answer.status_code == 422
    await visitor.press("/login/passkey", {"csrf_token": token, "credential": "x"})
    assert visitor.answer.status_code == 429


async def test_of_several_that_show_the_same_count_at_once_one_counts(
    contractor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    all_have_read, look_up = asyncio.Barrier(5), kept_passkeys.find

    async def together(credential_id: bytes) -> Any:
        found = await look_up(credential_id)
        await all_have_read.wait()
        return found

    monkeypatch.setattr(kept_passkeys, "find", together)
    passkey = await register(contractor)
    ours, party = Challenges((b"a key",), "login", "a browser"), RelyingParty(HOST, authenticator.ORIGIN)
    answers = [passkey.signed({"challenge": bytes_to_base64url(ours.new())}, count=1) for _ in range(5)]
    found = await asyncio.gather(
        *(passkeys.owner(answer, party, ours) for answer in answers), return_exceptions=True
    )
    assert sum(isinstance(one, UsedPasskey) for one in found) == 1
    assert sum(isinstance(one, WrongPasskey) for one in found) == 4


# --- removed meanwhile -----------------------------------------------------------------------------------------------


@pytest.fixture
def removed_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every passkey is removed just after its answer was verified and counted."""
    really = passkeys._verify

    async def verify(*answered: Any) -> UsedPasskey:
        used = await really(*answered)
        await database.rows("DELETE FROM passkey")
        return used

    monkeypatch.setattr(passkeys, "_verify", verify)


async def test_a_passkey_that_is_removed_while_it_signs_in_opens_nothing(
    contractor: Browser, another_browser: Browser, removed_meanwhile: None
) -> None:
    passkey = await register(contractor)
    await sign_in(another_browser, passkey)
    assert (another_browser.answer.status_code, another_browser.reasons) == (422, [UNKNOWN])
    assert len(await database.rows("SELECT 1 FROM session")) == 1


@pytest.mark.slow
async def test_nor_is_it_the_second_factor(
    contractor: Browser, another_browser: Browser, removed_meanwhile: None
) -> None:
    passkey = await register(contractor)
    await set_up_totp(contractor)
    await another_browser.log_in(*CUSTOMER)
    asked = await options(another_browser, "/login/second/passkey.json")
    await another_browser.submit("/login/second/passkey", credential=passkey.signed(asked))
    assert (another_browser.answer.status_code, another_browser.reasons) == (422, [UNKNOWN])
    await another_browser.open("/")
    assert another_browser.path == "/login/second"


@pytest.mark.slow
async def test_nor_does_it_pass_the_step(
    contractor: Browser, another_browser: Browser, removed_meanwhile: None
) -> None:
    passkey = await register(contractor)
    await another_browser.log_in(*CUSTOMER)
    await another_browser.open(another_browser.path)
    await database.rows("UPDATE session SET stages = '{}'")
    await pass_minutes(11)
    await another_browser.open(STEP)
    asked = await options(another_browser, "/proof/passkey.json?step=recent")
    await another_browser.submit("/proof/passkey", credential=passkey.signed(asked))
    assert (another_browser.answer.status_code, another_browser.reasons) == (422, [UNKNOWN])
    await another_browser.open("/customer-password")
    assert another_browser.heading == "パスワードの確認"


# --- limits -----------------------------------------------------------------------------------------------------------


async def failures() -> list[int]:
    """What is counted of those who try passkeys; nothing that was refunded."""
    rows = await database.rows("SELECT failures FROM attempt WHERE failures > 0")
    return [row["failures"] for row in rows]


@pytest.mark.slow
async def test_a_passkey_after_the_password_is_limited_by_address_and_a_right_one_counts_nothing(
    contractor: Browser, another_browser: Browser
) -> None:
    passkey = await register(contractor)
    await another_browser.log_in(*CUSTOMER)
    for _ in range(3):
        await another_browser.submit("/login/second/passkey", credential="x")
    assert await failures() == [3]
    asked = await options(another_browser, "/login/second/passkey.json")
    await another_browser.submit("/login/second/passkey", credential=passkey.signed(asked))
    assert another_browser.heading == "ご契約情報一覧"
    assert await failures() == [3]
    await another_browser.submit("/logout")
    await another_browser.log_in(*CUSTOMER)
    await database.rows("UPDATE attempt SET failures = 100")
    await another_browser.submit("/login/second/passkey", credential="x")
    assert another_browser.answer.status_code == 429


@pytest.mark.slow
async def test_a_passkey_at_the_step_is_limited_together_with_passwords(
    contractor: Browser, another_browser: Browser
) -> None:
    passkey = await register(contractor)
    await sign_in(another_browser, passkey)
    await pass_minutes(11)
    await another_browser.open(STEP)
    await another_browser.prove("Chigau-9")
    for _ in range(2):
        await another_browser.submit("/proof/passkey", credential="x")
    assert await failures() == [3]
    asked = await options(another_browser, "/proof/passkey.json?step=recent")
    await another_browser.submit("/proof/passkey", credential=passkey.signed(asked))
    assert another_browser.path == "/customer-password"
    assert await failures() == []
    await pass_minutes(11)
    await another_browser.open(STEP)
    for _ in range(10):
        await another_browser.submit("/proof/passkey", credential="x")
        assert another_browser.answer.status_code == 422
    await another_browser.submit("/proof/passkey", credential="x")
    assert another_browser.answer.status_code == 429


# --- the second factor ------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_passkey_is_the_second_factor_after_the_password(
    contractor: Browser, another_browser: Browser
) -> None:
    passkey = await register(contractor)
    await another_browser.log_in(*CUSTOMER, path="/login?next=/mail-service")
    asked = await options(another_browser, "/login/second/passkey.json")
    assert len(asked["allowCredentials"]) == 1
    await another_browser.submit("/login/second/passkey", credential=passkey.signed(asked))
    assert another_browser.path == "/mail-service"
    assert await results() == ["ok"]


@pytest.mark.slow
async def test_another_persons_passkey_is_not(
    contractor: Browser, admin: Browser, another_browser: Browser
) -> None:
    await register(contractor)
    hers = await register(admin)
    await another_browser.log_in(*CUSTOMER)
    asked = await options(another_browser, "/login/second/passkey.json")
    await another_browser.submit("/login/second/passkey", credential=hers.signed(asked))
    assert another_browser.reasons == [ANOTHERS]
    assert another_browser.heading == "2段階認証"
    await another_browser.open("/")
    assert another_browser.heading == "2段階認証"


# --- the step ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_the_own_passkey_passes_the_step(contractor: Browser, another_browser: Browser) -> None:
    passkey = await register(contractor)
    await sign_in(another_browser, passkey)
    await pass_minutes(11)
    await another_browser.open("/customer-password")
    assert another_browser.heading == "パスワードの確認"
    before = another_browser.cookies["__Host-mypage"]
    asked = await options(another_browser, "/proof/passkey.json?step=recent")
    await another_browser.submit("/proof/passkey", credential=passkey.signed(asked))
    assert another_browser.path == "/customer-password"
    assert another_browser.cookies["__Host-mypage"] != before


async def test_one_that_the_session_registered_itself_passes_none(contractor: Browser) -> None:
    passkey = await register(contractor)
    await pass_minutes(11)
    await contractor.open(STEP)
    assert "パスキーで確認" not in contractor.text
    asked = await options(contractor, "/proof/passkey.json?step=recent")
    assert asked["allowCredentials"] == []
    token = str(contractor.form("/proof").select("input")[0]["value"])
    typed = {"csrf_token": token, "step": "recent", "credential": passkey.signed(asked)}
    await contractor.press("/proof/passkey", typed)
    assert contractor.reasons == [MADE_HERE]
    await contractor.open("/customer-password")
    assert contractor.heading == "パスワードの確認"


async def test_after_a_password_was_set_here_a_passkey_is_the_way(
    contractor: Browser, another_browser: Browser
) -> None:
    passkey = await register(contractor)
    await sign_in(another_browser, passkey)
    await database.rows("UPDATE session SET customer_set_here = true")
    await pass_minutes(11)
    await another_browser.open("/customer-password")
    asked = await options(another_browser, "/proof/passkey.json?step=recent")
    await another_browser.submit("/proof/passkey", credential=passkey.signed(asked))
    assert another_browser.path == "/customer-password"


@pytest.mark.slow
async def test_an_account_id_passes_the_customers_step_with_the_customer_numbers_passkey_alone(
    contractor: Browser, admin: Browser
) -> None:
    customers, hers = await register(contractor), await register(admin)
    await admin.submit("/logout")
    await sign_in(admin, hers)
    for passkey, reason in ((hers, [ANOTHERS]), (customers, [])):
        await admin.open("/own-data")
        assert admin.heading == "お客様番号で再度ログイン"
        asked = await options(admin, "/proof/passkey.json?step=customer")
        await admin.submit("/proof/passkey", credential=passkey.signed(asked))
        assert admin.reasons == reason
    assert admin.path == "/own-data"


async def test_a_user_role_passes_the_customers_step_with_none(
    contractor: Browser, family_user: Browser
) -> None:
    passkey = await register(contractor)
    token = str((await _open(family_user, "/")).form("/logout").select("input")[0]["value"])
    assert (await family_user.get("/proof/passkey.json?step=customer")).status_code == 403
    asked = await options(family_user, "/proof/passkey.json?step=recent")
    typed = {"csrf_token": token, "step": "customer", "credential": passkey.signed(asked)}
    await family_user.press("/proof/passkey", typed)
    assert family_user.answer.status_code == 403
    assert await database.rows("SELECT 1 FROM session WHERE customer_proved_at IS NOT NULL") == []


async def _open(browser: Browser, path: str) -> Browser:
    await browser.open(path)
    return browser


@pytest.mark.slow
async def test_a_challenge_of_the_login_page_passes_no_step(
    contractor: Browser, another_browser: Browser
) -> None:
    passkey = await register(contractor)
    await sign_in(another_browser, passkey)
    await pass_minutes(11)
    await another_browser.open(STEP)
    asked = await options(another_browser, "/login/passkey.json")
    await another_browser.submit("/proof/passkey", credential=passkey.signed(asked))
    assert another_browser.reasons == [FOREIGN]


# --- where there can be none ------------------------------------------------------------------------------------------


async def test_without_a_host_name_or_https_there_is_no_button(contractor: Browser) -> None:
    from litestar.testing import RequestFactory

    from app.web.request import Request

    def party(host: str, *, https: bool) -> object:
        request = RequestFactory().get("/", headers={"host": host})
        ours = Request(request.scope)
        ours.scope["litestar_app"].state.settings = type("S", (), {"https": https})()
        return ours.relying_party

    for host, https in (
        ("127.0.0.1:8000", False),
        ("[::1]:8000", False),
        ("10.0.0.1", True),
        ("a.jp", False),
    ):
        assert party(host, https=https) is None
    assert party("localhost:8000", https=False) == RelyingParty("localhost", "http://localhost:8000")
    assert party("a.jp", https=True) == RelyingParty("a.jp", "https://a.jp")
