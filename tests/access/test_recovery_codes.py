"""Recovery codes: each opens one login once, whoever presses how often."""

from __future__ import annotations

import asyncio

import pytest

from app.domain.access import recovery_codes
from app.domain.access.second_factor import Whose
from app.domain.installation import Peppers
from app.postgres import database
from tests import households
from tests.access.steps import NOON, set_up_totp
from tests.access.test_second_factor import CUSTOMER
from tests.browser import Browser
from tests.conftest import Installed
from tests.mail.steps import mails


async def made_for(whose: Whose) -> list[str]:
    codes = recovery_codes.new()
    await recovery_codes.replace(whose, recovery_codes.hashes(whose, codes), NOON)
    return codes


@pytest.mark.slow
async def test_a_code_opens_a_login_once_and_that_is_told(
    contractor: Browser, another_browser: Browser
) -> None:
    _, codes = await set_up_totp(contractor)
    await another_browser.log_in(*CUSTOMER)
    await another_browser.submit("/login/second", code=codes[3].lower().replace("-", " "))
    assert another_browser.heading == "ご契約情報一覧"
    last = (await mails())[-1]
    assert last["subject"] == "【マイページ】回復コードによるログインのお知らせ"
    assert "残りの回復コード：9個" in last["body"]
    await another_browser.submit("/logout")
    await another_browser.log_in(*CUSTOMER)
    await another_browser.submit("/login/second", code=codes[3])
    assert "まだ使っていない回復コード" in another_browser.reasons[0]


async def test_of_twenty_who_use_one_at_once_one_gets_in(empty_database: str) -> None:
    whose = Whose(await households.new_contract(), None)
    code = (await made_for(whose))[0]
    used = await asyncio.gather(*(recovery_codes.use(whose, code, NOON) for _ in range(20)))
    assert used.count(True) == 1


async def test_a_code_is_its_logins_alone(empty_database: str) -> None:
    family = await households.new_household()
    own, another = Whose(family.contract, family.son), Whose(family.contract, None)
    code = (await made_for(own))[0]
    await made_for(another)
    assert not await recovery_codes.use(another, code, NOON)
    assert not await recovery_codes.use(Whose(await households.new_contract(), None), code, NOON)
    assert await recovery_codes.use(own, code, NOON)


async def test_a_code_of_an_older_pepper_holds_while_that_is_kept(
    empty_database: str, installed: Installed
) -> None:
    whose = Whose(await households.new_contract(), None)
    installed(peppers=Peppers({1: b"a pepper of some years ago......"}))
    first, second, *_ = await made_for(whose)
    installed(
        peppers=Peppers({1: b"a pepper of some years ago......", 2: b"the pepper of this year........."})
    )
    assert await recovery_codes.use(whose, first, NOON)
    installed(peppers=Peppers({2: b"the pepper of this year........."}))
    assert not await recovery_codes.use(whose, second, NOON)


async def test_the_hash_is_keyed_and_holds_no_letter_of_the_code(empty_database: str) -> None:
    whose = Whose(await households.new_contract(), None)
    codes = await made_for(whose)
    kept = {row["hash"] for row in await database.rows("SELECT hash FROM recovery_code")}
    assert kept == set(recovery_codes.hashes(whose, codes))
    assert len(kept) == recovery_codes.NUMBER
    assert not kept & set(recovery_codes.hashes(Whose(whose.contract, 1), codes))


def test_codes_have_letters_that_cannot_be_mistaken() -> None:
    codes = [code for _ in range(50) for code in recovery_codes.new()]
    assert len(set(codes)) == len(codes)
    assert not set("".join(codes)) & set("01IOLU")
    assert {len(code) for code in codes} == {11}
