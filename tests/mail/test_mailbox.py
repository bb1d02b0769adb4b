"""メールボックス容量変更, and what every page says to whoever has no mailbox (spec 7)."""

from __future__ import annotations

import pytest

from app.domain.mail import mailbox
from app.postgres import database
from tests.browser import Browser
from tests.mail.steps import confirmed, open_periods


async def test_a_mailbox_is_missed_and_the_address_of_another_company_told(contractor: Browser) -> None:
    await contractor.open("/accounts/arteri-an-002/mailbox")
    assert contractor.rows["メールアドレス"] == "arteri-kichi@mail.example.com"
    await contractor.open("/?open=arteri-an-002")
    assert contractor.text.count("UCOM光のメールアドレスが必要です") == 4


@pytest.mark.slow
async def test_the_box_grows_to_10_gb_for_a_fee_and_back(taro: Browser) -> None:
    await confirmed(taro, "/accounts/arteri-an-001/mailbox", agree="yes")
    assert taro.rows["メールボックス容量"] == "10GB"
    await taro.open("/?open=arteri-an-001")
    assert taro.page.select_one("main details")
    assert "10GB" in taro.text
    await confirmed(taro, "/accounts/arteri-an-001/mailbox", agree="yes")
    assert taro.rows["メールボックス容量"] == "1GB"
    assert await open_periods() == ["mail-web"]


@pytest.mark.parametrize("page", ["mailbox", "forwarding", "auto-reply", "web-space", "mail-passwords"])
async def test_without_an_address_of_ours_each_page_says_what_is_needed(
    contractor: Browser, page: str
) -> None:
    await contractor.open(f"/accounts/arteri-an-001/{page}")
    assert mailbox.NO_ADDRESS in contractor.text
    assert contractor.page.select('main a[href="/accounts/arteri-an-001/mail-address"]')
    assert not contractor.page.select("main form")


@pytest.mark.slow
async def test_a_box_with_more_than_1_gb_in_it_does_not_shrink(taro: Browser) -> None:
    path = "/accounts/arteri-an-001/mailbox"
    await confirmed(taro, path, agree="yes")
    await taro.open(path)
    await taro.submit(agree="yes")
    confirm, token = taro.path, str(taro.form().select("input")[0]["value"])
    await database.rows(
        "INSERT INTO mail_state_v1.quota_usage (mailbox, bytes, messages)"
        " SELECT id, 1073741825, 9 FROM mailbox WHERE retired_at IS NULL"
    )
    await taro.open(path)
    assert mailbox.IN_USE.format(size="1GB") in taro.text
    await taro.press(confirm, {"csrf_token": token})
    assert taro.answer.status_code == 422
    assert mailbox.IN_USE.format(size="1GB") in taro.text
    await database.rows("UPDATE mail_state_v1.quota_usage SET bytes = 1073741824")
    await confirmed(taro, path, agree="yes")
    assert taro.rows["メールボックス容量"] == "1GB"
