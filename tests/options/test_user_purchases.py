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
