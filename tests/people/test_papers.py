"""ご契約内容変更申請 and ご利用ガイド・規約ご請求: asked for by a member, sent by staff."""

from __future__ import annotations

import pytest

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
