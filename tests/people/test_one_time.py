"""仮パスワード (spec 18): given out by staff, good for setting an own password and for nothing else."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.domain import clock, tables
from app.domain.access import logins, passwords
from app.domain.access.login_events import Device
from app.domain.access.members import Stage
from app.domain.access.names import Name
from app.domain.changes import asking
from app.domain.letters import outbox
from app.domain.people import new_password, one_time
from app.domain.people.account_deletion import DeleteAccount
from app.domain.people.account_password import ChangeAccountPassword
from app.postgres import database
from tests import households
from tests.access.steps import code_of, next_step, set_up_totp
from tests.browser import Browser
from tests.people.lost_steps import (
    CONTACT,
    ISSUED,
    NEW,
    NEW_OF_ACCOUNT,
    NUMBER,
    SON,
    WIFE,
    WIFES,
    mailed,
    the_link,
)

CUSTOMER, HERS, HIS = Name("customer", NUMBER), Name("account", WIFE), Name("account", SON)
OWN = {CUSTOMER: "demo01", HERS: "abc12345", HIS: "abc12345"}
WRONG = "組み合わせが正しくありません。"


async def issued(name: Name = CUSTOMER, days: int = 14) -> str:
    return (await one_time.issue(name, days)).password


async def log_in(browser: Browser, name: Name, password: str) -> None:
    await browser.log_in(name.by, name.name, password)


async def opens(browser: Browser, name: Name, password: str) -> bool:
    """Whether the password opens anything; afterwards nobody is logged in."""
    await log_in(browser, name, password)
    opened = browser.answer.status_code == 200
    await browser.press("/logout", {})
    return opened


# --- the story --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "new", "lands"),
    [
        (CUSTOMER, NEW, "ご契約情報一覧"),
        (HERS, NEW_OF_ACCOUNT, "ご契約情報一覧"),
        (HIS, NEW_OF_ACCOUNT, "ユーザー管理"),
    ],
    ids=["customer", "admin", "user"],
)
async def test_a_member_without_any_password_gets_back_in_by_a_staff_code_without_mail(
    visitor: Browser, another_browser: Browser, name: Name, new: dict[str, str], lands: str
) -> None:
    code = await issued(name)
    await log_in(visitor, name, OWN[name])
    await log_in(another_browser, name, f" {code} ")
    assert (another_browser.path, another_browser.heading) == ("/new-password", "パスワードの再設定")
    await another_browser.submit("/new-password", **new)
    assert another_browser.heading == "パスワードの再設定完了"
    assert another_browser.rows["新パスワード"] == f"{new['password'][:3]}*****"
    await another_browser.open("/")
    assert another_browser.heading == lands
    await visitor.open("/")
    assert visitor.heading == "ログイン"
    await another_browser.submit("/logout")
    assert not await opens(visitor, name, OWN[name])
    assert not await opens(visitor, name, code)
    assert await opens(visitor, name, new["password"])


# --- the password -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_it_is_twelve_letters_that_cannot_be_taken_for_others_and_another_one_each_time(
    filled_database: str,
) -> None:
    made = {await issued(HIS) for _ in range(5)}
    assert len(made) == 5
    assert all(len(one) == 12 and set(one) <= set(one_time.LETTERS) for one in made)
    assert not set(one_time.LETTERS) & set("01oil") | {
        letter for letter in one_time.LETTERS if letter.isupper()
    }


async def test_only_its_hash_is_kept_and_no_mail_holds_it(filled_database: str) -> None:
    code = await issued()
    (row,) = await database.rows("SELECT o::text AS row, hash FROM one_time_password o")
    assert code not in row["row"]
    own = await database.rows("SELECT password_hash FROM contract WHERE customer_number = $1", NUMBER)
    assert (
        row["hash"].rpartition("$")[0] == own[0]["password_hash"].rpartition("$")[0]
    )  # salt, cost and pepper
    assert not any(code in mail.body + mail.subject for mail in await outbox.newest(10))


@pytest.mark.slow
async def test_a_new_one_takes_the_place_of_the_old_and_of_a_session_that_it_opened(visitor: Browser) -> None:
    first = await issued()
    await log_in(visitor, CUSTOMER, first)
    second = await issued()
    await visitor.open("/new-password")
    assert visitor.heading == "ログイン"
    assert not await opens(visitor, CUSTOMER, first)
    assert await opens(visitor, CUSTOMER, second)


@pytest.mark.slow
async def test_whoever_is_logged_in_already_goes_on_when_it_is_issued_and_when_it_is_used(
    contractor: Browser, another_browser: Browser
) -> None:
    code = await issued()
    await contractor.open("/")
    assert contractor.heading == "ご契約情報一覧"
    await log_in(another_browser, CUSTOMER, code)
    await contractor.open("/")
    assert contractor.heading == "ご契約情報一覧"


@pytest.mark.slow
async def test_it_works_for_as_many_days_as_staff_said(visitor: Browser) -> None:
    start = clock.now()
    code = await issued(days=3)
    clock.start_at(start + timedelta(days=3, seconds=20))
    assert not await opens(visitor, CUSTOMER, code)
    assert await opens(visitor, CUSTOMER, "demo01")
    clock.start_at(start + timedelta(days=3) - timedelta(seconds=20))
    assert await opens(visitor, CUSTOMER, code)


@pytest.mark.slow
async def test_it_is_one_logins_alone(visitor: Browser) -> None:
    code = await issued(HERS)
    assert not await opens(visitor, HIS, code)
    assert not await opens(visitor, CUSTOMER, code)
    assert await opens(visitor, HERS, code)


@pytest.mark.slow
async def test_two_logins_of_a_contract_have_one_each(visitor: Browser) -> None:
    his, hers = await issued(HIS), await issued(HERS)
    assert await opens(visitor, HERS, hers)
    assert await opens(visitor, HIS, his)


@pytest.mark.slow
async def test_one_that_is_given_out_after_another_was_used_is_as_new(visitor: Browser) -> None:
    start = clock.now()
    assert await opens(visitor, CUSTOMER, await issued())
    code = await issued()
    assert await opens(visitor, CUSTOMER, code)
    clock.start_at(start + logins.AFTER_USE + timedelta(minutes=1))
    assert not await opens(visitor, CUSTOMER, code)


@pytest.mark.slow
async def test_the_own_password_works_until_it_is_used_and_no_longer(visitor: Browser) -> None:
    code = await issued()
    assert await opens(visitor, CUSTOMER, "demo01")
    assert await opens(visitor, CUSTOMER, code)
    assert not await opens(visitor, CUSTOMER, "demo01")


@pytest.mark.slow
@pytest.mark.parametrize("way", ["by a link", "in a session"])
async def test_a_new_password_ends_it(visitor: Browser, another_browser: Browser, way: str) -> None:
    code = await issued()
    if way == "by a link":
        await visitor.open(await the_link(visitor))
        await visitor.submit("/forgotten/new", **NEW)
    else:
        await log_in(visitor, CUSTOMER, "demo01")
        await visitor.open("/customer-password")
        await visitor.submit(**NEW)
        await visitor.submit()
    assert not await opens(another_browser, CUSTOMER, code)
    assert await opens(another_browser, CUSTOMER, "neu!4711")
    if way == "by a link":
        assert await tables.OneTimePassword.count() == 0


@pytest.mark.slow
async def test_a_link_that_was_mailed_before_dies_when_it_is_used(
    visitor: Browser, another_browser: Browser
) -> None:
    path = await the_link(visitor)
    await log_in(another_browser, CUSTOMER, await issued())
    await visitor.open(path)
    assert "このリンクは使えません。" in visitor.text


async def test_a_hash_that_is_made_anew_at_a_login_ends_it(empty_database: str) -> None:
    family = await households.new_household()
    name = Name("account", family.sons_login)
    code = await issued(name)
    device = Device("", "")
    assert (
        await logins.open_session(await logins.find(*_pair(name)), households.PASSWORD, bytes(32), device)
    ).account
    with pytest.raises(logins.WrongPair):
        await logins.open_session(await logins.find(*_pair(name)), code, bytes(31) + b"1", device)


def _pair(name: Name) -> tuple[logins.By, str]:
    return name.by, name.name


async def test_an_imported_hash_has_one_too_of_its_own_cost(
    empty_database: str, hashed: list[dict[str, Any]]
) -> None:
    family = await households.new_household()
    name = Name("account", family.sons_login)
    code = await issued(name)
    hashed.clear()
    owner = await logins.open_session(await logins.find(*_pair(name)), code, bytes(32), Device("", ""))
    assert [cost["memory_cost"] for cost in hashed] == [8]
    assert not await passwords.verify(owner.password_hash, households.PASSWORD)


# --- a login with it --------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_one_that_waits_costs_a_login_no_computing(
    visitor: Browser, hashed: list[dict[str, Any]]
) -> None:
    async def costs(name: Name, password: str) -> list[dict[str, Any]]:
        hashed.clear()
        await log_in(visitor, name, password)
        return list(hashed)

    unknown = await costs(Name("customer", "12345678901234"), "Chigau-9")
    without = await costs(CUSTOMER, "Chigau-9")
    code = await issued()
    assert await costs(CUSTOMER, "Chigau-9") == without == unknown
    assert len(unknown) == 1
    assert await costs(CUSTOMER, code) == unknown


@pytest.mark.slow
async def test_a_login_that_waits_takes_the_same_statements_as_one_without(
    visitor: Browser, round_trips: list[str]
) -> None:
    async def sent(name: str) -> list[str]:
        await visitor.open("/login")
        round_trips.clear()
        await visitor.log_in("account", name, "Chigau-99")
        return [statement for statement in round_trips if "login_event" not in statement]

    without, unknown = await sent(SON), await sent("nobody-at-all")
    await issued(HIS)
    assert await sent(SON) == without == unknown


@pytest.mark.slow
async def test_nothing_opens_but_the_page_that_sets_an_own_password(visitor: Browser) -> None:
    await log_in(visitor, HERS, await issued(HERS))
    for path in (
        "/",
        "/accounts",
        "/proof?step=recent",
        "/changes",
        f"/accounts/{WIFE}/password",
        "/own-data.json",
    ):
        await visitor.open(path)
        assert visitor.path == "/new-password", path
    assert not visitor.page.select("#menu")
    form = visitor.form("/new-password")
    token = str(form.select("[name=csrf_token]")[0]["value"])
    sent = {"csrf_token": token, **NEW_OF_ACCOUNT}
    await visitor.press(f"/accounts/{WIFE}/password", sent)
    assert visitor.path == "/new-password"
    await visitor.submit("/logout")
    assert visitor.heading == "ログイン"


@pytest.mark.slow
async def test_it_passes_no_step_and_what_it_opened_proves_nothing(
    visitor: Browser, another_browser: Browser
) -> None:
    code = await issued()
    await log_in(another_browser, CUSTOMER, "demo01")
    await another_browser.open("/statements")
    await another_browser.prove(code, NUMBER)
    assert another_browser.answer.status_code == 422
    await log_in(visitor, CUSTOMER, code)
    await visitor.submit("/new-password", **NEW)
    await visitor.open("/customer")
    assert visitor.heading == "パスワードの確認"
    assert "このログイン中に変更したパスワードでは、ご本人の確認ができません。" in visitor.text


@pytest.mark.slow
async def test_a_second_factor_is_asked_for_first(contractor: Browser, another_browser: Browser) -> None:
    key, _ = await set_up_totp(contractor)
    await log_in(another_browser, CUSTOMER, await issued())
    assert another_browser.path == "/login/second"
    await another_browser.open("/new-password")
    assert another_browser.path == "/login/second"
    next_step()
    await another_browser.submit("/login/second", code=code_of(key))
    assert another_browser.path == "/new-password"
    await another_browser.open("/")
    assert another_browser.path == "/new-password"
    await another_browser.submit("/new-password", **NEW)
    assert another_browser.heading == "パスワードの再設定完了"


@pytest.mark.slow
async def test_without_the_second_factor_it_takes_nothing_away(
    contractor: Browser, another_browser: Browser, stranger: Browser
) -> None:
    key, _ = await set_up_totp(contractor)
    code = await issued()
    (before,) = await database.rows("SELECT * FROM one_time_password")
    await log_in(another_browser, CUSTOMER, code)
    assert another_browser.path == "/login/second"
    assert await database.rows("SELECT * FROM one_time_password") == [before]
    await stranger.press("/logout", {})
    await log_in(stranger, CUSTOMER, "demo01")
    assert stranger.path == "/login/second"
    next_step()
    await stranger.submit("/login/second", code=code_of(key))
    assert stranger.heading == "ご契約情報一覧"


@pytest.mark.slow
async def test_with_the_second_factor_the_own_password_opens_nothing(
    contractor: Browser, another_browser: Browser, stranger: Browser
) -> None:
    key, _ = await set_up_totp(contractor)
    await log_in(another_browser, CUSTOMER, await issued())
    next_step()
    await another_browser.submit("/login/second", code=code_of(key))
    assert another_browser.path == "/new-password"
    (row,) = await database.rows("SELECT used_at, expires_at FROM one_time_password")
    assert row["expires_at"] - row["used_at"] == logins.AFTER_USE
    await stranger.press("/logout", {})
    assert not await opens(stranger, CUSTOMER, "demo01")
    await another_browser.submit("/new-password", **NEW)
    assert another_browser.heading == "パスワードの再設定完了"


@pytest.mark.slow
async def test_of_two_sessions_that_wait_for_the_factor_one_is_left(
    contractor: Browser, another_browser: Browser, stranger: Browser
) -> None:
    key, codes = await set_up_totp(contractor)
    code = await issued()
    await stranger.press("/logout", {})
    for browser in (another_browser, stranger):
        await log_in(browser, CUSTOMER, code)
        assert browser.path == "/login/second"
    next_step()
    await asyncio.gather(
        another_browser.submit("/login/second", code=code_of(key)),
        stranger.submit("/login/second", code=codes[0]),
    )
    headings = sorted(browser.heading for browser in (another_browser, stranger))
    assert headings == ["パスワードの再設定", "ログイン"]
    waiting = await database.rows("SELECT stages FROM session WHERE stages <> '{}'")
    assert [row["stages"] for row in waiting] == [[Stage.NEW_PASSWORD]]


@pytest.mark.slow
@pytest.mark.parametrize("what", ["used up", "answered by a new password", "expired"])
async def test_one_that_is_good_no_more_when_the_factor_is_given_opens_nothing(
    contractor: Browser, another_browser: Browser, what: str
) -> None:
    key, _ = await set_up_totp(contractor)
    await log_in(another_browser, CUSTOMER, await issued())
    if what == "used up":
        await database.rows("DELETE FROM one_time_password")
    elif what == "expired":
        await database.rows("UPDATE one_time_password SET expires_at = $1", clock.now())
    else:
        await database.rows("UPDATE one_time_password SET mark = 'another'")
    next_step()
    await another_browser.submit("/login/second", code=code_of(key))
    assert another_browser.heading == "ログイン"
    assert await opens(another_browser, CUSTOMER, "demo01")


@pytest.mark.slow
async def test_one_that_is_good_no_more_leads_to_no_factor(
    contractor: Browser, another_browser: Browser
) -> None:
    await set_up_totp(contractor)
    code = await issued()
    await database.rows("UPDATE one_time_password SET expires_at = $1", clock.now())
    await log_in(another_browser, CUSTOMER, code)
    assert another_browser.reasons[0].endswith(WRONG)


async def test_a_session_that_is_open_opens_the_page_no_more(contractor: Browser) -> None:
    await contractor.open("/new-password")
    assert contractor.path == "/"


@pytest.mark.slow
async def test_it_survives_a_closed_browser_for_half_an_hour_and_one_session_at_a_time(
    visitor: Browser, another_browser: Browser
) -> None:
    start = clock.now()
    code = await issued()
    await log_in(visitor, CUSTOMER, code)
    clock.start_at(start + logins.AFTER_USE - timedelta(seconds=20))
    await log_in(another_browser, CUSTOMER, code)
    assert another_browser.path == "/new-password"
    clock.start_at(start + logins.AFTER_USE + timedelta(seconds=20))
    await visitor.open("/new-password")
    assert visitor.heading == "ログイン"
    assert not await opens(visitor, CUSTOMER, code)
    await another_browser.submit("/new-password", **NEW)
    assert another_browser.heading == "パスワードの再設定完了"


@pytest.mark.slow
async def test_the_later_login_ends_the_earlier(visitor: Browser, another_browser: Browser) -> None:
    code = await issued()
    await log_in(visitor, CUSTOMER, code)
    await log_in(another_browser, CUSTOMER, code)
    await visitor.submit("/new-password", **NEW)
    assert visitor.heading == "ログイン"
    await another_browser.submit("/new-password", **NEW)
    assert another_browser.heading == "パスワードの再設定完了"


@pytest.mark.slow
async def test_of_logins_at_the_same_time_one_session_is_left(
    visitor: Browser, another_browser: Browser
) -> None:
    code = await issued()
    await asyncio.gather(log_in(visitor, CUSTOMER, code), log_in(another_browser, CUSTOMER, code))
    waiting = await database.rows("SELECT stages FROM session")
    assert [row["stages"] for row in waiting] == [[Stage.NEW_PASSWORD]]


@pytest.mark.slow
@pytest.mark.parametrize("what", ["a new password", "a newer one", "its account ID deleted"])
async def test_a_login_in_flight_does_not_outlive_what_ends_it(
    empty_database: str, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    family = await households.new_household()
    name = Name("account", family.sons_login)
    mother, code = await households.log_in(family.contract, family.mother), await issued(name)
    owner, really = await logins.find(*_pair(name)), passwords.which

    async def which(*looked_at: Any) -> str | None:
        right = await really(*looked_at)
        if what == "a newer one":
            await one_time.issue(name, 14)
        else:
            new = await passwords.for_account("neues-4711", [households.HASH])
            assert new
            new_one, gone = ChangeAccountPassword(name.name, new.hash), DeleteAccount(name.name)
            await asking.confirm(mother, await asking.ask(mother, new_one if "new" in what else gone))
        return right

    monkeypatch.setattr(passwords, "which", which)
    with pytest.raises(logins.WrongPair):
        await logins.open_session(owner, code, bytes(32), Device("", ""))
    assert await database.rows("SELECT 1 FROM session WHERE account = $1", family.son) == []


@pytest.mark.slow
async def test_the_mailbox_is_not_opened_by_it_nor_by_the_password_that_it_stood_in_for(
    taro: Browser, another_browser: Browser
) -> None:
    async def at_the_mail_server() -> str:
        (row,) = await database.rows("SELECT password_hash FROM account WHERE login = $1", SON)
        return str(row["password_hash"])

    code = await issued(HIS)
    assert not await passwords.verify(await at_the_mail_server(), code)
    assert await passwords.verify(await at_the_mail_server(), "abc12345")
    await log_in(another_browser, HIS, code)
    assert not await passwords.verify(await at_the_mail_server(), code)
    assert not await passwords.verify(await at_the_mail_server(), "abc12345")


@pytest.mark.slow
async def test_a_wrong_guess_counts_and_the_right_one_does_not(visitor: Browser) -> None:
    code = await issued()
    await log_in(visitor, CUSTOMER, code[:-1])
    assert visitor.reasons[0].endswith(WRONG)
    await log_in(visitor, CUSTOMER, code)
    assert await database.rows("SELECT 1 FROM attempt WHERE failures > 1") == []


# --- who is told ------------------------------------------------------------------------------------------------------


async def test_the_logins_addresses_are_told_when_it_is_given_out(filled_database: str) -> None:
    await database.rows(
        "INSERT INTO former_address (contract, address, replaced_at) SELECT id, 'former@example.jp', $1 FROM contract"
        " WHERE customer_number = $2",
        *(clock.now() - timedelta(days=29), NUMBER),
    )
    done = await one_time.issue(HERS, 14)
    assert done.told == 3
    assert sorted(await mailed(ISSUED)) == sorted([WIFES, CONTACT, "former@example.jp"])
    (mail, *_) = await outbox.newest(1)
    assert f"アカウントID「{WIFE}」" in mail.body
    assert f"有効期限：{clock.minute(done.until)}" in mail.body


async def test_nobodys_login_is_a_mistake_in_words(filled_database: str) -> None:
    await database.rows("UPDATE account SET deleted_at = now() WHERE login = $1", SON)
    for name, said in (
        (HIS, f"there is no account ID {SON}"),
        (Name("customer", "12345678901234"), "there is no customer number 12345678901234"),
    ):
        with pytest.raises(one_time.NobodysLogin, match=said):
            await one_time.issue(name, 14)
    assert await tables.OneTimePassword.count() == 0


async def test_what_has_expired_is_forgotten(filled_database: str) -> None:
    await issued(days=1)
    await new_password.tidy(clock.now() + timedelta(hours=23))
    assert await tables.OneTimePassword.count() == 1
    await new_password.tidy(clock.now() + timedelta(hours=25))
    assert await tables.OneTimePassword.count() == 0
