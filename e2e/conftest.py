"""One portal and one Chromium for each pytest worker; for each test households and devices of its own.

Every device is looked at when its test ends: no console error, no failed request, no third party (ui.md J2).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import pytest
from playwright.async_api import Browser, async_playwright

from e2e import device as devices
from e2e.device import PHONE, Device
from e2e.people import Household, Town
from e2e.portal import Portal, running

HERE = Path(__file__).parent
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")

NewDevice = Callable[..., Awaitable[Device]]


def chromium_path() -> str:
    """The browser of $CHROMIUM, else the first that is installed. Fails with what to install."""
    wanted = os.environ.get("CHROMIUM")
    for name in [wanted] if wanted else NAMES:
        found = shutil.which(name)
        if found:
            return found
    pytest.fail(
        f"No Chromium found ({wanted or ', '.join(NAMES)}). Install it (Debian: apt install "
        "chromium-headless-shell fonts-ipaexfont-gothic), or name one in CHROMIUM.",
        pytrace=False,
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The portal runs in a process of its own here: measuring what is covered would only cost time."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.no_cover)


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """The portal of this worker."""
    with running(tmp_path_factory.mktemp("portal")) as portal:
        yield portal


@pytest.fixture(scope="session")
async def town(portal: Portal) -> AsyncIterator[Town]:
    """Where the people of the stories live."""
    connection = await asyncpg.connect(**portal.connection)
    yield Town(connection, portal.keys)
    await connection.close()


@pytest.fixture
async def household(town: Town) -> Household:
    """The Arteris: the contractor, her son (user role) and his wife (admin role)."""
    return await town.household()


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The browser of this worker."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def scripts(request: pytest.FixtureRequest) -> bool:
    """Every journey is gone twice (J1)."""
    return bool(request.param)


@pytest.fixture
async def new_device(chromium: Browser, portal: Portal) -> AsyncIterator[NewDevice]:
    """Makes devices; all of them must have stayed without trouble."""
    made: list[Device] = []
    async with AsyncExitStack() as stack:

        async def new(*, scripts: bool = True, size: tuple[int, int] = PHONE) -> Device:
            fresh = devices.device(chromium, portal.url, scripts=scripts, size=size)
            made.append(await stack.enter_async_context(fresh))
            return made[-1]

        yield new
        troubles = [trouble for device in made for trouble in device.troubles()]
    assert troubles == []


@pytest.fixture(scope="session")
async def kept_devices(chromium: Browser, portal: Portal) -> AsyncIterator[dict[bool, Device]]:
    """Two devices of this worker, with JavaScript (True) and without: new ones take longer than many a test."""
    async with (
        devices.device(chromium, portal.url) as with_scripts,
        devices.device(chromium, portal.url, scripts=False) as without,
    ):
        yield {True: with_scripts, False: without}


@pytest.fixture
async def passing_device(kept_devices: dict[bool, Device]) -> AsyncIterator[Device]:
    """A kept device for a screen, as if it were new; it must have stayed without trouble."""
    await kept_devices[True].becomes_new()
    yield kept_devices[True]
    assert kept_devices[True].troubles() == []


@pytest.fixture
async def phone(kept_devices: dict[bool, Device], scripts: bool) -> AsyncIterator[Device]:
    """A phone, once with JavaScript and once without: kept, but as if it were new."""
    phone = kept_devices[scripts]
    await phone.page.goto("about:blank")  # what the last journey still fetches is not of this one
    await phone.becomes_new()
    yield phone
    assert phone.troubles() == []


@pytest.fixture
async def scripted_phone(new_device: NewDevice) -> Device:
    """A phone with JavaScript, for what only a script does."""
    return await new_device()


@pytest.fixture
async def contractor(town: Town, household: Household, phone: Device) -> Device:
    """The contractor's phone, logged in with the customer number."""
    await town.log_in(phone, household)
    return phone


@pytest.fixture
async def admin(town: Town, household: Household, new_device: NewDevice, scripts: bool) -> Device:
    """The wife's phone, logged in with her admin account ID."""
    phone = await new_device(scripts=scripts)
    await town.log_in(phone, household, household.wife)
    return phone


@pytest.fixture
async def family_user(town: Town, household: Household, new_device: NewDevice, scripts: bool) -> Device:
    """The son's phone, logged in with his user-role account ID."""
    phone = await new_device(scripts=scripts)
    await town.log_in(phone, household, household.son)
    return phone
