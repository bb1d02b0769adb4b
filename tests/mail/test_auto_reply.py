"""自動返信 (spec 8)."""

from __future__ import annotations

from datetime import datetime

import pytest

from app.domain import clock
from app.postgres import database
from tests.browser import Browser
from tests.mail.steps import confirmed


@pytest.mark.slow
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
        ({"enabled": "on", "subject": "a", "body": "x", "ends_on": "明日"}, "2026/01/10 のように"),
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


@pytest.mark.slow
async def test_a_text_of_emoji_is_kept_whole(taro: Browser) -> None:
    subject, body = "👨‍👩‍👧‍👦" * 100, "👩🏻‍❤️‍💋‍👨🏿" * 300
    await confirmed(
        taro, "/accounts/arteri-an-001/auto-reply", consent="yes", enabled="on", subject=subject, body=body
    )
    (row,) = await database.rows("SELECT subject, body FROM auto_reply")
    assert (row["subject"], row["body"]) == (subject, body)


PATH = "/accounts/arteri-an-001/auto-reply"
OUTSIDE = "期間外"
SET = {"consent": "yes", "enabled": "on", "subject": "不在です", "body": "x"}


async def where_it_stands(browser: Browser) -> tuple[str, str]:
    """The row of the accordion, and what the page says of today."""
    await browser.open("/?open=arteri-an-001")
    row = browser.rows["自動返信"]
    await browser.open(PATH)
    assert browser.rows["現在の設定"] == row
    notice = browser.page.select_one("main .notice.warning")
    return row, notice.get_text(" ", strip=True) if notice else ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("now", "why"),
    [
        ("2026-12-27T23:59:59+09:00", "まだ返信していません。2026/12/28から返信します。"),
        ("2026-12-28T00:00:00+09:00", ""),
        ("2027-01-03T23:59:59+09:00", ""),
        ("2027-01-04T00:00:00+09:00", "2027/01/03で期間が終わったため、返信していません。"),
    ],
)
async def test_accordion_and_page_show_the_period_and_whether_today_in_japan_lies_in_it(
    taro: Browser, now: str, why: str
) -> None:
    await confirmed(taro, PATH, **SET, starts_on="2026-12-28", ends_on="2027-01-03")
    clock.start_at(datetime.fromisoformat(now))
    await database.rows("UPDATE session SET opened_at = $1, seen_at = $1", clock.now())
    period = "利用する\u30002026/12/28 から 2027/01/03 まで"
    said = f"{OUTSIDE} {why}" if why else ""
    assert await where_it_stands(taro) == (f"{period} {OUTSIDE}" if why else period, said)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "row"),
    [
        ({}, "利用する"),
        ({"starts_on": "2020-01-01"}, "利用する\u30002020/01/01 から 終了日の指定なし"),
        ({"ends_on": "2020-01-01"}, f"利用する\u3000すぐに開始、2020/01/01 まで {OUTSIDE}"),
        ({"ends_on": "2020-01-01", "enabled": "off"}, "利用しない"),
    ],
)
async def test_only_what_is_set_and_switched_on_is_shown(
    taro: Browser, typed: dict[str, str], row: str
) -> None:
    await confirmed(taro, PATH, **{**SET, **typed})
    assert (await where_it_stands(taro))[0] == row


@pytest.mark.slow
async def test_without_an_auto_reply_there_is_no_period(taro: Browser) -> None:
    assert await where_it_stands(taro) == ("利用しない", "")
