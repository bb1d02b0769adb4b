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
from typing import TYPE_CHECKING, Any

from app import settings
from app.domain import installation
from app.domain.access.passwords import hash_now
from app.domain.catalogue import kept
from app.domain.contracts.feeding import Asked, feed_contracts
from app.domain.contracts.importing import import_contracts
from app.domain.installation import Installation, Peppers, Sender
from app.domain.tables import TABLES
from app.postgres import database
from app.postgres.embedded import EmbeddedPostgres
from app.postgres.engine import Engine
from app.postgres.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNTS = 2
"""Account IDs of each contract: the first has an address of ours and a security option with its PIN."""
CHANGED = 200
DOMAIN = settings.DEMO_MAIL_SYSTEM.domain
COMPANY = {"kind": "company", "company": "株式会社例示", "birth_date": None, "sex": None, "occupation": None}
FORWARDING = {"addresses": ["elsewhere@example.jp"], "keep_copy": True}


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
        part = _measure(_write(Path(folder) / "part.jsonl", contracts // 10, "1"), connection)
        whole_file = _write(Path(folder) / "whole.jsonl", contracts, "2")
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


def _write(path: Path, contracts: int, first_digit: str) -> Path:
    password_hash = hash_now("abc12345", peppered=False)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(
            json.dumps(contract, ensure_ascii=False) + "\n"
            for contract in _contracts(contracts, first_digit, password_hash)
        )
    return path


def _contracts(count: int, first_digit: str, password_hash: str) -> Iterator[dict[str, Any]]:
    """The first demo contract, again and again with other numbers."""
    demo = Path(__file__).parents[1] / "app" / "demo" / "contracts.jsonl"
    contract: dict[str, Any] = json.loads(demo.read_text(encoding="utf-8").splitlines()[0])
    holder = contract["holder"]
    account = contract["accounts"][1] | {"password_hash": password_hash}
    del contract["password"], account["password"]
    for number in range(count):
        logins = [f"b{first_digit}-{number:08}-{slot}" for slot in range(ACCOUNTS)]
        yield contract | {
            "customer_number": f"{first_digit}{number:013}",
            "password_hash": password_hash,
            "holder": holder | (COMPANY if number % 10 == 0 else {"sex": None, "occupation": "公務員"}),
            "card": contract["card"] | {"token": f"pm_{number:08}", "payer": f"cus_{number:08}"},
            "services": [
                {"product": "mail-web", "account": None, "started_on": "2018-05-10"},
                {
                    "product": "security-360",
                    "account": logins[0],
                    "started_on": "2022-08-15",
                    "pin": f"{logins[0]}-PIN",
                },
            ],
            "accounts": [
                account
                | {"login": logins[0], "other_address": None, "ucom_address": f"{logins[0]}@{DOMAIN}"}
                | {"mailbox_10gb": number % 10 == 0, "forwarding": FORWARDING if number % 20 == 0 else None},
                account | {"login": logins[1], "web_space": None},
            ],
        }


def _changed(file: Path) -> Path:
    """The same file, CHANGED of whose lines say another building."""
    made = file.with_name("nightly.jsonl")
    with file.open(encoding="utf-8") as before, made.open("w", encoding="utf-8") as after:
        step = max(1, sum(1 for _ in before) // CHANGED)
        before.seek(0)
        for number, line in enumerate(before):
            after.write(line if number % step else line.replace('"B001"', '"B777"'))
    return made


def _measure(file: Path, connection: str, *more: str) -> tuple[float, float]:
    """Seconds and peak MiB of importing the file in a new process."""
    command = [sys.executable, "-m", "bench.import_contracts", "--one", str(file), connection, *more]
    seconds, mebibytes = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(seconds), float(mebibytes)


async def _import(file: Path, connection: dict[str, Any], *, update: bool) -> None:
    installation.use(
        Installation(
            peppers=Peppers({1: b"a pepper of this measurement"}),
            data_keys=(b"a data key of this measurement",),
            sender=Sender("例示通信", "mypage@example.jp", "0120-000-0000", "9時～17時"),
            mail_domain=DOMAIN,
            reserved_names=frozenset(),
            customer_number_digits=14,
            closed_months=3,
        )
    )
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
