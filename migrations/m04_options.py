"""Options: each purchase from its start to its end, and the licence keys that purchases take.

A purchase is a service period, and nothing else says that something is bought: pages, counts and bills are worked out
from these rows. A licence key lies in stock until a purchase takes it, and then stays with it for ever.
"""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import chapter

ID = "m04_options"

SCHEMA = r"""
CREATE TABLE service_period (
    id bigserial PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
    account bigint REFERENCES account ON DELETE RESTRICT,
    product text NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz CHECK (ended_at >= started_at),
    CONSTRAINT service_period_of_account FOREIGN KEY (account, contract) REFERENCES account (id, contract),
    -- Some products are bought for the contract, the others for one of its account IDs.
    CONSTRAINT service_period_bearer CHECK (
        CASE WHEN account IS NULL THEN product IN ('mail-pack', 'mail-web', 'remote-support')
            ELSE product IN ('mailbox-10gb', 'security-360', 'security-online', 'kids-filter') END
    ),
    -- A product is bought once at a time: no two periods of it overlap. GiST compares ranges without an extension, so
    -- each key is a range of one.
    CONSTRAINT service_period_apart EXCLUDE USING gist (
        int8range(contract, contract, '[]') WITH &&,
        int8range(coalesce(account, 0), coalesce(account, 0), '[]') WITH &&,
        int8range(hashtext(product)::bigint, hashtext(product)::bigint, '[]') WITH &&,
        tstzrange(started_at, ended_at) WITH &&
    ),
    -- For references: a charge is of its purchase's contract, a licence key of its contract and product.
    CONSTRAINT service_period_of_contract UNIQUE (id, contract),
    CONSTRAINT service_period_what UNIQUE (id, contract, product)
);
CREATE INDEX service_period_contract ON service_period (contract);
CREATE INDEX service_period_account ON service_period (account);

-- A key belongs to at most one purchase, a purchase has at most one key.
CREATE TABLE licence (
    id bigserial PRIMARY KEY,
    product text NOT NULL CHECK (product IN ('security-360', 'security-online', 'kids-filter')),
    -- The PIN is encrypted with the data key of that name, and an equal one is found by its fingerprint.
    pin bytea NOT NULL,
    data_key bytea NOT NULL CHECK (length(data_key) = 8),
    fingerprint bytea NOT NULL UNIQUE CHECK (length(fingerprint) = 32),
    loaded_at timestamptz NOT NULL,
    contract bigint REFERENCES contract ON DELETE RESTRICT,
    period bigint UNIQUE REFERENCES service_period ON DELETE RESTRICT,
    CHECK ((period IS NULL) = (contract IS NULL)),
    FOREIGN KEY (period, contract, product) REFERENCES service_period (id, contract, product)
);
CREATE INDEX licence_stock ON licence (product, id) WHERE period IS NULL;
CREATE INDEX licence_contract ON licence (contract) WHERE contract IS NOT NULL;
CREATE INDEX licence_data_key ON licence (data_key);

-- One that was given to somebody is never given to another, nor forgotten.
CREATE FUNCTION licence_is_taken() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE restrict_violation USING MESSAGE = 'a licence key that was given out stays with its purchase';
    END $$;
CREATE TRIGGER licence_stays BEFORE UPDATE OF product, contract, period ON licence FOR EACH ROW
    WHEN (OLD.period IS NOT NULL) EXECUTE FUNCTION licence_is_taken();
CREATE TRIGGER licence_is_kept BEFORE DELETE ON licence FOR EACH ROW
    WHEN (OLD.period IS NOT NULL) EXECUTE FUNCTION licence_is_taken();
"""


async def forwards() -> MigrationManager:
    return chapter(ID, SCHEMA)
