"""ご契約内容変更申請 and ご利用ガイド・規約ご請求: asked for by a member, sent by staff."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import asyncpg
import pytest

from app.domain import clock
from app.domain.people import papers
from app.postgres import database
from app.routes.people.papers import TITLES
from tests.browser import Browser


async def subjects() -> list[str]:
    return [row["subject"] for row in await database.rows("SELECT subject FROM outbox ORDER BY id")]


async def ask(browser: Browser, path: str, paper: str) -> None:
    await browser.open(path)
    await browser.submit(paper=paper)
    await browser.submit()
    assert browser.heading == f"{TITLES[path]}完了"


async def test_an_application_form_is_asked_for_and_confirmed(contractor: Browser) -> None:
    await contractor.open("/application")
    assert contractor.rows["送り先"] == "東京都港区芝公園0-0-0 レジデンス芝 101号室　有光 杏 様"
    await contractor.submit(paper="name")
    assert contractor.heading == "ご契約内容変更申請確認"
    assert contractor.rows["書類"] == "氏名・名義変更の申請書"
    assert contractor.rows["書類と送料"] == "料金はかかりません"
    assert await database.rows("SELECT 1 FROM paper_request") == []
    await contractor.submit()
    assert contractor.heading == "ご契約内容変更申請完了"
    assert "返信用封筒" in contractor.text
    (row,) = await database.rows("SELECT paper, account, done_at FROM paper_request")
    assert tuple(row) == ("name", None, None)
    assert await subjects() == ["【マイページ】書類のご請求を受け付けました"]


async def test_it_is_noted_which_account_id_asked_for_a_paper(admin: Browser) -> None:
    await ask(admin, "/application", "address")
    (row,) = await database.rows(
        "SELECT p.paper, a.login FROM paper_request p JOIN account a ON a.id = p.account"
    )
    assert tuple(row) == ("address", "arteri-an-002")


async def test_a_company_is_offered_no_form_about_a_birth_date(contractor: Browser) -> None:
    await contractor.open("/application")
    assert papers.APPLICATIONS[papers.OF_A_PERSON] in contractor.text
    await database.rows(
        "UPDATE contract SET holder_kind = 'company', company = '株式会社例示', company_kana = 'カブシキガイシャレイジ'"
    )
    await contractor.open("/application")
    assert papers.APPLICATIONS[papers.OF_A_PERSON] not in contractor.text
    await contractor.submit(paper=papers.OF_A_PERSON)
    assert contractor.reasons == ["書類を選んでください。"]


async def test_a_guide_is_asked_for_by_an_admin(admin: Browser) -> None:
    await ask(admin, "/guide-request", "guide")
    assert admin.rows["書類"] == "ご利用ガイド"
    assert "返信用封筒" not in admin.text


@pytest.mark.parametrize(
    ("path", "paper"), [("/application", ""), ("/application", "guide"), ("/guide-request", "name")]
)
async def test_what_the_page_does_not_offer_is_refused(contractor: Browser, path: str, paper: str) -> None:
    await contractor.open(path)
    await contractor.submit(paper=paper)
    assert contractor.reasons == ["書類を選んでください。"]


async def test_the_confirm_page_leads_back_to_what_was_chosen_in_two_round_trips(
    contractor: Browser, round_trips: list[str]
) -> None:
    await contractor.open("/guide-request")
    await contractor.submit(paper="terms")
    link = contractor.page.select_one("main .buttons a")
    assert link is not None
    round_trips.clear()
    await contractor.open(str(link["href"]))
    assert len(round_trips) == 2
    chosen = contractor.page.select_one("input[checked]")
    assert chosen is not None
    assert chosen["value"] == "terms"


async def test_the_page_of_gate_call_050_leads_to_its_papers(contractor: Browser) -> None:
    await contractor.open("/gate-call-050")
    for link in contractor.page.select("main ul.next a"):
        await contractor.open(str(link["href"]))
        chosen = contractor.page.select_one("input[checked]")
        assert chosen is not None
        assert str(chosen["value"]).startswith("gate-call-050-")


async def test_a_paper_on_its_way_is_not_sent_twice(contractor: Browser, admin: Browser) -> None:
    await contractor.open("/application")
    await contractor.submit(paper="name")
    await ask(admin, "/application", "name")
    await contractor.submit()  # the page of before
    assert contractor.answer.status_code == 422
    assert "すでにご請求を受け付け" in contractor.text
    await contractor.open("/application")
    assert contractor.page.select_one("input[value=name][disabled]")
    assert "発送の準備をしています。" in contractor.text
    await contractor.submit(paper="name")
    assert contractor.reasons == [papers.already("name")]


async def test_staff_lists_what_waits_and_notes_what_was_sent(contractor: Browser) -> None:
    await ask(contractor, "/application", "name")
    await ask(contractor, "/guide-request", "terms")
    first, second = await papers.waiting()
    assert (first.customer_number, first.name) == ("90000000000000", "氏名・名義変更の申請書")
    assert first.sent_to.startswith("東京都港区")
    async with database.engine().transaction():
        await papers.done(first.id)
    assert [request.id for request in await papers.waiting()] == [second.id]
    assert (await subjects())[-1] == "【マイページ】ご請求の書類を発送しました"
    async with database.engine().transaction():
        with pytest.raises(papers.NotWaiting):
            await papers.done(first.id)
    await ask(contractor, "/application", "name")  # it may be needed again


# --- how far a paper has come ------------------------------------------------------------------------------------------

Step = Callable[[int], Awaitable[None]]
JANUARY = datetime.fromisoformat("2026-01-10T12:00+09:00")


async def take(step: Step, identity: int, days: int = 0) -> None:
    """Staff notes a step, so many days after the tenth of January."""
    clock.start_at(JANUARY + timedelta(days=days))
    async with database.engine().transaction():
        await step(identity)


async def newest() -> int:
    found = await database.rows("SELECT max(id) AS id FROM paper_request")
    return int(found[0]["id"])


def progress(browser: Browser) -> dict[str, list[str]]:
    """By its name for whoever hears it, each list of steps with what is said of them, * before the current one."""
    return {
        str(steps["aria-label"]): [
            f"{'*' if step.get('aria-current') == 'step' else ''}{step.get_text(' ', strip=True)}"
            for step in steps.select("li")
        ]
        for steps in browser.page.select("main ol.progress")
    }


async def look(browser: Browser, path: str) -> dict[str, list[str]]:
    await browser.open(path)
    assert browser.answer.status_code == 200
    return progress(browser)


async def goes_on() -> None:
    """Her session goes on, whatever the clock shows."""
    now = clock.now()
    await database.rows("UPDATE session SET opened_at = $1, seen_at = $1, proved_at = $1", now)


@pytest.fixture
async def in_january(contractor: Browser) -> Browser:
    """有光 杏 on the tenth of January 2026."""
    clock.start_at(JANUARY)
    await goes_on()
    return contractor


@pytest.mark.slow
async def test_a_form_is_followed_from_its_request_to_what_it_changes_on_the_page_and_the_receipt(
    in_january: Browser,
) -> None:
    name = "2026/01/10にご請求の氏名・名義変更の申請書の状況"
    assert await look(in_january, "/application") == {}
    await ask(in_january, "/application", "name")
    receipt, identity = in_january.path, await newest()
    later = ["受領 これから", "反映 これから"]
    known = ["*受付 2026/01/10 現在", "発送 これから", *later]
    assert progress(in_january) == {"書類の状況": known}
    steps: list[tuple[Step, list[str]]] = [
        (papers.done, ["受付 2026/01/10", "*発送 2026/01/12 現在", *later]),
        (papers.received, ["受付 2026/01/10", "発送 2026/01/12", "*受領 2026/01/14 現在", later[1]]),
        (
            papers.entered,
            ["受付 2026/01/10", "発送 2026/01/12", "受領 2026/01/14", "*反映 2026/01/16 現在"],
        ),
    ]
    for number, (step, known) in enumerate(steps, 1):
        await take(step, identity, 2 * number)
        await goes_on()
        assert await look(in_january, "/application") == {name: known}
        assert await look(in_january, receipt) == {"書類の状況": known}


@pytest.mark.slow
async def test_a_guide_is_only_sent(in_january: Browser) -> None:
    await ask(in_january, "/guide-request", "terms")
    assert progress(in_january) == {"書類の状況": ["*受付 2026/01/10 現在", "発送 これから"]}
    await take(papers.done, await newest(), 1)
    await goes_on()
    (steps,) = (await look(in_january, "/guide-request")).values()
    assert steps == ["受付 2026/01/10", "*発送 2026/01/11 現在"]
    for step in (papers.received, papers.entered):
        with pytest.raises(papers.NotWaiting):
            await take(step, await newest())


@pytest.mark.slow
async def test_each_page_shows_its_own_papers_and_those_that_end_something_stand_by_the_cancellation(
    in_january: Browser,
) -> None:
    for paper in ("gate-call-050-application", "gate-call-050-cancellation", "name"):
        await ask(in_january, "/application", paper)
    await ask(in_january, "/guide-request", "guide")
    shown = {}
    for path in ("/application", "/guide-request", "/cancellation", "/gate-call-050"):
        shown[path] = [
            label.split("ご請求の")[1].removesuffix("の状況") for label in await look(in_january, path)
        ]
    assert shown == {
        "/application": ["氏名・名義変更の申請書", "GATE CALL050 解約申請書", "GATE CALL050 申込書"],
        "/guide-request": ["ご利用ガイド"],
        "/cancellation": ["GATE CALL050 解約申請書"],
        "/gate-call-050": ["GATE CALL050 解約申請書", "GATE CALL050 申込書"],
    }


async def test_another_contract_sees_nothing_of_it(contractor: Browser, stranger: Browser) -> None:
    await ask(contractor, "/application", "name")
    receipt = contractor.path
    assert await look(stranger, "/application") == {}
    await stranger.open(receipt)
    assert stranger.answer.status_code == 404


@pytest.mark.slow
async def test_receipts_of_two_requests_show_each_its_own(in_january: Browser) -> None:
    await ask(in_january, "/application", "name")
    first, identity = in_january.path, await newest()
    await ask(in_january, "/application", "address")
    await take(papers.done, identity)
    await goes_on()
    second = in_january.path
    assert [
        len([one for one in steps if "これから" in one]) for steps in (await look(in_january, first)).values()
    ] == [2]
    assert [
        len([one for one in steps if "これから" in one])
        for steps in (await look(in_january, second)).values()
    ] == [3]


@pytest.mark.slow
async def test_a_paper_is_shown_for_90_days_after_its_last_step_and_one_that_waits_for_ever(
    in_january: Browser,
) -> None:
    await ask(in_january, "/application", "name")
    await take(papers.done, await newest(), 1)
    await goes_on()
    await ask(in_january, "/application", "address")
    of_90_days = timedelta(days=1) + papers.SHOWN
    minute = timedelta(minutes=1)
    for after, left in ((of_90_days - minute, 2), (of_90_days + minute, 1), (10 * papers.SHOWN, 1)):
        clock.start_at(JANUARY + after)
        await goes_on()
        assert len(await look(in_january, "/application")) == left, after
    assert in_january.page.select_one("input[value=address][disabled]")
    assert timedelta(days=90) == papers.SHOWN


@pytest.mark.slow
async def test_a_form_that_came_back_late_is_shown_for_90_days_after_that(in_january: Browser) -> None:
    await ask(in_january, "/application", "name")
    await take(papers.done, await newest(), 1)
    await take(papers.received, await newest(), 80)
    for days, left in ((169, 1), (171, 0)):
        clock.start_at(JANUARY + timedelta(days=days))
        await goes_on()
        assert len(await look(in_january, "/application")) == left


@pytest.mark.parametrize("path", ["/application", "/guide-request", "/cancellation", "/gate-call-050"])
async def test_each_page_takes_two_round_trips(
    contractor: Browser, round_trips: list[str], path: str
) -> None:
    await ask(contractor, "/application", "gate-call-050-cancellation")
    round_trips.clear()
    await contractor.open(path)
    assert len(round_trips) == 2


async def test_staff_takes_one_step_after_the_other_each_once_and_told_by_mail(contractor: Browser) -> None:
    await ask(contractor, "/application", "name")
    identity = await newest()
    for step in (papers.received, papers.entered):
        with pytest.raises(papers.NotWaiting):
            await take(step, identity)
    told = ["ご請求の書類を発送しました", "ご記入の書類を受け取りました", "書類によるお手続きが完了しました"]
    for step, subject, left in zip(
        (papers.done, papers.received, papers.entered), told, (1, 1, 0), strict=True
    ):
        await take(step, identity)
        assert (await subjects())[-1] == f"【マイページ】{subject}"
        assert [one.id for one in await papers.sent()] == [identity] * left
        with pytest.raises(papers.NotWaiting):
            await take(step, identity)
    assert len(await subjects()) == 4


async def test_a_clock_that_was_set_back_does_not_turn_the_steps_round(contractor: Browser) -> None:
    await ask(contractor, "/application", "name")
    for number, step in enumerate((papers.done, papers.received, papers.entered)):
        await take(step, await newest(), -number)
    (row,) = await database.rows("SELECT asked_at, done_at, received_at, entered_at FROM paper_request")
    assert len(set(row)) == 1


@pytest.mark.parametrize(
    "steps",
    [
        "received_at = asked_at",
        "done_at = asked_at, received_at = asked_at - interval '1 second'",
        "done_at = asked_at, entered_at = asked_at",
        "entered_at = asked_at",
        "done_at = asked_at, received_at = asked_at, entered_at = asked_at - interval '1 second'",
    ],
)
async def test_the_database_refuses_steps_that_are_not_in_order(contractor: Browser, steps: str) -> None:
    await ask(contractor, "/application", "name")
    with pytest.raises(asyncpg.CheckViolationError):
        await database.rows(f"UPDATE paper_request SET {steps}")
    await database.rows(
        "UPDATE paper_request SET done_at = asked_at, received_at = asked_at, entered_at = asked_at"
    )
