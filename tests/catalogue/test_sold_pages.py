"""What the catalogue has is sold, without a line of code; what is withdrawn goes on; what it lacks is nowhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.commands import servers
from app.domain import catalogue, clock
from app.domain.catalogue import kept
from app.domain.options.licence_import import import_licences
from app.postgres import database
from app.settings import DEMO_INSTALLERS
from tests.browser import Browser
from tests.catalogue.texts import FOURTH, TEXT, edited, without, written
from tests.mail.steps import buy as buy_mail
from tests.mail.steps import get_address, mails
from tests.money.steps import close
from tests.money.test_statements import read_csv, read_pdf
from tests.options.steps import PAGE, SON, WIFE, buy, cancel, pins, token, tokyo

GUARD = "backup-guard"
NAME = "見守りバックアップ"
NUMBER = "90000000000000"


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is 2026-01-20; another test finds the shipped catalogue in this process again."""
    monkeypatch.setattr(catalogue, "_current", catalogue.current())
    clock.start_at(tokyo("2026-01-20T09:00"))


async def load(folder: Path, text: str) -> None:
    await kept.import_catalogue(written(folder, text), DEMO_INSTALLERS)


async def on(day: str, browser: Browser) -> None:
    """The same login, on that day."""
    clock.start_at(tokyo(f"{day}T09:00"))
    await browser.log_in("customer", NUMBER, "demo01")


async def selected(browser: Browser, path: str) -> list[str]:
    """The products of a page of security options."""
    await browser.open(path)
    return [title.get_text() for title in browser.page.select("main section.card h2.section-title")]


# --- a new product ----------------------------------------------------------------------------------------------------


async def test_a_fourth_licence_product_is_sold_without_a_line_of_code(
    visitor: Browser, tmp_path: Path
) -> None:
    await visitor.log_in("customer", NUMBER, "demo01")
    await load(tmp_path, TEXT + FOURTH.replace("2014-01-01", "2026-02-01"))
    assert NAME not in await selected(visitor, PAGE)  # before its first price
    (tmp_path / "pins.csv").write_text(f"{GUARD},GUARD-0001-AAAA\n{GUARD},GUARD-0002-BBBB\n")
    await import_licences(tmp_path / "pins.csv", progress=lambda _: None)

    await on("2026-02-10", visitor)
    assert (await selected(visitor, PAGE))[-1] == NAME
    assert "バックアップは、毎日夜に行われます。" in visitor.text
    await visitor.submit(f"{PAGE}?product={GUARD}", agree="yes")
    rows = visitor.rows
    assert (rows["商品名"], rows["月額利用料"], rows["動作環境"]) == (
        NAME,
        "440円／月（税込）",
        "Windows、Linux",
    )
    assert rows["数量"] == "1ライセンス、パソコン2台まで"
    assert rows["規約への同意"] == f"{NAME}のサービス説明とサービス利用規約（第1版、2026/01/01）"
    await visitor.submit()
    assert visitor.heading == "セキュリティオプション購入／解約完了"
    receipt = visitor.path
    assert [pin for pin, *_ in await pins()] == ["GUARD-0001-AAAA"]
    bought = (await mails())[0]["body"]
    assert NAME in bought
    assert "動作環境：Windows、Linux" in bought

    assert NAME in await selected(visitor, f"{PAGE}/status")
    assert "GUARD-0001-AAAA" in visitor.text
    assert "1ライセンスにつき2台まで" in visitor.text
    assert "［ダウンロード］を押します。" in visitor.text
    download = str(visitor.page.select(f"section[aria-labelledby={GUARD}] a")[0]["href"])
    assert (await visitor.get(download)).headers["location"] == "https://download.example.jp/backup-guard"
    assert NAME in (await visitor.htmx(f"/accounts/{WIFE}")).get_text()
    await visitor.open(f"/documents/{GUARD}")
    assert visitor.heading == f"利用規約：{NAME}"

    await cancel(visitor, product=GUARD)
    assert visitor.rows["今月（2026年2月）の料金"] == "440円（税込、日割りなし）"
    await visitor.open(receipt)
    assert "複製はできません。" in visitor.text  # what was agreed to
    await on("2026-03-02", visitor)
    await close("2026-02")
    await visitor.open("/statements")
    await visitor.prove("demo01", NUMBER)
    lines = await read_csv(visitor, "2026-02")
    assert [line["金額（円）"] for line in lines if line["商品"] == NAME] == ["440"]
    _, text = await read_pdf(visitor, "2026-02")
    assert NAME in text


