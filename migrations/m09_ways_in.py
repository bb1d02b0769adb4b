"""Ways in: how far a session has come, what it may no longer prove itself with, and who is told of a change besides.

An address that was replaced is told for a month of what would lock its owner out: whoever takes over a contract changes
the address first.
"""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import chapter

ID = "m09_ways_in"

SCHEMA = r"""
ALTER TABLE session
    -- What has to be done, in this order, before the session opens anything else (domain/access/members.py).
    ADD COLUMN stages text[] NOT NULL DEFAULT '{}'
        CHECK (stages <@ ARRAY['second-factor', 'new-password', 'set-up']),
    -- A password that was set in a session proves nothing in it (domain/access/proofs.py).
    ADD COLUMN own_set_here boolean NOT NULL DEFAULT false,
    ADD COLUMN customer_set_here boolean NOT NULL DEFAULT false;

-- What the addresses of a login were told today, so that nobody floods them by guessing.
CREATE TABLE alert (
    id bigserial PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE CASCADE,
    account bigint REFERENCES account ON DELETE CASCADE,
    kind text NOT NULL,
    told_at timestamptz NOT NULL,
    FOREIGN KEY (account, contract) REFERENCES account (id, contract) ON DELETE CASCADE,
    UNIQUE NULLS NOT DISTINCT (contract, account, kind)
);

-- How many changes of a contract wait is counted with each new one.
CREATE INDEX change_pending_contract ON change (contract, asked_at) WHERE applied_at IS NULL;

CREATE TABLE former_address (
    id bigserial PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE CASCADE,
    account bigint REFERENCES account ON DELETE CASCADE,
    address text NOT NULL CHECK (address <> ''),
    replaced_at timestamptz NOT NULL,
    FOREIGN KEY (account, contract) REFERENCES account (id, contract) ON DELETE CASCADE
);
CREATE INDEX former_address_contract ON former_address (contract, replaced_at);
CREATE INDEX former_address_replaced ON former_address (replaced_at);
"""


async def forwards() -> MigrationManager:
    return chapter(ID, SCHEMA)
