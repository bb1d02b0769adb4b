"""One portal and one Chromium for each pytest worker; for each test households and devices of its own.

Every device is looked at when its test ends: no console error, no failed request, no third party (ui.md J2).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import asyncpg
import pytest
from playwright.async_api import Browser

from app.domain import catalogue
from app.domain.catalogue import file
from e2e import device as devices
from e2e.chromium import launched
from e2e.device import PHONE, Device
from e2e.households import Household, Town
from e2e.portal import Portal, running

TakeDevice = Callable[..., Awaitable[Device]]
"""What `new_device` and `borrow` are: called for each device that a test wants."""


@pytest.fixture(scope="session", autouse=True)
def at_start() -> None:
    """The words of the shipped catalogue, which tests compare pages with."""
    catalogue.use(file.shipped())


@dataclass
class Shelf:
    """Devices that nobody uses now: a new one, with a process and empty caches, takes longer than many a test."""

    chromium: Browser
    origin: str
    stack: AsyncExitStack
    devices: list[Device] = field(default_factory=list)

    async def take(self, *, scripts: bool) -> Device:
        """One that lies there, else one that is made; as if it were new, but for the files in its cache."""
        for device in self.devices:
            if device.scripts == scripts:
                self.devices.remove(device)
                await device.becomes_new()
                return device
        made = devices.device(self.chromium, self.origin, scripts=scripts)
        return await self.stack.enter_async_context(made)


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
    async with launched() as browser:
        yield browser


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def scripts(request: pytest.FixtureRequest) -> bool:
    """Every journey is gone twice (J1)."""
    return bool(request.param)


@pytest.fixture
async def new_device(chromium: Browser, portal: Portal) -> AsyncIterator[TakeDevice]:
    """Makes devices; all of them must have stayed without trouble."""
    made: list[Device] = []
    async with AsyncExitStack() as stack:

        async def new(*, scripts: bool = True, size: tuple[int, int] = PHONE) -> Device:
            fresh = devices.device(chromium, portal.url, scripts=scripts, size=size)
            made.append(await stack.enter_async_context(fresh))
            return made[-1]

        yield new
        _stayed_without_trouble(made)


@pytest.fixture(scope="session")
async def shelf(chromium: Browser, portal: Portal) -> AsyncIterator[Shelf]:
    """The devices that this worker keeps from test to test."""
    async with AsyncExitStack() as stack:
        yield Shelf(chromium, portal.url, stack)


@pytest.fixture
async def borrow(shelf: Shelf) -> AsyncIterator[TakeDevice]:
    """Takes devices from the shelf, as if they were new; all of them must have stayed without trouble."""
    borrowed: list[Device] = []

    async def take(*, scripts: bool = True) -> Device:
        borrowed.append(await shelf.take(scripts=scripts))
        return borrowed[-1]

    yield take
    shelf.devices.extend(borrowed)
    _stayed_without_trouble(borrowed)


def _stayed_without_trouble(devices: list[Device]) -> None:
    assert [trouble for device in devices for trouble in device.troubles()] == []


@pytest.fixture
async def phone(borrow: TakeDevice, scripts: bool) -> Device:
    """A phone, once with JavaScript and once without."""
    return await borrow(scripts=scripts)


@pytest.fixture
async def scripted_phone(new_device: TakeDevice) -> Device:
    """A new phone with JavaScript, for what only a script does: nothing is cached, no clock was touched."""
    return await new_device()


@pytest.fixture
async def contractor(town: Town, household: Household, phone: Device) -> Device:
    """The contractor's phone, logged in with the customer number."""
    await town.log_in(phone, household)
    return phone


@pytest.fixture
async def admin(town: Town, household: Household, borrow: TakeDevice, scripts: bool) -> Device:
    """The wife's phone, logged in with her admin account ID."""
    phone = await borrow(scripts=scripts)
    await town.log_in(phone, household, household.wife)
    return phone


@pytest.fixture
async def family_user(town: Town, household: Household, borrow: TakeDevice, scripts: bool) -> Device:
    """The son's phone, logged in with his user-role account ID."""
    phone = await borrow(scripts=scripts)
    await town.log_in(phone, household, household.son)
    return phone
