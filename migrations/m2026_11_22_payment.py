"""お支払い方法 and お客様情報変更: the gateway's token, cards that wait for a name check, reminders, the local vault,
cards on their way at a hosted page, and contact addresses that wait to be verified.
"""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import by_statements

ID = "2026-11-22T18:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "payment"

BRANDS = "('MasterCard', 'VISA', 'JCB', 'AMERICAN EXPRESS', 'Diners Club')"
CARD = f"""
    token text NOT NULL CHECK (token !~ '[0-9]{{14}}'),
    payer text NOT NULL,
    brand text NOT NULL CHECK (brand IN {BRANDS}),
    last4 text NOT NULL CHECK (last4 ~ '^[0-9]{{4}}$'),
    expires text NOT NULL CHECK (expires ~ '^[0-9]{{4}}-(0[1-9]|1[0-2])$'),
    holder text NOT NULL CHECK (holder ~ '^[A-Z][A-Z .''-]*$')
"""

STATEMENTS = (
    # An imported card has no token of a gateway of ours.
    "ALTER TABLE card ADD COLUMN token text NOT NULL DEFAULT '' CHECK (token !~ '[0-9]{14}')",
    "ALTER TABLE card ADD COLUMN payer text NOT NULL DEFAULT ''",
    f"ALTER TABLE card ADD CONSTRAINT card_brand CHECK (brand IN {BRANDS})",
    "CREATE INDEX card_expires ON card (expires)",
    f"""
    CREATE TABLE card_check (
        id bigserial PRIMARY KEY,
        contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
        {CARD},
        asked_at timestamptz NOT NULL,
        decided_at timestamptz CHECK (decided_at >= asked_at),
        outcome text CHECK (outcome IN ('approved', 'refused', 'replaced')),
        CHECK ((decided_at IS NULL) = (outcome IS NULL))
    )
    """,
    "CREATE UNIQUE INDEX card_check_waiting ON card_check (contract) WHERE decided_at IS NULL",
    # Each mail before an expiry once, however many workers look. A new card is a new row of `card`.
    """
    CREATE TABLE card_reminder (
        id bigserial PRIMARY KEY,
        contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
        card bigint NOT NULL REFERENCES card ON DELETE CASCADE,
        days smallint NOT NULL CHECK (days IN (60, 30)),
        posted_at timestamptz NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX card_reminder_once ON card_reminder (card, days)",
    """
    CREATE TABLE vault_card (
        token text PRIMARY KEY CHECK (token !~ '[0-9]{14}'),
        fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
        brand text NOT NULL,
        last4 text NOT NULL CHECK (last4 ~ '^[0-9]{4}$'),
        expires text NOT NULL CHECK (expires ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
        kept_at timestamptz NOT NULL
    )
    """,
    # The same card has the same token, however often it is typed.
    "CREATE UNIQUE INDEX vault_card_same ON vault_card (fingerprint, expires)",
    """
    CREATE TABLE card_visit (
        id uuid PRIMARY KEY,
        contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
        account bigint REFERENCES account ON DELETE RESTRICT,
        session text NOT NULL UNIQUE,
        asked_at timestamptz NOT NULL,
        change uuid UNIQUE
    )
    """,
    "CREATE INDEX card_visit_asked ON card_visit (asked_at)",
    "ALTER TABLE contract ALTER COLUMN household DROP NOT NULL",
    """
    CREATE TABLE email_check (
        contract bigint PRIMARY KEY REFERENCES contract ON DELETE RESTRICT,
        email text NOT NULL CHECK (email LIKE '%@%'),
        token_hash bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
        asked_at timestamptz NOT NULL
    )
    """,
)


async def forwards() -> MigrationManager:
    return by_statements(ID, DESCRIPTION, STATEMENTS)