# --- a withdrawn one --------------------------------------------------------------------------------------------------


def withdrawn(*names: str) -> str:
    text = TEXT
    for name in names:
        text = re.sub(rf'(name = "{re.escape(name)}"\n)sold = true', r"\1sold = false", text)
    assert text.count("sold = false") == len(names)
    return text


async def test_a_withdrawn_licence_goes_on_for_who_has_it_and_is_offered_to_nobody(
    contractor: Browser, tmp_path: Path
) -> None:
    await buy(contractor, product="kids-filter")
    await contractor.open(PAGE)
    await contractor.submit(f"{PAGE}?product=security-360", agree="yes")
    confirm = contractor.path
    await load(tmp_path, withdrawn("安心 Kidsフィルター", "セキュリティ360°"))
    for path in (PAGE, f"{PAGE}/status"):
        assert await selected(contractor, path) == ["セキュリティオンライン", "安心 Kidsフィルター"]
        assert await selected(contractor, path.replace(WIFE, SON)) == ["セキュリティオンライン"]
    assert "セキュリティ360" not in (await contractor.htmx(f"/accounts/{SON}")).get_text()
    csrf = {"csrf_token": await token(contractor)}
    await contractor.press(confirm, csrf)
    assert "新しいお申し込みの受付は、終了しました。" in contractor.text
    await contractor.press(f"{PAGE}?product=security-360", {**csrf, "agree": "yes"})
    assert contractor.answer.status_code == 422
    assert len(await pins()) == 1

    await cancel(contractor, product="kids-filter")
    await contractor.open(PAGE)
    assert "解約済（2026/01/31まで利用可）" in contractor.text
    assert not contractor.page.select("form[action*=kids-filter]")
    await on("2026-02-10", contractor)
    assert await selected(contractor, PAGE) == ["セキュリティオンライン"]
    assert "安心 Kidsフィルター" in await _billed(contractor, "2026-01")


async def _billed(browser: Browser, month: str) -> str:
    await close(month)
    await browser.open("/statements")
    await browser.prove("demo01", NUMBER)
    await browser.open(f"/statements/{month}")
    return browser.text


async def test_withdrawn_support_mail_and_mailbox_stay_with_who_has_them(
    contractor: Browser, another_browser: Browser, tmp_path: Path
) -> None:
    await contractor.open("/remote-support")
    await contractor.submit(agree="yes")
    await contractor.submit()
    await buy_mail(contractor)
    await get_address(contractor, WIFE, "hikari.hanako")
    await load(tmp_path, withdrawn("{prefix} リモートサポート", "メール&Webスペース", "メールボックス 10GB"))
    for path in ("/remote-support", "/mail-service"):
        await contractor.open(path)
        assert contractor.rows["現在のご契約状態"] == "購入済"
    assert (await contractor.get(f"/accounts/{WIFE}/mailbox")).status_code == 404
    assert f"/accounts/{WIFE}/mailbox" not in str(await contractor.htmx(f"/accounts/{WIFE}"))
    await contractor.open("/")
    assert "/remote-support" in [path for _, path in contractor.menu["オプションサービス"]]
    await another_browser.log_in("customer", "90000000000002", "demo01")
    for path in ("/remote-support", "/mail-service"):
        assert (await another_browser.get(path)).status_code == 404
    await another_browser.open("/")
    assert "リモートサポート" not in another_browser.text
    assert "オプションサービス" in another_browser.menu
    assert {"/remote-support", "/mail-service"}.isdisjoint(
        path for entries in another_browser.menu.values() for _, path in entries
    )

    await contractor.open("/remote-support")
    await contractor.submit(want="cancel")
    await contractor.submit()
    assert contractor.heading == "UCOM光 リモートサポート購入／解約完了"
    assert not contractor.page.select("main a[href='/remote-support']")
    assert (await contractor.get("/remote-support")).status_code == 404


# --- what there is not ------------------------------------------------------------------------------------------------

TELEPHONY = 'telephony = ["hikari-denwa", "gate-call-050"]\n'


async def empty_of_purchases() -> None:
    """Nobody has bought anything, and no PIN was loaded: another ISP, on its first day."""
    await database.rows("DELETE FROM licence")
    await database.rows("DELETE FROM call")


