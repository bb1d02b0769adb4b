"""Webスペース (spec 8): registered, deleted, and what it does to the mail service."""

from __future__ import annotations

import re

import pytest

from app.domain.mail import web_space
from app.postgres import database
from tests.browser import Browser
from tests.households import sign_in
from tests.mail.steps import buy, confirmed, get_address, mails, open_periods, use_other


@pytest.mark.slow
async def test_a_web_space_is_registered_and_deleted_and_its_name_is_gone(taro: Browser) -> None:
    path = "/accounts/arteri-an-001/web-space"
    await confirmed(taro, path, space="hikari")
    assert taro.rows["ホームページアドレス"] == "https://home.s2.spaaqs.ne.jp/hikari/"
    await confirmed(taro, path)
    assert taro.heading == "Webスペース削除完了"
    await taro.open(path)
    await taro.submit(space="hikari")
    assert taro.reasons == [web_space.TAKEN]
    assert await open_periods() == ["mail-web"]


@pytest.mark.slow
async def test_what_the_end_of_the_mail_service_costs_stays_on_the_receipt_and_in_the_mail(
    visitor: Browser,
) -> None:
    await database.rows("UPDATE contract SET mail_product = 'mail_pack'")
    await sign_in(visitor, "customer", "90000000000000")
    await get_address(visitor, "arteri-an-001", "hikari.pack")
    await buy(visitor)
    path = "/accounts/arteri-an-001/web-space"
    for taken in ("hikari-a", "hikari-b"):
        await confirmed(visitor, path, space=taken)
        assert "円" not in (await mails())[-1]["body"]
        await visitor.open(path)
        await visitor.submit()
        costs = visitor.rows["メールパック"]
        assert re.search("料金：[0-9]+円（税込、日割りなし", costs)
        await visitor.submit()
        assert visitor.heading == "Webスペース削除完了"
        assert visitor.rows["メールパック"] == costs
        body = (await mails())[-1]["body"]
        assert "円（税込、日割りなし" in body
        assert await open_periods() == []
        await buy(visitor)
    assert "に解約した分" in costs


@pytest.mark.slow
async def test_a_web_space_that_remains_keeps_the_mail_service(taro: Browser) -> None:
    await get_address(taro, "arteri-an-002", "hikari.jiro")
    await confirmed(taro, "/accounts/arteri-an-002/web-space", space="jiro")
    await use_other(taro, "arteri-an-001", "x@example.com")
    assert await open_periods() == ["mail-web"]
    await use_other(taro, "arteri-an-002", "y@example.com")
    assert await open_periods() == []
    assert (await database.rows("SELECT released_at FROM web_space"))[0]["released_at"] is not None
