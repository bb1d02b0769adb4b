"""ユーザー権限によるセキュリティオプションの購入: the contract's switch (spec 1), and what it forbids."""

from __future__ import annotations

import pytest

from app.domain import fields, tables
from app.domain.access.matrix import Forbidden, UserPurchases
from app.domain.changes import asking
from app.domain.options import security
from app.domain.options.user_purchases import PATH, PermitUserPurchases
from app.postgres import database
from tests import households
from tests.browser import Browser
from tests.options.steps import SON, buy, cancel, give_address, pins, token


@pytest.mark.slow
async def test_a_user_buys_for_himself_until_the_contract_forbids_it(
    contractor: Browser, family_user: Browser
) -> None:
    await give_address(SON)
    await buy(family_user, SON)
    await contractor.open("/accounts")
    assert contractor.rows["ユーザー権限によるセキュリティオプションの購入"].startswith("許可する")
    await contractor.open("/accounts/user-purchase-permission")
    await contractor.submit(permitted="no")
    assert "変更前：許可する" in contractor.text
    await contractor.submit()
    assert contractor.heading == "ユーザー権限による購入の設定変更完了"
    await family_user.open(f"/accounts/{SON}/security")
    assert security.NOT_ALLOWED in family_user.text
    assert not family_user.page.select("input[type=checkbox]")
    secret = await token(family_user)
    assert "購入する" not in family_user.text
    online = f"/accounts/{SON}/security?product=security-online"
    await family_user.press(online, {"csrf_token": secret, "agree": "yes"})
    assert family_user.reasons == [security.NOT_ALLOWED]
    await family_user.open(f"/accounts/{SON}/security/status")
    assert "PIN番号" in family_user.text
    await cancel(family_user, SON)
    await buy(contractor, SON)
    await contractor.open("/accounts/user-purchase-permission")
    await contractor.submit(permitted="")
    assert contractor.reasons == ["許可するかどうかを選択してください。"]


@pytest.mark.slow
async def test_the_switch_counts_when_the_button_is_pressed_and_cancelling_stays_free(
    contractor: Browser, family_user: Browser
) -> None:
    await give_address(SON)
    await buy(family_user, SON)
    page = f"/accounts/{SON}/security"
    await family_user.open(page)
    await family_user.submit(f"{page}?product=kids-filter", agree="yes")
    asked, secret = family_user.path, await token(family_user)
    await contractor.open("/accounts/user-purchase-permission")
    await contractor.submit(permitted="no")
    await contractor.submit()
    await family_user.press(asked, {"csrf_token": secret})
    assert family_user.answer.status_code == 422
    assert security.NOT_ALLOWED in family_user.text
    await cancel(family_user, SON)
    assert [login for _, login, goes_on in await pins()] == [SON]


async def test_the_switch_is_the_contracts_own_and_is_shown_with_what_it_was(empty_database: str) -> None:
    family, others = await households.new_household(), await households.new_household("others")
    await database.rows("UPDATE contract SET email = 'an@example.jp'")
    customer = await households.log_in(family.contract)
    ask = "申請してもらい承認する"
    for permitted, before, after in (
        (UserPurchases.NO, ask, "許可しない"),
        (UserPurchases.YES, "許可しない", "許可する"),
        (UserPurchases.ASK, "許可する", ask),
    ):
        identity = await asking.ask(customer, PermitUserPurchases(permitted))
        await asking.confirm(customer, identity)
        receipt = (await asking.find(customer, identity)).receipt
        assert receipt
        ((before_shown, shown),) = [(row.before, row.value) for row in receipt.rows]
        assert (before_shown, shown) == (before, after)
        (mail,) = await database.rows("SELECT body FROM outbox ORDER BY id DESC LIMIT 1")
        assert f"変更前：{before}\n変更後：{after}\n" in mail["body"]
        own, other = tables.Contract.id, tables.Contract.user_purchases
        found = await tables.Contract.select(own, other).order_by(own)
        assert found == [
            {"id": family.contract, "user_purchases": permitted},
            {"id": others.contract, "user_purchases": "ask"},
        ]


@pytest.mark.slow
async def test_the_page_offers_three_and_refuses_a_fourth(contractor: Browser, admin: Browser) -> None:
    for browser, chosen, shown in (
        (contractor, "ask", "申請してもらい承認する"),
        (admin, "no", "許可しない"),
        (contractor, "yes", "許可する"),
    ):
        await browser.open(PATH)
        offered = [str(one["value"]) for one in browser.page.select("main input[type=radio]")]
        assert offered == ["yes", "ask", "no"]
        await browser.submit(permitted="maybe")
        assert browser.reasons == ["許可するかどうかを選択してください。"]
        await browser.submit(permitted=chosen)
        await browser.submit()
        await browser.open("/accounts")
        assert browser.rows["ユーザー権限によるセキュリティオプションの購入"] == shown


