"""Everything an operator can set, read from the environment once, as one frozen object.

`production()` refuses to start half-set: it names every variable that is missing or weak, and what to do.
docs/operating.md lists the same names; a test compares them.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

KEY_LENGTH = 32
"""Shortest secret that is accepted, in characters."""

VARIABLES = {
    "DATABASE_URL": "PostgreSQL 15 or newer; without it the embedded one in MYPAGE_DATA_DIR",
    "MYPAGE_DATA_DIR": "folder of the embedded PostgreSQL (default .mypage)",
    "MYPAGE_SECRET_KEYS": "keys that sign cookies, newest first, separated by commas",
    "MYPAGE_PEPPERS": "keys of password hashes as version:key, separated by commas; never remove one in use",
    "MYPAGE_HOSTS": "host names the portal answers to, separated by commas",
    "MYPAGE_TRUSTED_PROXIES": "addresses whose X-Forwarded-For is believed, separated by commas (default none)",
    "MYPAGE_POOL_SIZE": "database connections of one worker (default 10)",
    "MYPAGE_OPERATOR": "name of the ISP, as the privacy page gives it",
    "MYPAGE_CONTACT_PHONE": "phone number of the インフォメーションセンター",
    "MYPAGE_CONTACT_HOURS": "its hours, in words",
}


class SettingsError(Exception):
    """The environment is not fit to serve from; the text names each variable and what to do."""


@dataclass(frozen=True)
class Contact:
    """Who runs the portal and where a member asks."""

    operator: str
    phone: str
    hours: str


@dataclass(frozen=True)
class Settings:
    """The portal's settings. `secret_keys` newest first; `peppers` by version."""

    secret_keys: tuple[bytes, ...]
    peppers: dict[int, bytes]
    hosts: frozenset[str]
    contact: Contact
    https: bool = True
    demo: bool = False
    start_clock_at: datetime | None = None
    trusted_proxies: tuple[str, ...] = ()
    pool_size: int = 10


def data_dir(environment: Mapping[str, str] = os.environ) -> Path:
    """Folder of the embedded PostgreSQL."""
    return Path(environment.get("MYPAGE_DATA_DIR") or ".mypage")


def database_url(environment: Mapping[str, str] = os.environ) -> str | None:
    """The operator's own PostgreSQL, if set."""
    return environment.get("DATABASE_URL") or None


def production(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings to serve with. Raises SettingsError that names all that is wrong at once."""
    wrong: list[str] = []
    settings = Settings(
        secret_keys=tuple(_keys(environment, wrong)),
        peppers=_peppers(environment, wrong),
        hosts=frozenset(
            map(str.lower, _needed_list(environment, "MYPAGE_HOSTS", wrong, "mypage.example.jp"))
        ),
        contact=Contact(
            operator=_needed(environment, "MYPAGE_OPERATOR", wrong, "例示通信株式会社"),
            phone=_needed(environment, "MYPAGE_CONTACT_PHONE", wrong, "0120-000-0000"),
            hours=_needed(environment, "MYPAGE_CONTACT_HOURS", wrong, "9時～17時（年中無休）"),
        ),
        trusted_proxies=tuple(_listed(environment.get("MYPAGE_TRUSTED_PROXIES", ""))),
        pool_size=_pool_size(environment, wrong),
    )
    if wrong:
        raise SettingsError("not started; mend these settings:\n" + "\n".join(f"  {line}" for line in wrong))
    return settings


def demo(folder: Path, start_clock_at: datetime | None = None) -> Settings:
    """Settings of the demo: plain http on the loopback interface, keys kept in its data folder."""
    return Settings(
        secret_keys=(_kept_key(folder / "secret-key"),),
        peppers={1: _kept_key(folder / "pepper")},
        hosts=frozenset({"127.0.0.1", "localhost", "[::1]"}),
        contact=Contact("デモ通信株式会社", "0120-000-0000", "9時～17時（年中無休）"),
        https=False,
        demo=True,
        start_clock_at=start_clock_at,
    )


def peppers(environment: Mapping[str, str] = os.environ) -> dict[int, bytes]:
    """The peppers for a command: the operator's, or those kept with the demo's data. Raises SettingsError."""
    if not environment.get("MYPAGE_PEPPERS") and database_url(environment) is None:
        return {1: _kept_key(data_dir(environment) / "pepper")}
    wrong: list[str] = []
    found = _peppers(environment, wrong)
    if wrong:
        raise SettingsError("\n".join(wrong))
    return found


def _needed(environment: Mapping[str, str], name: str, wrong: list[str], example: str) -> str:
    value = environment.get(name, "").strip()
    if not value:
        wrong.append(f"{name} is not set: {VARIABLES[name]}; for example {example}")
    return value


def _listed(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def _needed_list(environment: Mapping[str, str], name: str, wrong: list[str], example: str) -> list[str]:
    """The parts of a variable that must be set; commas alone are nothing."""
    given = _listed(environment.get(name, ""))
    return given or _listed(_needed({}, name, wrong, example))


def _keys(environment: Mapping[str, str], wrong: list[str]) -> list[bytes]:
    listed = _needed_list(environment, "MYPAGE_SECRET_KEYS", wrong, f"{KEY_LENGTH} random characters")
    if any(_weak(key) for key in listed):
        wrong.append(f"MYPAGE_SECRET_KEYS holds a weak key: {_ADVICE}")
    return [key.encode() for key in listed]


def _peppers(environment: Mapping[str, str], wrong: list[str]) -> dict[int, bytes]:
    peppers: dict[int, bytes] = {}
    for part in _needed_list(environment, "MYPAGE_PEPPERS", wrong, f"1:{KEY_LENGTH} random characters"):
        version, _, key = part.partition(":")
        if not _VERSION.fullmatch(version) or int(version) in peppers or _weak(key):
            wrong.append(f"MYPAGE_PEPPERS holds a part that is not version:key with a strong key: {_ADVICE}")
            break
        peppers[int(version)] = key.encode()
    return peppers


_VERSION = re.compile(r"[0-9]{1,9}")


def _weak(key: str) -> bool:
    return len(key) < KEY_LENGTH or len(set(key)) < KEY_LENGTH // 4


_ADVICE = f"make one of {KEY_LENGTH} characters or more with `python3 -c 'import secrets; print(secrets.token_urlsafe(32))'`"


def _pool_size(environment: Mapping[str, str], wrong: list[str]) -> int:
    value = environment.get("MYPAGE_POOL_SIZE") or "10"
    if re.fullmatch(r"[0-9]{1,3}", value) and 1 <= int(value) <= 200:
        return int(value)
    wrong.append(f"MYPAGE_POOL_SIZE is {value!r}: a number from 1 to 200 is wanted")
    return 10


def _kept_key(path: Path) -> bytes:
    """A random key that stays with the demo's data; whole before it has its name, and the first one made stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        new = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        new.touch(mode=0o600)
        new.write_text(secrets.token_urlsafe(32))
        with contextlib.suppress(FileExistsError):
            os.link(new, path)
        new.unlink()
    return path.read_bytes()
