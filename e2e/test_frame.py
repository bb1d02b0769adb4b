"""The frame of every page (ui.md A12, A13): a head that leaves room, a menu that makes no page longer."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from e2e.conftest import TakeDevice
from e2e.device import DESK, Device
from e2e.households import Household, Town

LEAST, WITH_NOTICE = 132, 180
"""Pixels from the top of a phone to the h1, without a notice and with one."""
TOP = "node => node.getBoundingClientRect().top"
TWICE = "document.documentElement.style.fontSize = '200%'"


async def top_of_the_heading(device: Device) -> float:
    top: float = await device.page.locator("h1").evaluate(TOP)
    return top


@pytest.mark.parametrize("path", ["/", "/changes", "/accounts/new", "/customer-password"])
async def test_on_a_phone_the_page_begins_near_the_top(
    path: str, scripted_phone: Device, town: Town, household: Household
) -> None:
    phone = scripted_phone
    await town.log_in(phone, household)
    await phone.open(path)
    notice = phone.page.locator("#banners .notice")
    assert await notice.count() == 1
    assert await top_of_the_heading(phone) <= WITH_NOTICE
    await phone.page.evaluate(TWICE)
    assert await top_of_the_heading(phone) <= 740 - 40, "the first screen shows no heading"
    await phone.open(path)
    await notice.get_by_role("button").click()
    await expect(notice).to_have_count(0)
    assert await top_of_the_heading(phone) <= LEAST


@pytest.mark.parametrize("height", [400, 600, 900])
@pytest.mark.parametrize("path", ["/contact", "/changes", "/notices/outage"])
async def test_no_page_is_longer_because_of_the_menu(
    path: str, height: int, new_device: TakeDevice, town: Town, household: Household
) -> None:
    device = await new_device(size=(DESK[0], height))
    await town.log_in(device, household)
    await device.open(path)
    groups = device.page.locator("#menu details:not([open]) summary")
    while await groups.count():
        await groups.first.click()
    length = "document.documentElement.scrollHeight"
    with_menu = await device.page.evaluate(length)
    await device.page.evaluate("document.querySelector('#menu').remove()")
    await device.page.evaluate("document.querySelector('.frame').style.display = 'block'")
    assert with_menu <= await device.page.evaluate(length) + 1


async def test_the_menu_stays_in_view_and_scrolls_by_itself(
    new_device: TakeDevice, town: Town, household: Household
) -> None:
    device = await new_device(size=(DESK[0], 500))
    await town.log_in(device, household)
    await device.open("/accounts/new")
    await device.page.locator("#menu summary", has_text="料金明細照会").click()
    await device.page.evaluate("scrollTo(0, document.documentElement.scrollHeight / 2)")
    await expect(device.page.locator("#menu")).to_be_in_viewport(ratio=0.9)
    assert await device.page.locator(".menu-box").evaluate("node => node.scrollHeight > node.clientHeight")


async def test_groups_are_folded_but_the_one_of_the_page_that_is_shown(
    phone: Device, town: Town, household: Household
) -> None:
    await town.log_in(phone, household)
    for path, group, title, current in (
        ("/customer-password", "各種お手続き", "お客様番号パスワード変更", "page"),
        (f"/accounts/{household.wife}/edit", "アカウントIDオプション", "アカウントID管理", "true"),
        ("/changes", "お手続き履歴", "お手続き履歴", "page"),
    ):
        await phone.open(path)
        await phone.press("メニュー")
        open_groups = phone.page.locator("#menu details[open] summary")
        assert await open_groups.all_text_contents() == ["ご契約情報", group]
        entry = phone.page.locator("#menu [aria-current]")
        await expect(entry).to_have_text(title)
        await expect(entry).to_have_attribute("aria-current", current)
        await expect(entry).to_be_in_viewport()


async def test_the_entry_of_the_page_is_in_view_when_the_menu_opens_with_large_text(
    scripted_phone: Device, town: Town, household: Household
) -> None:
    await town.log_in(scripted_phone, household)
    await scripted_phone.open("/logins")
    await scripted_phone.page.evaluate(TWICE)
    await scripted_phone.press("メニュー")
    await expect(scripted_phone.page.locator("#menu [aria-current]")).to_be_in_viewport()
