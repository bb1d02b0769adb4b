"""ui.md, screen by screen: axe-core and the probes find nothing, in both schemes and at every width."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from app import routes, web
from app.domain.access.matrix import Permission
from app.web.pages import collected, page_of
from e2e.accessibility import PROBES, tab_stops, wrong_with
from e2e.conftest import TakeDevice
from e2e.device import Device
from e2e.households import Town
from e2e.screens import SCREENS, WITH_PASSWORDS, Screen

PAGES_OF_A_PDF = re.compile(rb"/Type\s*/Page\b")
NAMED = {screen.name: screen for screen in SCREENS}


def test_every_page_of_the_portal_is_among_the_screens() -> None:
    pages = {
        path
        for handler in [*collected(routes), *collected(web)]
        for path in handler.paths
        if "GET" in handler.http_methods
        and (page := page_of(handler))
        and page.permission != Permission.PUBLIC
        if not path.endswith((".csv", ".json", ".pdf"))
    }
    visited = [screen.path.partition("?")[0] for screen in SCREENS]
    patterns = {path: re.compile(re.sub(r"\{\w+:\w+\}", "[^/]+", path)) for path in pages}
    assert [path for path in pages if not any(map(patterns[path].fullmatch, visited))] == []


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
async def test_a_screen_can_be_used_by_everybody(screen: Screen, borrow: TakeDevice, town: Town) -> None:
    device = await borrow()
    await screen.reach(device, town)
    asks = await device.page.locator("input[type=password]").count() > 0
    assert asks == (screen.name in WITH_PASSWORDS)
    assert await wrong_with(device) == []
    if screen.name.endswith("complete"):
        await a_receipt_is_printed_on_one_sheet(device)


async def a_receipt_is_printed_on_one_sheet(device: Device) -> None:
    await device.page.emulate_media(color_scheme="light")
    printed = await device.page.pdf(prefer_css_page_size=True)
    assert len(PAGES_OF_A_PDF.findall(printed)) == 1
    await device.page.emulate_media(media="print")
    await expect(device.row("受付番号")).to_be_visible()
    for unprinted in ("#menu", ".site-footer", "header form", ".dock"):
        await expect(device.page.locator(unprinted)).to_be_hidden()


@pytest.mark.parametrize(
    "name",
    ["login, nothing typed", "overview, opened rows", "overview, menu of a phone", "deletion, confirm"],
)
async def test_forced_colours_leave_borders_and_outlines(
    name: str, scripted_phone: Device, town: Town
) -> None:
    page = scripted_phone.page
    await NAMED[name].reach(scripted_phone, town)
    await page.emulate_media(forced_colors="active", reduced_motion="reduce")
    await page.evaluate(PROBES)
    assert await page.evaluate("probes.borders()") == []
    assert await tab_stops(page) == []


async def test_nothing_moves_for_whoever_wants_no_motion(scripted_phone: Device, town: Town) -> None:
    await NAMED["overview, opened rows"].reach(scripted_phone, town)
    moving = """[...document.querySelectorAll("*")].flatMap((node) => ["", "::before", "::after"].map((part) =>
        getComputedStyle(node, part))).filter(({transitionDuration, animationName}) =>
        !/^0s(, 0s)*$/.test(transitionDuration) || animationName !== "none").length"""
    assert await scripted_phone.page.evaluate(moving) > 0
    await scripted_phone.page.emulate_media(reduced_motion="reduce")
    assert await scripted_phone.page.evaluate(moving) == 0
