"""What the member reads, and changes nothing by it: every page of the menu, bills and their files, with scripts and without."""

from __future__ import annotations

import csv
import io
import os
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from acceptance import looking
from acceptance.member import Member, path
from acceptance.plugin import TakeDevice
from acceptance.target import Target
from app.domain.catalogue import file
from e2e.device import DESK, Device
from e2e.journeys.reading import downloaded, open_account_id, open_and_close_the_menu

OWN_PAGES = ("/", "/accounts/new")
"""Where a login leads: a first one of a contract without account IDs to their registration."""
MONTHS = 6
"""So many of the newest months are looked through for a bill with something on it."""
LINK_OF_A_MONTH = re.compile(r"^/statements/\d{4}-\d\d$")
SIDEWAYS = "document.scrollingElement.scrollWidth - innerWidth"


async def test_the_login_leads_to_the_first_page(phone: Device, target: Target) -> None:
    await phone.open("/")
    assert path(phone) in OWN_PAGES
    shown = target.login or target.number
    await expect(phone.page.locator("#who")).to_contain_text(shown)


async def test_the_cookies_of_a_login_are_kept_from_scripts_and_from_others(
    phone: Device, target: Target
) -> None:
    wrong = []
    for cookie in await phone.context.cookies():
        name = cookie.get("name", "")
        if not cookie.get("httpOnly"):
            wrong.append(f"{name} can be read by scripts")
        if cookie.get("sameSite") not in ("Lax", "Strict"):
            wrong.append(f"{name} is sent with requests of other sites")
        if target.https and not (cookie.get("secure") and name.startswith("__Host-")):
            wrong.append(f"{name} is not bound to https and to this host")
    assert await phone.context.cookies(), "no cookie came"
    assert not wrong, "\n".join(wrong)


async def test_the_accordion_opens_every_account_id(phone: Device, member: Member) -> None:
    for login in await _account_ids(phone, member):
        await open_account_id(phone, login)
        wrong = await looking.wrong_with_shown(phone)
        assert not wrong, "\n".join(wrong)


async def _account_ids(device: Device, member: Member) -> list[str]:
    found = await member.account_ids(device)
    if not found:
        pytest.skip("the login sees no account ID in the overview")
    return found


async def test_every_page_of_the_menu_is_whole(phone: Device, member: Member) -> None:
    await member.open(phone, "/")
    wrong = []
    for entry in await looking.menu(phone):
        wrong += await looking.wrong_with(member, phone, entry)
    assert not wrong, "\n".join(wrong)


async def test_every_page_of_an_account_id_is_whole(phone: Device, member: Member) -> None:
    logins = await member.account_ids(phone)
    if logins:
        await open_account_id(phone, logins[0])
    paths = await _links(phone, "main a[href^='/accounts/']")
    if not paths:
        pytest.skip("the contract has no account ID")
    wrong = []
    for link in paths:
        wrong += await looking.wrong_with(member, phone, link)
    assert not wrong, "\n".join(wrong)


async def test_a_wide_window_scrolls_sideways_on_no_page_of_the_menu(
    logged_in: Any, new_device: TakeDevice, member: Member
) -> None:
    computer = await new_device(logged_in=logged_in, scripts=False)
    await computer.page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    await member.open(computer, "/")
    wide = []
    for entry in await looking.menu(computer):
        await member.open(computer, entry)
        if await computer.page.evaluate(SIDEWAYS) > 0:
            wide.append(entry)
    assert not wide, f"they scroll sideways: {', '.join(wide)}"


async def test_without_a_script_every_page_can_be_reached(
    phone_without_scripts: Device, member: Member
) -> None:
    phone = phone_without_scripts
    await member.open(phone, "/")
    entries = await looking.menu(phone)
    await open_and_close_the_menu(phone)
    wrong = []
    for entry in entries:
        wrong += await looking.wrong_with(member, phone, entry)
    assert not wrong, "\n".join(wrong)


async def test_without_a_script_the_accordion_opens(phone_without_scripts: Device, member: Member) -> None:
    await open_account_id(phone_without_scripts, (await _account_ids(phone_without_scripts, member))[0])


