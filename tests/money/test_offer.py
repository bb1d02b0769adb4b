"""The six rows of a purchase: the same on page, panel, receipt and mail, for every product that is sold."""

from __future__ import annotations

from datetime import datetime

import msgspec
import pytest
from bs4 import BeautifulSoup, Tag

from app.domain import catalogue, clock
from app.domain.access.graph import ShownCard
from app.domain.catalogue import Product
from app.domain.money import billing, offer
from app.postgres import database
from tests.browser import Browser
from tests.conftest import Installed
from tests.households import sign_in
from tests.options.steps import FULL, PAGE, SON, WIFE, give_address, token
from tests.products import EVERY, Shipped, use

LABELS = ["数量", "ご契約期間", "料金", "お支払い", "ご利用開始", "解約"]
JANUARY = datetime(2026, 1, 10, 9, tzinfo=clock.TOKYO)
CARD = ShownCard("VISA", "0000", "2030-01")


def rows_of(product: Product) -> dict[str, str]:
    return {
        row.label: row.text
        for row in offer.six_rows(product, JANUARY, billing.NOTHING, offer.card_named(CARD))
    }


@pytest.mark.parametrize("product", EVERY)
def test_every_product_has_the_six_rows_and_says_what_it_needs(product: Product) -> None:
    rows = rows_of(product)
    assert list(rows) == LABELS
    assert all(rows.values())
    assert rows["ご契約期間"] == "定めなし。解約するまで毎月続きます"
    assert rows["解約"].endswith("お客様のご都合による取り消しはできません")
    assert "その月の料金は全額かかります" in rows["解約"]
    assert rows["料金"].startswith("今月 0円（2026/01/31までに解約した場合は")
    assert offer.environment(product)


def test_the_quantity_is_that_of_the_product() -> None:
    assert rows_of(Shipped.SECURITY_360)["数量"] == "1ライセンス、パソコン3台まで"
    assert rows_of(Shipped.MAIL_PACK)["数量"] == "1契約、メールアドレスとWebスペースをそれぞれ5個まで"
    assert rows_of(Shipped.MAILBOX_10GB)["数量"] == "メールボックス1個、1GBから10GBへ"
    assert rows_of(Shipped.REMOTE_SUPPORT)["数量"] == "1契約"


def test_a_fee_of_buying_again_is_said_before_the_first_purchase() -> None:
    assert "再申し込み手数料 3,300円（税込）がかかります" in rows_of(Shipped.REMOTE_SUPPORT)["解約"]


def test_the_payment_names_the_card_and_the_operators_day_and_says_what_is_missing(
    installed: Installed,
) -> None:
    installed(payment_day="毎月10日")
    assert (
        rows_of(Shipped.MAIL_WEB)["お支払い"] == "クレジットカード VISA（下4桁 0000）\nお支払い日：毎月10日"
    )
    assert offer.card_named(None) == "クレジットカード 未登録"
    installed(payment_day="")
    assert offer.when_charged() == (
        "お支払い日：インフォメーションセンターでご確認ください。電話：0120-000-0000、受付時間：9時～17時（年中無休）"
    )


# --- where they stand -------------------------------------------------------------------------------------------------


def six(rows: list[Tag]) -> dict[str, str]:
    """The six of the rows of a page or panel, in their order."""
    found = {}
    for row in rows:
        label, value = (cell.get_text() for cell in row.select("dt, dd")[:2])
        if label in LABELS:
            found[label] = value
    return found


async def six_of_the_mail() -> dict[str, str]:
    """The lines of the newest mail, put together as they stand on a page."""
    (mail,) = await database.rows("SELECT body FROM outbox ORDER BY id DESC LIMIT 1")
    found: dict[str, str] = {}
    last = ""
    for line in mail["body"].splitlines():
        label, colon, text = line.partition("：")
        if label in LABELS and colon:
            found[label], last = text, label
        elif line.startswith("　") and last:
            found[last] += f"\n{line[1:]}"
        else:
            last = ""
    return found


