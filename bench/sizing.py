"""What a machine has to have: `python -m bench.sizing [CONTRACTS]` (default 10,000).

Computing time is that of the processes (portal and PostgreSQL apart), so the figures hold on a busy machine too; disk is
what the database has grown by, indexes included.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from app.postgres.embedded import EmbeddedPostgres
from bench import bill_close, import_calls, import_contracts
from tests.browser import Browser
from tests.commands.programs import PATIENCE, answers, environment, free_port, until
from tests.people.customer_steps import changed

CALLS = 100_000
TIMES = 300
CHANGES = 40
"""A member may change as often as 50 times a day; a tenth more of them warms up."""
PAGES = ("/healthz", "/login", "/", "/accounts/arteri-an-002", "/changes", "/statements")
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("contracts", type=int, nargs="?", default=10_000)
    contracts = parser.parse_args().contracts
    with tempfile.TemporaryDirectory() as folder:
        _disk(Path(folder), contracts)
        asyncio.run(_requests(Path(folder) / "demo"))


# --- disk -------------------------------------------------------------------------------------------------------------


def _disk(folder: Path, contracts: int) -> None:
    with EmbeddedPostgres(folder / "imported") as postgres:
        connection = postgres.start()
        file = import_contracts.write(folder / "contracts.jsonl", contracts, first=0)
        told = json.dumps(connection)
        import_contracts._measure(import_contracts.write(folder / "none.jsonl", 1, first=contracts), told)
        with _Growth(connection) as grown:
            import_contracts._measure(file, told)
        print(f"{'a contract of the rehearsal, imported':48}{grown.bytes / contracts:>10,.0f} bytes")
        calls = import_calls._write(folder / "calls.csv", CALLS, 2025)
        with _Growth(connection) as grown:
            command = [sys.executable, "-m", "bench.import_calls", "--one", str(calls), told]
            subprocess.run(command, check=True, capture_output=True)
        print(f"{'a call':48}{grown.bytes / CALLS:>10,.0f} bytes")
    with EmbeddedPostgres(folder / "billed") as postgres:
        connection = postgres.start()
        asyncio.run(bill_close._fill(connection, 1, contracts))
        months = 3
        month = bill_close.FIRST.previous
        with _Growth(connection) as grown:
            for _ in range(months):
                subprocess.run(
                    [sys.executable, "-m", "bench.bill_close", "--one", month.iso, json.dumps(connection)],
                    check=True, capture_output=True,
                )  # fmt: skip
                month = month.next
        print(f"{'a bill of 3 lines':48}{grown.bytes / contracts / months:>10,.0f} bytes")


class _Growth:
    """By how many bytes a database grows in the block."""

    def __init__(self, connection: dict[str, Any]) -> None:
        self._connection = connection
        self.bytes = 0

    def __enter__(self) -> _Growth:
        self.bytes = -asyncio.run(_size(self._connection))
        return self

    def __exit__(self, *_: object) -> None:
        self.bytes += asyncio.run(_size(self._connection))


async def _size(arguments: dict[str, Any]) -> int:
    connection = await asyncpg.connect(**arguments)
    try:
        await connection.execute("VACUUM")
        return int(await connection.fetchval("SELECT pg_database_size(current_database())"))
    finally:
        await connection.close()


# --- computing --------------------------------------------------------------------------------------------------------


async def _requests(folder: Path) -> None:
    port = free_port()
    demo = subprocess.Popen(  # noqa: ASYNC220 - it runs beside all that follows
        [sys.executable, "-m", "app", "demo", "--port", str(port)],
        env=environment(folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: answers(port))
        print(f"{'milliseconds of computing a request':48}{'portal':>10}{'PostgreSQL':>12}")
        async with Browser(None, f"http://127.0.0.1:{port}") as browser:
            await browser.log_in("customer", "90000000000000", "demo01")
            for path in PAGES:
                await _cost(f"GET {path}", demo.pid, TIMES, functools.partial(browser.get, path))

            numbers = itertools.cycle("12")

            async def change() -> None:
                await changed(browser, household=next(numbers))

            before = await _size(_inside(folder))
            await _cost("a change: input, confirm, complete", demo.pid, CHANGES, change)
            grown = await _size(_inside(folder)) - before

        async def log_in() -> None:
            async with Browser(None, f"http://127.0.0.1:{port}") as visitor:
                await visitor.log_in("customer", "90000000000000", "demo01")

        await _cost("a login with its two pages", demo.pid, 50, log_in)
        print(f"{'a change, with its event':48}{grown / CHANGES / 1.1:>10,.0f} bytes")
        print(f"{'memory of a worker':48}{_memory(demo.pid):>10,.0f} MiB")
    finally:
        demo.terminate()
        demo.wait(PATIENCE)


def _inside(folder: Path) -> dict[str, Any]:
    """How the demo's PostgreSQL is reached beside it."""
    password = (folder / "password").read_text()
    return {"host": str(folder / "run"), "user": "mypage", "database": "mypage", "password": password}


async def _cost(what: str, pid: int, times: int, work: Callable[[], Awaitable[object]]) -> None:
    for _ in range(times // 10):
        await work()
    before = _spent(pid)
    for _ in range(times):
        await work()
    after = _spent(pid)
    portal, postgres = (
        1000 * (later - earlier) / times for earlier, later in zip(before, after, strict=True)
    )
    print(f"{what:48}{portal:>10.2f}{postgres:>12.2f}", flush=True)


def _spent(pid: int) -> tuple[float, float]:
    """Seconds that the portal and all of its PostgreSQL have computed."""
    processes = [_Process.read(path) for path in Path("/proc").iterdir() if path.name.isdigit()]
    below = {pid}
    for _ in range(4):
        below |= {one.number for one in processes if one and one.parent in below}
    spent = {one.number: one.seconds for one in processes if one and one.number in below}
    own = spent.pop(pid)
    return own, sum(spent.values())


@dataclass(frozen=True)
class _Process:
    number: int
    parent: int
    seconds: float

    @classmethod
    def read(cls, path: Path) -> _Process | None:
        """What /proc says of one that may have ended meanwhile; of one that lives also what its ended children took."""
        try:
            fields = (path / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return cls(int(path.name), int(fields[1]), sum(map(int, fields[11:15])) / TICKS)


def _memory(pid: int) -> float:
    """MiB that the process has for itself."""
    rolled = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(line.split()[1]) for line in rolled.splitlines() if line.startswith("Private_")) / 1024


if __name__ == "__main__":
    main()
