"""通話明細照会: the months with their sums, and a month's calls as pages and a CSV."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest

from app.demo import calls as demo_calls
from app.domain import clock
from app.domain.money import calls
from app.postgres import database
from tests.browser import Browser


@pytest.fixture
async def reader(visitor: Browser) -> Browser:
    """有光 杏 in front of her calls, on 2026-03-02."""
    clock.start_at(datetime(2026, 3, 2, tzinfo=UTC))
    await demo_calls.load()
    await visitor.log_in("customer", "90000000000000", "demo01")
    await visitor.open("/calls/gate-call-050")
    await visitor.prove("demo01", "90000000000000")
    return visitor


def table(browser: Browser) -> list[list[str]]:
    rows = browser.page.select("main tbody tr")
    return [[cell.get_text(strip=True) for cell in row.find_all(["th", "td"])] for row in rows]


async def call(number: str, started_at: str = "2026-01-31T23:59:59+09:00") -> None:
    """One more call of 有光 杏, of 65 seconds and 17 yen."""
    await database.rows(
        "INSERT INTO call (contract, service, started_at, number, seconds, yen)"
        " SELECT id, 'gate-call-050', $2, $1, 65, 17 FROM contract WHERE customer_number = '90000000000000'",
        *(number, datetime.fromisoformat(started_at)),
    )


@pytest.mark.slow
async def test_months_lead_to_their_calls_and_the_sums_are_the_same(reader: Browser) -> None:
    assert reader.heading == "GATE CALL050通話明細照会"
    listed = table(reader)
    assert [row[0] for row in listed] == ["2026年2月", "2026年1月"]
    await reader.open("/calls/gate-call-050/2026-01")
    shown = [reader.rows[name] for name in ("通話回数", "通話時間", "通話料金（税込）")]
    assert shown == listed[1][1:]
    assert len(table(reader)) == 18
    assert table(reader)[0] == ["2026/01/01 08:00", "03-1111-2222", "15秒", "8円"]


@pytest.mark.slow
async def test_a_month_ends_at_midnight_in_tokyo(reader: Browser) -> None:
    await call("0399999999")
    await call("0388888888", "2026-02-01T00:00:00+09:00")
    await reader.open("/calls/gate-call-050/2026-01")
    assert table(reader)[-1] == ["2026/01/31 23:59", "03-9999-9999", "1分5秒", "17円"]
    await reader.open("/calls/gate-call-050/2026-02")
    assert table(reader)[0][1] == "03-8888-8888"


@pytest.mark.slow
async def test_the_csv_holds_every_call_and_the_sum_and_no_formula(reader: Browser) -> None:
    await call("+81312345678")
    answer = await reader.get("/calls/gate-call-050/2026-01.csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0] == ["日付", "時刻", "通話先番号", "通話時間（秒）", "通話料金（円）"]
    assert rows[1] == ["2026/01/01", "08:00:00", '="0311112222"', "15", "8"]
    assert rows[-2] == ["2026/01/31", "23:59:59", '="+81312345678"', "65", "17"]
    assert rows[-1] == ["合計", "", "", *(str(sum(int(row[n]) for row in rows[1:-1])) for n in (3, 4))]


@pytest.mark.slow
async def test_a_month_of_many_calls_has_pages_with_the_sums_of_all(reader: Browser) -> None:
    for number in range(calls.PAGE):
        await call(f"03{number:08}")
    await reader.open("/calls/gate-call-050/2026-01")
    assert (len(table(reader)), reader.rows["通話回数"]) == (calls.PAGE, "118回")
    assert "（1/2ページ）" in reader.title
    first = [row[1] for row in table(reader)]
    await reader.open("/calls/gate-call-050/2026-01?page=2")
    assert (len(table(reader)), reader.rows["通話回数"]) == (18, "118回")
    assert not {row[1] for row in table(reader)} & set(first[18:])


@pytest.mark.slow
async def test_what_is_not_there_answers_404(reader: Browser) -> None:
    for path in (
        *("/calls/telegraph", "/calls/telegraph/2026-01", "/calls/hikari-denwa/2026-04"),
        *("/calls/hikari-denwa/2024-03", "/calls/hikari-denwa/2026-13", "/calls/hikari-denwa/2026-04.csv"),
        *("/calls/hikari-denwa/2026-01?page=2", "/calls/hikari-denwa/2026-01?page=0"),
        "/calls/hikari-denwa/2026-01?page=1%27",
    ):
        assert (await reader.get(path)).status_code == 404, path


@pytest.mark.slow
async def test_without_calls_the_pages_say_so(reader: Browser, stranger: Browser) -> None:
    await reader.open("/calls/hikari-denwa/2026-03")
    assert "この月の通話はありません。" in reader.text
    await stranger.open("/calls/gate-call-050")
    await stranger.prove("tanin-1", "80000000000000")
    assert "最近24か月の通話はありません。" in stranger.text
    await stranger.open("/calls/gate-call-050/2026-01")
    assert "この月の通話はありません。" in stranger.text


@pytest.mark.parametrize(("seconds", "words"), [(0, "0秒"), (60, "1分0秒"), (3605, "1時間0分5秒")])
def test_a_duration_is_said_in_words(seconds: int, words: str) -> None:
    assert calls.duration(seconds) == words


@pytest.mark.parametrize(
    ("number", "written"),
    [
        ("0312345678", "03-1234-5678"),
        ("0422511234", "0422-51-1234"),
        ("0499221234", "04992-2-1234"),
        ("09012345678", "090-1234-5678"),
        ("05012345678", "050-1234-5678"),
        ("0120123456", "0120-123-456"),
        ("08001234567", "0800-123-4567"),
        ("0312-34-5678", "03-1234-5678"),
        *(
            (as_it_is, as_it_is)
            for as_it_is in ("110", "188", "0170123456", "1840312345678", "*31#0312345678")
        ),
        *((as_it_is, as_it_is) for as_it_is in ("+14155552671", "+81312345678", "01014155552671", "0" * 32)),
    ],
)
def test_a_number_of_japan_has_its_hyphens_and_another_is_as_it_was(number: str, written: str) -> None:
    assert calls.hyphened(number) == written
