"""WebKitGTK in a window of a phone's size, and the WPE WebKit of Safari 16 without a screen, both by WebDriver."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Remote
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.common.options import ArgOptions
from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.remote.remote_connection import RemoteConnection

from browsers.device import HEIGHT, WIDTH, Away

SAFARI_16 = "2.38"
"""The WPE WebKit that is Safari 16.0's engine, as Debian 12 has it."""
WINDOW = Path(__file__).parent / "window.py"
QUIET = {"GTK_A11Y": "none", "NO_AT_BRIDGE": "1", "LIBGL_ALWAYS_SOFTWARE": "1", "LANG": "C.UTF-8"}
NEW = "for (const kept of [localStorage, sessionStorage]) kept.clear()"


class Options(ArgOptions):  # type: ignore[misc]
    """What a session is asked for: just what is given, no other browser's name."""

    @property
    def default_capabilities(self) -> dict[str, Any]:
        return {}


class WebKit:
    """A session of a driver, and its one page."""

    def __init__(self, session: Remote) -> None:
        self.session = session

    def go(self, url: str) -> None:
        self.session.get(url)

    def back(self) -> None:
        with _away():
            self.session.execute_script("history.back()")

    def reload(self) -> None:
        self.session.refresh()

    def run(self, script: str, *arguments: Any) -> Any:
        with _away():
            return self.session.execute_script(script, *arguments)

    element = run

    def click(self, element: Any) -> None:
        with _away():
            element.click()

    def type(self, element: Any, text: str) -> None:
        with _away():
            # WPE's driver itself does not come to a field that has a scroll margin.
            self.session.execute_script("arguments[0].scrollIntoView({ block: 'end' })", element)
            element.clear()
            if text:
                element.send_keys(text)

    def key(self, name: str) -> None:
        with _away():
            self.session.switch_to.active_element.send_keys(getattr(Keys, name.upper()))

    def log_in(self, name: str, value: str) -> None:
        self.session.add_cookie({"name": name, "value": value, "path": "/", "httpOnly": True})

    def photograph(self, path: str) -> None:
        self.session.get_screenshot_as_file(path)

    def close(self) -> None:
        """Another test may go on with it, as a new phone."""
        self.session.delete_all_cookies()


@contextlib.contextmanager
def _away() -> Iterator[None]:
    try:
        yield
    except WebDriverException as error:
        raise Away(str(error.msg)) from error


@contextlib.contextmanager
def gtk(display: str, *, dark: bool, scripts: bool) -> Iterator[WebKit]:
    """WebKitGTK on a display, until the block is left."""
    arguments = [f"--size={WIDTH}x{HEIGHT}", *["--dark"] * dark, *["--no-scripts"] * (not scripts)]
    browser = {"binary": str(WINDOW), "args": arguments}
    with _driver("WebKitWebDriver", {"webkitgtk:browserOptions": browser}, display) as session:
        yield WebKit(session)


@contextlib.contextmanager
def wpe() -> Iterator[WebKit]:
    """WPE WebKit, 800 px wide, until the block is left."""
    browser = {"binary": "/usr/bin/cog", "args": ["--automation", "-P", "headless"]}
    with _driver("WPEWebDriver", {"wpe:browserOptions": browser}) as session:
        version = session.capabilities["browserVersion"]
        if version != SAFARI_16:
            pytest.fail(
                f"This WPE WebKit is {version}, not {SAFARI_16}, the engine of Safari 16.0.", pytrace=False
            )
        yield WebKit(session)


@contextlib.contextmanager
def _driver(program: str, capabilities: dict[str, Any], display: str = "") -> Iterator[Remote]:
    port = _free_port()
    with _running([program, f"--port={port}"], display=display):
        _wait_for(port)
        options = Options()
        for name, value in capabilities.items():
            options.set_capability(name, value)
        at = ClientConfig(remote_server_addr=f"http://127.0.0.1:{port}")
        session = Remote(RemoteConnection(client_config=at), options=options)
        try:
            yield session
        finally:
            session.quit()


@contextlib.contextmanager
def display() -> Iterator[str]:
    """A screen that nobody looks at, with a window manager: without one no window has the focus, and nothing in it."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1400x1000x24", "-nolisten", "tcp"]
    with _running(command, (write,)):
        os.close(write)
        with os.fdopen(read) as pipe:
            name = f":{pipe.readline().strip()}"
        with _running(["openbox"], display=name):
            yield name


@contextlib.contextmanager
def _running(command: list[str], pass_fds: tuple[int, ...] = (), *, display: str = "") -> Iterator[None]:
    """A program and all that it starts, until the block is left."""
    program = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **QUIET, **({"DISPLAY": display} if display else {})},
        pass_fds=pass_fds,
        start_new_session=True,
    )
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGTERM)
        program.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int) -> None:
    end = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return
