"""セキュリティオプション bought and cancelled inside the accordion's row, where the panel takes the option's place."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup

from app.domain import clock
from app.domain.cards import kept as payment
from app.domain.options import licences, security
from app.postgres import database
from tests.browser import Browser, filled_in
from tests.free import promises
from tests.options.steps import FULL, PAGE, SON, WIFE, pins, token, tokyo
from tests.products import Shipped

CELL = f"security-360-{WIFE}"


INLINE = {"HX-Request": "true", "HX-Target": f"dd#{CELL}"}


async def inline(browser: Browser, method: str, path: str, **body: str) -> BeautifulSoup:
    """What htmx gets for the option's cell."""
    headers = {**INLINE, "Sec-Fetch-Site": "same-origin"}
    sent: dict[str, Any] = {"data": body} if method == "POST" else {}
    browser.answer = await browser.request(method, path, headers=headers, follow_redirects=True, **sent)
    piece = BeautifulSoup(browser.answer.text, "html.parser")
    assert not promises(str(piece))
    return piece


@pytest.mark.slow
async def test_the_panel_opens_in_place_and_its_button_swaps_the_new_state_in(contractor: Browser) -> None:
    secret = await token(contractor)
    piece = await contractor.htmx(f"/accounts/{WIFE}")
    link = piece.select_one(f"#{CELL} a[data-hx-post]")
    assert link
    assert str(link["href"]).startswith(PAGE)
    panel = await inline(contractor, "POST", str(link["data-hx-post"]), csrf_token=secret)
    assert not panel.select("h1, title")
    assert "550円／月（税込）" in panel.get_text()
    assert security.CONSENT in panel.get_text()
    assert len(contractor.answer.content) <= 4096
    form = panel.select("form")[0]
    assert form["data-hx-target"] == f"#{CELL}"
    assert await pins() == []
    cell = await inline(contractor, "POST", str(form["action"]), **filled_in(form))
    assert "購入済" in cell.get_text()
    assert "解約する" in cell.get_text()
    assert cell.select_one(f"a[href='{form['action']}']"), "the receipt"
    assert len(await pins()) == 1
    again = await inline(contractor, "POST", str(form["action"]), **filled_in(form))
    assert again.get_text() == cell.get_text()
    assert len(await pins()) == 1
    (link,) = cell.select("a[data-hx-post]")
    panel = await inline(contractor, "POST", str(link["data-hx-post"]), csrf_token=secret)
    assert "日割りなし" in panel.get_text()
    back = panel.select_one("a[data-hx-get]")
    assert back
    stays = await inline(contractor, "GET", str(back["data-hx-get"]))
    assert "購入済" in stays.get_text()
    form = panel.select("form")[0]
    cell = await inline(contractor, "POST", str(form["action"]), **filled_in(form))
    assert "解約済（" in cell.get_text()
    assert "購入する" in cell.get_text()


async def test_the_accordion_offers_nothing_that_would_be_refused_and_says_why_with_the_way_out(
    contractor: Browser,
) -> None:
    row = await inline(contractor, "GET", f"/accounts/{SON}")
    assert security.NO_ADDRESS in row.get_text()
    assert row.select(f"p.reason a[href='/accounts/{SON}/mail-address']")
    assert not row.select("a[data-hx-post]")
    await database.rows("DELETE FROM card")
    row = await inline(contractor, "GET", f"/accounts/{WIFE}")
    assert payment.NO_CARD in row.get_text()
    assert row.select("p.reason a[href='/payment']")
    assert not row.select("a[data-hx-post]")


@pytest.mark.slow
async def test_what_cannot_be_bought_says_so_in_place_and_an_old_panel_takes_the_page(
    contractor: Browser,
) -> None:
    secret = await token(contractor)
    refused = await inline(contractor, "POST", f"/accounts/{SON}/security{FULL}", csrf_token=secret)
    assert contractor.answer.status_code == 422
    assert security.NO_ADDRESS in refused.get_text()
    panel = await inline(contractor, "POST", PAGE + FULL, csrf_token=secret)
    action = str(panel.select("form")[0]["action"])
    await database.rows("UPDATE change SET asked_at = asked_at - interval '31 minutes'")
    late = await inline(contractor, "POST", action, csrf_token=secret)
    assert contractor.answer.headers["hx-retarget"] == "#main"
    assert "有効期間が切れました" in late.get_text()
    panel = await inline(contractor, "POST", PAGE + FULL, csrf_token=secret)
    await database.rows("DELETE FROM licence")
    form = panel.select("form")[0]
    late = await inline(contractor, "POST", str(form["action"]), **filled_in(form))
    assert contractor.answer.headers["hx-retarget"] == "#main"
    assert licences.no_stock(Shipped.SECURITY_360) in late.get_text()


async def test_a_panel_that_is_left_open_over_the_end_of_a_month_is_shown_anew(contractor: Browser) -> None:
    secret = await token(contractor)
    clock.start_at(tokyo("2026-01-31T23:50"))
    panel = await inline(contractor, "POST", PAGE + FULL, csrf_token=secret)
    assert "今月 0円（2026/01/31までに解約した場合は550円）" in panel.get_text()
    form = panel.select("form")[0]
    clock.start_at(tokyo("2026-02-01T00:01"))
    anew = await inline(contractor, "POST", str(form["action"]), **filled_in(form))
    assert "内容が変わりました" in anew.get_text()
    assert "今月 0円（2026/02/28までに解約した場合は550円）" in anew.get_text()
    assert not anew.select("h1")
    assert await pins() == []
