"""転送 and 自動返信 of somebody else's mail: consent is asked for, the owner is told, and others read no texts."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain import clock
from app.domain.changes.kept import COVERED
from app.domain.changes.words import Refused
from app.domain.mail import consent
from app.domain.mail.app_passwords import MakeAppPassword
from app.domain.mail.auto_reply import SetAutoReply
from app.domain.mail.forwarding import SetForwarding
from app.postgres import database
from tests import households
from tests.browser import Browser
from tests.households import sign_in
from tests.mail.steps import ADDRESS, confirmed, get_address, mails, open_notices

pytestmark = pytest.mark.slow  # a walk through every form, change or step: `make test` takes it

CONTACT = "arteri-an@keitai.example.jp"
SON = "/accounts/arteri-an-001"
SECRET, TEXT = "himitsu@example.com", "入院しています。"
SET = {
    "forwarding": {"address_1": SECRET, "keep_copy": "yes"},
    "auto-reply": {"enabled": "on", "subject": "不在です", "body": TEXT},
    "mail-passwords": {"called": "家のパソコン"},
}
"""What is typed, by the page."""
NAMES = {
    "forwarding": "メール転送設定",
    "auto-reply": "メール自動返信設定",
    "mail-passwords": "メールソフト用パスワード作成",
}
KINDS_OF = {page: "mail-password-new" if page == "mail-passwords" else page for page in SET}
AGREED = {"consent": "yes"}


@pytest.fixture
async def wife(taro: Browser, another_browser: Browser) -> Browser:
    """The contractor's wife, who is an admin, once arteri-an-001 has its address; the outbox is empty."""
    await database.rows("DELETE FROM outbox")
    return await sign_in(another_browser, "account", "arteri-an-002")


# --- the consent ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", SET)
async def test_whoever_sets_it_for_somebody_else_says_that_the_owner_agreed(
    taro: Browser, wife: Browser, page: str
) -> None:
    for number, browser in enumerate((taro, wife)):
        await browser.open(f"{SON}/{page}")
        assert consent.LABEL in browser.text
        await browser.submit(**SET[page])
        assert browser.answer.status_code == 422
        assert browser.reasons == [consent.MISSING]
        link = browser.page.select_one(".error-summary a")
        assert link
        assert link["href"] == "#f-consent"
        assert len(await database.rows("SELECT 1 FROM change WHERE applied_at IS NULL")) == number
        await browser.submit(**AGREED)
        assert browser.rows["利用する方の同意"] == "得ています"
    await wife.submit()
    assert wife.rows["利用する方の同意"] == "得ています"
    (kept,) = await database.rows(
        "SELECT receipt FROM change WHERE kind = $1 AND applied_at IS NOT NULL", KINDS_OF[page]
    )
    assert "得ています" in kept["receipt"]


@pytest.mark.parametrize("page", SET)
async def test_for_ones_own_mail_no_consent_is_asked_for(
    taro: Browser, wife: Browser, family_user: Browser, page: str
) -> None:
    await get_address(taro, "arteri-an-002", "hikari.hana")
    for browser, login in ((family_user, "arteri-an-001"), (wife, "arteri-an-002")):
        await browser.open(f"/accounts/{login}/{page}")
        assert not browser.page.select("[name=consent]")
        await confirmed(browser, f"/accounts/{login}/{page}", **SET[page])
        assert "利用する方の同意" not in browser.rows
    assert await open_notices() == []


@pytest.mark.parametrize("page", SET)
async def test_the_tick_is_still_there_on_the_way_back_from_the_confirm_page(
    wife: Browser, page: str
) -> None:
    await wife.open(f"{SON}/{page}")
    await wife.submit(**SET[page], **AGREED)
    back = wife.page.select_one("main .buttons a")
    assert back
    await wife.open(str(back["href"]))
    assert wife.page.select("[name=consent][checked]")
    await wife.open(f"{SON}/{page}")
    assert not wife.page.select("[name=consent][checked]")


