"""What every screen must hold (ui.md), and how a screen is looked at: axe-core, and probes for what axe leaves out."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from e2e.device import DESK, PHONE

if TYPE_CHECKING:
    from playwright.async_api import Page

    from e2e.device import Device

HERE = Path(__file__).parent
AXE = (HERE / "vendor" / "axe-4.14.1.min.js").read_text()
PROBES = (HERE / "probes.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast", "link-in-text-block"]
RUN = """async ([where, only]) => (await axe.run(where, {runOnly: only, resultTypes: ["violations"]}))
    .violations.map(({id, nodes}) => `axe ${id}: ${nodes.map(({target, failureSummary}) =>
        `${target} ${failureSummary}`).slice(0, 3).join("; ")}`)"""
NARROW = {"width": 320, "height": 640}
MOST_STOPS = 200


async def wrong_with(device: Device) -> list[str]:
    """Everything that is wrong with the screen that the device shows, each with where it was found."""
    await device.keep()
    page = device.page
    await page.emulate_media(reduced_motion="reduce")
    await page.evaluate(AXE)
    await page.evaluate(PROBES)
    found = [("", text) for text in await _probe(page, "structure", "names", "none")]
    for size in (PHONE, DESK):
        await page.set_viewport_size({"width": size[0], "height": size[1]})
        found += [(f"{size[0]} px", text) for text in await _probe(page, "targets", "sideways", "cut")]
        known = await _known_frame(page)
        found += [(f"{size[0]} px", text) for text in await tab_stops(page, main=known)]
        where = "main" if known else "html"
        await page.emulate_media(color_scheme="light")
        whole = "html" if size == PHONE else where  # some rules look at a whole page only
        found += [(f"{size[0]} px light", text) for text in await page.evaluate(RUN, [whole, TAGS])]
        await page.emulate_media(color_scheme="dark")  # only the rules about colours can find more
        found += [(f"{size[0]} px dark", text) for text in await page.evaluate(RUN, [where, COLOURS])]
    await page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    found += [("320 px", text) for text in await _narrow(page)]
    return [f"{where}: {text}" for where, text in found]


async def _probe(page: Page, *names: str) -> list[str]:
    calls = ", ".join(f"...probes.{name}()" for name in names)
    wrong: list[str] = await page.evaluate(f"[{calls}]")
    return wrong


async def _narrow(page: Page) -> list[str]:
    """A7: at 320 px, as it is, with text twice as large, and with WCAG's text spacing."""
    return list(
        await page.evaluate("""() => {
            const look = (how) => [...probes.sideways(), ...probes.cut()].map((text) => `${how}: ${text}`);
            const plain = look("plain");
            probes.text("200%");
            const large = look("text of 200%");
            probes.text("");
            probes.spaced(true);
            const spaced = look("text spacing");
            probes.spaced(false);
            return [...plain, ...large, ...spaced];
        }""")
    )


_frames: set[tuple[int, str]] = set()
"""Widths and frames (header, banner, menu, foot) that this worker has looked at."""


async def _known_frame(page: Page) -> bool:
    """Whether what stands around main was looked at on another screen of this width."""
    size: Any = page.viewport_size
    frame = (size["width"], await page.evaluate("probes.frame()"))
    known = frame in _frames
    _frames.add(frame)
    return known


async def tab_stops(page: Page, *, main: bool = False) -> list[str]:
    """A3: press Tab from the first stop to the last, and look at each; with `main` those in main alone."""
    await page.evaluate("probes.start", main)
    await page.keyboard.press("Tab")  # and back: now the browser knows that a keyboard is used
    await page.keyboard.press("Shift+Tab")
    expected: int = await page.evaluate("probes.watch()")
    for presses in (expected + 1, *[5] * (MOST_STOPS // 5)):  # a date has a stop for each of its parts
        await asyncio.gather(*(page.keyboard.press("Tab") for _ in range(presses)))
        wrong: list[str] | None = await page.evaluate("probes.stopped() || null")
        if wrong is not None:
            return wrong
    return [f"more than {MOST_STOPS} tab stops"]


async def layout_shift(page: Page) -> float:
    """P1: the page's cumulative layout shift so far."""
    shift: Any = await page.evaluate("""() => new Promise((done) => {
        let sum = 0;
        new PerformanceObserver((list) => { for (const entry of list.getEntries()) sum += entry.value; })
            .observe({ type: "layout-shift", buffered: true });
        requestAnimationFrame(() => setTimeout(() => done(sum), 0));
    })""")
    return float(shift)
