"""The portal as `mypage serve` runs it, and nginx before it, once for the tests of this folder."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.commands.conftest import migrated_folder
from tests.commands.programs import PATIENCE, SERVING, answers, copied, environment, free_port, until
from tests.ops import nginx
from tests.ops import site as sites
from tests.ops.nginx import Proxy, Upstream
from tests.ops.site import Site

__all__ = ["migrated_folder"]


@pytest.fixture(scope="session")
def portal(migrated_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a portal with two workers, behind a proxy on this machine."""
    folder, port = copied(migrated_folder, tmp_path_factory.mktemp("served")), free_port()
    settings = {**SERVING, "MYPAGE_HOSTS": f"{nginx.NAME},{nginx.HOST}", "MYPAGE_TRUSTED_PROXIES": nginx.HOST}
    serve = subprocess.Popen(
        [sys.executable, "-m", "app", "serve", "--port", str(port), "--workers", "2"],
        env=environment(folder, **settings),
    )
    try:
        until(lambda: answers(port))
        yield port
    finally:
        serve.terminate()
        serve.wait(PATIENCE)


@pytest.fixture(scope="session")
def proxied(portal: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """nginx before the portal."""
    with _nginx(portal, tmp_path_factory) as proxy:
        yield proxy


@pytest.fixture(scope="session")
def site(migrated_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A PostgreSQL of its own with the demo's contracts, and the settings of its programs."""
    with sites.site(migrated_folder, tmp_path_factory.mktemp("site")) as made:
        yield made


@dataclass(frozen=True)
class Echoed:
    """nginx before a server that tells what it was asked."""

    proxy: Proxy
    upstream: Upstream


@pytest.fixture(scope="session")
def echoed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Echoed]:
    with nginx.upstream() as server, _nginx(server.port, tmp_path_factory) as proxy:
        yield Echoed(proxy, server)


def _nginx(port: int, folders: pytest.TempPathFactory) -> AbstractContextManager[Proxy]:
    if reason := nginx.missing():
        pytest.skip(reason)
    return nginx.proxy(folders.mktemp("nginx"), port)
