"""ui.md A11: a link of an error summary shows the question, the reason and the field, which has focus.

Every form of every screen is sent empty, and once with a card's number in each field, which is refused everywhere but in
one; so no list of fields has to be kept.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from app import routes, web
from app.web.pages import collected
from e2e.conftest import TakeDevice
from e2e.device import DESK, PHONE, Device
from e2e.households import Household, Town
from e2e.screens import SCREENS, Screen

if TYPE_CHECKING:
    from playwright.async_api import Page

ALL_WRONG = ("", "4111111111111111")
LARGE = "200%"

FORMS = """() => [...document.querySelectorAll("main form[method=post]:not([hidden])")]
    .filter((form) => form.querySelector("input:not([type=hidden], [readonly]), select, textarea"))
    .map((form) => form.getAttribute("action"))"""
"""The actions of the forms that something is typed into."""

SPOIL = """([action, text]) => {
    const form = [...document.querySelectorAll("main form[method=post]:not([hidden])")]
        .find((form) => form.getAttribute("action") === action);
    for (const field of form.querySelectorAll("input:not([type=hidden], [readonly]), textarea")) {
        if (["checkbox", "radio"].includes(field.type)) field.checked = text && !field.disabled;
        else {
            if (field.type === "date") field.type = "text";
            field.value = text;
        }
    }
    form.querySelector("button:not([type=button])").dataset.pressed = "";
}"""
"""Type a text into all of them, tick all or none; and mark the button that sends the form."""

SEEN = """() => {
    const control = document.activeElement, group = control.closest("fieldset"), wrong = [];
    const questions = [...control.labels || []];
    if (group && (control.type === "radio" || control.closest(".parts"))) questions.push(group.querySelector("legend"));
    const reasons = (control.getAttribute("aria-describedby") || "").split(" ")
        .filter((id) => id.endsWith("-error")).map((id) => document.getElementById(id));
    if (!questions.length) wrong.push("no question");
    if (!reasons.length) wrong.push("no reason");
    const nodes = [["field", control], ...questions.map((node) => ["question", node]),
        ...reasons.map((node) => ["reason", node])];
    const top = Math.min(...nodes.map(([, node]) => node.getBoundingClientRect().top));
    const all = nodes.map(([name, node]) => {
        const box = node.getBoundingClientRect();
        if (box.top < 0) return `the ${name} begins ${Math.round(-box.top)} px above`;
        if (box.bottom > innerHeight) return `the ${name} ends ${Math.round(box.bottom - innerHeight)} px below`;
        const seen = document.elementFromPoint(box.left + box.width / 2, box.top + Math.min(box.height / 2, 8));
        return !seen || !(node.contains(seen) || seen.contains(node)) ? `the ${name} is covered by <${seen?.localName}>` : "";
    });
    const { bottom } = (control.closest("label") || control).getBoundingClientRect();
    return { wrong: [...wrong, ...all.filter(Boolean)], field: all[0], room: top < 0 ? innerHeight - bottom : 0 };
}"""
"""What of the field with focus, its questions and reasons is not in view or lies under something; and how much of the
window is left below it where not all of it fits."""


FOLLOWED = f"""async () => {{
    const seen = {SEEN}, found = {{}};
    const frame = () => new Promise(requestAnimationFrame);
    for (const link of document.querySelectorAll(".error-summary a[href^='#']")) {{
        link.click();
        for (let frames = 0; document.activeElement.id !== link.hash.slice(1) && frames < 120; frames++) await frame();
        await frame();
        found[link.hash] = document.activeElement.id === link.hash.slice(1) ? seen() : null;
    }}
    return found;
}}"""
"""What `SEEN` says of each link, by its address, in one go; null where focus never came."""


def _posted(screen: Screen) -> str:
    """The path of the handler that its page posts to, which is its own, as all of our forms are that something is typed
    into; none if there is no such handler."""
    path = screen.path.partition("?")[0]
    handlers = [
        own
        for handler in [*collected(routes), *collected(web)]
        for own in handler.paths
        if "POST" in handler.http_methods and own.count("/") > own.count(":path}")
        if re.fullmatch(re.sub(r"\{\w+:\w+\}", "[^/]+", own), path)
    ]
    return handlers[0] if handlers else ""


FORMS_AS_OPENED = [
    screen for screen in SCREENS if screen.way is None and screen.status == 200 and _posted(screen)
]
ONE_OF_EACH = list({_posted(screen): screen for screen in reversed(FORMS_AS_OPENED)}.values())
"""Without a script a link is the browser's own: what decides is where the field stands, not the state of the page."""
REFUSED = [screen for screen in SCREENS if screen.status in (413, 422, 429)]


