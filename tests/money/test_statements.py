"""月額請求明細照会: the months as a page, a CSV and a PDF, from the ledger or as a forecast."""

from __future__ import annotations

import csv
import io
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pypdf
import pytest

from app.domain import clock
from app.domain.months import Month
from app.postgres import database
from app.web import pdf
from tests.browser import Browser
from tests.conftest import SETTINGS
from tests.money.steps import LOGIN, bought, close, entries, loaded, tokyo
from tests.products import Shipped


@pytest.fixture
async def reader(visitor: Browser) -> Browser:
    """有光 杏 in front of her statements, on 2026-03-02."""
    clock.start_at(tokyo("2026-03-02T09:00"))
    await visitor.log_in("customer", "90000000000000", "demo01")
    await visitor.open("/statements")
    await visitor.prove("demo01", "90000000000000")
    return visitor


def months(browser: Browser) -> dict[str, tuple[str, str, str]]:
    """The list: state, note and sum by month; what is folded is left out."""
    rows = [row.find_all(["th", "td"]) for row in browser.page.select("main tbody tr:not(:has(details))")]
    return {row[0].get_text(): tuple(cell.get_text() for cell in row[1:]) for row in rows}  # type: ignore[misc]


def folds(browser: Browser) -> dict[str, list[str]]:
    """The months that are folded, by what their line says."""
    return {
        fold.select("summary")[0].get_text(): [link.get_text() for link in fold.select("li a")]
        for fold in browser.page.select("main tbody details")
    }


def sums(browser: Browser) -> list[str]:
    """What a month comes to, at the head of its page and below its lines, each with its condition."""
    terms = browser.page.select("main dt")
    return [
        "".join(said.get_text() for said in term.find_next_siblings("dd"))
        for term in terms
        if term.get_text() in ("今月のご請求（オプションサービス分）", "合計（税込）")
    ]


async def read_csv(browser: Browser, month: str) -> list[dict[str, str]]:
    answer = await browser.get(f"/statements/{month}.csv")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


async def read_pdf(browser: Browser, month: str) -> tuple[pypdf.PdfReader, str]:
    """The PDF and its text without white space."""
    answer = await browser.get(f"/statements/{month}.pdf")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"] == "no-store"
    read = pypdf.PdfReader(io.BytesIO(answer.content))
    return read, re.sub(r"\s", "", "".join(page.extract_text() for page in read.pages))


def structure(node: Any) -> Iterator[str]:
    """The kinds of elements in the tree that a screen reader follows."""
    node = node.get_object()
    if isinstance(node, list):
        for child in node:
            yield from structure(child)
    elif isinstance(node, dict):
        yield from [str(node["/S"])] if "/S" in node else []
        yield from structure(node["/K"]) if "/K" in node else []


@pytest.mark.slow
async def test_the_story_of_the_issue_reads_the_same_on_page_csv_and_pdf(reader: Browser) -> None:
    await bought("2026-01-10", "2026-01-20")
    await bought("2026-01-20")
    await close("2026-01", "2026-02")
    await reader.open("/statements")
    listed = months(reader)
    assert list(listed) == ["2026年3月", "2026年2月", "2026年1月"]
    assert listed["2026年3月"] == ("見込み", "", "550円")
    assert listed["2026年2月"] == listed["2026年1月"] == ("確定", "", "550円")
    assert list(folds(reader)) == ["2024年4月～2025年12月 ご請求のない21か月"]
    periods = {"2026-01": "2026/01/10～2026/01/31", "2026-02": "2026/01/20～"}
    for month, period in periods.items():
        await reader.open(f"/statements/{month}")
        name = str(Month.parse(month))
        assert entries(reader) == [["セキュリティ360°", LOGIN, name, period, "550円"]]
        assert reader.rows["小計（税抜）"] == "500円"
        assert reader.rows["消費税（10%）"] == "50円"
        assert reader.rows["合計（税込）"] == "550円"
        assert reader.rows["登録番号"] == SETTINGS.invoice_number
        assert reader.rows["発行日"] == "2026/03/02"
        (line,) = [row for row in await read_csv(reader, month) if row["区分"] == "明細"]
        assert (line["商品"], line["アカウントID"], line["金額（円）"]) == ("セキュリティ360°", LOGIN, "550")
        assert line["お客様番号"] == '="90000000000000"'
        start, _, end = period.partition("～")
        assert (line["対象月"], line["利用開始日"], line["利用終了日"]) == (name, start, end)
    _, text = await read_pdf(reader, "2026-01")
    for part in (
        "ご請求明細書（適格請求書）",
        "セキュリティ360°",
        LOGIN,
        "2026/01/10～2026/01/31",
        "合計（税込）550円",
    ):
        assert part in text


