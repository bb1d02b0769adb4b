"""自動返信 (spec 8)."""

from __future__ import annotations

import pytest

from app.postgres import database
from tests.browser import Browser
from tests.mail.steps import confirmed


async def test_an_auto_reply_is_set_and_keeps_its_text_when_it_is_off(taro: Browser) -> None:
    path = "/accounts/arteri-an-001/auto-reply"
    await confirmed(
        taro,
        path,
        consent="yes",
        enabled="on",
        subject="不在です",
        body='一行目\r\n"二"行目\\',
        starts_on="2026-12-28",
        ends_on="2027-01-03",
    )
    assert taro.rows["期間"] == "2026/12/28 から 2027/01/03 まで"
    await taro.open(path)
    assert taro.form().select_one("input[name=subject]")["value"] == "不在です"  # type: ignore[index]
    await taro.submit(consent="yes", enabled="off")
    await taro.submit()
    row = (await database.rows("SELECT enabled, subject, body FROM auto_reply"))[0]
    assert (row["enabled"], row["subject"], row["body"]) == (False, "不在です", '一行目\n"二"行目\\')


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"enabled": "on"}, "件名"),
        ({"enabled": "on", "subject": "あ" * 101, "body": "x"}, "件名は100文字以内"),
        ({"enabled": "on", "subject": "a", "body": "あ" * 1001}, "本文は1,000文字以内"),
        ({"enabled": "on", "subject": "a\bBcc: x", "body": "x"}, "使えない文字"),
        ({"enabled": "on", "subject": "a", "body": "x", "starts_on": "2026-02-30"}, "この日付はありません"),
        ({"enabled": "on", "subject": "a", "body": "x", "ends_on": "明日"}, "2026-01-10 のように"),
        (
            {
                "enabled": "on",
                "subject": "a",
                "body": "x",
                "starts_on": "2026-02-02",
                "ends_on": "2026-02-01",
            },
            "終了日",
        ),
        ({"enabled": "maybe"}, "選んでください"),
    ],
)
async def test_a_wrong_auto_reply_is_told_at_its_field(
    taro: Browser, typed: dict[str, str], field: str
) -> None:
    await taro.open("/accounts/arteri-an-001/auto-reply")
    await taro.submit(consent="yes", **typed)
    assert taro.answer.status_code == 422
    assert any(field in reason for reason in taro.reasons)


async def test_a_text_of_emoji_is_kept_whole(taro: Browser) -> None:
    subject, body = "👨‍👩‍👧‍👦" * 100, "👩🏻‍❤️‍💋‍👨🏿" * 300
    await confirmed(
        taro, "/accounts/arteri-an-001/auto-reply", consent="yes", enabled="on", subject=subject, body=body
    )
    (row,) = await database.rows("SELECT subject, body FROM auto_reply")
    assert (row["subject"], row["body"]) == (subject, body)
