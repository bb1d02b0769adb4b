"""ご解約 without a phone: asked for in writing, with its moment and what it costs at most."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from app.domain import clock
from app.domain.people import line_cancellation, papers
from app.postgres import database
from tests.browser import Browser

NOW = datetime(2026, 1, 20, 10, 0, tzinfo=clock.TOKYO)


async def bought(*products: str, at: datetime) -> None:
    await database.rows(
        "INSERT INTO service_period (contract, product, started_at)"
        " SELECT c.id, product, $2 FROM contract c, unnest($1::text[]) AS product WHERE customer_number = '90000000000000'",
        list(products),
        at,
    )


async def ask(browser: Browser, wanted: str) -> None:
    await browser.open("/cancellation")
    await browser.submit("/cancellation", wanted_on=wanted)
    if browser.heading == "パスワードの確認":
        await browser.prove("demo01")


@pytest.mark.slow
async def test_a_line_is_cancelled_in_writing_with_what_it_costs_at_most(contractor: Browser) -> None:
    clock.start_at(NOW)
    await bought("mail-web", at=NOW - timedelta(days=60))
    await bought("remote-support", at=NOW - timedelta(days=1))
    await ask(contractor, "2026-03-10")
    assert contractor.heading == "インターネット回線の解約のお申し出確認"
    most = contractor.rows["オプションサービスの料金（最大）"]
    # リモートサポート is in its free month in January, and ends in March.
    assert most.split() == (
        [
            "2026年1月分",
            "275円",
            "2026年2月分",
            "825円",
            "2026年3月分",
            "825円",
            "合計",
            "1,925円（税込、日割りなし）",
        ]
    )
    assert contractor.rows["2026年4月分からの料金"] == "かかりません"
    await contractor.submit()
    assert contractor.heading == "インターネット回線の解約のお申し出受付完了"
    assert contractor.rows["受付日時"].startswith("2026/01/20 10:")
    assert "まだ解約は完了していません。" in contractor.text
    (row,) = await database.rows("SELECT paper, wanted_on, asked_at FROM paper_request")
    assert (row["paper"], row["wanted_on"]) == ("line-cancellation", date(2026, 3, 10))
    mails = await database.rows("SELECT subject, body FROM outbox ORDER BY id")
    assert "合計 1,925円（税込、日割りなし）" in mails[-1]["body"]
    assert "受付日時：2026/01/20 10:" in mails[-1]["body"]
    (waiting,) = await papers.waiting()
    assert waiting.name == "インターネット回線の解約の書類（ご希望の解約日 2026/03/10）"


async def test_what_ends_in_its_free_month_is_charged_for_it(contractor: Browser) -> None:
    clock.start_at(NOW)
    await bought("remote-support", at=NOW - timedelta(days=1))
    await ask(contractor, "2026-01-31")
    assert "合計 550円" in contractor.rows["オプションサービスの料金（最大）"].replace("\n", " ")


@pytest.mark.slow
async def test_a_second_request_is_not_taken_and_the_page_says_how_far_the_first_has_come(
    contractor: Browser, admin: Browser
) -> None:
    wanted = f"{clock.today() + timedelta(days=30)}"
    await ask(admin, wanted)
    if admin.heading == "パスワードの確認":
        await admin.prove("abc12345")
    await ask(contractor, wanted)
    await contractor.submit()
    await contractor.open("/cancellation")
    assert not contractor.page.select("main form")
    assert "解約のお申し出を受け付けています。" in contractor.text
    assert "インターネット回線の解約の書類" in contractor.text
    await admin.submit()
    assert line_cancellation.ALREADY in admin.text
    assert len(await database.rows("SELECT 1 FROM paper_request")) == 1


@pytest.mark.parametrize(
    ("days", "reason"),
    [
        (-1, "今日から後の日付を入力してください。"),
        (181, "180日後までの日付を入力してください。"),
        (0, ""),
        (180, ""),
    ],
)
async def test_the_day_is_from_today_on_and_not_too_far_away(
    contractor: Browser, days: int, reason: str
) -> None:
    await contractor.open("/cancellation")
    await contractor.submit("/cancellation", wanted_on=f"{clock.today() + timedelta(days=days)}")
    assert contractor.reasons == ([reason] if reason else [])


async def test_a_day_that_has_passed_since_is_refused(contractor: Browser) -> None:
    clock.start_at(NOW.replace(hour=23, minute=50))
    await ask(contractor, "2026-01-20")
    clock.start_at(NOW.replace(hour=23, minute=50) + timedelta(minutes=15))
    await contractor.submit()
    assert "今日から後の日付を入力してください。" in contractor.text
    assert await database.rows("SELECT 1 FROM paper_request") == []


async def test_a_user_role_may_not_end_the_line(family_user: Browser) -> None:
    answer = await family_user.post("/cancellation", data={"wanted_on": "2026-03-10"})
    assert answer.status_code == 403


@pytest.mark.parametrize("paper", ["disclosure", "correction", "suspension", "hikari-denwa-cancellation"])
async def test_the_forms_that_the_law_asks_for_can_be_had(contractor: Browser, paper: str) -> None:
    await contractor.open("/application")
    await contractor.submit(paper=paper)
    assert contractor.rows["書類"] == papers.NAMES[paper]
    assert papers.LINE not in {str(field["value"]) for field in contractor.page.select("input[name=paper]")}
