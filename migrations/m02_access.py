"""Access: open sessions, logins and failed ones, counters against guessing, used passwords, and peppers.

`account` is the account ID that a row is about; without one the row is about the customer number.
"""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import chapter

ID = "m02_access"

SCHEMA = r"""
-- The cookie holds a token, the row its SHA-256: whoever reads this table can open no session with it.
CREATE TABLE session (
    token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    id bigserial UNIQUE,
    contract bigint NOT NULL REFERENCES contract ON DELETE CASCADE,
    account bigint REFERENCES account ON DELETE CASCADE,
    browser text NOT NULL DEFAULT '',
    network text NOT NULL DEFAULT '',
    opened_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    -- When a password was last typed again, the own one or the customer's (domain/access/proofs.py).
    proved_at timestamptz,
    customer_proved_at timestamptz,
    -- The notices whose banner was closed.
    dismissed bigint[] NOT NULL DEFAULT '{}',
    -- Forms that wait for a step to be passed, sealed with the session's keys, newest first (domain/access/typed.py).
    typed bytea[] NOT NULL DEFAULT '{}'
);
CREATE INDEX session_contract ON session (contract, account);
CREATE INDEX session_seen ON session (seen_at);

CREATE TABLE login_event (
    id bigserial PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE CASCADE,
    account bigint REFERENCES account ON DELETE CASCADE,
    at timestamptz NOT NULL,
    result text NOT NULL CHECK (result IN ('ok', 'wrong', 'limited')),
    browser text NOT NULL,
    network text NOT NULL
);
CREATE INDEX login_event_contract ON login_event (contract, at DESC);
CREATE INDEX login_event_at ON login_event (at);

-- How often a login failed, an address, a known browser, and all together. The key is a keyed hash: no name and no
-- address is kept here. Logins that nobody has are counted as well.
CREATE TABLE attempt (
    key bytea PRIMARY KEY,
    failures integer NOT NULL,
    since timestamptz NOT NULL
);

-- Every password hash that a login ever had. A login keeps its salt, so an equal password makes an equal hash, which the
-- indexes refuse.
CREATE TABLE used_password (
    id bigserial PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
    account bigint REFERENCES account ON DELETE RESTRICT,
    hash text NOT NULL
);
CREATE UNIQUE INDEX used_password_of_account ON used_password (account, hash) WHERE account IS NOT NULL;
CREATE UNIQUE INDEX used_password_of_customer ON used_password (contract, hash) WHERE account IS NULL;

-- The fingerprint tells whether the settings hold the pepper that hashes were made with. The pepper is never kept.
CREATE TABLE pepper (
    version integer PRIMARY KEY,
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32)
);
"""


async def forwards() -> MigrationManager:
    return chapter(ID, SCHEMA)
