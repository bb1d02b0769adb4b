"""The second factor at login: after the password, before anything else; and who has to have one."""

from __future__ import annotations

import pytest

from app.domain import installation
from app.domain.access.matrix import Role
from app.domain.access.members import SessionEnded
from app.domain.access.second_factor import passed, required
from app.domain.people.second_factor import GIVEN
from app.postgres import database
from tests import authenticator, households
from tests.access.steps import code_of, next_step, set_up_totp
from tests.access.test_matrix import ROUTES
from tests.browser import Browser
from tests.conftest import Installed

CUSTOMER = ("customer", "90000000000000", "demo01")
ADMIN = ("account", "arteri-an-002", "abc12345")
USER = ("account", "arteri-an-001", "abc12345")


async def results() -> list[str]:
    """What ログイン履歴 holds, the oldest first."""
    rows = await database.rows("SELECT result FROM login_event ORDER BY id")
    return [row["result"] for row in rows]


async def stages() -> list[list[str]]:
    return [row["stages"] for row in await database.rows("SELECT stages FROM session ORDER BY id")]


# --- the stage --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_the_password_alone_opens_nothing_of_a_login_with_a_factor(
    contractor: Browser, another_browser: Browser
) -> None:
    key, _ = await set_up_totp(contractor)
    await another_browser.log_in(*CUSTOMER)
    assert (another_browser.path, another_browser.heading) == ("/login/second", "2段階認証")
    assert "90000000000000" not in another_browser.answer.text
    for method, path in ROUTES:
        if method == "GET" and ROUTES[method, path] not in ("public", "anyone") and "{" not in path:
            answer = await another_browser.get(path)
            if not path.startswith("/login/second"):
                assert (answer.status_code, answer.headers.get("location")) == (303, "/login/second"), path
    next_step()
    await another_browser.submit("/login/second", code=code_of(key))
    assert another_browser.heading == "ご契約情報一覧"


@pytest.mark.slow
async def test_a_login_that_waits_can_change_nothing(contractor: Browser, another_browser: Browser) -> None:
    await set_up_totp(contractor)
    await another_browser.log_in(*CUSTOMER)
    token = str(another_browser.form("/login/second").select("input")[0]["value"])
    for method, path in ROUTES:
        if method == "POST" and "{" not in path and ROUTES[method, path] not in ("public", "anyone"):
            if path.startswith("/login/second") or path == "/logout":
                continue
            answer = await another_browser.post(
                path, data={"csrf_token": token}, headers={"Sec-Fetch-Site": "same-origin"}
            )
            assert answer.headers.get("location") == "/login/second", path
    assert await stages() == [[], ["second-factor"]]


@pytest.mark.slow
async def test_the_code_leads_to_where_one_was_going(contractor: Browser, another_browser: Browser) -> None:
    key, _ = await set_up_totp(contractor)
    await another_browser.log_in(*CUSTOMER, path="/login?next=/mail-service")
    next_step()
    await another_browser.submit("/login/second", code=code_of(key))
    assert another_browser.path == "/mail-service"


@pytest.mark.slow
async def test_the_session_has_another_token_after_it_and_the_former_opens_nothing(
    contractor: Browser, another_browser: Browser, visitor: Browser
) -> None:
    key, _ = await set_up_totp(contractor)
    await another_browser.log_in(*CUSTOMER)
    before = another_browser.cookies["__Host-mypage"]
    next_step()
    await another_browser.submit("/login/second", code=code_of(key))
    assert another_browser.cookies["__Host-mypage"] != before
    another_browser.cookies.delete("__Host-mypage")
    another_browser.cookies.set("__Host-mypage", before, "mypage.example.jp")
    await another_browser.open("/")
    assert another_browser.heading == "ログイン"


@pytest.mark.slow
async def test_it_is_asked_for_in_every_session(contractor: Browser, another_browser: Browser) -> None:
    key, _ = await set_up_totp(contractor)
    for _ in range(2):
        await another_browser.log_in(*CUSTOMER)
        next_step()
        await another_browser.submit("/login/second", code=code_of(key))
        await another_browser.submit("/logout")
    await another_browser.log_in(*CUSTOMER)
    assert another_browser.path == "/login/second"


@pytest.mark.slow
async def test_each_login_has_its_own(contractor: Browser, another_browser: Browser) -> None:
    await set_up_totp(contractor)
    await another_browser.log_in(*ADMIN)
    assert another_browser.heading == "ご契約情報一覧"


async def test_who_is_logged_in_wholly_is_led_on_from_there(contractor: Browser) -> None:
    await contractor.open("/login/second")
    assert contractor.path == "/"


