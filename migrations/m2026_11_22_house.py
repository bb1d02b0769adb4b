"""The first schema: contracts, account IDs, sessions, changes, and what the overview counts.

Written as SQL, because most of what it says (checks, partial and null-aware unique indexes) Piccolo's own migration
language cannot say. tests/test_migrations.py compares the result with app/domain/tables.py.
"""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import by_statements

ID = "2026-11-22T12:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "the house"

STATEMENTS = (
    """
    CREATE TABLE contract (
        id bigserial PRIMARY KEY,
        customer_number text NOT NULL UNIQUE CHECK (customer_number ~ '^[0-9]{14}$'),
        password_hash text NOT NULL CHECK (password_hash LIKE '%$argon2id$%'),
        contract_type text NOT NULL,
        mail_product text NOT NULL CHECK (mail_product IN ('mail_web', 'mail_pack')),
        building text NOT NULL,
        opened_on date NOT NULL,
        family text NOT NULL,
        given text NOT NULL,
        family_kana text NOT NULL,
        given_kana text NOT NULL,
        birth_date date NOT NULL,
        sex text NOT NULL,
        address text NOT NULL,
        occupation text NOT NULL,
        household smallint NOT NULL CHECK (household BETWEEN 0 AND 20),
        phone text NOT NULL,
        fax text NOT NULL,
        mobile text NOT NULL,
        email text NOT NULL
    )
    """,
    """
    CREATE TABLE card (
        id bigserial PRIMARY KEY,
        contract bigint NOT NULL UNIQUE REFERENCES contract ON DELETE RESTRICT,
        brand text NOT NULL,
        last4 text NOT NULL CHECK (last4 ~ '^[0-9]{4}$'),
        expires text NOT NULL CHECK (expires ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
        holder text NOT NULL
    )
    """,
    """
    CREATE TABLE account (
        id bigserial PRIMARY KEY,
        contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
        login text NOT NULL UNIQUE CHECK (login ~ '^[a-z][a-z0-9-]{1,13}[a-z0-9]$'),
        slot smallint NOT NULL CHECK (slot BETWEEN 1 AND 5),
        password_hash text NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
        family text NOT NULL,
        given text NOT NULL,
        family_kana text NOT NULL,
        given_kana text NOT NULL,
        user_name text NOT NULL,
        role text NOT NULL CHECK (role IN ('user', 'admin')),
        other_address text,
        registered_at timestamptz NOT NULL,
        deleted_at timestamptz CHECK (deleted_at >= registered_at)
    )
    """,
    "CREATE INDEX account_contract ON account (contract)",
    # At most five living account IDs for a contract: each takes one of five slots.
    "CREATE UNIQUE INDEX account_slot ON account (contract, slot) WHERE deleted_at IS NULL",
    """
    CREATE TABLE used_password (
        id bigserial PRIMARY KEY,
        contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
        account bigint REFERENCES account ON DELETE RESTRICT,
        hash text NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX used_password_of_account ON used_password (account, hash) WHERE account IS NOT NULL",
    "CREATE UNIQUE INDEX used_password_of_customer ON used_password (contract, hash) WHERE account IS NULL",
    """
    CREATE TABLE service_period (
        id bigserial PRIMARY KEY,
        contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
        account bigint REFERENCES account ON DELETE RESTRICT,
        product text NOT NULL,
        started_at timestamptz NOT NULL,
        ended_at timestamptz CHECK (ended_at >= started_at)
    )
    """,
    # One product is bought once at a time, for a contract or for one of its account IDs.
    """
    CREATE UNIQUE INDEX service_period_open ON service_period (contract, account, product) NULLS NOT DISTINCT
        WHERE ended_at IS NULL
    """,
    "CREATE INDEX service_period_account ON service_period (account)",
    """
    CREATE TABLE mail_address (
        id bigserial PRIMARY KEY,
        contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
        account bigint NOT NULL REFERENCES account ON DELETE RESTRICT,
        address text NOT NULL UNIQUE,
        registered_at timestamptz NOT NULL,
        released_at timestamptz CHECK (released_at >= registered_at)
    )
    """,
    "CREATE INDEX mail_address_contract ON mail_address (contract)",
    "CREATE UNIQUE INDEX mail_address_current ON mail_address (account) WHERE released_at IS NULL",
    """
    CREATE TABLE web_space (
        id bigserial PRIMARY KEY,
        contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
        account bigint NOT NULL REFERENCES account ON DELETE RESTRICT,
        name text NOT NULL UNIQUE,
        registered_at timestamptz NOT NULL,
        released_at timestamptz CHECK (released_at >= registered_at)
    )
    """,
    "CREATE INDEX web_space_contract ON web_space (contract)",
    "CREATE UNIQUE INDEX web_space_current ON web_space (account) WHERE released_at IS NULL",
    """
    CREATE TABLE session (
        token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
        contract bigint NOT NULL REFERENCES contract ON DELETE CASCADE,
        account bigint REFERENCES account ON DELETE CASCADE,
        opened_at timestamptz NOT NULL,
        seen_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX session_contract ON session (contract, account)",
    "CREATE INDEX session_seen ON session (seen_at)",
    """
    CREATE TABLE attempt (
        key bytea PRIMARY KEY,
        failures integer NOT NULL,
        since timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE change (
        id uuid PRIMARY KEY,
        contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
        account bigint REFERENCES account ON DELETE RESTRICT,
        asker text NOT NULL,
        kind text NOT NULL,
        subject text,
        asked_at timestamptz NOT NULL,
        data jsonb,
        sealed bytea,
        applied_at timestamptz,
        receipt_number bigint UNIQUE,
        receipt jsonb,
        CHECK ((applied_at IS NULL) = (receipt_number IS NULL)),
        CHECK (applied_at IS NULL OR data IS NULL)
    )
    """,
    "CREATE SEQUENCE receipt_number START 1000000001",
    "CREATE INDEX change_history ON change (contract, receipt_number DESC) WHERE applied_at IS NOT NULL",
    "CREATE INDEX change_pending ON change (asked_at) WHERE applied_at IS NULL",
)


async def forwards() -> MigrationManager:
    return by_statements(ID, DESCRIPTION, STATEMENTS)
