"""金糸雀 歌, a customer who stands in every table, and whose every name can be searched for.

She is imported, buys, is billed and leaves on 31 January 2026. What she left in tables that no import fills is planted.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from pathlib import Path
from typing import Any

from piccolo.columns import (
    UUID,
    Array,
    Bytea,
    Column,
    Date,
    ForeignKey,
    Integer,
    Serial,
    SmallInt,
    Text,
    Timestamptz,
)
from piccolo.table import Table

from app.domain import clock, tables
from app.domain.contracts.feeding import Asked, feed_contracts
from app.domain.contracts.importing import import_contracts
from app.domain.tables import TABLES
from app.postgres import database
from app.settings import DEMO_MAIL_SYSTEM
from tests.contracts.lines import account, contract, lines
from tests.money.steps import close, loaded, tokyo

NUMBER = "90777777777777"
LOGIN = "canary-uta"
MARKS = (
    *(NUMBER, "canary", "金糸雀", "カナリア", "小鳥町", "03-7777-7777", "090-7777-7777", "1977-07-07"),
    *("うた", "7777"),
)
"""What tells of her, wherever it stands; of 7777 the card's last four digits, too."""
DOMAIN = DEMO_MAIL_SYSTEM.domain


def line(**more: Any) -> dict[str, Any]:
    """Her line of the feed."""
    one = account(
        LOGIN,
        **dict.fromkeys(("family", "user_name"), "金糸雀"),
        **dict.fromkeys(("family_kana", "given_kana"), "カナリア"),
        given="歌",
        ucom_address=f"canary.uta@{DOMAIN}",
        other_address=None,
        web_space="canary-uta",
        forwarding={"addresses": ["canary@example.jp"], "keep_copy": True},
        role="admin",
    )
    holder = {
        "family": "金糸雀",
        "given": "歌",
        "family_kana": "カナリア",
        "given_kana": "ウタ",
        "birth_date": "1977-07-07",
        "sex": "女性",
        "address": "東京都小鳥町7",
        "occupation": "金糸雀の世話",
        "household": 7,
        "phone": "03-7777-7777",
        "fax": "",
        "mobile": "090-7777-7777",
        "email": "canary@example.com",
    }
    card = {
        "brand": "VISA",
        "last4": "7777",
        "expires": "2040-01",
        "holder": "UTA CANARY",
        "token": "pm_canary",
        "payer": "cus_canary",
    }
    services = [
        {"product": "mail-web", "account": None, "started_on": "2018-05-10"},
        {"product": "security-360", "account": LOGIN, "started_on": "2018-05-10", "pin": "CANARY-PIN"},
    ]
    made = contract(
        int(NUMBER),
        holder=holder,
        building="canary-tower",
        card=card,
        services=services,
        accounts=[one],
        mail_product="mail_web",
    )
    return {**made, **more}


def at(text: str) -> None:
    clock.start_at(tokyo(text))


async def load(folder: Path, *given: dict[str, Any], update: bool = True) -> Any:
    path = folder / "contracts.jsonl"
    path.write_bytes(lines(*given))
    if update:
        return await feed_contracts(path, lambda _: None, Asked())
    return await import_contracts(path, lambda _: None)


async def key() -> int:
    found = await tables.Contract.objects().get(tables.Contract.customer_number == NUMBER)
    assert found
    return int(found.id)


async def lives(folder: Path) -> int:
    """She is a customer and is billed for January; her contract's key."""
    at("2026-01-10T09:00")
    await load(folder, line(), update=False)
    await loaded(f"{NUMBER}-line", "2026-01", "金糸雀様 03-7777-7777 回線料", 5500, number=NUMBER)
    return await key()


async def leaves(folder: Path) -> int:
    """She left on 31 January, the month is closed, and nothing of her was left out anywhere; her contract's key."""
    contract = await lives(folder)
    await load(folder, line(closed_on="2026-01-31"))
    at("2026-02-02T09:00")
    await load(folder, line(closed_on="2026-01-31"))
    await close("2026-01")
    await plant(contract)
    at("2026-05-01T09:00")
    return contract


# --- in every table ---------------------------------------------------------------------------------------------------


def about_a_contract(table: type[Table]) -> bool:
    return any(column._meta.name == "contract" for column in table._meta.columns)