@pytest.mark.parametrize(
    "change",
    [
        SetForwarding("family-son", ["a@example.com"], keep_copy=True),
        SetAutoReply("family-son", True, "不在です", TEXT, None, None),
        MakeAppPassword("family-son", "電話"),
    ],
)
async def test_the_rule_is_the_changes_own_whatever_page_asked_for_it(
    empty_database: str, change: SetForwarding | SetAutoReply | MakeAppPassword
) -> None:
    family = await households.rich_household("family")
    for account, refused in ((None, True), (family.mother, True), (family.son, False)):
        member = await households.log_in(family.contract, account)
        found = change.judge(member, clock.now())
        assert (found is not None) == refused
        assert found is None or isinstance(found, Refused)
        assert found is None or found.reason == consent.MISSING


@pytest.mark.parametrize("page", SET)
async def test_the_text_that_is_agreed_to_is_kept_with_its_version_where_consent_is_needed(
    wife: Browser, family_user: Browser, page: str
) -> None:
    said = "ほかの方のメールの設定について（第2版、2026/12/01）"
    await wife.open(f"{SON}/{page}")
    assert said in wife.text
    await confirmed(wife, f"{SON}/{page}", **SET[page], **AGREED)
    assert wife.rows["規約への同意"] == said
    kept = "SELECT text, version FROM consent WHERE text = 'others-mail'"
    assert [tuple(row.values()) for row in await database.rows(kept)] == [("others-mail", 2)]
    await family_user.open(f"{SON}/{page}")
    assert said not in family_user.text


async def test_an_admin_who_became_a_user_role_meanwhile_sets_nothing_of_others(
    taro: Browser, wife: Browser
) -> None:
    await wife.open(f"{SON}/forwarding")
    await wife.submit(**SET["forwarding"], **AGREED)
    await database.rows("UPDATE account SET role = 'user' WHERE login = 'arteri-an-002'")
    await wife.press(wife.path, {"seen": "", **await token(wife)})
    assert await database.rows("SELECT 1 FROM forwarding") == []
    assert await open_notices() == []


async def token(browser: Browser) -> dict[str, str]:
    field = browser.page.select_one("main [name=csrf_token]")
    assert field
    return {"csrf_token": str(field["value"])}


# --- the owner is told: by mail ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", SET)
async def test_the_owner_gets_a_mail_of_its_own_and_the_contract_the_usual_one(
    wife: Browser, page: str
) -> None:
    await confirmed(wife, f"{SON}/{page}", **SET[page], **AGREED)
    told = {mail["recipient"]: mail for mail in await mails()}
    assert set(told) == {ADDRESS, CONTACT}
    assert told[ADDRESS]["subject"] == "【マイページ】ほかの方によるメールの設定変更のお知らせ"
    for fact in (NAMES[page], "arteri-an-001", "アカウントID「arteri-an-002」（管理者権限）でログインした方"):
        assert fact in told[ADDRESS]["body"]
    assert NAMES[page] in told[CONTACT]["subject"]


async def test_who_read_the_mail_until_now_is_told_there_that_it_goes_elsewhere(wife: Browser) -> None:
    await database.rows("UPDATE account SET family = '持主', given = '太郎' WHERE login = 'arteri-an-001'")
    first = {"address_1": "old@example.com", "address_2": SECRET, "keep_copy": ""}
    await confirmed(wife, f"{SON}/forwarding", **first, **AGREED)
    await database.rows("DELETE FROM outbox")
    await confirmed(wife, f"{SON}/forwarding", address_1=SECRET, address_2="", keep_copy="yes", **AGREED)
    owners = [mail for mail in await mails() if "ほかの方" in mail["subject"]]
    assert [mail["recipient"] for mail in owners] == [ADDRESS, "old@example.com"]
    assert all(mail["body"].startswith("持主 太郎 様\n") for mail in owners)
    assert not [mail for mail in await mails() if SECRET in mail["body"]]