@pytest.mark.slow
async def test_a_closed_bill_says_the_same_after_a_later_cancellation(reader: Browser) -> None:
    await bought("2025-12-10")
    await close("2025-12", "2026-01")
    await database.rows("UPDATE service_period SET ended_at = $1", tokyo("2026-03-01"))
    await reader.open("/statements/2026-01")
    assert entries(reader)[0][3] == "2025/12/10～"
    await reader.open("/statements/2026-03")
    assert entries(reader)[0][3] == "2025/12/10～2026/03/31"


@pytest.mark.slow
async def test_an_option_that_ends_with_its_account_id_is_used_up_to_that_day(reader: Browser) -> None:
    await bought("2025-12-10", "2026-03-01")
    await bought("2025-12-10", "2026-03-02T08:00", product=Shipped.KIDS_FILTER)
    await database.rows(
        "UPDATE account SET deleted_at = $2 WHERE login = $1", LOGIN, tokyo("2026-03-02T08:00")
    )
    await reader.open("/statements/2026-03")
    assert [entry[3] for entry in entries(reader)] == ["2025/12/10～2026/03/02"] * 2


@pytest.mark.slow
async def test_a_fee_has_its_day_and_no_period(reader: Browser) -> None:
    await bought("2025-12-10", "2026-01-10", product=Shipped.REMOTE_SUPPORT, login=None)
    await bought("2026-03-01", product=Shipped.REMOTE_SUPPORT, login=None)
    await reader.open("/statements/2026-03")
    ((name, _, _, used, _),) = entries(reader)
    assert (name, used) == ("UCOM光 リモートサポート 再申し込み手数料", "2026/03/01")
    (line,) = [row for row in await read_csv(reader, "2026-03") if row["区分"] == "明細"]
    assert line["利用開始日"] == line["利用終了日"] == "2026/03/01"


@pytest.mark.slow
async def test_the_pdf_is_a_qualified_invoice_that_can_be_read_aloud(reader: Browser) -> None:
    await bought("2025-12-10", product=Shipped.MAIL_WEB, login=None)
    await database.rows("UPDATE contract SET family = '㈱髙﨑𠮷', given = '<b>&'")
    await close("2025-12", "2026-01")
    read, text = await read_pdf(reader, "2026-01")
    root: Any = read.root_object
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "ja"
    assert b'pdfuaid:part="1"' in root["/Metadata"].get_object().get_data()
    assert "/StructTreeRoot" in root
    kinds = set(structure(root["/StructTreeRoot"]["/K"]))
    assert {"/H1", "/H2", "/Table", "/THead", "/TH", "/TD", "/Caption"} <= kinds
    assert "/L" not in kinds
    pages: Any = read.pages
    fonts = [font.get_object() for page in pages for font in page["/Resources"]["/Font"].values()]
    inner = [font["/DescendantFonts"][0].get_object()["/FontDescriptor"] for font in fonts]
    assert all({"/FontFile2", "/FontFile3"} & set(descriptor) for descriptor in inner)
    assert {"Bold", "JP"} <= {str(font["/BaseFont"]).rpartition("-")[2] for font in fonts}
    for part in (
        "宛名㈱髙﨑𠮷<b>&様",
        "90000000000000",
        SETTINGS.contact.operator,
        SETTINGS.invoice_number,
        "2026/03/02",
    ):
        assert part in text
    for part in ("メール&Webスペース", "10%対象（税込）275円", "消費税（10%）25円", "小計（税抜）250円"):
        assert part in text


