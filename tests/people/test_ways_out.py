"""Where one thing ends while the rest goes on: from the page ご解約, for each kind that there is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.domain import clock, tables
from app.domain.people import ways_out
from app.postgres import database
from tests import households
from tests.browser import Browser
from tests.households import Household
from tests.mail.steps import confirmed
from tests.products import Shipped

PATH = "/accounts/arteri-an-001"


async def ways(family: Household) -> list[str]:
    account = (await households.log_in(family.contract)).account(family.sons_login)
    return [
        link.path.removeprefix(f"/accounts/{family.sons_login}/") for link in ways_out.of_account(account)
    ]


async def test_each_thing_that_an_account_id_has_leads_to_where_it_ends(empty_database: str) -> None:
    family = await households.new_household()
    of: dict[str, Any] = {"contract": family.contract, "account": family.son}
    ago = clock.now() - timedelta(days=30)
    assert await ways(family) == []
    await tables.ServicePeriod(
        **of, product=Shipped.SECURITY_360, started_at=ago, ended_at=clock.now()
    ).save()
    await tables.AutoReply(**of, enabled=False, subject="", body="").save()
    assert await ways(family) == []
    for product in (Shipped.SECURITY_ONLINE, Shipped.KIDS_FILTER):
        await tables.ServicePeriod(**of, product=product, started_at=ago).save()
    assert await ways(family) == ["security#security-online", "security#kids-filter"]
    await tables.MailAddress(**of, address="musuko@ucom.ne.jp", registered_at=ago).save()
    await tables.ServicePeriod(**of, product=Shipped.MAILBOX_10GB, started_at=ago).save()
    await tables.WebSpace(**of, name="musuko", registered_at=ago).save()
    await tables.Forwarding(**of, addresses=["a@example.com"], keep_copy=True).save()
    await database.rows("UPDATE auto_reply SET enabled = true, subject = 'x', body = 'y'")
    assert await ways(family) == [
        *("security#security-online", "security#kids-filter"),
        *("mailbox", "web-space", "forwarding", "auto-reply", "mail-address"),
    ]


@pytest.mark.slow
async def test_the_page_of_cancelling_leads_to_each_of_them_and_says_what_is_bought(
    taro: Browser, admin: Browser
) -> None:
    await confirmed(taro, f"{PATH}/security", f"{PATH}/security?product=kids-filter", agree="yes")
    await confirmed(taro, f"{PATH}/mailbox", agree="yes")
    for browser in (taro, admin):
        await browser.open("/cancellation")
        links = [str(link["href"]) for link in browser.page.select("[aria-labelledby=options] a")]
        assert links == [
            *(f"{PATH}/security#kids-filter", f"{PATH}/mailbox", f"{PATH}/mail-address"),
            *("/remote-support", "/accounts", "/hikari-denwa", "/gate-call-050"),
        ]
        assert "現在のご契約状態：購入済 メールサービスだけの解約はできません" in browser.text
        assert "arteri-an-002（有光 吉） やめることのできるオプションや設定は、ありません。" in browser.text
        for path in links:
            await browser.open(path)
            assert browser.answer.status_code == 200, path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "form"),
    [
        ("security", f"{PATH}/security?product=kids-filter&want=cancel"),
        ("mailbox", None),
        ("mail-address", None),
    ],
)
async def test_what_is_found_there_can_be_ended_there(taro: Browser, page: str, form: str | None) -> None:
    await confirmed(taro, f"{PATH}/security", f"{PATH}/security?product=kids-filter", agree="yes")
    await confirmed(taro, f"{PATH}/mailbox", agree="yes")
    before = len(await database.rows("SELECT 1 FROM service_period WHERE ended_at IS NULL"))
    typed = {"kind": "other", "address": "taro@example.com"} if page == "mail-address" else {}
    await confirmed(taro, f"{PATH}/{page}", form, agree="yes", **typed)
    after = len(await database.rows("SELECT 1 FROM service_period WHERE ended_at IS NULL"))
    assert before - after == (2 if page == "mail-address" else 1)


async def test_who_has_nothing_is_told_so(contractor: Browser, stranger: Browser) -> None:
    await contractor.open("/cancellation")
    assert contractor.text.count("やめることのできるオプションや設定は、ありません。") == 2
    assert contractor.text.count("現在のご契約状態：未購入") == 2


@pytest.mark.slow
async def test_a_deleted_admin_is_led_to_no_page_of_changes(taro: Browser, admin: Browser) -> None:
    await taro.open("/accounts/arteri-an-002/delete")
    await taro.submit()
    await taro.submit()
    await admin.open("/cancellation")
    assert not admin.page.select("main a[href^='/accounts/']")