@pytest.mark.parametrize("then", [{"address_1": SECRET, "keep_copy": ""}, {"address_1": "", "keep_copy": ""}])
async def test_who_only_got_a_copy_is_told_nothing_of_the_owner(wife: Browser, then: dict[str, str]) -> None:
    first = {"address_1": "old@example.com", "address_2": "mistyped@example.com", "keep_copy": "yes"}
    await confirmed(wife, f"{SON}/forwarding", **first, **AGREED)
    await database.rows("DELETE FROM outbox")
    await confirmed(wife, f"{SON}/forwarding", **then, address_2="", **AGREED)
    assert {mail["recipient"] for mail in await mails()} == {ADDRESS, CONTACT}


async def test_the_owners_own_change_is_told_whole_to_the_owner_and_as_a_number_to_the_contract(
    wife: Browser, family_user: Browser
) -> None:
    await confirmed(family_user, f"{SON}/forwarding", **SET["forwarding"])
    told = {mail["recipient"]: mail["body"] for mail in await mails()}
    assert f"転送先：{SECRET}" in told[ADDRESS]
    assert "転送先：1件" in told[CONTACT]
    assert SECRET not in told[CONTACT]
    await confirmed(family_user, f"{SON}/forwarding", address_1="", address_2="")
    assert "転送先：転送しない" in (await mails())[-1]["body"]


# --- by a notice at the next login ------------------------------------------------------------------------------------


async def test_the_owner_reads_it_at_the_next_login_until_it_is_acknowledged(
    wife: Browser, family_user: Browser
) -> None:
    for page in SET:
        await confirmed(wife, f"{SON}/{page}", **SET[page], **AGREED)
    for _ in range(2):
        await family_user.open("/")
        shown = family_user.page.select("#owner-notices ~ ul li")
        assert [next(name for name in NAMES.values() if name in item.get_text()) for item in shown] == list(
            NAMES.values()
        )
        assert all("アカウントID「arteri-an-002」の方" in item.get_text() for item in shown)
        assert [str(item.select("a")[0]["href"]) for item in shown] == [f"{SON}/{page}" for page in SET]
    await family_user.submit("/owner-notices/seen")
    assert family_user.heading == "ユーザー管理"
    assert not family_user.page.select("#owner-notices")
    await family_user.open("/")
    assert not family_user.page.select("#owner-notices")
    assert await open_notices() == []
    (row,) = await database.rows("SELECT count(*) AS number FROM owner_notice WHERE seen_at IS NOT NULL")
    assert row["number"] == len(SET)


async def test_an_admin_whose_mail_the_contractor_sets_reads_it_on_the_overview(
    taro: Browser, wife: Browser
) -> None:
    await get_address(taro, "arteri-an-002", "hikari.hana")
    await confirmed(taro, "/accounts/arteri-an-002/forwarding", **SET["forwarding"], **AGREED)
    await wife.open("/")
    assert "ご契約者様（お客様番号）が" in wife.page.select("#owner-notices ~ ul li")[0].get_text()


async def test_nobody_else_reads_or_acknowledges_it(
    taro: Browser, wife: Browser, family_user: Browser, stranger: Browser
) -> None:
    await confirmed(wife, f"{SON}/forwarding", **SET["forwarding"], **AGREED)
    await family_user.open("/")
    newest = family_user.form("/owner-notices/seen").select("[name=newest]")[0]["value"]
    for browser in (taro, wife, stranger):
        await browser.open("/")
        assert not browser.page.select("#owner-notices")
        sent = {"newest": str(newest), "csrf_token": str(browser.form("/logout").select("input")[0]["value"])}
        await browser.press("/owner-notices/seen", sent)
        assert browser.answer.status_code == 200
    assert await open_notices() == ["forwarding"]
    await wife.open(f"/?open={'arteri-an-001'}")
    assert not wife.page.select("#owner-notices")


async def test_what_comes_while_the_notice_is_read_stays(wife: Browser, family_user: Browser) -> None:
    await confirmed(wife, f"{SON}/forwarding", **SET["forwarding"], **AGREED)
    await family_user.open("/")
    await confirmed(wife, f"{SON}/auto-reply", **SET["auto-reply"], **AGREED)
    await family_user.submit("/owner-notices/seen")
    assert await open_notices() == ["auto-reply"]


