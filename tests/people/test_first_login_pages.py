"""The first login without an account ID: why the registration appears, and that it can wait (spec 3)."""

from __future__ import annotations

import pytest

from tests.browser import Browser
from tests.people.test_accounts_pages import NEW, register

WHY = "アカウントIDが1つも登録されていないため、ログインに続けてこの画面を表示しています。"
LATER = "あとで登録する"


@pytest.fixture
async def newcomer(visitor: Browser) -> Browser:
    """A contractor without an account ID, who has just logged in."""
    await visitor.log_in("customer", "90000000000001", "demo01")
    return visitor


def ways_out(browser: Browser) -> set[str]:
    return {str(link["href"]) for link in browser.page.select("main a") if link.get_text() == LATER}


async def test_the_page_says_why_it_appears_and_leads_to_the_overview(newcomer: Browser) -> None:
    assert newcomer.heading == "アカウントID登録／変更"
    assert WHY in newcomer.text
    assert ways_out(newcomer) == {"/"}
    await newcomer.open("/")
    assert newcomer.heading == "ご契約情報一覧"


@pytest.mark.slow
async def test_it_is_not_offered_again_in_that_session_and_may_be_at_the_next_login(
    newcomer: Browser,
) -> None:
    await newcomer.open("/")
    await newcomer.open("/login")
    assert newcomer.path == "/"
    await newcomer.open("/accounts/new")
    assert newcomer.heading == "アカウントID登録／変更"
    assert WHY not in newcomer.text
    assert ways_out(newcomer) == set()
    await newcomer.submit("/logout")
    await newcomer.log_in("customer", "90000000000001", "demo01")
    assert WHY in newcomer.text


@pytest.mark.slow
async def test_it_still_says_so_where_something_was_wrong(newcomer: Browser) -> None:
    await newcomer.submit(**{**NEW, "family_kana": "?"})
    assert newcomer.answer.status_code == 422
    assert WHY in newcomer.text
    assert ways_out(newcomer) == {"/"}
    await newcomer.submit(**{**NEW, "login": "hikari-001"})
    await newcomer.submit()
    assert newcomer.heading == "アカウントID登録／変更完了"


@pytest.mark.slow
async def test_whoever_has_an_account_id_reads_nothing_of_it_whatever_the_address_says(
    newcomer: Browser, contractor: Browser, admin: Browser
) -> None:
    await register(newcomer, login="hikari-001")
    for browser in (newcomer, contractor, admin):
        await browser.open("/accounts/new?first=yes")
        assert WHY not in browser.text
        assert ways_out(browser) == set()
