"""How long `mypage import calls` takes, and its peak memory: `python -m bench.import_calls [N]`, N/10 and N calls."""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from app.domain import installation
from app.domain.catalogue import kept
from app.domain.contracts.importing import import_contracts
from app.domain.money.call_import import import_calls
from app.domain.tables import TABLES
from app.postgres import database
from app.postgres.embedded import EmbeddedPostgres
from app.postgres.engine import Engine
from app.postgres.migrate import migrate
from bench.import_contracts import OPERATOR
from bench.import_contracts import write as write_contracts

CONTRACTS = 1_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("calls", type=int, nargs="?", default=100_000)
    parser.add_argument("--one", nargs=2, metavar=("FILE", "CONNECTION"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        asyncio.run(_import(Path(chosen.one[0]), json.loads(chosen.one[1])))
        return
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "postgres") as postgres:
        connection = postgres.start()
        asyncio.run(_fill(write_contracts(Path(folder) / "contracts.jsonl", CONTRACTS, first=0), connection))
        print(f"{'calls':>12}{'seconds':>10}{'peak MiB':>10}")
        for calls, year in ((chosen.calls // 10, 2024), (chosen.calls, 2025)):
            file = _write(Path(folder) / "calls.csv", calls, year)
            command = [sys.executable, "-m", "bench.import_calls", "--one", str(file), json.dumps(connection)]
            done = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
            print(f"{calls:>12,}{float(done[0]):>10.1f}{float(done[1]):>10.1f}", flush=True)


def _write(path: Path, calls: int, year: int) -> Path:
    start = datetime(year, 1, 1)
    with path.open("w", encoding="cp932") as file:
        for nth in range(calls):
            at = start + timedelta(seconds=nth * 97)
            file.write(
                f"7{nth % CONTRACTS:013},hikari-denwa,{at:%Y/%m/%d %H:%M:%S},03{nth % 10**8:08},65,17\n"
            )
    return path


async def _fill(contracts: Path, connection: dict[str, Any]) -> None:
    installation.use(OPERATOR)
    database.use(Engine(connection, patience=None), TABLES)
    await migrate()
    await kept.must_be_there()
    await import_contracts(contracts, lambda _: None)


async def _import(file: Path, connection: dict[str, Any]) -> None:
    installation.use(OPERATOR)
    database.use(Engine(connection, patience=None), TABLES)
    await kept.load()
    start = time.perf_counter()
    await import_calls(file, lambda _: None)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB on Linux, bytes on macOS
    print(seconds, peak / (1024**2 if sys.platform == "darwin" else 1024))


if __name__ == "__main__":
    main()
