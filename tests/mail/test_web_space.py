"""Webスペース (spec 8): registered, deleted, and what it does to the mail service."""

from __future__ import annotations

from app.domain.mail import web_space
from app.postgres import database
from tests.browser import Browser
from tests.mail.steps import confirmed, get_address, open_periods, use_other


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


async def test_a_web_space_that_remains_keeps_the_mail_service(taro: Browser) -> None:
    await get_address(taro, "arteri-an-002", "hikari.jiro")
    await confirmed(taro, "/accounts/arteri-an-002/web-space", space="jiro")
    await use_other(taro, "arteri-an-001", "x@example.com")
    assert await open_periods() == ["mail-web"]
    await use_other(taro, "arteri-an-002", "y@example.com")
    assert await open_periods() == []
    assert (await database.rows("SELECT released_at FROM web_space"))[0]["released_at"] is not None
