"""障害情報 and メンテナンス情報: the lists, and the banner on every page."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.notices import notices
from tests.browser import Browser
from tests.notices.filed import load, notice


def banners(browser: Browser) -> list[str]:
    """What the banners say, with the word of their severity."""
    return [bar.get_text("", strip=True) for bar in browser.page.select("#banners .bar p")]


async def close(browser: Browser, title: str) -> None:
    """Press the 閉じる of that banner."""
    for bar in browser.page.select("#banners .bar"):
        if title in bar.get_text():
            filled = {str(field["name"]): str(field["value"]) for field in bar.select("input")}
            await browser.press("/notices/dismiss", filled)
            return
    raise AssertionError(f"no banner {title}")


async def test_a_kind_lists_current_coming_and_past_ones_in_words(
    contractor: Browser, tmp_path: Path
) -> None:
    await load(
        tmp_path,
        notice("いま", severity="critical", end=None, buildings=["B001", "B002"]),
        notice("これから", start=24, end=25, severity="warning"),
        notice("さきおととい", start=-72, end=-71),
        notice("別の種類", kind="maintenance"),
    )
    await contractor.open("/notices/outage")
    assert [heading.get_text(" ", strip=True) for heading in contractor.page.select("h2, h3")] == [
        *("現在のお知らせ", "重大 いま"),
        *("これからの予定", "注意 これから"),
        *("過去のお知らせ", "お知らせ さきおととい"),
        "まもなく自動的にログアウトします",
    ]
    assert "終了の見込みは未定です" in contractor.text
    assert "対象の建物 お客様の建物" in contractor.text
    assert "別の種類" not in contractor.text
    await contractor.open("/notices/maintenance")
    assert "別の種類" in contractor.text
    await contractor.open("/notices")
    kinds = [row.select("dd")[0].get_text() for row in contractor.page.select("article")]
    assert sorted(kinds) == ["メンテナンス情報", "障害情報", "障害情報", "障害情報"]
    assert (await contractor.get("/notices/news")).status_code == 404


async def test_other_buildings_are_not_the_members_matter(contractor: Browser, tmp_path: Path) -> None:
    await load(tmp_path, notice("隣の建物", buildings=["B999"]), notice("この建物", buildings=["B001"]))
    await contractor.open("/notices/outage")
    assert banners(contractor) == ["お知らせこの建物"]
    assert "隣の建物" not in contractor.page.get_text()


@pytest.mark.slow
async def test_past_notices_are_paged(contractor: Browser, tmp_path: Path) -> None:
    many = notices.PAGE + 1
    await load(
        tmp_path, *(notice(f"過去{n:02}", start=-100 - n, end=-99 - n) for n in range(many)), notice("いま")
    )
    await contractor.open("/notices/outage")
    assert "過去19" in contractor.text
    assert "過去20" not in contractor.text
    older = contractor.page.select_one("main ul.next a")
    assert older is not None
    await contractor.open(str(older["href"]))
    assert [heading.get_text(" ", strip=True) for heading in contractor.page.select("h3")] == [
        "お知らせ 過去20"
    ]
    for odd in ("0", "-1", "x", "99999", "９"):
        await contractor.open(f"/notices/outage?page={odd}")
        assert contractor.answer.status_code == 200
        assert "いま" in contractor.text


@pytest.mark.slow
async def test_a_current_notice_is_a_banner_on_every_page_of_every_role(
    contractor: Browser, family_user: Browser, tmp_path: Path
) -> None:
    await load(
        tmp_path,
        notice("お知らせ"),
        notice("緊急", severity="critical", kind="maintenance"),
        notice("過去", start=-3, end=-1),
        notice("未来", start=1, end=3),
    )
    for browser in (contractor, family_user):
        for path in ("/", "/changes", "/nowhere", "/contact"):
            await browser.open(path)
            assert banners(browser) == ["重大緊急", "お知らせお知らせ"]
    link = contractor.page.select_one("#banners a")
    assert link is not None
    await contractor.open(str(link["href"]))
    assert contractor.page.select_one(f"#{str(link['href']).partition('#')[2]}")


async def test_nobody_who_is_not_logged_in_sees_a_banner(visitor: Browser, tmp_path: Path) -> None:
    await load(tmp_path, notice("緊急", severity="critical"))
    await visitor.open("/login")
    assert banners(visitor) == []


@pytest.mark.slow
async def test_a_banner_is_closed_for_this_session_and_leads_back(
    contractor: Browser, admin: Browser, tmp_path: Path
) -> None:
    await load(tmp_path, notice("一つ目"), notice("二つ目"))
    await contractor.open("/changes?kind=")
    await close(contractor, "一つ目")
    assert contractor.path == "/changes?kind="
    assert banners(contractor) == ["お知らせ二つ目"]
    await contractor.open("/")
    await close(contractor, "二つ目")
    assert banners(contractor) == []
    await admin.open("/")
    assert len(banners(admin)) == 2
    await contractor.submit("/logout")
    await contractor.log_in("customer", "90000000000000", "demo01")
    assert len(banners(contractor)) == 2


async def test_a_banner_is_closed_in_place_by_htmx(contractor: Browser, tmp_path: Path) -> None:
    await load(tmp_path, notice("一つ目"), notice("二つ目"))
    await contractor.open("/")
    form = contractor.page.select_one("#banners form")
    assert form is not None
    body = {str(field["name"]): str(field["value"]) for field in form.select("input")}
    sent = {"HX-Request": "true", "Sec-Fetch-Site": "same-origin"}
    answer = await contractor.post("/notices/dismiss", data=body, headers=sent)
    assert answer.status_code == 200
    assert 'data-announce="お知らせを閉じました。"' in answer.text
    assert ("一つ目" in answer.text) != ("二つ目" in answer.text)
    assert "<h1" not in answer.text


async def test_an_urgent_banner_cannot_be_closed(contractor: Browser, tmp_path: Path) -> None:
    await load(tmp_path, notice("緊急", severity="critical"))
    await contractor.open("/")
    assert not contractor.page.select("#banners form")
    token = contractor.page.select_one("input[name=csrf_token]")
    assert token is not None
    await contractor.press(
        "/notices/dismiss", {"csrf_token": str(token["value"]), "notice": "1", "next": "/"}
    )
    assert banners(contractor) == ["重大緊急"]


async def test_closing_what_is_no_notice_is_a_page_that_is_not_there(contractor: Browser) -> None:
    await contractor.open("/")
    token = contractor.page.select_one("input[name=csrf_token]")
    assert token is not None
    for notice_id, status in (("x", 404), ("", 404), ("9" * 19, 404), ("12345", 200)):
        await contractor.press("/notices/dismiss", {"csrf_token": str(token["value"]), "notice": notice_id})
        assert contractor.answer.status_code == status


@pytest.mark.slow
async def test_from_the_third_on_all_but_the_most_urgent_are_folded_and_stay_open_where_one_is_closed(
    contractor: Browser, tmp_path: Path
) -> None:
    await load(
        tmp_path, *(notice(f"その{number}") for number in (1, 2, 3)), notice("緊急", severity="critical")
    )
    await contractor.open("/changes")
    assert contractor.page.select_one("#banners > .bar p").get_text("", strip=True) == "重大緊急"  # type: ignore[union-attr]
    fold = contractor.page.select("#banners > details:not([open]) .bar")
    assert len(fold) == 3
    body = {str(field["name"]): str(field["value"]) for field in fold[0].select("input")}
    for sent, opened in ((body, True), ({**body, "notice": "0"}, True), ({"notice": "0"}, False)):
        answer = await contractor.post(
            "/notices/dismiss",
            data={"csrf_token": body["csrf_token"], **sent},
            headers={"HX-Request": "true", "Sec-Fetch-Site": "same-origin"},
        )
        assert ('<details class="more-bars" open>' in answer.text) == opened
    await close(contractor, "その2")
    assert not contractor.page.select("#banners details")


# --- without a login ----------------------------------------------------------------------------------------------------


async def test_many_notices_leave_room_for_the_login(visitor: Browser, tmp_path: Path) -> None:
    await load(
        tmp_path, *(notice(f"その{number}") for number in (1, 2, 3)), notice("緊急", severity="critical")
    )
    await visitor.open("/login")
    links = [link.get_text() for link in visitor.page.select("main section[aria-label^=障害] a")]
    assert links == ["緊急", "ほかのお知らせ 3件をすべて見る"]


async def test_whoever_cannot_log_in_reads_what_is_wrong_the_worst_first(
    visitor: Browser, tmp_path: Path
) -> None:
    await load(
        tmp_path,
        notice("軽い障害", severity="info"),
        notice(
            "重い障害",
            start=-3,
            severity="critical",
            buildings=["B001", "B002"],
            services=["インターネット", "電話"],
            state="発生",
            emergency_calls="110番、119番へつながりません。携帯電話をお使いください。",
            updated_at="2026-01-10T09:30",
            next_update_at="2026-01-10T10:30",
        ),
        notice("誤報", withdrawn=True),
        notice("先の作業", kind="maintenance", start=24, end=30),
        notice("昨日の障害", start=-30, end=-24, state="復旧"),
        notice("先月の障害", start=-800, end=-799),
    )
    await visitor.open("/login")
    shown = [link.get_text() for link in visitor.page.select("main .bar a")]
    assert shown == ["重い障害", "軽い障害"]
    await visitor.open(str(visitor.page.select("main .bar a")[0]["href"]))
    assert visitor.path == "/outages"
    titles = [heading.get_text().split()[-1] for heading in visitor.page.select("main article h3")]
    assert titles == ["重い障害", "軽い障害", "先の作業", "昨日の障害"]
    article = visitor.page.select("main article")[0]
    worst = dict(
        zip(*([part.get_text() for part in article.select(name)] for name in ("dt", "dd")), strict=True)
    )
    assert worst["状態"] == "発生"
    assert worst["対象の建物"] == "一部の建物（2棟）"
    assert worst["対象のサービス"] == "インターネット、電話"
    assert (
        worst["緊急通報（110、118、119）への影響"]
        == "110番、119番へつながりません。携帯電話をお使いください。"
    )
    assert (worst["最終更新"], worst["次回の更新予定"]) == ("2026/01/10 09:30", "2026/01/10 10:30")
    assert "B001" not in visitor.answer.text


async def test_a_withdrawn_notice_is_no_banner_and_stands_with_the_past_ones(
    contractor: Browser, tmp_path: Path
) -> None:
    await load(tmp_path, notice("誤報", end=None, id="O-17", severity="critical"))
    await contractor.open("/")
    assert contractor.page.select_one("#banners a")
    await load(tmp_path, notice("誤報", end=None, id="O-17", severity="critical", withdrawn=True))
    await contractor.open("/")
    assert not contractor.page.select_one("#banners a")
    await contractor.open("/notices/outage")
    assert "現在、お知らせはありません。" in contractor.text
    past = contractor.page.select_one("section[aria-labelledby=past]")
    assert past is not None
    assert "取り消し（" in past.get_text()


@pytest.mark.parametrize(
    ("kind", "start", "end", "said"),
    [
        ("outage", -1, None, "発生"),
        ("outage", -2, -1, "復旧"),
        ("maintenance", 1, 2, "予定"),
        ("maintenance", -1, 2, "作業中"),
        ("maintenance", -2, -1, "終了"),
    ],
)
async def test_where_the_operator_says_no_state_the_times_do(
    visitor: Browser, tmp_path: Path, kind: str, start: float, end: float | None, said: str
) -> None:
    await load(tmp_path, notice(start=start, end=end, kind=kind))
    await visitor.open("/outages")
    assert visitor.rows["状態"] == said
