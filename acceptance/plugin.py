"""The kit, as a pytest plugin: `-p acceptance.plugin`. What tests of your own may ask for (docs/acceptance.md):

`target`: the portal under test. `member`: the test customer. `phone`, `phone_without_scripts`: 360 px wide, logged in, and
unable to send anything but a login, a proof and a logout. `visitor`: the same, nobody logged in. `changer`: logged in, may send
all; only with CHANGE=1. `say`: writes a line into the report. Whatever device was used must have stayed without trouble:
no console error (a violation of the Content-Security-Policy is one), no failed request, no third party.
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Route, expect

from acceptance import target as targets
from acceptance.hiding import hide
from acceptance.member import Member
from acceptance.report import FAILED, REPORT, Report, screenshot_of
from acceptance.target import Target
from e2e import device as devices
from e2e.chromium import launched
from e2e.device import PHONE, Device

HARMLESS = {"/login", "/login/second", "/proof", "/logout", "/session/extend"}
"""Where a device that changes nothing may send a form."""
SESSION = re.compile("^(__Host-)?mypage$")
"""The cookie of a login; the other one says that the browser is no stranger, and stays."""
PATIENCE = 10_000
"""Milliseconds within which a page shows what it is asked for, over whatever line."""
FOR_A_FILE = 30_000
"""Milliseconds within which a press is answered: a PDF is made by a process of its own, on a server that has other work, too."""
Say = Callable[[str], None]
TakeDevice = Callable[..., Awaitable[Device]]


@pytest.fixture(scope="session")
def target() -> Target:
    """The portal under test, as the environment names it."""
    try:
        found = targets.read(os.environ)
    except targets.Unfit as unfit:
        pytest.exit(f"acceptance: {unfit}", returncode=2)
    for secret in found.secrets:
        hide(secret)
    hide(found.number, "(customer number)")
    hide(found.login, "(account ID)")
    return found


@pytest.fixture
def say(request: pytest.FixtureRequest) -> Say:
    """Writes a line onto the console at once, and into the report, with the journey that says it."""

    def said(text: str) -> None:
        request.node.user_properties.append(("said", text))
        request.config.stash[REPORT].say(text)

    return said


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The browser of the run."""
    async with launched() as browser:
        yield browser


@pytest.fixture(scope="session")
async def service(chromium: Browser, target: Target) -> str:
    """What the portal calls itself, as the title of its login page has it."""
    context = await chromium.new_context(base_url=target.url, ignore_https_errors=target.any_certificate)
    page = await context.new_page()
    answer = await page.goto("/login")
    title = await page.title()
    await context.close()
    if not answer or answer.status != 200 or "｜" not in title:
        pytest.fail(
            f"/login answers {answer and answer.status} with the title {title!r}: is this the portal, and is it up?",
            pytrace=False,
        )
    return title.partition("｜")[2]


@pytest.fixture(scope="session")
def member(target: Target) -> Member:
    """The test customer."""
    return Member(target)


@pytest.fixture
async def new_device(
    chromium: Browser, target: Target, service: str, request: pytest.FixtureRequest
) -> AsyncIterator[TakeDevice]:
    """Makes devices. `logged_in`: as the member; `sends`: may send every form, not only those that change nothing."""
    made: list[Device] = []
    async with AsyncExitStack() as stack:

        async def new(*, scripts: bool = True, logged_in: Any = None, sends: bool = False) -> Device:
            opened = devices.device(
                chromium,
                target.url,
                scripts=scripts,
                size=PHONE,
                service=service,
                keeps=False,
                storage_state=logged_in,
                ignore_https_errors=target.any_certificate,
            )
            made.append(await stack.enter_async_context(opened))
            made[-1].context.set_default_timeout(FOR_A_FILE)
            made[-1].expect_aborted()  # over a slow line a page is left before all of its files have come
            if not sends:
                await made[-1].context.route(re.compile(".*"), _refuse_changes(made[-1]))
            return made[-1]

        yield new
        troubles = [trouble for device in made for trouble in device.troubles()]
        if troubles or request.node.stash.get(FAILED, False):
            await _photograph(request.node, made, target)
    if troubles:
        pytest.fail("the browser complained:\n" + "\n".join(troubles), pytrace=False)


def _refuse_changes(device: Device) -> Callable[[Route], Awaitable[None]]:
    async def reads_or_refused(route: Route) -> None:
        request = route.request
        if request.method in ("GET", "HEAD") or urlsplit(request.url).path in HARMLESS:
            await route.continue_()
            return
        device.trouble(f"a journey that changes nothing sent {request.method} {urlsplit(request.url).path}")
        await route.abort()

    return reads_or_refused


async def _photograph(node: Any, made: list[Device], target: Target) -> None:
    for place, device in enumerate(made if target.screenshots != "none" else (), 1):
        await screenshot_of(node, device, place, whole=target.screenshots == "whole")


@pytest.fixture
async def visitor(new_device: TakeDevice) -> Device:
    """A phone that nobody is logged in with."""
    return await new_device()


@pytest.fixture
async def logged_in(member: Member, new_device: TakeDevice) -> Any:
    """The cookies of the run's one login."""
    if member.refused:
        pytest.skip("not run: nobody could log in")
    if member.state is None:
        device = await new_device()
        device.expect_status(422, 429)  # its words are the reason
        try:
            await member.log_in(device)
        except Exception:
            member.refused = True  # what is left of the run would say the same
            raise
        await member.keep(device)
    return member.state


@pytest.fixture
async def phone(logged_in: Any, new_device: TakeDevice) -> Device:
    """The member's phone, which can change nothing."""
    return await new_device(logged_in=logged_in)


@pytest.fixture
async def phone_without_scripts(logged_in: Any, new_device: TakeDevice) -> Device:
    """The same without JavaScript."""
    return await new_device(logged_in=logged_in, scripts=False)


@pytest.fixture
async def changer(target: Target, member: Member, logged_in: Any, new_device: TakeDevice) -> Device:
    """The member's phone, which may change things. Skips without CHANGE=1."""
    must_change(target)
    device = await new_device(logged_in=logged_in, sends=True)
    if not member.proved_just_now:
        await device.context.clear_cookies(name=SESSION)
        await member.log_in(device)
        await member.keep(device)
    return device


def must_change(target: Target) -> None:
    """Skips a journey that changes something, without CHANGE=1."""
    if not target.change:
        pytest.skip("it changes things: CHANGE=1, on a contract made for tests")


def pytest_configure(config: pytest.Config) -> None:
    expect.set_options(timeout=PATIENCE)
    config.pluginmanager.register(Report(config), "acceptance-report")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--report", default=str(targets.ROOT / ".build" / "acceptance"), help="folder of the report"
    )