@pytest.mark.slow
async def test_a_factor_that_was_removed_in_another_tab_leads_to_a_new_login(
    contractor: Browser, another_browser: Browser
) -> None:
    key, _ = await set_up_totp(contractor)
    await another_browser.log_in(*CUSTOMER)
    await contractor.open("/second-factor")
    await contractor.submit("/second-factor/totp/remove")
    await contractor.submit()
    next_step()
    await another_browser.submit("/login/second", code=code_of(key))
    assert "2段階認証の登録が削除されました" in another_browser.text
    await another_browser.submit("/logout")
    await another_browser.log_in(*CUSTOMER)
    assert another_browser.heading == "ご契約情報一覧"


@pytest.mark.slow
async def test_a_person_who_was_deleted_while_it_is_asked_comes_no_further(
    contractor: Browser, family_user: Browser, another_browser: Browser
) -> None:
    key, _ = await set_up_totp(family_user)
    await another_browser.log_in(*USER)
    await database.rows("UPDATE account SET deleted_at = now() WHERE login = 'arteri-an-001'")
    next_step()
    await another_browser.submit("/login/second", code=code_of(key))
    assert another_browser.heading == "ログイン"
    assert ["second-factor"] in await stages()


async def test_a_session_that_waits_for_nothing_passes_nothing(empty_database: str) -> None:
    member = await households.log_in(await households.new_contract())
    with pytest.raises(SessionEnded):
        await passed(member, b"x" * 32)
    assert await households.again(member)


# --- ログイン履歴 and mails -------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_the_history_says_of_a_login_that_it_succeeded_when_it_did_and_not_before(
    contractor: Browser, another_browser: Browser
) -> None:
    key, _ = await set_up_totp(contractor)
    await another_browser.log_in(*CUSTOMER)
    assert await results() == ["unfinished"]
    await contractor.open("/logins")
    assert "未完了（パスワードは一致、2段階認証なし）" in contractor.text
    await another_browser.submit("/login/second", code="12345")
    assert await results() == ["unfinished", "code-wrong"]
    next_step()
    await another_browser.submit("/login/second", code=code_of(key))
    assert await results() == ["ok", "code-wrong"]
    await contractor.open("/logins")
    assert "失敗（パスワードは一致、2段階認証の誤り）" in contractor.text


@pytest.mark.slow
async def test_a_new_browser_is_told_of_and_known_only_after_the_factor(
    contractor: Browser, another_browser: Browser
) -> None:
    await database.rows("DELETE FROM alert")
    key, _ = await set_up_totp(contractor)
    await database.rows("DELETE FROM outbox")
    known = another_browser.cookies.get("__Host-mypage-browser")
    await another_browser.log_in(*CUSTOMER)
    assert await database.rows("SELECT 1 FROM outbox") == []
    before = another_browser.cookies["__Host-mypage-browser"]
    assert before != known
    next_step()
    await another_browser.submit("/login/second", code=code_of(key))
    (mail,) = await database.rows("SELECT subject FROM outbox")
    assert "新しい端末" in mail["subject"]
    assert another_browser.cookies["__Host-mypage-browser"] != before


# --- who must have one ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "of"),
    [("offered", set()), ("admins", {Role.CUSTOMER, Role.ADMIN}), ("all", set(Role))],
)
def test_the_setting_says_who_must_have_one(
    wanted: installation.SecondFactor, of: set[Role], installed: Installed
) -> None:
    installed(second_factor=wanted)
    assert {role for role in Role if required(role)} == of


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wanted", "login", "must"),
    [
        ("offered", CUSTOMER, False),
        ("admins", CUSTOMER, True),
        ("admins", ADMIN, True),
        ("admins", USER, False),
        ("all", USER, True),
    ],
)
async def test_who_must_and_has_none_sets_one_up_before_anything_else(
    visitor: Browser, installed: Installed, wanted: str, login: tuple[str, str, str], must: bool
) -> None:
    installed(second_factor=wanted)
    await visitor.log_in(*login)
    assert (visitor.path == "/second-factor") == must
    if not must:
        return
    assert not visitor.menu
    for path in ("/", "/changes", "/second-factor/nothing", "/logins", "/login/second"):
        assert (await visitor.get(path)).headers.get("location", "") in ("/second-factor", ""), path
    await set_up_totp(visitor)
    assert visitor.menu
    await visitor.open("/logins")
    assert visitor.heading == "ログイン履歴"