PURCHASES = {
    "/mail-service": None,
    "/remote-support": None,
    PAGE: PAGE + FULL,
    f"/accounts/{WIFE}/mailbox": None,
}


@pytest.mark.parametrize("path", PURCHASES)
async def test_last_screen_receipt_and_mail_say_the_same_six_rows(visitor: Browser, path: str) -> None:
    clock.start_at(JANUARY)
    await sign_in(visitor, "customer", "90000000000000")
    if path.endswith("/mailbox"):
        await database.rows(
            "INSERT INTO mail_address (contract, account, address, registered_at)"
            " SELECT contract, id, 'an@s2.spaaqs.ne.jp', $1 FROM account WHERE login = $2",
            *(clock.now(), WIFE),
        )
    await visitor.open(path)
    await visitor.submit(PURCHASES[path], agree="yes")
    said = six(visitor.page.select("main dl.rows > div"))
    assert list(said) == LABELS
    assert said["お支払い"].startswith("クレジットカード VISA（下4桁 0000）\nお支払い日：")
    assert "内容をお確かめください。［決定］を押すと、有料サービスのお申し込みが完了します。" in visitor.text
    labels = [term.get_text() for term in visitor.page.select("main dt, main .buttons button")]
    assert labels.index("動作環境") < labels.index("決定")
    await visitor.submit()
    assert visitor.heading.endswith("完了"), visitor.text
    assert six(visitor.page.select("main dl.rows > div")) == said
    assert await six_of_the_mail() == said


async def test_the_panel_of_the_accordion_says_them_too_in_few_bytes(contractor: Browser) -> None:
    secret = await token(contractor)
    sent = {"HX-Request": "true", "HX-Target": f"dd#security-360-{WIFE}", "Sec-Fetch-Site": "same-origin"}
    answer = await contractor.post(
        PAGE + FULL, data={"csrf_token": secret}, headers=sent, follow_redirects=True
    )
    panel = BeautifulSoup(answer.text, "html.parser")
    said = six(panel.select("dl.rows > div"))
    assert list(said) == LABELS
    assert offer.LEAD in panel.get_text()
    assert "動作環境" in [term.get_text() for term in panel.select("dt")]
    assert len(answer.content) <= 4096
    await contractor.open(str(panel.select("form")[0]["action"]))
    assert six(contractor.page.select("main dl.rows > div")) == said


@pytest.mark.slow
async def test_the_card_is_named_to_nobody_who_may_not_see_it(
    contractor: Browser, family_user: Browser
) -> None:
    await give_address(SON)
    await database.rows("UPDATE contract SET user_purchases = 'yes'")
    path = f"/accounts/{SON}/security"
    for browser, product, card in (
        (family_user, "security-360", "ご契約者様がご登録のクレジットカード"),
        (contractor, "kids-filter", "クレジットカード VISA（下4桁 0000）"),
    ):
        await browser.open(path)
        await browser.submit(f"{path}?product={product}", agree="yes")
        assert browser.rows["お支払い"].startswith(card)
        await browser.submit()
        assert browser.rows["お支払い"].startswith("ご契約者様がご登録のクレジットカード")
    bodies = [row["body"] for row in await database.rows("SELECT body FROM outbox")]
    assert bodies
    assert not any("下4桁" in body for body in bodies)


def test_what_a_purchase_costs_is_what_billing_says() -> None:
    before = billing.Earlier(had=frozenset({Shipped.REMOTE_SUPPORT}))
    (price,) = (
        row.text for row in offer.six_rows(Shipped.REMOTE_SUPPORT, JANUARY, before, "") if row.label == "料金"
    )
    assert price == billing.price_of_purchase(Shipped.REMOTE_SUPPORT, JANUARY, before)


def test_where_buying_again_costs_nothing_more_no_fee_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "再申し込み手数料 3,300円" in rows_of(Shipped.REMOTE_SUPPORT)["解約"]
    products = [msgspec.structs.replace(entry, again=None) for entry in catalogue.current().products]
    use(monkeypatch, products=tuple(products))
    assert "再申し込み" not in rows_of(Shipped.REMOTE_SUPPORT)["解約"]