async def test_the_same_person_who_sets_it_again_leaves_one_notice_of_the_last_time(
    taro: Browser, wife: Browser, family_user: Browser
) -> None:
    for number in (1, 2):
        await confirmed(wife, f"{SON}/forwarding", address_1=f"a{number}@example.com", **AGREED)
    await confirmed(taro, f"{SON}/forwarding", address_1="b@example.com", **AGREED)
    assert await open_notices() == ["forwarding", "forwarding"]
    await family_user.open("/")
    shown = [item.get_text() for item in family_user.page.select("#owner-notices ~ ul li")]
    assert ["arteri-an-002" in shown[0], "お客様番号" in shown[1]] == [True, True]


@pytest.mark.parametrize("newest", ["", "x", "1" * 19, "-1", "１"])
async def test_what_no_page_of_ours_sends_is_not_there(family_user: Browser, newest: str) -> None:
    await family_user.open("/")
    sent = {"newest": newest, "csrf_token": str(family_user.form("/logout").select("input")[0]["value"])}
    await family_user.press("/owner-notices/seen", sent)
    assert family_user.answer.status_code == 404


async def test_a_deleted_owner_is_shown_none(wife: Browser, family_user: Browser) -> None:
    await confirmed(wife, f"{SON}/forwarding", **SET["forwarding"], **AGREED)
    await family_user.open("/")
    await database.rows("UPDATE account SET deleted_at = now() WHERE login = 'arteri-an-001'")
    await family_user.open("/")
    assert not family_user.page.select("#owner-notices")


# --- what others read of it -------------------------------------------------------------------------------------------


async def history_of(browser: Browser, kind: str) -> str:
    """The receipt as this browser shows it, and the line of the file."""
    (change,) = await database.rows("SELECT id FROM change WHERE kind = $1 AND applied_at IS NOT NULL", kind)
    await browser.open(f"/changes/{change['id']}")
    return browser.text + (await browser.get("/changes.csv")).text


@pytest.mark.parametrize(("page", "private"), [("forwarding", SECRET), ("auto-reply", TEXT)])
async def test_the_history_shows_targets_and_texts_to_the_owner_and_to_who_typed_them_alone(
    taro: Browser, wife: Browser, family_user: Browser, page: str, private: str
) -> None:
    await confirmed(family_user, f"{SON}/{page}", **SET[page])
    assert private in await history_of(family_user, page)
    for browser in (taro, wife):
        shown = await history_of(browser, page)
        assert private not in shown
        assert COVERED in shown
    await database.rows("DELETE FROM change")
    await database.rows("DELETE FROM forwarding")
    await database.rows("DELETE FROM auto_reply")
    await confirmed(wife, f"{SON}/{page}", **SET[page], **AGREED)
    for browser in (wife, family_user):
        assert private in await history_of(browser, page)
    assert private not in await history_of(taro, page)


async def test_the_former_value_is_covered_as_the_new_one_is(wife: Browser, family_user: Browser) -> None:
    await confirmed(family_user, f"{SON}/forwarding", **SET["forwarding"])
    await confirmed(family_user, f"{SON}/forwarding", address_1="")
    rows: list[Any] = await database.rows(
        "SELECT id FROM change WHERE kind = 'forwarding' ORDER BY applied_at DESC"
    )
    await wife.open(f"/changes/{rows[0]['id']}")
    assert f"変更前：{COVERED}" in wife.text
    assert SECRET not in wife.text


async def test_where_customer_and_admin_may_set_it_they_see_what_is_set_as_the_matrix_says(
    taro: Browser, wife: Browser, family_user: Browser
) -> None:
    await confirmed(family_user, f"{SON}/forwarding", **SET["forwarding"])
    for browser in (taro, wife):
        await browser.open(SON)
        assert browser.rows["メール転送"] == SECRET