@pytest.mark.slow
async def test_the_pdf_begins_with_what_is_due_how_and_when_and_numbers_its_pages(reader: Browser) -> None:
    for nth in range(30):
        await loaded(f"line-{nth}", "2026-01", f"回線料{nth}", 100)
    await close("2026-01")
    read, text = await read_pdf(reader, "2026-01")
    assert text.startswith(
        "ご請求明細書（適格請求書）2026年1月今月のご請求（オプションサービス分）（税込）3,000円"
    )
    order = [
        "宛名有光杏様",
        SETTINGS.billing.address + "電話" + SETTINGS.contact.phone,
        "クレジットカードVISA（下4桁0000）から引き落とします。",
        "毎月27日",
        "別にお送りする請求書",
        "明細商品",
        "合計小計",
    ]
    places = [text.index(part.replace(" ", "")) for part in order]
    assert places == sorted(places)
    assert [f"{nth}/2ページ" in text for nth in (1, 2, 3)] == [True, True, False]
    root: Any = read.root_object
    spoken = root["/StructTreeRoot"]["/K"]
    assert "/P" in set(structure(spoken))
    assert len(read.pages) == 2


@pytest.mark.slow
async def test_a_pdf_with_a_character_that_no_font_has_is_refused_and_logged_without_the_name(
    reader: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    await database.rows("UPDATE contract SET family = '有\U000f1234光'")
    await bought("2026-02-10")
    await reader.open("/statements/2026-03.pdf")
    assert (reader.answer.status_code, reader.heading) == (503, "PDFを作成できません")
    assert "PDFに印刷できない文字（U+F1234）" in reader.text
    assert "もう一度" not in reader.text
    assert reader.page.select_one("a[href='/statements/2026-03.csv']")
    assert "no font has U+F1234" in caplog.text
    assert "光" not in caplog.text


@pytest.mark.slow
async def test_an_open_month_is_a_forecast_and_says_so_everywhere(reader: Browser) -> None:
    await bought("2026-02-10")
    await bought("2026-02-11", "2026-02-12", Shipped.REMOTE_SUPPORT, None)
    await bought("2026-03-01", None, Shipped.REMOTE_SUPPORT, None)
    await reader.open("/statements/2026-03")
    assert "（見込み）" in reader.title
    assert "まだ確定していません" in reader.text
    assert [(line[0], line[4]) for line in entries(reader)] == [
        ("セキュリティ360°", "550円"),
        ("UCOM光 リモートサポート 再申し込み手数料", "3,300円"),
    ]
    assert {row["状態"] for row in await read_csv(reader, "2026-03")} == {"見込み"}
    _, text = await read_pdf(reader, "2026-03")
    assert "適格請求書ではありません" in text
    assert "ご請求明細書（適格請求書）" not in text


NOT_FREE = "今月のうちに解約した場合は、料金がかかります"
MORE = "今月お申し込みのサービスを今月のうちに解約した場合は、その料金が加わります"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("purchases", "sum_", "condition"),
    [
        ([], "0円", ""),
        ([("2026-02-10", "2026-02-20")], "0円", ""),
        ([("2026-03-01", None)], "0円", NOT_FREE),
        ([("2026-02-10", None)], "550円", ""),
        ([("2026-03-01", "2026-03-02")], "550円", ""),
        ([("2026-02-10", None), ("2026-03-01", None)], "550円", MORE),
        ([("2026-03-01", "2026-03-02"), ("2026-03-02T08:00", None)], "550円", MORE),
    ],
)
async def test_a_sum_has_its_condition_where_something_is_in_its_free_month_and_nowhere_else(
    reader: Browser, purchases: list[tuple[str, str | None]], sum_: str, condition: str
) -> None:
    for (start, end), product in zip(purchases, (Shipped.SECURITY_360, Shipped.KIDS_FILTER), strict=False):
        await bought(start, end, product)
    said = f"{sum_}（{condition}）" if condition else sum_
    await reader.open("/statements")
    assert months(reader)["2026年3月"] == ("見込み", said.removeprefix(sum_), sum_)
    assert reader.text.count("うちに解約した場合") == bool(condition)
    await reader.open("/statements/2026-03")
    _, text = await read_pdf(reader, "2026-03")
    if entries(reader):
        assert sums(reader) == [said, said]
        assert text.count(said) >= 2
    else:
        nothing = "の料金はありません。" + (f"ただし、{condition}。" if condition else "")
        assert nothing in reader.text
        assert text.count(nothing) == 1
        assert ("ただし" in reader.text, "ただし" in text) == (bool(condition),) * 2
    for shown in (reader.text, text):
        assert (NOT_FREE in shown, MORE in shown) == (condition == NOT_FREE, condition == MORE)
    await reader.open("/statements/2026-02")
    assert "うちに解約した場合" not in reader.text


