"""Texts that the law asks for: 特定商取引法に基づく表記 where something is bought, all of them in the foot."""

from __future__ import annotations

import pytest

from app.branding import BRAND
from tests.browser import Browser

SELLER = "main a[href='/seller']"


@pytest.mark.parametrize("path", ["/mail-service", "/remote-support", "/accounts/arteri-an-002/security"])
async def test_who_buys_can_read_who_sells_on_the_page_and_on_the_one_that_confirms(
    contractor: Browser, path: str
) -> None:
    await contractor.open(path)
    assert contractor.page.select_one(SELLER)
    form = contractor.page.select("main form[method=post]")[0]
    await contractor.submit(str(form["action"]), agree="yes")
    assert contractor.heading.endswith("確認")
    assert contractor.page.select_one("section[aria-labelledby=offer] a[href='/seller']")


async def test_the_panel_of_a_purchase_leads_there_too(contractor: Browser) -> None:
    await contractor.open("/accounts/arteri-an-002/security")
    form = contractor.page.select("main form[method=post]")[0]
    await contractor.submit(str(form["action"]), agree="yes")
    asked = {"HX-Request": "true", "HX-Target": "dd#security-360"}
    panel = await contractor.get(contractor.path, headers=asked)
    assert "<main" not in panel.text
    assert 'href="/seller"' in panel.text


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (
            "/seller",
            [
                "〒100-0000 東京都千代田区例示1-2-3",
                "毎月27日（金融機関の休業日は翌営業日）",
                "試験通信株式会社",
            ],
        ),
        (
            "/privacy",
            ["保存する期間", "ログイン履歴：1年", "月額請求明細：7年", "手数料と送料はかかりません。"],
        ),
        ("/our-mails", ["mypage@example.jp だけです", "https://mypage.example.jp/ で始まります"]),
        ("/accessibility", ["試験の結果", "（mypage.example.jp）"]),
    ],
)
async def test_the_foot_leads_to_texts_with_what_is_set_put_in(
    visitor: Browser, path: str, said: list[str]
) -> None:
    await visitor.open("/login")
    assert visitor.page.select_one(f".site-footer a[href='{path}']")
    await visitor.open(path)
    for sentence in said:
        assert sentence in visitor.text
    assert "{" not in visitor.text
    assert visitor.heading in {text.title for text in BRAND.texts.values()}
