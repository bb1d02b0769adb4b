"""From the temporary tables of an import of contracts into the tables of the members, last and in one go."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.domain.contracts.file import ACCOUNT_COLUMNS, CARD_COLUMNS, CONTRACT_COLUMNS
from app.domain.months import Month


def _listed(columns: tuple[str, ...], table: str = "") -> str:
    """The columns but the password hash, for a statement."""
    return ", ".join(table + column for column in columns if column != "password_hash")


# A password hash is the one that the file gave, else the one that was made. Ids follow the order of the file.

_LOAD_CONTRACTS = f"""
INSERT INTO contract ({_listed(CONTRACT_COLUMNS)}, password_hash, imported_at)
SELECT {_listed(CONTRACT_COLUMNS)}, coalesce(password_hash, hash), $1
FROM incoming_contract i LEFT JOIN made_hash m ON m.line = i.line AND m.slot = 0 ORDER BY i.line
"""  # noqa: S608 -- constants only, as below
_NOTE_LOADED = """
CREATE TEMPORARY TABLE loaded ON COMMIT DROP AS
    SELECT line, contract.id, contract.password_hash, contract.opened_on
    FROM incoming_contract JOIN contract USING (customer_number);
ANALYZE loaded;
"""
_LOAD_CARDS = f"""
INSERT INTO card (contract, {_listed(CARD_COLUMNS)})
SELECT loaded.id, {_listed(CARD_COLUMNS)} FROM incoming_card JOIN loaded USING (line) ORDER BY line
"""  # noqa: S608
_LOAD_ACCOUNTS = f"""
INSERT INTO account (contract, {_listed(ACCOUNT_COLUMNS)}, password_hash, registered_at)
SELECT loaded.id, {_listed(ACCOUNT_COLUMNS, "i.")}, coalesce(i.password_hash, hash),
    least(loaded.opened_on::timestamp AT TIME ZONE 'Asia/Tokyo', $1)
FROM incoming_account i JOIN loaded USING (line)
LEFT JOIN made_hash m ON m.line = i.line AND m.slot = i.slot ORDER BY i.line, i.slot
"""  # noqa: S608
_NOTE_ACCOUNTS = """
CREATE TEMPORARY TABLE loaded_account ON COMMIT DROP AS
    SELECT line, slot, account.id, account.contract, account.registered_at
    FROM loaded JOIN account ON account.contract = loaded.id;
ANALYZE loaded_account;
"""
_LOAD_MAIL = """
INSERT INTO mail_address (contract, account, address, registered_at)
SELECT who.contract, who.id, address, registered_at FROM incoming_mail JOIN loaded_account who USING (line, slot)
WHERE address IS NOT NULL ORDER BY line, slot;
INSERT INTO mailbox (contract, account, opened_at)
SELECT who.contract, who.id, registered_at FROM incoming_mail JOIN loaded_account who USING (line, slot)
WHERE address IS NOT NULL ORDER BY line, slot;
INSERT INTO web_space (contract, account, name, registered_at)
SELECT who.contract, who.id, web_space, registered_at FROM incoming_mail JOIN loaded_account who USING (line, slot)
WHERE web_space IS NOT NULL ORDER BY line, slot;
INSERT INTO forwarding (contract, account, addresses, keep_copy)
SELECT who.contract, who.id, i.forwarding, i.keep_copy FROM incoming_mail i JOIN loaded_account who USING (line, slot)
WHERE cardinality(i.forwarding) > 0 ORDER BY line, slot;
"""
# What was bought before was charged elsewhere: here from the month of the import on, $1.
_LOAD_SERVICES = """
INSERT INTO service_period (contract, account, product, started_at, charged_from)
SELECT loaded.id, who.id, product, started_on::timestamp AT TIME ZONE 'Asia/Tokyo', $1
FROM incoming_service JOIN loaded USING (line) LEFT JOIN loaded_account who USING (line, slot)
ORDER BY line, slot, product
"""
# A PIN that lies in stock is taken out of it, another one comes with its purchase.
_LOAD_PINS = """
WITH pins AS (
    SELECT i.product, i.pin, i.fingerprint, i.older, p.id AS period, p.contract
    FROM incoming_service i JOIN loaded_account who USING (line, slot)
    JOIN service_period p ON p.account = who.id AND p.product = i.product WHERE i.pin IS NOT NULL
), taken AS (
    UPDATE licence SET contract = pins.contract, period = pins.period FROM pins
    WHERE licence.period IS NULL AND licence.fingerprint = ANY (pins.older || pins.fingerprint)
    RETURNING licence.period
)
INSERT INTO licence (product, pin, data_key, fingerprint, loaded_at, contract, period)
SELECT product, pin, $1, fingerprint, $2, contract, period FROM pins
WHERE period NOT IN (SELECT period FROM taken) ORDER BY period
"""
CONTACT = ("occupation", "household", "phone", "fax", "mobile", "email")
"""What members change themselves: the feed's with `--contact` alone."""
_CARD_TEXT = "concat_ws('|', k.brand, k.last4, k.expires, k.holder, k.token, k.payer)"
_CONTACT_TEXTS = ", ".join(f"'{name}', i.{name}::text" for name in CONTACT)
SAID = (
    f"jsonb_build_object({_CONTACT_TEXTS})"
    f" || CASE WHEN k.token <> '' THEN jsonb_build_object('card', {_CARD_TEXT}) ELSE '{{}}' END"
)
"""What the feed says of what members may change, too; `i` is the staged line, `k` its card."""
_REMEMBER_NEW = f"""
INSERT INTO feed_line (contract, digest, said)
SELECT loaded.id, i.digest, {SAID}
FROM incoming_contract i JOIN loaded USING (line) LEFT JOIN incoming_card k ON k.line = i.line ORDER BY i.line
"""  # noqa: S608 - names of columns
_LOAD_USED_PASSWORDS = """
INSERT INTO used_password (contract, hash) SELECT id, password_hash FROM loaded ORDER BY line;
INSERT INTO used_password (contract, account, hash)
SELECT loaded.id, account.id, account.password_hash
FROM loaded JOIN account ON account.contract = loaded.id ORDER BY account.id;
"""


async def load(connection: Any, now: datetime, month: Month, data_key: bytes | None = None) -> None:
    """Write all that is new. `data_key`: name of the one that PINs were encrypted with, if there are any."""
    await connection.execute(_LOAD_CONTRACTS, now)
    await connection.execute(_NOTE_LOADED)
    await connection.execute(_LOAD_CARDS)
    await connection.execute(_LOAD_ACCOUNTS, now)
    await connection.execute(_NOTE_ACCOUNTS)
    await connection.execute(_LOAD_MAIL)
    await connection.execute(_LOAD_SERVICES, month.first_day)
    if data_key is not None:
        await connection.execute(_LOAD_PINS, data_key, now)
    await connection.execute(_LOAD_USED_PASSWORDS)
    await connection.execute(_REMEMBER_NEW)