async def test_a_phones_menu_opens_and_closes(phone: Device, member: Member) -> None:
    await member.open(phone, "/")
    await open_and_close_the_menu(phone)


async def test_a_bill_is_a_page_a_csv_and_a_pdf(phone: Device, member: Member) -> None:
    month = await _a_bill(phone, member)
    wrong = await looking.wrong_with(member, phone, month)
    assert not wrong, "\n".join(wrong)
    rows = list(csv.reader(io.StringIO((await downloaded(phone, "CSV")).decode("utf-8-sig"))))
    assert len(rows) > 1, "the CSV has no lines"
    await member.open(phone, month)
    pdf = await downloaded(phone, "PDF")
    assert pdf.startswith(b"%PDF-"), "what is called a PDF is none"


async def _a_bill(device: Device, member: Member) -> str:
    """The newest month that has a PDF; skips where there is none to look at."""
    await _must_be_in_menu(device, member, "/statements", "the login may not see bills")
    await member.open(device, "/statements")
    links = await _links(device)
    months = [link for link in links if LINK_OF_A_MONTH.match(link)]
    for month in months[:MONTHS]:
        await member.open(device, month)
        if await device.link("PDFをダウンロード").count():
            return month
    pytest.skip(f"none of the {len(months[:MONTHS])} newest months has a charge on its bill")


async def _links(device: Device, css: str = "main a") -> list[str]:
    """The paths that the links lead to, each once."""
    paths = await device.page.locator(css).evaluate_all("links => links.map(link => link.pathname)")
    return list(dict.fromkeys(map(str, paths)))


async def _must_be_in_menu(device: Device, member: Member, page: str, otherwise: str) -> list[str]:
    """The entries of the menu at or below that page; skips where there is none."""
    await member.open(device, "/")
    found = [entry for entry in await looking.menu(device) if entry == page or entry.startswith(f"{page}/")]
    if not found:
        pytest.skip(f"{otherwise}: the menu has no {page}")
    return found


@pytest.mark.parametrize(
    ("page", "otherwise"),
    [
        ("/calls", "no telephony, or the login may not see calls"),
        ("/changes", "the login has no history"),
        ("/documents", "no documents"),
    ],
    ids=["calls", "history", "documents"],
)
async def test_what_a_list_leads_to(page: str, otherwise: str, phone: Device, member: Member) -> None:
    listed = []
    for entry in await _must_be_in_menu(phone, member, page, otherwise):
        await member.open(phone, entry)
        links = await _links(phone)
        listed += [link for link in links if link.startswith(f"{page}/") and not link.endswith(".csv")][:1]
    if not listed:
        pytest.skip("the list is empty")
    wrong = []
    for link in listed:
        wrong += await looking.wrong_with(member, phone, link)
    assert not wrong, "\n".join(wrong)


async def test_the_menu_has_what_the_catalogue_sells_and_nothing_else(
    phone: Device, member: Member, target: Target
) -> None:
    if not (named := os.environ.get("CATALOGUE")):
        pytest.skip("CATALOGUE names no file to compare with; what the menu has was looked at")
    if target.login:
        pytest.skip("compared with the menu of the customer number: leave LOGIN out")
    catalogue = file.read(Path(named)).catalogue
    await member.open(phone, "/")
    entries = await looking.menu(phone)
    sold = {entry.kind for entry in catalogue.products if entry.sold}
    wanted = {f"/calls/{name}" for name in catalogue.telephony}
    wanted |= {
        page for kind, page in (("mail", "/mail-service"), ("support", "/remote-support")) if kind in sold
    }
    lacking = sorted(wanted - set(entries))
    calls = {entry for entry in entries if entry.startswith("/calls/")}
    assert not lacking, f"the catalogue has it, the menu has not: {', '.join(lacking)}"
    assert calls <= wanted, f"the menu has it, the catalogue has not: {', '.join(sorted(calls - wanted))}"
    if not any(entry.kind == "support" for entry in catalogue.products):
        assert "/remote-support" not in entries, "the catalogue has no support, the menu has /remote-support"
