"""The portal, the engine that was asked for (--engine), and households."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack
from typing import Any, TypeVar
from urllib.parse import urlsplit

import asyncpg
import pytest

from browsers import by_playwright, by_webdriver
from browsers.device import Device, Driver, NewDevice
from browsers.line import Line
from e2e.households import Household, Town
from e2e.portal import Portal, running

T = TypeVar("T")
ENGINES = ("chromium", "firefox", "webkit", "old-webkit")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine", choices=ENGINES, default="webkit")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "engines(*names): the test is about these engines alone")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is about other engines."""
    engine = config.getoption("--engine")
    markers = {item: item.get_closest_marker("engines") for item in items}
    others = [item for item, marker in markers.items() if marker and engine not in marker.args]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.config.getoption("--engine"))


class People:
    """The town's households for tests that wait for nothing: its coroutines run in a thread of their own."""

    def __init__(self, portal: Portal) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._connection = self.wait(asyncpg.connect(**portal.connection))
        self.town = Town(self._connection, portal.keys)
        self.keys = portal.keys

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def household(self, account_ids: int = 2) -> Household:
        return self.wait(self.town.household(account_ids))

    def account_ids(self, household: Household) -> list[str]:
        return self.wait(self.town.living_account_ids(household))

    def changes(self, household: Household) -> int:
        """How many changes were carried out."""
        return self.wait(self.town.changes(household))

    def log_in(self, device: Device, household: Household, account_id: str | None = None) -> None:
        """Give the device a session as a login does, without the time of a hash."""
        token, role = self.wait(self.town.open_session(household, account_id))
        device.open("/healthz")
        device.driver.log_in(self.keys.session_cookie, self.keys.sign("session", [token, role]))

    def close(self) -> None:
        self.wait(self._connection.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with running(tmp_path_factory.mktemp("portal")) as portal:
        yield portal


@pytest.fixture(scope="session")
def line(portal: Portal) -> Iterator[Line]:
    """The line to the portal, which a test can make slow."""
    line = Line(urlsplit(portal.url).port or 80)
    yield line
    line.close()


@pytest.fixture(scope="session")
def people(portal: Portal) -> Iterator[People]:
    people = People(portal)
    yield people
    people.close()


@pytest.fixture
def household(people: People) -> Household:
    """The Arteris: the contractor, her son (user role) and his wife (admin role)."""
    return people.household()


NewDriver = Callable[..., Driver]


@pytest.fixture(scope="session")
def new_driver(engine: str) -> Iterator[NewDriver]:
    """Opens browsers; a window of WebKit is opened once for each scheme, with scripts or without."""
    with ExitStack() as stack:
        if engine in ("chromium", "firefox"):
            browser = stack.enter_context(by_playwright.started(engine))
        elif engine == "webkit":
            screen = stack.enter_context(by_webdriver.display())
        opened: dict[Any, Driver] = {}

        def new(*, dark: bool = False, scripts: bool = True) -> Driver:
            if engine in ("chromium", "firefox"):
                return by_playwright.Page(browser)
            wanted = (dark, scripts)
            if wanted not in opened:
                opened[wanted] = stack.enter_context(
                    by_webdriver.gtk(screen, dark=dark, scripts=scripts)
                    if engine == "webkit"
                    else by_webdriver.wpe()
                )
            return opened[wanted]

        yield new


@pytest.fixture
def new_device(new_driver: NewDriver, line: Line) -> Iterator[NewDevice]:
    """Makes devices; their pages are of the portal."""
    made: list[Device] = []

    def new(**chosen: Any) -> Device:
        device = Device(new_driver(**chosen), line.url)
        made.append(device)
        device.open("/healthz")
        return device

    yield new
    for device in made:
        device.driver.close()


@pytest.fixture
def phone(new_device: NewDevice) -> Device:
    return new_device()
