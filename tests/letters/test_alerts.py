"""What a login's addresses are told of the login itself: a browser that is new to it, and a lock."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from app.domain import clock, tables
from app.domain.access import attempts, login_events
from app.domain.installation import Peppers
from app.domain.letters import alerts, outbox
from app.postgres import database
from tests.access.test_proofs import pass_minutes
from tests.browser import Browser
from tests.conftest import Installed

NEW, LOCKED = "新しい端末からのログインのお知らせ", "ログインを一時的に止めています"
GUESSED = "パスワード確認失敗のお知らせ"
CONTACT = "an@example.jp"
HIS, HERS = "arteri-an-001", "arteri-an-002"
PHONE = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1"}


@pytest.fixture(autouse=True)
async def nobody_was_told_today(filled_database: str) -> None:
    await tables.Alert.delete(force=True)
    await tables.Contract.update({tables.Contract.email: CONTACT}).where(
        tables.Contract.customer_number == "90000000000000"
    )


async def told(about: str = NEW) -> list[str]:
    """Whom the mails of that subject went to, sorted."""
    return sorted(mail.recipient for mail in await outbox.newest(100) if about in mail.subject)


async def hers() -> str:
    """The address of another company that her account ID has."""
    row = await tables.Account.select().where(tables.Account.login == HERS).first()
    assert row
    return str(row["other_address"])


@pytest.mark.slow
async def test_a_login_from_a_new_browser_is_told_to_the_persons_address_and_to_the_contracts(
    visitor: Browser,
) -> None:
    visitor.headers.update(PHONE)
    await visitor.log_in("account", HERS, "abc12345")
    assert await told() == sorted([CONTACT, await hers()])
    (mail, _) = await outbox.newest(2)
    for said in (
        f"アカウントID「{HERS}」",
        "Safari（iPhone）",
        f"日時：{clock.now().astimezone(clock.TOKYO):%Y/%m/%d}",
    ):
        assert said in mail.body
    assert "お手続きした方" not in mail.body


@pytest.mark.slow
async def test_the_customer_number_is_not_in_the_mail_but_its_end(visitor: Browser) -> None:
    await visitor.log_in("customer", "90000000000000", "demo01")
    assert await told() == [CONTACT]
    (mail,) = await outbox.newest(1)
    assert "お客様番号（末尾0000）" in mail.body
    assert not re.search(r"[0-9]{14}", mail.body)


@pytest.mark.slow
async def test_a_browser_that_is_known_is_told_of_no_more(visitor: Browser) -> None:
    for _ in range(3):
        await visitor.log_in("customer", "90000000000000", "demo01")
        await visitor.submit("/logout")
        clock.start_at(clock.now() + timedelta(days=2))
    assert await told() == [CONTACT]


@pytest.mark.slow
async def test_new_browsers_are_told_of_once_a_day_each_login_for_itself(
    visitor: Browser, another_browser: Browser
) -> None:
    await visitor.log_in("customer", "90000000000000", "demo01")
    await another_browser.log_in("customer", "90000000000000", "demo01")
    assert await told() == [CONTACT]
    another_browser.cookies.clear()
    await another_browser.log_in("account", HIS, "abc12345")
    assert await told() == [CONTACT] * 2
    another_browser.cookies.clear()
    clock.start_at(clock.now() + timedelta(days=1, minutes=1))
    await another_browser.log_in("customer", "90000000000000", "demo01")
    assert await told() == [CONTACT] * 3


@pytest.mark.slow
async def test_a_browser_is_new_again_when_the_password_was_changed(
    visitor: Browser, another_browser: Browser
) -> None:
    await visitor.log_in("account", HIS, "abc12345")
    await another_browser.log_in("account", HIS, "abc12345")
    await another_browser.open(f"/accounts/{HIS}/password")
    await another_browser.submit(password="kumo-7Zq4", password_again="kumo-7Zq4")
    await another_browser.submit()
    await tables.Alert.delete(force=True)
    await visitor.log_in("account", HIS, "kumo-7Zq4")  # its session has ended with the password
    assert await told() == [CONTACT] * 2


@pytest.mark.slow
async def test_a_hash_that_is_made_anew_makes_no_stranger_of_the_browser(
    visitor: Browser, installed: Installed
) -> None:
    await visitor.log_in("customer", "90000000000000", "demo01")
    await visitor.submit("/logout")
    await tables.Alert.delete(force=True)
    installed(
        peppers=Peppers(
            {1: b"a pepper that only the tests know", 2: b"a newer pepper, that only the tests know"}
        )
    )
    await visitor.log_in("customer", "90000000000000", "demo01")
    stored = await tables.Contract.select(tables.Contract.password_hash).where(
        tables.Contract.customer_number == "90000000000000"
    )
    assert stored[0]["password_hash"].startswith("p2$")
    assert await told() == [CONTACT]


async def test_a_wrong_password_tells_nobody_of_a_browser(visitor: Browser) -> None:
    await visitor.log_in("account", HIS, "wrong123")
    assert await outbox.newest(1) == []


@pytest.mark.slow
async def test_a_login_that_strangers_lock_is_told_once_a_day(visitor: Browser) -> None:
    for _ in range(attempts.PER_LOGIN):
        await visitor.log_in("account", HERS, "wrong123")
    assert await told(LOCKED) == []
    for _ in range(3):
        await visitor.log_in("account", HERS, "wrong123")
    assert await told(LOCKED) == sorted([CONTACT, await hers()])
    (mail,) = await outbox.newest(1)
    assert f"ログイン：アカウントID「{HERS}」" in mail.body
    clock.start_at(clock.now() + timedelta(hours=12))
    for _ in range(attempts.PER_LOGIN + 1):
        await visitor.log_in("account", HERS, "wrong123")
    assert len(await told(LOCKED)) == 2
    clock.start_at(clock.now() + timedelta(hours=13))
    for _ in range(attempts.PER_LOGIN + 1):
        await visitor.log_in("account", HERS, "wrong123")
    assert len(await told(LOCKED)) == 4


@pytest.mark.slow
async def test_a_locked_customer_number_is_named_by_its_end_alone(visitor: Browser) -> None:
    for _ in range(attempts.PER_LOGIN + 1):
        await visitor.log_in("customer", "90000000000000", "wrong")
    assert await told(LOCKED) == [CONTACT]
    (mail,) = await outbox.newest(1)
    assert "ログイン：お客様番号（末尾0000）" in mail.body
    assert "90000000000000" not in mail.body


@pytest.mark.slow
async def test_guessing_at_the_step_of_an_open_screen_is_told_to_the_login_that_it_is_about(
    visitor: Browser,
) -> None:
    await visitor.log_in("account", HERS, "abc12345")
    pass_minutes(11)
    for _ in range(attempts.PER_STEP):
        await visitor.open(f"/accounts/{HERS}/password")
        await visitor.prove("guess-123")
    assert await told(GUESSED) == []
    for _ in range(3):
        await visitor.open(f"/accounts/{HERS}/password")
        await visitor.prove("guess-123")
    assert await told(GUESSED) == sorted([CONTACT, await hers()])
    for _ in range(attempts.PER_STEP + 1):
        await visitor.open("/statements")
        await visitor.prove("guess!1", "90000000000000")
    assert await told(GUESSED) == sorted([CONTACT, CONTACT, await hers()])
    assert await told(LOCKED) == []


@pytest.mark.slow
async def test_a_name_that_nobody_has_is_told_to_nobody(visitor: Browser) -> None:
    for _ in range(attempts.PER_LOGIN + 2):
        await visitor.log_in("account", "nobody-at-all", "wrong123")
    assert visitor.answer.status_code == 429
    assert await outbox.newest(1) == []


@pytest.mark.slow
async def test_a_browser_that_knows_the_login_locks_itself_alone_and_tells_nobody(visitor: Browser) -> None:
    await visitor.log_in("account", HIS, "abc12345")
    await visitor.submit("/logout")
    before = len(await outbox.newest(100))
    for _ in range(attempts.PER_BROWSER + 1):
        await visitor.log_in("account", HIS, "wrong123")
    assert visitor.answer.status_code == 429
    assert len(await outbox.newest(100)) == before


async def test_when_nobody_can_be_told_the_log_says_so_and_the_answer_is_given(
    visitor: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    failure = login_events.Failure("account", HIS, login_events.Device("", ""), limited=True, locked=True)
    await database.rows("ALTER TABLE alert RENAME TO alert_away")
    try:
        await alerts.locked(failure)
    finally:
        await database.rows("ALTER TABLE alert_away RENAME TO alert")
    assert "nobody could be told of a locked login" in caplog.text
