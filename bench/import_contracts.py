"""How long an import of contracts takes, and that its memory does not grow: `python -m bench.import_contracts [N]`.

Imports N/10 and then N contracts (default 100,000; one password hash for all) into an embedded PostgreSQL, each in a
process of its own, so that each has its own peak memory, then the N again, all of which are there already, and last a
nightly feed of the N (`--update`) of which CHANGED differ.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from app import settings
from app.domain import catalogue, installation
from app.domain.access.passwords import hash_now
from app.domain.catalogue import kept
from app.domain.catalogue.file import shipped
from app.domain.contracts.feeding import Asked, feed_contracts
from app.domain.contracts.importing import import_contracts
from app.domain.contracts.rehearsal import invented
from app.domain.installation import Installation, Peppers, Sender
from app.domain.tables import TABLES
from app.postgres import database
from app.postgres.embedded import EmbeddedPostgres
from app.postgres.engine import Engine
from app.postgres.migrate import migrate

CHANGED = 200
DOMAIN = settings.DEMO_MAIL_SYSTEM.domain
DIGITS = 14
OPERATOR = Installation(
    peppers=Peppers({1: b"a pepper of this measurement"}),
    data_keys=(b"a data key of this measurement",),
    sender=Sender("例示通信", "mypage@example.jp", "0120-000-0000", "9時～17時"),
    mail_domain=DOMAIN,
    reserved_names=frozenset(),
    customer_number_digits=DIGITS,
    closed_months=3,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("contracts", type=int, nargs="?", default=100_000)
    parser.add_argument("--one", nargs=2, metavar=("FILE", "CONNECTION"), help=argparse.SUPPRESS)
    parser.add_argument("--update", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        asyncio.run(_import(Path(chosen.one[0]), json.loads(chosen.one[1]), update=chosen.update))
    else:
        _compare(chosen.contracts)


def _compare(contracts: int) -> None:
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "postgres") as postgres:
        connection = json.dumps(postgres.start())
        part = _measure(write(Path(folder) / "part.jsonl", contracts // 10, first=contracts), connection)
        whole_file = write(Path(folder) / "whole.jsonl", contracts, first=0)
        whole = _measure(whole_file, connection)
        again = _measure(whole_file, connection)
        nightly = _measure(_changed(whole_file), connection, "--update")
    print(f"{'contracts':>12}{'seconds':>10}{'peak MiB':>10}")
    for count, (seconds, mebibytes) in (
        (contracts // 10, part),
        (contracts, whole),
        (contracts, again),
        (contracts, nightly),
    ):
        print(f"{count:>12,}{seconds:>10.1f}{mebibytes:>10.1f}")
    print(
        f"ten times the contracts: {whole[0] / part[0]:.1f} x the time, {whole[1] / part[1]:.2f} x the memory"
    )
    print(
        f"(the last two rows: the same file again, nothing to load; a nightly feed, {CHANGED} of which differ)"
    )


def write(path: Path, contracts: int, *, first: int) -> Path:
    catalogue.use(shipped())
    lines = invented(
        contracts,
        password_hash=hash_now("abc12345", peppered=False),
        digits=DIGITS,
        domain=DOMAIN,
        first=first,
    )
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(contract, ensure_ascii=False) + "\n" for contract in lines)
    return path


def _changed(file: Path) -> Path:
    """The same file, CHANGED of whose lines say another building."""
    made = file.with_name("nightly.jsonl")
    with file.open(encoding="utf-8") as before, made.open("w", encoding="utf-8") as after:
        step = max(1, sum(1 for _ in before) // CHANGED)
        before.seek(0)
        for number, line in enumerate(before):
            after.write(line if number % step else line.replace('"building": "B', '"building": "C'))
    return made


def _measure(file: Path, connection: str, *more: str) -> tuple[float, float]:
    """Seconds and peak MiB of importing the file in a new process."""
    command = [sys.executable, "-m", "bench.import_contracts", "--one", str(file), connection, *more]
    seconds, mebibytes = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(seconds), float(mebibytes)


async def _import(file: Path, connection: dict[str, Any], *, update: bool) -> None:
    installation.use(OPERATOR)
    database.use(Engine(connection, patience=None), TABLES)
    await migrate()
    await kept.must_be_there()
    start = time.perf_counter()
    if update:
        await feed_contracts(file, lambda _: None, Asked())
    else:
        await import_contracts(file, lambda _: None)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB on Linux, bytes on macOS
    print(seconds, peak / (1024**2 if sys.platform == "darwin" else 1024))


if __name__ == "__main__":
    main()