@pytest.mark.slow
async def test_lines_that_come_to_nothing_are_a_bill_with_the_same_condition(reader: Browser) -> None:
    await bought("2026-02-10")
    await loaded("less", "2026-03", "割引", -550)
    await reader.open("/statements/2026-03")
    assert sums(reader) == ["0円", "0円"]
    await bought("2026-03-01", None, Shipped.KIDS_FILTER)
    await reader.open("/statements/2026-03")
    assert sums(reader) == [f"0円（{NOT_FREE}）"] * 2
    assert reader.rows["小計（税抜）"] == "0円"


@pytest.mark.slow
async def test_the_forecast_is_what_the_close_writes(reader: Browser) -> None:
    await bought("2025-12-10", "2026-01-31")
    await bought("2026-01-10", "2026-01-12", Shipped.REMOTE_SUPPORT, None)
    await bought("2026-02-10", None, Shipped.REMOTE_SUPPORT, None)
    await reader.open("/statements")
    forecast = {month: sum_ for month, (state, _, sum_) in months(reader).items() if state != "請求なし"}
    await close("2025-12", "2026-01", "2026-02")
    await reader.open("/statements")
    billed = {month: sum_ for month, (state, _, sum_) in months(reader).items() if state != "請求なし"}
    assert billed == {month: sum_ for month, sum_ in forecast.items() if sum_ != "0円"}
    assert forecast["2026年2月"] == "3,300円"


@pytest.mark.slow
async def test_a_correction_is_named_with_its_month(reader: Browser) -> None:
    await bought("2025-12-10")
    await close("2025-12", "2026-01")
    await bought("2026-01-10", "2026-01-20", Shipped.KIDS_FILTER)
    await close("2026-02")
    await reader.open("/statements/2026-02")
    assert "安心 Kidsフィルター（2026年1月分の訂正）" in [line[0] for line in entries(reader)]


async def test_an_empty_month_says_so(reader: Browser) -> None:
    await reader.open("/statements/2026-02")
    assert "この月に請求するオプションサービスの料金はありません。" in reader.text
    assert [row["金額（円）"] for row in await read_csv(reader, "2026-02")] == ["0", "0"]


@pytest.mark.slow
async def test_what_is_no_month_of_the_contract_is_not_there(reader: Browser) -> None:
    for name in (
        *("2026-04", "2019-03", "2030-01.pdf", "2014-11.csv", "2026-13", "x", "2026-01.", "2026-01.txt"),
        *("2026-1", "2026-01.PDF", "2026-01.pdf.pdf"),
    ):
        assert (await reader.get(f"/statements/{name}")).status_code == 404, name


@pytest.mark.slow
async def test_months_without_charges_are_one_line_that_says_how_many_and_leads_to_each(
    reader: Browser,
) -> None:
    await bought("2025-06-10", "2025-06-20")
    await bought("2025-12-10")
    await close("2025-06")
    await reader.open("/statements")
    shown = {month: state for month, (state, _, _) in months(reader).items()}
    assert shown == {
        "2026年3月": "見込み",
        "2026年2月": "見込み",
        "2026年1月": "見込み",
        "2025年6月": "確定",
    }
    assert {line: len(inside) for line, inside in folds(reader).items()} == {
        "2025年7月～2025年12月 ご請求のない6か月": 6,
        "2024年4月～2025年5月 ご請求のない14か月": 14,
    }
    (december, *_) = next(iter(folds(reader).values()))
    link = next(link for link in reader.page.select("main li a") if link.get_text() == december)
    await reader.open(str(link["href"]))
    assert (reader.heading, "料金はありません" in reader.text) == ("2025年12月の月額請求明細（見込み）", True)


@pytest.mark.slow
async def test_there_is_no_month_before_the_contract(reader: Browser) -> None:
    await database.rows("UPDATE contract SET opened_on = '2026-02-15'")
    await reader.open("/statements")
    assert list(months(reader)) == ["2026年3月", "2026年2月"]
    assert (await reader.get("/statements/2026-01")).status_code == 404


@pytest.mark.slow
async def test_another_contract_sees_nothing_of_it(reader: Browser, stranger: Browser) -> None:
    await bought("2026-01-10", "2026-01-20")
    await stranger.open("/statements/2026-01")
    await stranger.prove("tanin-1", "80000000000000")
    assert "料金はありません" in stranger.text


