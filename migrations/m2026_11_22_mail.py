"""Mail: mailboxes, forwarding, auto-reply, the outbox, and no two overlapping periods of one product."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import by_statements

ID = "2026-11-22T15:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "mail"

STATEMENTS = (
    # A product is bought once at a time. GiST compares ranges without an extension, so each key is a range of one.
    "DROP INDEX service_period_open",
    """
    ALTER TABLE service_period ADD CONSTRAINT service_period_apart EXCLUDE USING gist (
        int8range(contract, contract, '[]') WITH &&,
        int8range(coalesce(account, 0), coalesce(account, 0), '[]') WITH &&,
        int8range(hashtext(product)::bigint, hashtext(product)::bigint, '[]') WITH &&,
        tstzrange(started_at, ended_at) WITH &&
    )
    """,
    "CREATE INDEX service_period_contract ON service_period (contract)",
    """
    CREATE TABLE mailbox (
        id bigserial PRIMARY KEY,
        contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
        account bigint NOT NULL REFERENCES account ON DELETE RESTRICT,
        opened_at timestamptz NOT NULL,
        retired_at timestamptz CHECK (retired_at >= opened_at)
    )
    """,
    "CREATE UNIQUE INDEX mailbox_current ON mailbox (account) WHERE retired_at IS NULL",
    """
    CREATE TABLE forwarding (
        id bigserial PRIMARY KEY,
        account bigint NOT NULL UNIQUE REFERENCES account ON DELETE RESTRICT,
        contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
        addresses text[] NOT NULL CHECK (cardinality(addresses) BETWEEN 1 AND 5),
        keep_copy boolean NOT NULL
    )
    """,
    """
    CREATE TABLE auto_reply (
        id bigserial PRIMARY KEY,
        account bigint NOT NULL UNIQUE REFERENCES account ON DELETE RESTRICT,
        contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
        enabled boolean NOT NULL,
        subject text NOT NULL CHECK (char_length(subject) <= 100),
        body text NOT NULL CHECK (char_length(body) <= 1000),
        starts_on date,
        ends_on date CHECK (ends_on >= starts_on)
    )
    """,
    """
    CREATE TABLE outbox (
        id bigserial PRIMARY KEY,
        contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
        recipient text NOT NULL,
        subject text NOT NULL CHECK (subject !~ '[\\r\\n]'),
        body text NOT NULL,
        message_id text NOT NULL UNIQUE,
        posted_at timestamptz NOT NULL,
        due_at timestamptz NOT NULL,
        tries integer NOT NULL,
        sent_at timestamptz,
        refused_at timestamptz,
        problem text,
        CHECK (sent_at IS NULL OR refused_at IS NULL)
    )
    """,
    "CREATE INDEX outbox_due ON outbox (due_at) WHERE sent_at IS NULL AND refused_at IS NULL",
)


async def forwards() -> MigrationManager:
    return by_statements(ID, DESCRIPTION, STATEMENTS)