async def test_whom_it_is_about_may_not_turn_it(empty_database: str) -> None:
    family = await households.new_household()
    son = await households.log_in(family.contract, family.son)
    identity = await asking.ask(son, PermitUserPurchases(UserPurchases.YES))
    with pytest.raises(Forbidden):
        await asking.confirm(son, identity)


def test_its_page_is_at_a_path_that_no_account_id_can_take() -> None:
    assert not fields.is_account_id(PATH.removeprefix("/accounts/"))


# --- who is told of it ------------------------------------------------------------------------------------------------

SAID = {
    "yes": "ユーザー権限の方は、セキュリティオプションを、ご自分のアカウントIDに購入できます。",
    "ask": "ユーザー権限の方は、セキュリティオプションの購入には申請が必要で、",
    "no": "ユーザー権限の方は、セキュリティオプションの購入も、購入の申請もできません。",
}
DAUGHTER = {
    "login": "arteri-an-003",
    "family": "有光",
    "given": "光",
    "family_kana": "アルテリ",
    "given_kana": "ヒカリ",
    "user_name": "ひかり",
    "password": "hik-7q2mzw",
    "password_again": "hik-7q2mzw",
}


@pytest.mark.slow
@pytest.mark.parametrize("chosen", list(SAID))
async def test_whoever_gives_a_user_role_reads_what_it_may_buy_now(contractor: Browser, chosen: str) -> None:
    await database.rows("UPDATE contract SET user_purchases = $1", chosen)

    def said() -> list[str]:
        return [one for one, text in SAID.items() if text in contractor.text]

    await contractor.open("/accounts/new")
    assert said() == [chosen]
    await contractor.submit(**DAUGHTER, role="admin")
    assert (contractor.heading, said()) == ("アカウントID登録／変更確認", [])
    await contractor.open("/accounts/new")
    await contractor.submit(**DAUGHTER, role="user")
    assert (contractor.heading, said()) == ("アカウントID登録／変更確認", [chosen])
    await contractor.open("/accounts/arteri-an-002/edit")
    assert said() == [chosen]
    await contractor.submit(role="user")
    assert (contractor.heading, said()) == ("アカウントID登録／変更確認", [chosen])
    await contractor.open(f"/accounts/{SON}/edit")
    await contractor.submit(given="新")
    assert (contractor.heading, said()) == ("アカウントID登録／変更確認", [])


async def test_a_demotion_says_again_what_it_means_when_the_switch_was_turned_meanwhile(
    contractor: Browser,
) -> None:
    await contractor.open("/accounts/arteri-an-002/edit")
    await contractor.submit(role="user")
    await database.rows("UPDATE contract SET user_purchases = 'no'")
    await contractor.submit()
    assert "内容が変わりました" in contractor.text
    assert SAID["no"] in contractor.text


@pytest.mark.parametrize(
    ("email", "told"),
    [("an@example.jp", "an@example.jp"), ("", "arteri-kichi@mail.example.com")],
    ids=["contact address", "admins"],
)
async def test_what_a_user_buys_is_told_to_the_contract_at_once(
    family_user: Browser, email: str, told: str
) -> None:
    await give_address(SON)
    await database.rows("UPDATE contract SET email = $1", email)
    await buy(family_user, SON)
    mails = await database.rows("SELECT recipient, subject, body FROM outbox ORDER BY id")
    assert [mail["recipient"] for mail in mails] == ["son@example.com", told]
    assert all("申込み完了メール" in mail["subject"] for mail in mails)
    assert all(f"アカウントID「{SON}」（ユーザー権限）でログインした方" in mail["body"] for mail in mails)


@pytest.mark.slow
async def test_a_user_cancels_whatever_the_switch_says(contractor: Browser, family_user: Browser) -> None:
    await give_address(SON)
    for chosen in ("ask", "no"):
        await database.rows("UPDATE contract SET user_purchases = $1", chosen)
        await buy(contractor, SON)
        await cancel(family_user, SON)


async def test_the_list_of_account_ids_says_how_much_waits_to_be_approved(contractor: Browser) -> None:
    await contractor.open("/accounts")
    assert contractor.rows["購入の申請"] == "承認を待っている申請はありません"
    await database.rows(
        "INSERT INTO purchase_request (id, contract, account, product, asked_at, lapses_at)"
        " SELECT gen_random_uuid(), contract, id, 'kids-filter', now(), now() + interval '14 days'"
        f" FROM account WHERE login = '{SON}'"
    )
    await contractor.open("/accounts")
    assert contractor.rows["購入の申請"] == "1件が承認を待っています"
    assert contractor.page.select_one("main a[href='/purchase-requests']")