OTHER: dict[type[Table], dict[str, Any]] = {
    tables.Change: {
        "receipt": '{"title": "お客様情報変更完了", "rows": [{"label": "氏名", "value": "金糸雀 歌"}]}',
        "receipt_number": 777_777,
        "data": None,
    },
    tables.PurchaseRequest: {
        "product": "kids-filter",
        "state": "refused",
        "lapses_at": "later",
        "period": None,
    },
    tables.Call: {"service": "hikari-denwa"},
    tables.Outbox: {"refused_at": None, "released_at": None},
    tables.LoginEvent: {"result": "ok", "protocol": "imap"},
    tables.Session: {"stages": []},
    tables.AppPassword: {"hash": "A" * 107 + "=", "hint": "777", "selector": "77777777", "used_over": "imap"},
    tables.Forwarding: {"addresses": ["canary@example.jp"]},
    tables.CardCheck: {
        "brand": "VISA",
        "last4": "7777",
        "expires": "2040-01",
        "holder": "UTA CANARY",
        "three_d_secure": "unknown",
        "outcome": "refused",
    },
    tables.CardReminder: {"days": 60},
    tables.FieldHold: {"field": "address"},
    tables.FeedCase: {"reason": "third", "outcome": "ours"},
    tables.EmailCheck: {"email": "canary@example.com"},
    tables.Totp: {"data_key": b"canary-1"},
    tables.Erasure: {"done_at": None},
}
"""What a column holds where a word of hers will not do; `later`: a moment after the others."""


async def plant(contract: int) -> None:
    """A row of hers in every table about contracts that has none yet, and a card in the vault."""
    card = await tables.Card.select().where(tables.Card.contract == contract).first()
    assert card
    await database.rows(
        "INSERT INTO vault_card VALUES ('pm_canary', $1, 'VISA', '7777', '2040-01', $2)",
        *(hashlib.sha256(b"canary").digest(), clock.now()),
    )
    for table in TABLES:
        if about_a_contract(table) and not await count(table, contract):
            await _insert(table, contract)


async def count(table: type[Table], contract: int) -> int:
    rows = await database.rows(
        f"SELECT count(*) FROM {table._meta.tablename} WHERE contract = $1",
        contract,
    )
    return int(rows[0][0])


async def _insert(table: type[Table], contract: int) -> None:
    values = {}
    for column in table._meta.columns:
        name = column._meta.db_column_name
        if isinstance(column, Serial):
            continue
        if name in OTHER.get(table, {}):
            values[name] = OTHER[table][name]
        else:
            values[name] = await _value(column, contract)
        if values[name] == "later":
            values[name] = clock.now().replace(year=2030)
    names, places = ", ".join(values), ", ".join(f"${place}" for place in range(1, len(values) + 1))
    await database.rows(
        f"INSERT INTO {table._meta.tablename} ({names}) VALUES ({places})",
        *values.values(),
    )


async def _value(column: Any, contract: int) -> Any:
    if isinstance(column, ForeignKey):
        return await _reference(column, contract)
    if isinstance(column, Array):
        return ["canary"] if isinstance(column.base_column, Text) else []
    by_type: tuple[tuple[type[Column], Any], ...] = (
        (UUID, uuid.uuid4()),
        (Timestamptz, clock.now()),
        (Date, clock.today()),
        (Bytea, hashlib.sha256(b"canary").digest()),
        (Integer, 1),
        (SmallInt, 1),
        (Text, f"canary-{uuid.uuid4().hex[:8]}"),
    )
    return next((value for kind, value in by_type if isinstance(column, kind)), True)


async def _reference(column: ForeignKey[Any], contract: int) -> Any:
    table = column._foreign_key_meta.resolved_references
    if table is tables.Contract:
        return contract
    rows = await database.rows(
        f"SELECT id FROM {table._meta.tablename} WHERE contract = $1 ORDER BY id LIMIT 1",
        contract,
    )
    return rows[0]["id"]


# --- searching --------------------------------------------------------------------------------------------------------

_EVERY_TABLE = """
SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'before') ORDER BY 1
"""


async def everywhere() -> dict[str, str]:
    """Every row of every table as text, by table, as a dump of the database has it."""
    found = {}
    for row in await database.rows(_EVERY_TABLE):
        rows = await database.rows(f"SELECT t::text AS text FROM {row['name']} t")
        found[row["name"]] = "\n".join(one["text"] for one in rows)
    return found


async def found_in() -> dict[str, list[str]]:
    """Which of her marks stand in which tables."""
    return {
        name: there
        for name, text in (await everywhere()).items()
        if (there := [mark for mark in MARKS if mark.lower() in searched(text)])
    }


_RANDOM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}")
"""Keys and digests, in which four digits mean nothing."""
_BYTES = re.compile(r"\\x((?:[0-9a-f]{2})*)")


def searched(text: str) -> str:
    """In small letters, with bytes as the text that they may hold."""
    plain = _RANDOM.sub("", text.lower())
    return _BYTES.sub(lambda found: bytes.fromhex(found[1]).decode(errors="replace"), plain)