async def test_setting_up_gives_the_session_another_token(visitor: Browser, installed: Installed) -> None:
    installed(second_factor="all")
    await visitor.log_in(*CUSTOMER)
    before = visitor.cookies["__Host-mypage"]
    await authenticator.register(visitor)
    assert visitor.cookies["__Host-mypage"] != before
    assert await stages() == [[]]


@pytest.mark.slow
@pytest.mark.parametrize("also", ["", "new-password"], ids=["at set-up", "with a one-time password"])
async def test_the_first_factor_ends_the_other_sessions_that_would_set_one_up(
    visitor: Browser, another_browser: Browser, family_user: Browser, installed: Installed, also: str
) -> None:
    installed(second_factor="all")
    await another_browser.log_in(*CUSTOMER)
    await another_browser.open("/second-factor/totp")
    await another_browser.submit(code=code_of(another_browser.rows["キー"]))
    assert another_browser.heading == "認証アプリ登録確認"
    if also:
        await database.rows("UPDATE session SET stages = $1 || stages WHERE 'set-up' = ANY (stages)", [also])
    await visitor.log_in(*CUSTOMER)
    await set_up_totp(visitor)
    assert await stages() == [[], []], "hers at the customer number, and the son's"
    await another_browser.submit()
    assert another_browser.heading == "ログイン"
    await family_user.open("/")
    assert family_user.heading == "ユーザー管理"
    assert len(await database.rows("SELECT 1 FROM totp")) == 1


@pytest.mark.slow
async def test_the_first_factor_leaves_who_sets_one_up_for_another_login(
    visitor: Browser, another_browser: Browser, installed: Installed
) -> None:
    installed(second_factor="all")
    await another_browser.log_in(*ADMIN)
    await visitor.log_in(*CUSTOMER)
    await set_up_totp(visitor)
    await another_browser.open("/second-factor")
    assert another_browser.heading == "2段階認証"


@pytest.mark.slow
@pytest.mark.parametrize("way", ["passkey", "totp"])
async def test_a_session_that_gave_the_password_alone_adds_no_factor_to_one_that_there_is(
    visitor: Browser, another_browser: Browser, installed: Installed, way: str
) -> None:
    installed(second_factor="all")
    await visitor.log_in(*CUSTOMER)
    await authenticator.register(visitor)
    await another_browser.log_in(*CUSTOMER)
    assert another_browser.path == "/login/second"
    await database.rows("UPDATE session SET stages = '{set-up}' WHERE stages <> '{}'")
    if way == "totp":
        await another_browser.open("/second-factor/totp")
        await another_browser.submit(code=code_of(another_browser.rows["キー"]))
        await another_browser.submit()
    else:
        with pytest.raises(AssertionError, match=GIVEN):
            await authenticator.register(another_browser)
    assert GIVEN in another_browser.text
    assert await stages() == [[], ["set-up"]]
    (left,) = await database.rows(
        "SELECT (SELECT count(*) FROM passkey) + (SELECT count(*) FROM totp) AS number"
    )
    assert left["number"] == 1


async def test_a_change_that_waits_cannot_be_confirmed_instead(
    contractor: Browser, another_browser: Browser, installed: Installed
) -> None:
    await contractor.open("/customer")
    await contractor.submit(phone="03-0000-0009")
    waiting = contractor.path
    installed(second_factor="all")
    await another_browser.log_in(*CUSTOMER)
    token = str(another_browser.form("/logout").select("input")[0]["value"])
    await another_browser.press(waiting, {"csrf_token": token, "seen": ""})
    assert another_browser.path == "/second-factor"
    assert await database.rows("SELECT 1 FROM change WHERE applied_at IS NOT NULL") == []


async def test_who_becomes_an_admin_meets_it_at_the_next_login(
    contractor: Browser,
    visitor: Browser,
    family_user: Browser,
    another_browser: Browser,
    installed: Installed,
) -> None:
    installed(second_factor="admins")
    await database.rows("UPDATE account SET role = 'admin' WHERE login = 'arteri-an-001'")
    await family_user.open("/")
    assert family_user.heading == "ご契約情報一覧"
    await another_browser.log_in(*USER)
    assert another_browser.path == "/second-factor"


@pytest.mark.slow
async def test_the_step_can_be_passed_while_one_is_set_up(visitor: Browser, installed: Installed) -> None:
    installed(second_factor="all")
    await visitor.log_in(*CUSTOMER)
    await database.rows("UPDATE session SET opened_at = opened_at - interval '11 minutes'")
    await visitor.open("/second-factor/totp")
    assert visitor.heading == "パスワードの確認"
    await visitor.prove("demo01")
    assert visitor.heading == "認証アプリ登録"
