"""Codes of an authenticator app: each once, half a minute around, counted where somebody guesses."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import data_keys, tables
from app.domain.access import totp
from app.domain.access.second_factor import Whose
from app.domain.access.totp import USED, WRONG, WrongCode
from app.domain.data_keys import WrongDataKeys
from app.postgres import database
from tests import households
from tests.access.steps import NOON, code_of, next_step, set_up_totp, stop_at
from tests.access.test_second_factor import CUSTOMER, results
from tests.browser import Browser
from tests.conftest import Installed

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.mark.parametrize("seconds", [-30, 0, 30])
def test_the_code_before_and_after_is_taken_too(seconds: int) -> None:
    code = code_at(seconds)
    assert totp.verify(SECRET, code, NOON) == int(NOON.timestamp()) // 30 + seconds // 30


def code_at(seconds: int) -> str:
    return pyotp.TOTP(SECRET).at(NOON + timedelta(seconds=seconds))


@pytest.mark.parametrize("seconds", [-90, -60, 60, 90])
def test_a_code_further_away_is_refused_and_says_nothing_of_being_right_elsewhere(seconds: int) -> None:
    with pytest.raises(WrongCode) as refused:
        totp.verify(SECRET, code_at(seconds), NOON)
    assert refused.value.reason == WRONG


@given(st.text(max_size=8))
def test_no_text_but_a_code_is_looked_at(text: str) -> None:
    if not (len(text) == 6 and text.isascii() and text.isdecimal()):
        with pytest.raises(WrongCode):
            totp.verify(SECRET, text, NOON)


async def test_a_code_is_taken_once_and_none_before_it(empty_database: str) -> None:
    stop_at(NOON)
    whose = Whose(await households.new_contract(), None)
    step = int(NOON.timestamp()) // 30
    assert await totp.keep(whose, SECRET, step - 5, NOON)
    await totp.take(whose, code_at(0), NOON)
    for seconds in (0, -30):
        with pytest.raises(WrongCode) as refused:
            await totp.take(whose, code_at(seconds), NOON)
        assert refused.value.reason == USED
    await totp.take(whose, code_at(30), NOON)


async def test_of_twenty_who_send_one_code_at_once_one_is_let_in(empty_database: str) -> None:
    whose = Whose(await households.new_contract(), None)
    await totp.keep(whose, SECRET, 0, NOON)
    taken = await asyncio.gather(
        *(totp.take(whose, code_at(0), NOON) for _ in range(20)), return_exceptions=True
    )
    assert taken.count(None) == 1
    assert all(one is None or isinstance(one, WrongCode) for one in taken)


@pytest.mark.slow
async def test_the_code_that_it_was_set_up_with_opens_no_login(
    contractor: Browser, another_browser: Browser
) -> None:
    stop_at(NOON)
    key, _ = await set_up_totp(contractor)
    await another_browser.log_in(*CUSTOMER)
    await another_browser.submit("/login/second", code=code_of(key))
    assert another_browser.reasons == [USED]
    next_step()
    await another_browser.submit("/login/second", code=f"{code_of(key)[:3]}　{code_of(key)[3:]}")
    assert another_browser.heading == "ご契約情報一覧"


@pytest.mark.slow
async def test_an_empty_and_a_wrong_code_are_told_and_never_shown_again(
    contractor: Browser, another_browser: Browser
) -> None:
    await set_up_totp(contractor)
    await another_browser.log_in(*CUSTOMER)
    await another_browser.submit("/login/second", code=" ")
    assert another_browser.reasons == ["コードを入力してください。"]
    await another_browser.submit("/login/second", code="000 000")
    assert another_browser.reasons == [WRONG]
    assert another_browser.answer.status_code == 422
    assert another_browser.page.select("input[name=code]")[0]["value"] == ""


@pytest.mark.slow
async def test_guessing_is_limited_noted_and_told_once_and_a_known_browser_still_comes_in(
    contractor: Browser, another_browser: Browser, visitor: Browser
) -> None:
    key, codes = await set_up_totp(contractor)
    await contractor.submit("/logout")
    await contractor.log_in(*CUSTOMER)
    next_step()
    await contractor.submit("/login/second", code=code_of(key))
    await contractor.submit("/logout")
    await database.rows("DELETE FROM outbox")
    await another_browser.log_in(*CUSTOMER)
    for _ in range(10):
        await another_browser.submit("/login/second", code="000000")
        assert another_browser.answer.status_code == 422
    for _ in range(2):
        token = str(another_browser.form("/login/second").select("input")[0]["value"])
        next_step()
        await another_browser.press("/login/second", {"csrf_token": token, "code": code_of(key)})
        assert another_browser.answer.status_code == 429
        assert "2段階認証の失敗が続いた" in another_browser.text
        assert another_browser.page.select('main a[href="/login/second"]')  # a recovery code may still do
        assert not another_browser.page.select('main a[href="/forgotten"]')  # a new password would not
        await another_browser.open("/login/second")
    assert (await results()).count("limited") == 1
    sent = await database.rows("SELECT DISTINCT subject FROM outbox")
    assert [row["subject"] for row in sent] == ["【マイページ】2段階認証の失敗が続いたお知らせ"]
    # the owner: in the browser that is known, and elsewhere by a recovery code
    await contractor.log_in(*CUSTOMER)
    next_step()
    await contractor.submit("/login/second", code=code_of(key))
    assert contractor.heading == "ご契約情報一覧"
    await another_browser.submit("/login/second", code=codes[0])
    assert another_browser.heading == "ご契約情報一覧"


# --- the keys that encrypt --------------------------------------------------------------------------------------------


async def test_secrets_move_to_the_newest_key_and_a_missing_one_is_named(
    empty_database: str, installed: Installed
) -> None:
    old, new = b"an old data key for this test!!!", b"a new data key for this test!!!!"
    whose = Whose(await households.new_contract(), None)
    installed(data_keys=(old,))
    await totp.keep(whose, SECRET, 0, NOON)
    installed(data_keys=(new,))
    with pytest.raises(WrongDataKeys, match="1 authenticator apps"):
        await totp.recognise()
    installed(data_keys=(new, old))
    await totp.recognise()
    assert await totp.renew() == 1
    assert await totp.renew() == 0
    installed(data_keys=(new,))
    await totp.recognise()
    await totp.take(whose, code_at(0), NOON)
    (row,) = await tables.Totp.select(tables.Totp.secret)
    assert data_keys.current().decrypt(row["secret"]) == SECRET