@pytest.mark.parametrize("screen", FORMS_AS_OPENED, ids=lambda screen: screen.name)
async def test_a_link_shows_what_is_wrong_with_any_field(
    screen: Screen, borrow: TakeDevice, town: Town
) -> None:
    await _every_form(screen, await borrow(), town)


@pytest.mark.parametrize("screen", ONE_OF_EACH, ids=lambda screen: screen.name)
async def test_a_link_does_so_without_a_script(screen: Screen, borrow: TakeDevice, town: Town) -> None:
    await _every_form(screen, await borrow(scripts=False), town)


@pytest.mark.parametrize("screen", REFUSED, ids=lambda screen: screen.name)
async def test_a_link_shows_what_was_refused(screen: Screen, borrow: TakeDevice, town: Town) -> None:
    device = await borrow()
    await screen.reach(device, town)
    assert await _hidden(device) == []


async def test_the_links_are_looked_at(contractor: Device) -> None:
    """So that none of the above is green because nothing was wrong."""
    contractor.expect_status(422)
    await contractor.open("/accounts/new")
    for text in ALL_WRONG:
        await _spoil(contractor.page, "/accounts/new", text)
        assert await contractor.page.locator(".error-summary a").count() >= 7


@pytest.mark.parametrize("height", [PHONE[1], 500])
async def test_the_summary_is_seen_first_with_large_text_too(
    height: int, scripted_phone: Device, town: Town, household: Household
) -> None:
    """A5 at 360 px with text twice as large: after the answer the summary has focus, its heading and first reason show.

    It is taller than the window then, and a browser that brings it into view may begin anywhere in it.
    """
    page = scripted_phone.page
    await page.set_viewport_size({"width": PHONE[0], "height": height})
    scripted_phone.expect_status(422)
    await town.log_in(scripted_phone, household)
    await scripted_phone.open("/accounts/new")
    await _text(page, LARGE)
    await scripted_phone.press("次へ進む")
    summary = page.locator(".error-summary")
    await expect(summary).to_be_focused()
    for part in (summary.locator("h2"), summary.locator("li").first):
        box = await part.bounding_box()
        assert box
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= height


async def _every_form(screen: Screen, device: Device, town: Town) -> None:
    device.expect_status(403, 422)
    await screen.reach(device, town)
    for action in await device.page.evaluate(FORMS):
        for text in ALL_WRONG:
            if action in await device.page.evaluate(FORMS):  # what is right leads on
                await _spoil(device.page, action, text)
                assert await _hidden(device) == []


async def _spoil(page: Page, action: str, text: str) -> None:
    await page.evaluate(SPOIL, [action, text])
    async with page.expect_response(lambda answer: answer.request.method == "POST"):
        await page.locator("[data-pressed]").click()
    await page.locator("[data-pressed]").wait_for(state="detached")


async def _hidden(device: Device) -> list[str]:
    """Every link of the summary at each width, and on a phone with text twice as large."""
    wrong = []
    for size, text in ((PHONE, ""), (DESK, ""), (PHONE, LARGE)):
        await device.page.set_viewport_size({"width": size[0], "height": size[1]})
        await _text(device.page, text)
        for place, found in (await _followed(device)).items():
            missing = (
                ["no focus"] if not found else found["wrong"] if not text else _missing_with_large_text(found)
            )
            wrong += [f"{size[0]} px {text} {place}: {what}" for what in missing]
    await _text(device.page, "")
    return wrong


def _missing_with_large_text(found: dict[str, Any]) -> list[str]:
    """Question, reason, hint and field may be taller than the window then: the field shows, and above it what fits."""
    left = [f"{found['room']} px of the window are left below"] if found["room"] > 3 * 32 else []
    return [f"the field: {found['field']}"] * bool(found["field"]) + left


async def _followed(device: Device) -> dict[str, Any]:
    """What is seen after each link, by its address."""
    page = device.page
    if device.scripts:
        return dict(await page.evaluate(FOLLOWED))
    found = {}
    for link in await page.locator(
        ".error-summary a[href^='#']"
    ).all():  # no script runs that could wait for a frame
        place = await link.get_attribute("href") or ""
        await link.evaluate("(link) => link.click()")
        await page.wait_for_function("(id) => document.activeElement?.id === id", arg=place[1:])
        await page.wait_for_timeout(30)
        found[place] = await page.evaluate(SEEN)
    return found


async def _text(page: Page, size: str) -> None:
    await page.evaluate("(size) => { document.documentElement.style.fontSize = size; }", size)