@pytest.mark.slow
async def test_a_page_is_two_round_trips(reader: Browser, round_trips: list[str]) -> None:
    for path in ("/statements", "/statements/2026-02", "/statements/2026-02.csv"):
        round_trips.clear()
        await reader.get(path)
        assert len(round_trips) == 2


@pytest.mark.slow
async def test_without_font_or_library_the_member_is_led_on_and_the_operator_told(
    reader: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    await reader.open("/statements/2026-02.pdf")
    assert reader.answer.status_code == 503
    assert reader.heading == "PDFを作成できません"
    assert reader.page.select_one("a[href='/statements/2026-02.csv']")
    assert "no Japanese font is there" in caplog.text
    assert "fonts-noto-cjk" in caplog.text


@pytest.mark.slow
async def test_an_app_in_the_folder_that_the_portal_is_started_in_is_not_taken_for_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app.py").write_text("raise SystemExit('another program')")
    monkeypatch.chdir(tmp_path)
    assert (await pdf.make("<html lang=ja><title>t</title><p>p")).startswith(b"%PDF-")


async def test_a_pdf_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "LIMIT", 0.01)
    started = time.monotonic()
    with pytest.raises(pdf.NoPdf, match="not made within"):
        await pdf.make("<p>")
    assert time.monotonic() - started < 5


async def test_too_many_pdfs_at_a_time_are_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "WAITING", 0)
    with pytest.raises(pdf.NoPdf, match="being made"):
        await pdf.make("<p>")


class Piece(NamedTuple):
    """A text of a PDF: where it begins, how large it is (both in the page's CSS pixels), and its font."""

    text: str
    start: float
    size: float
    font: str

    @property
    def end(self) -> float:
        """Of an amount in the regular face, whose signs have these widths."""
        widths = {"円": 1.0, ",": 0.278, "-": 0.347}
        return self.start + self.size * sum(widths.get(sign, 0.555) for sign in self.text)


def pieces(page: pypdf.PageObject) -> list[Piece]:
    found: list[Piece] = []

    def visit(text: str, _: list[float], matrix: list[float], font: Any, size: float) -> None:
        if text.strip():
            found.append(Piece(text.strip(), matrix[4], size, str(font["/BaseFont"])))

    page.extract_text(visitor_text=visit)
    return found


@pytest.mark.slow
async def test_an_ordinary_bill_is_one_sheet_and_a_long_one_repeats_its_head(reader: Browser) -> None:
    await database.rows("UPDATE contract SET family = repeat('長', 16), given = repeat('名', 16)")
    for nth in range(57):
        month = "2026-01" if nth < 17 else "2026-02"
        await loaded(f"line-{nth}", month, f"回線料{nth}", 100)
    await close("2026-01", "2026-02")
    ordinary, _ = await read_pdf(reader, "2026-01")
    assert len(ordinary.pages) == 1
    long, _ = await read_pdf(reader, "2026-02")
    first, second = [re.sub(r"\s", "", page.extract_text()) for page in long.pages]
    head = "商品アカウントID対象月ご利用期間金額（税込）"
    assert (first.count(head), second.count(head)) == (1, 1)
    assert "ご請求明細書（適格請求書）2026年2月" in second
    assert second.index("回線料56") < second.index("小計（税抜）")


@pytest.mark.slow
async def test_what_is_due_is_the_largest_and_the_other_amounts_end_in_one_column(reader: Browser) -> None:
    await bought("2025-12-10")
    await loaded("less", "2026-01", "割引", -123_456)
    await loaded("line", "2026-01", "回線料", 1_234_567)
    await close("2025-12", "2026-01")
    read, _ = await read_pdf(reader, "2026-01")
    found = pieces(read.pages[0])
    due = max(found, key=lambda piece: piece.size)
    assert (due.text, due.font.endswith("-Bold")) == ("1,111,661円", True)
    contents = read.pages[0].get_contents()
    assert contents is not None
    assert not re.search(rb"\b[12] Tr\b", contents.get_data())  # a face of its own, no outline drawn bold
    amounts = [piece for piece in found if piece.text.endswith("円") and not piece.font.endswith("-Bold")]
    assert [piece.text for piece in amounts] == [
        *("550円", "-123,456円", "1,234,567円"),
        *("1,010,601円", "1,111,661円", "101,060円"),
    ]
    assert max(piece.end for piece in amounts) - min(piece.end for piece in amounts) < 1