@pytest.mark.parametrize("role", ["customer", "user"])
async def test_an_isp_without_support_licences_bigger_boxes_and_telephony_shows_none_of_it(
    visitor: Browser, tmp_path: Path, role: str
) -> None:
    await empty_of_purchases()
    text = edited((TELEPHONY, ""))
    for key in ("remote-support", "security-360", "security-online", "kids-filter", "mailbox-10gb"):
        text = without(key, text)
    await load(tmp_path, text)
    await visitor.log_in(
        *(("customer", NUMBER, "demo01") if role == "customer" else ("account", SON, "abc12345"))
    )
    gone = [
        "/remote-support",
        "/purchase-requests",
        f"/accounts/{SON}/security",
        f"/accounts/{SON}/security/status",
    ]
    gone += [f"/accounts/{SON}/mailbox", "/hikari-denwa", "/gate-call-050", "/documents/security-360"]
    gone += ["/accounts/user-purchase-permission"]
    if role == "customer":
        await visitor.open("/calls/gate-call-050")
        await visitor.prove("demo01", NUMBER)
        gone += ["/calls/gate-call-050", "/calls/hikari-denwa"]
    for path in gone:
        status = (await visitor.get(path)).status_code
        assert status == 404 or (role, status, path) == ("user", 403, f"/accounts/{SON}/mailbox"), (
            path,
            status,
        )
    words = ("リモートサポート", "セキュリティ", "GATE CALL", "電話サービス", "光電話", "10GB")
    for path in await _reachable(visitor):
        await visitor.open(path)
        main = visitor.page.select_one("main")
        shown = f"{main.get_text() if main else ''}{visitor.menu}"
        said = [word for word in words if word in shown]
        assert not said or path == "/documents", (path, said)  # the guide is the brand's


async def _reachable(browser: Browser) -> list[str]:
    """The pages that the first one and the menu lead to."""
    await browser.open("/")
    links = {str(link["href"]).partition("#")[0] for link in browser.page.select("main a, nav a")}
    opened = await browser.htmx(f"/accounts/{SON}")
    links |= {str(link["href"]) for link in opened.select("a") if "?" not in str(link["href"])}
    outside = ("tel:", "http", "/statements", "/giga-cinema", "/club-off")
    return sorted(one for one in links if not one.startswith(outside))


async def test_pins_and_calls_of_what_there_is_not_are_refused(filled_database: str, tmp_path: Path) -> None:
    from app.domain.imports import ImportRefused
    from app.domain.money.call_import import import_calls

    await empty_of_purchases()
    await load(tmp_path, without("security-360", edited((TELEPHONY, ""))))
    with pytest.raises(ImportRefused, match="product: must be one of security-online, kids-filter"):
        await import_licences(servers.DEMO_LICENCES, progress=lambda _: None)
    (tmp_path / "calls.csv").write_text(f"{NUMBER},hikari-denwa,2026-01-05T10:00:00,0312345678,65,17\n")
    with pytest.raises(ImportRefused, match="service: must be one of"):
        await import_calls(tmp_path / "calls.csv", progress=lambda _: None)


# --- limits -----------------------------------------------------------------------------------------------------------


async def test_pages_count_and_refuse_by_the_catalogues_limits(contractor: Browser, tmp_path: Path) -> None:
    await buy_mail(contractor)
    await get_address(contractor, WIFE, "hikari.hanako")
    await load(
        tmp_path,
        edited(
            ("account_ids = 5 ", "account_ids = 2 "),
            ("mailbox_gigabytes = 1 ", "mailbox_gigabytes = 2 "),
            ("gigabytes = 10", "gigabytes = 20"),
            ("forwarding_addresses = 5", "forwarding_addresses = 7"),
        ),
    )
    await contractor.open("/accounts/new")
    assert "1つのご契約につき2個まで" in contractor.text
    await contractor.open(f"/accounts/{WIFE}/forwarding")
    seven = {f"address_{number}": f"a{number}@example.com" for number in range(1, 8)}
    await contractor.submit(**seven, consent="yes")
    await contractor.submit()
    assert len((await database.rows("SELECT addresses FROM forwarding"))[0]["addresses"]) == 7
    await contractor.open(f"/accounts/{WIFE}/mailbox")
    assert contractor.rows["現在のメールボックス容量"] == "2GB"
    await contractor.submit(agree="yes")
    assert contractor.rows["数量"] == "メールボックス1個、2GBから20GBへ"
    await contractor.submit()
    assert contractor.heading == "メールボックス容量変更完了"
    (box,) = await database.rows("SELECT quota_bytes FROM mail_v1.mailbox")
    assert box["quota_bytes"] == 20 * 1024**3
