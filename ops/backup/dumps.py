"""What both programs know: where the database is, how a backup is called, and what is written down beside it."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import asyncpg

NAME = "mypage-%Y%m%dT%H%M%SZ"
"""Name of a backup without its ending, in UTC: the newest one is the last in the alphabet."""


class Failed(Exception):
    """It cannot go on; the text says why, and what to do."""


@dataclass(frozen=True)
class Database:
    """A database as libpq's programs are told of it: the password in the environment, where no list of processes has it."""

    url: str

    @property
    def arguments(self) -> list[str]:
        parts = urlsplit(self.url)
        login, at, host = parts.netloc.rpartition("@")
        netloc = login.partition(":")[0] + at + host
        options = urlencode([one for one in self._options if one[0] != "password"], quote_via=quote)
        return [f"--dbname={parts._replace(netloc=netloc, query=options).geturl()}"]

    @property
    def environment(self) -> dict[str, str]:
        password = dict(self._options).get("password") or unquote(urlsplit(self.url).password or "")
        return {**os.environ, **({"PGPASSWORD": password} if password else {})}

    @property
    def _options(self) -> list[tuple[str, str]]:
        """What stands after the question mark, where a password may stand, too."""
        return parse_qsl(urlsplit(self.url).query, keep_blank_values=True)

    def beside(self, name: str) -> Database:
        """Another database of the same server."""
        return Database(urlsplit(self.url)._replace(path=f"/{name}").geturl())

    async def connect(self) -> Any:
        try:
            return await asyncpg.connect(self.url)
        except (OSError, asyncpg.PostgresError) as error:
            raise Failed(f"the database cannot be reached: {error}") from None


def database() -> Database:
    """The one that DATABASE_URL names, or the file that DATABASE_URL_FILE names. Raises Failed."""
    file = os.environ.get("DATABASE_URL_FILE")
    url = os.environ.get("DATABASE_URL") or (Path(file).read_text().strip() if file else "")
    if not url.startswith(("postgresql://", "postgres://")):
        raise Failed(
            "set DATABASE_URL or DATABASE_URL_FILE, to postgresql://user:password@host:5432/database"
        )
    return Database(url)


@dataclass(frozen=True)
class Manifest:
    """What a backup holds, of the same moment as the dump: rows of each table, and of each month of the ledger how many
    charges there are and their sum in yen."""

    sha256: str
    taken_at: str
    rows: dict[str, int]
    ledger: dict[str, list[int]]

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=1))

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Raises Failed."""
        try:
            return cls(**json.loads(path.read_text()))
        except FileNotFoundError:
            raise Failed(f"{path} is missing: the backup was not finished, or not copied whole") from None
        except (ValueError, TypeError) as error:
            raise Failed(f"{path} cannot be read: {error}") from None

    @property
    def age(self) -> float:
        """Hours since it was taken."""
        return (datetime.now(UTC) - datetime.fromisoformat(self.taken_at)).total_seconds() / 3600


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def rows(connection: Any) -> dict[str, int]:
    """How many rows each table has."""
    names = [name for (name,) in await connection.fetch(_TABLES)]
    return {name: await connection.fetchval(f"SELECT count(*) FROM {name}") for name in names}  # noqa: S608 - of the catalogue


async def ledger(connection: Any) -> dict[str, list[int]]:
    """Of each month of the ledger how many charges its bills have, and their sum in yen."""
    return {month: [number, yen] for month, number, yen in await connection.fetch(_LEDGER)}


_TABLES = """
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1
"""
_LEDGER = """
SELECT to_char(b.month, 'YYYY-MM'), count(c.id)::int, coalesce(sum(c.yen), 0)::bigint
FROM bill_close b LEFT JOIN charge c ON c.billed = b.month GROUP BY b.month ORDER BY b.month
"""
