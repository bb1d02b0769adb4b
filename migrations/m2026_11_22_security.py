"""Licence keys, and who of a contract may buy security options."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import by_statements

ID = "2026-11-22T18:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "security"

STATEMENTS = (
    "ALTER TABLE contract ADD COLUMN user_purchases boolean NOT NULL DEFAULT true",
    "ALTER TABLE service_period ADD CONSTRAINT service_period_what UNIQUE (id, contract, product)",
    # A licence key belongs to at most one purchase, a purchase has at most one, and it is of the product and the
    # contract that were bought.
    """
    CREATE TABLE licence (
        id bigserial PRIMARY KEY,
        product text NOT NULL CHECK (product IN ('security-360', 'security-online', 'kids-filter')),
        pin bytea NOT NULL,
        data_key bytea NOT NULL CHECK (length(data_key) = 8),
        fingerprint bytea NOT NULL UNIQUE CHECK (length(fingerprint) = 32),
        loaded_at timestamptz NOT NULL,
        contract bigint REFERENCES contract ON DELETE RESTRICT,
        period bigint UNIQUE REFERENCES service_period ON DELETE RESTRICT,
        CHECK ((period IS NULL) = (contract IS NULL)),
        FOREIGN KEY (period, contract, product) REFERENCES service_period (id, contract, product)
    )
    """,
    "CREATE INDEX licence_stock ON licence (product, id) WHERE period IS NULL",
    "CREATE INDEX licence_contract ON licence (contract) WHERE contract IS NOT NULL",
    "CREATE INDEX licence_data_key ON licence (data_key)",
    # One that was given to somebody is never given to another, nor forgotten.
    """
    CREATE FUNCTION licence_is_taken() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE restrict_violation USING MESSAGE = 'a licence key that was given out stays with its purchase';
    END $$
    """,
    """
    CREATE TRIGGER licence_stays BEFORE UPDATE OF product, contract, period ON licence FOR EACH ROW
        WHEN (OLD.period IS NOT NULL) EXECUTE FUNCTION licence_is_taken()
    """,
    """
    CREATE TRIGGER licence_is_kept BEFORE DELETE ON licence FOR EACH ROW
        WHEN (OLD.period IS NOT NULL) EXECUTE FUNCTION licence_is_taken()
    """,
)


async def forwards() -> MigrationManager:
    return by_statements(ID, DESCRIPTION, STATEMENTS)
