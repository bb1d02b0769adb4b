"""Two instances behind the shipped nginx: one is started again while members go on, and none of them notices."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.commands.programs import until
from tests.ops import nginx
from tests.ops.nginx import Proxy
from tests.ops.site import Instance, Site, instances

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Served:
    """A site with two instances and nginx before them."""

    site: Site
    instances: list[Instance]
    proxy: Proxy


@pytest.fixture(scope="module")
def served(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    if reason := nginx.missing():
        pytest.skip(reason)
    with (
        instances(site, 2) as two,
        nginx.proxy(tmp_path_factory.mktemp("nginx"), two[0].port, two[1].port) as proxy,
    ):
        yield Served(site, two, proxy)


LOGIN = {"by": "customer", "name": "90000000000001", "password": "demo01"}
SNI = {"sni_hostname": nginx.NAME}


@dataclass
class Members:
    """Some who read and some who send forms, one after the other without a pause, until `stop` is set."""

    proxy: Proxy
    read: Counter[int] = field(default_factory=Counter)
    sent: Counter[int] = field(default_factory=Counter)
    stop: threading.Event = field(default_factory=threading.Event)

    def read_on(self, pages: int) -> None:
        """Wait until they have read so many more."""
        wanted = self.read.total() + pages
        until(lambda: self.read.total() >= wanted)

    def reads(self) -> None:
        with self._device() as device:
            while not self.stop.is_set():
                self.read[device.get("/login", extensions=SNI).status_code] += 1
                time.sleep(0.01)

    def sends(self) -> None:
        """Logs in, each time from another device."""
        while not self.stop.is_set():
            with self._device() as device:
                page = device.get("/login", extensions=SNI).text
                (token,) = set(re.findall('name="csrf_token" value="([^"]+)"', page))
                answer = device.post(
                    "/login",
                    data={**LOGIN, "csrf_token": token},
                    headers={"Sec-Fetch-Site": "same-origin"},
                    extensions=SNI,
                )
                self.sent[answer.status_code] += 1

    def _device(self) -> httpx.Client:
        return httpx.Client(
            base_url=f"https://{nginx.HOST}:{self.proxy.port}",
            verify=self.proxy.context(),
            headers={"Host": nginx.NAME},
            timeout=30,
        )


@contextmanager
def at_work(proxy: Proxy) -> Iterator[Members]:
    members = Members(proxy)
    threads = [
        *(threading.Thread(target=members.reads) for _ in range(2)),
        threading.Thread(target=members.sends),
    ]
    for thread in threads:
        thread.start()
    try:
        until(lambda: members.read.total() > 10 and members.sent.total() > 1)
        yield members
        time.sleep(0.5)
    finally:
        members.stop.set()
        for thread in threads:
            thread.join(60)


async def logins(site: Site) -> int:
    (found,) = await site.rows("SELECT count(*) AS number FROM session")
    return int(found["number"])


async def test_one_is_started_again_and_no_page_is_missing_and_no_form_counts_twice(served: Served) -> None:
    before = await logins(served.site)
    with at_work(served.proxy) as members:
        for one in served.instances:
            one.stop()
            members.read_on(20)
            one.start()
    assert set(members.read) == {200}
    assert await logins(served.site) - before == members.sent[303]
    assert set(members.sent) <= {303, 503}
    assert members.sent[503] <= 2  # each was on its way while its instance ended


def test_what_each_instance_counts_adds_up_to_what_was_asked(served: Served) -> None:
    def counted() -> list[float]:
        return [
            _sample(one.metrics, "mypage_http_request_seconds_count", route="/login")
            for one in served.instances
        ]

    before = counted()
    for _ in range(20):
        assert served.proxy.get("/login").startswith(b"HTTP/1.1 200 ")
    new = [now - then for now, then in zip(counted(), before, strict=True)]
    assert sum(new) == 20
    assert all(number > 0 for number in new)
    assert served.proxy.get("/metrics").startswith(b"HTTP/1.1 404 ")


def _sample(port: int, name: str, **labels: str) -> float:
    """The sum of what Prometheus would read at that port, of samples with these labels."""
    told = httpx.get(f"http://{nginx.HOST}:{port}/metrics", timeout=10)
    assert told.status_code == 200
    return sum(
        sample.value
        for family in text_string_to_metric_families(told.text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


async def test_hanging_up_starts_the_workers_anew_and_nobody_waits(served: Served) -> None:
    one = served.instances[0]
    former = one.workers()
    with at_work(served.proxy) as members:
        one.hang_up()
        until(lambda: not former & one.workers())
    assert set(members.read) == {200}
    assert set(members.sent) <= {303, 503}


def test_what_an_instance_may_have_begun_with_the_other_gets_only_where_asking_twice_does_no_harm(
    tmp_path: Path,
) -> None:
    if reason := nginx.missing():
        pytest.skip(reason)
    with nginx.upstream() as dying, nginx.upstream() as living:
        dying.hangs_up = True
        with nginx.proxy(tmp_path, dying.port, living.port) as proxy:
            assert {proxy.get("/")[9:12] for _ in range(4)} == {b"200"}
            assert dying.asked >= 1
            before = dying.asked + living.asked
            answers = Counter(_posted(proxy) for _ in range(4))
    assert set(answers) == {b"200", b"503"}
    assert dying.asked + living.asked - before == 4


def _posted(proxy: Proxy) -> bytes:
    with proxy.connect() as caller:
        head = f"POST / HTTP/1.1\r\nHost: {nginx.NAME}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        return nginx.asked(caller, head)[9:12]
