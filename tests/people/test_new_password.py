"""/new-password: what is typed there, and what comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.access.names import Name
from app.domain.people import one_time
from app.postgres import database
from tests.browser import Browser
from tests.people.lost_steps import (
    CONTACT,
    NEW,
    NEW_OF_ACCOUNT,
    NUMBER,
    SON,
    TOLD,
    WIFE,
    WIFES,
    mailed,
    the_link,
)

CUSTOMER, HERS, HIS = Name("customer", NUMBER), Name("account", WIFE), Name("account", SON)


async def arrived(browser: Browser, name: Name) -> str:
    """Log in with a one-time password; it."""
    code = (await one_time.issue(name, 14)).password
    await browser.log_in(name.by, name.name, code)
    assert browser.path == "/new-password"
    return code


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "typed", "reasons"),
    [
        (CUSTOMER, {"password": ""}, ["新パスワードを入力してください。"]),
        (CUSTOMER, {"password": "0000000"}, ["お客様番号に含まれる数字の並びは、パスワードに使えません。"]),
        (CUSTOMER, {"password": "demo01"}, ["以前に使ったことのあるパスワードは使えません。"]),
        (
            HERS,
            {"password": "abc12345"},
            ["多くの方が使っているパスワードと同じか、よく似ているため使えません。"],
        ),
        (HERS, {"password": WIFE}, ["アカウントIDと同じパスワードは使えません。"]),
    ],
)
async def test_the_rules_of_the_login_hold(
    visitor: Browser, name: Name, typed: dict[str, str], reasons: list[str]
) -> None:
    await arrived(visitor, name)
    await visitor.submit("/new-password", **typed, password_again=typed["password"])
    assert (visitor.answer.status_code, visitor.reasons) == (422, reasons)
    assert await database.rows("SELECT 1 FROM change WHERE applied_at IS NOT NULL") == []
    await visitor.submit("/new-password", **(NEW if name is CUSTOMER else NEW_OF_ACCOUNT))
    assert visitor.heading == "パスワードの再設定完了"


@pytest.mark.slow
async def test_the_one_time_password_cannot_become_the_own_one_of_an_account_id(visitor: Browser) -> None:
    code = await arrived(visitor, HERS)
    await visitor.submit("/new-password", password=code, password_again=code)
    assert visitor.reasons == ["このアカウントIDで使ったことのあるパスワードは使えません。"]


@pytest.mark.slow
async def test_the_session_goes_on_under_a_new_id_and_the_browser_is_known(
    visitor: Browser, another_browser: Browser
) -> None:
    await arrived(visitor, HERS)
    before = visitor.cookies["__Host-mypage"]
    await visitor.submit("/new-password", **NEW_OF_ACCOUNT)
    assert visitor.cookies["__Host-mypage"] != before
    visitor.cookies.set("__Host-mypage", before, domain=visitor.base_url.host)
    assert (await visitor.get("/accounts")).status_code == 303
    for _ in range(11):
        await another_browser.log_in("account", WIFE, "guess1234")
    assert another_browser.answer.status_code == 429
    await visitor.log_in("account", WIFE, "neues-4711")
    assert visitor.heading == "ご契約情報一覧"


@pytest.mark.slow
async def test_all_are_told_and_the_history_holds_it(visitor: Browser, family_user: Browser) -> None:
    await arrived(visitor, HIS)
    await visitor.submit("/new-password", **NEW_OF_ACCOUNT)
    assert await mailed(TOLD) == [CONTACT]
    await visitor.open("/changes")
    assert "アカウントIDパスワードの再設定" in visitor.text
    await family_user.open("/")
    assert family_user.heading == "ログイン"


@pytest.mark.slow
async def test_a_link_that_was_mailed_before_goes_with_it(visitor: Browser) -> None:
    await the_link(visitor)
    await arrived(visitor, CUSTOMER)
    await visitor.submit("/new-password", **NEW)
    assert await database.rows("SELECT 1 FROM password_link") == []


@pytest.mark.slow
async def test_it_is_told_at_the_persons_address_too(visitor: Browser) -> None:
    await arrived(visitor, HERS)
    await visitor.submit("/new-password", **NEW_OF_ACCOUNT)
    assert await mailed(TOLD) == [WIFES, CONTACT]


@pytest.mark.slow
async def test_pressed_twice_it_is_set_once(visitor: Browser) -> None:
    await arrived(visitor, CUSTOMER)
    page = visitor.page
    await visitor.submit("/new-password", **NEW)
    visitor.page = page
    await visitor.submit("/new-password", **NEW)
    assert visitor.path == "/"
    assert len(await database.rows("SELECT 1 FROM change")) == 1


@pytest.mark.slow
async def test_no_typed_password_is_in_a_row(visitor: Browser, hashed: list[dict[str, Any]]) -> None:
    await arrived(visitor, CUSTOMER)
    await visitor.submit("/new-password", **NEW)
    for table in ("change", "session", "contract", "used_password", "one_time_password", "outbox"):
        rows = await database.rows(f"SELECT t::text AS row FROM {table} t")
        assert not any(NEW["password"] in row["row"] for row in rows), table
