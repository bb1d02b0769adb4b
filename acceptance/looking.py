"""What every page must hold at 360 px: an answer of 200, one h1 that its title repeats, axe, no sideways scroll."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e.accessibility import AXE, PROBES, RUN, TAGS

if TYPE_CHECKING:
    from acceptance.member import Member
    from e2e.device import Device

MENU = "#menu .menu-section a[href]"


async def wrong_with(member: Member, device: Device, path: str, status: int = 200) -> list[str]:
    """Open a page and look at it; what is wrong with it, in words, each with its path."""
    answered = await member.open(device, path)
    wrong = [] if answered == status else [f"answers {answered} instead of {status}"]
    return [f"{path}: {text}" for text in wrong + await wrong_with_shown(device)]


async def wrong_with_shown(device: Device) -> list[str]:
    """What is wrong with the page that the device shows."""
    page = device.page
    await page.evaluate(PROBES)
    service = device.site.removeprefix("｜")
    wrong: list[str] = await page.evaluate(
        "(service) => [...probes.structure(service), ...probes.none(), ...probes.sideways()]", service
    )
    if device.scripts:
        await page.evaluate(AXE)
        wrong += await page.evaluate(RUN, ["html", TAGS])
    return wrong


async def menu(device: Device) -> list[str]:
    """The paths that the menu of the page leads to, each once, without the places on a page."""
    links = await device.page.locator(MENU).evaluate_all(
        "links => links.map(link => link.getAttribute('href'))"
    )
    return list(dict.fromkeys(str(link).partition("#")[0].partition("?")[0] for link in links))
