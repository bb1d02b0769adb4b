"""How long `mypage bill close` takes, and that its memory does not grow: `python -m bench.bill_close [N]`.

Closes a month of N/10 contracts, then of N (default 100,000), with three service periods each, each in a process of
its own, so that each has its own peak memory; then so many months more that a close has its whole look-back behind it.
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

from app.domain import installation
from app.domain.catalogue import kept
from app.domain.installation import Installation, Issuer
from app.domain.money import ledger
from app.domain.months import Month
from app.domain.tables import TABLES
from app.postgres import database
from app.postgres.embedded import EmbeddedPostgres
from app.postgres.engine import Engine
from app.postgres.migrate import migrate

FIRST = Month(2024, 1)
CONTRACTS = """
INSERT INTO contract (customer_number, password_hash, contract_type, mail_product, building, opened_on, family, given,
    family_kana, given_kana, birth_date, sex, address, occupation, household, phone, fax, mobile, email)
SELECT lpad(n::text, 14, '0'), '$argon2id$', 'マンションLANタイプ', 'mail_web', 'B001', '2014-12-01', '有光', '杏',
    'アルテリ', 'アン', '1985-06-12', '女性', '', '会社員', 0, '', '', '', '' FROM generate_series($1::int, $2::int) n
"""
ACCOUNT_IDS = """
INSERT INTO account (contract, login, slot, password_hash, family, given, family_kana, given_kana, user_name, role,
    registered_at)
SELECT id, 'bench-' || id, 1, '$argon2id$', '有光', '杏', 'アルテリ', 'アン', '有光杏', 'user', '2023-12-01+09'
FROM contract WHERE customer_number::bigint BETWEEN $1 AND $2
"""
PERIODS = """
INSERT INTO service_period (contract, account, product, started_at)
SELECT a.contract, CASE WHEN p.product = 'security-360' THEN a.id END, p.product, p.started_at::timestamptz
FROM contract c JOIN account a ON a.contract = c.id, (VALUES ('mail-web', '2023-12-10+09'),
    ('remote-support', '2023-12-11+09'), ('security-360', '2023-12-12+09')) p (product, started_at)
WHERE c.customer_number::bigint BETWEEN $1 AND $2
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("contracts", type=int, nargs="?", default=100_000)
    parser.add_argument("--one", nargs=2, metavar=("MONTH", "CONNECTION"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        asyncio.run(_close(Month.parse(chosen.one[0]), json.loads(chosen.one[1])))
    else:
        _compare(chosen.contracts)


def _compare(contracts: int) -> None:
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "postgres") as postgres:
        connection = postgres.start()
        part = contracts // 10
        asyncio.run(_fill(connection, 1, part))
        print(f"{'contracts':>12}{'month':>10}{'seconds':>10}{'peak MiB':>10}")
        month = FIRST.previous
        _report(part, month, connection)
        asyncio.run(_fill(connection, part + 1, contracts))
        for _ in range(ledger.LOOK_BACK + 1):
            month = month.next
            _report(contracts, month, connection)


def _report(contracts: int, month: Month, connection: dict[str, Any]) -> None:
    command = [sys.executable, "-m", "bench.bill_close", "--one", month.iso, json.dumps(connection)]
    seconds, mebibytes = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    print(f"{contracts:>12,}{month.iso:>10}{float(seconds):>10.1f}{float(mebibytes):>10.1f}", flush=True)


async def _fill(connection: dict[str, Any], first: int, last: int) -> None:
    database.use(Engine(connection, patience=None), TABLES)
    await migrate()
    await kept.must_be_there()
    await database.rows(CONTRACTS, first, last)
    await database.rows(ACCOUNT_IDS, first, last)
    await database.rows(PERIODS, first, last)
    await database.rows("ANALYZE")


async def _close(month: Month, connection: dict[str, Any]) -> None:
    issuer = Issuer("例示通信株式会社", "東京都", "0120-000-0000", "9時～17時", "T9000000000000", "", "")
    installation.use(Installation(issuer=issuer))
    engine = Engine(connection, patience=None)
    database.use(engine, TABLES)
    await engine.start_connection_pool()
    await kept.load()
    start = time.perf_counter()
    await ledger.close(month, lambda done, of: None)
    seconds = time.perf_counter() - start
    await engine.close_connection_pool()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB on Linux, bytes on macOS
    print(seconds, peak / (1024**2 if sys.platform == "darwin" else 1024))


if __name__ == "__main__":
    main()
