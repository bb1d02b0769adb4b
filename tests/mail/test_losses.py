"""What goes with a UCOM address, in words."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain import clock, tables
from app.domain.access.graph import Account
from app.domain.mail import losses
from app.postgres import database
from tests import households
from tests.browser import Browser
from tests.households import Household
from tests.mail.steps import confirmed

GIGABYTE = 1 << 30


async def sons(family: Household) -> Account:
    return (await households.log_in(family.contract)).account(family.sons_login)


@pytest.mark.parametrize(
    ("reported", "words"),
    [
        (None, "使用量は不明"),
        (0, "使用量 0MB"),
        (1, "使用量 1MB未満"),
        ((1 << 20) - 1, "使用量 1MB未満"),
        (1 << 20, "使用量 約1MB"),
        (GIGABYTE - 1, "使用量 約1023MB"),
        (GIGABYTE, "使用量 約1.0GB"),
        (10 * GIGABYTE, "使用量 約10.0GB"),
    ],
)
async def test_the_size_is_said_where_the_mail_system_tells_it(
    empty_database: str, reported: int | None, words: str
) -> None:
    family = await households.rich_household("family")
    box = tables.Mailbox(contract=family.contract, account=family.son, opened_at=clock.now())
    await box.save()
    if reported is not None:
        await database.rows(
            "INSERT INTO mail_state_v1.quota_usage (mailbox, bytes, messages) VALUES ($1, $2, 1)",
            box.id,
            reported,
        )
    assert losses.used(await sons(family)) == words


async def test_everything_that_there_is_gets_a_row_and_nothing_else_does(empty_database: str) -> None:
    family = await households.rich_household("family")
    of: dict[str, Any] = {"contract": family.contract, "account": family.son}
    box = tables.Mailbox(**of, opened_at=clock.now())
    await box.save()
    assert [row.label for row in losses.of_address(await sons(family))] == [
        "失われるメール",
        "二度と登録できないメールアドレス",
        "なくなるホームページ",
    ]
    await tables.Forwarding(**of, addresses=["a@example.com", "b@example.com"], keep_copy=True).save()
    await tables.AutoReply(**of, enabled=True, subject="不在", body="入院しています。").save()
    secret: dict[str, Any] = {"selector": "a" * 8, "hint": "abc", "hash": f"{'A' * 107}="}
    await tables.AppPassword(
        **of, **secret, mailbox=box.id, slot=1, name="電話", made_at=clock.now(), used_over=""
    ).save()
    rows = {row.label: row.value for row in losses.of_address(await sons(family))}
    assert rows["止まるメール転送"] == "2件の転送先への転送"
    assert rows["失われる自動返信"] == "利用中の自動返信と、その件名と本文"
    assert rows["使えなくなるメールソフト用パスワード"] == "1個"
    assert not [value for value in rows.values() if "example.com" in value or "入院" in value]
    await tables.AutoReply.update({tables.AutoReply.enabled: False}, force=True)
    rows = {row.label: row.value for row in losses.of_address(await sons(family))}
    assert rows["失われる自動返信"] == "その件名と本文"
    bare = await households.new_household("bare")
    assert losses.of_address(await sons(bare)) == []


@pytest.mark.slow
async def test_the_change_to_another_company_says_it_on_every_page_and_in_the_mail(taro: Browser) -> None:
    await confirmed(taro, "/accounts/arteri-an-001/web-space", space="taro.home")
    await taro.open("/accounts/arteri-an-001/mail-address")
    wanted = {
        "失われるメール": "保存されているメールすべて（使用量は不明）",
        "二度と登録できないメールアドレス": "hikari.taro@s2.spaaqs.ne.jp",
    }
    typed = {"kind": "other", "address": "taro@example.com", "agree": "yes"}
    for press in (typed, {}, None):
        assert wanted.items() <= taro.rows.items()
        assert "taro.home/" in taro.rows["なくなるホームページ"]
        if press is not None:
            await taro.submit(**press)
    (mail,) = await database.rows("SELECT body FROM outbox WHERE recipient = 'taro@example.com'")
    assert "なくなるホームページ：https://home.s2.spaaqs.ne.jp/taro.home/" in mail["body"]


@pytest.mark.slow
async def test_a_smaller_box_and_fewer_targets_say_what_they_take_away(taro: Browser) -> None:
    await confirmed(taro, "/accounts/arteri-an-001/mailbox", agree="yes")
    await taro.open("/accounts/arteri-an-001/mailbox")
    await taro.submit(agree="yes")
    assert "使用量が1GBに達すると、新しいメールを受け取れません" in taro.text
    path, both = (
        "/accounts/arteri-an-001/forwarding",
        {"address_1": "a@example.com", "address_2": "b@example.com"},
    )
    await confirmed(taro, path, consent="yes", **both)
    await taro.open(path)
    await taro.submit(consent="yes", address_1="")
    assert "次の転送先には、転送しなくなります：a@example.com" in taro.text
    await taro.open(path)
    await taro.submit(consent="yes", address_3="c@example.com")
    assert "転送しなくなります" not in taro.text
