"""Lost passwords: a link that was mailed, a one-time password that staff gave out, and how often a link was asked for.

Both are bound to the password that they stand in for: whoever sets a new one ends them, wherever that happens. `account`
is the account ID that a row is about; without one the row is about the customer number.
"""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import chapter

ID = "m12_lost_passwords"

SCHEMA = r"""
-- The mail holds a token, the row its SHA-256. A login has one link: a newer one takes its place.
CREATE TABLE password_link (
    id bigserial PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE CASCADE,
    account bigint REFERENCES account ON DELETE CASCADE,
    token_hash bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    mark text NOT NULL,
    asked_at timestamptz NOT NULL,
    FOREIGN KEY (account, contract) REFERENCES account (id, contract) ON DELETE CASCADE,
    UNIQUE NULLS NOT DISTINCT (contract, account)
);

-- Its hash has salt, cost and pepper of the login's own password, so that both are compared with one computation.
CREATE TABLE one_time_password (
    id bigserial PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE CASCADE,
    account bigint REFERENCES account ON DELETE CASCADE,
    hash text NOT NULL,
    mark text NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    FOREIGN KEY (account, contract) REFERENCES account (id, contract) ON DELETE CASCADE,
    UNIQUE NULLS NOT DISTINCT (contract, account)
);

-- The key is a keyed hash: no name, no address of a caller and no mail address is kept here.
CREATE TABLE asked_count (
    key bytea PRIMARY KEY,
    times integer NOT NULL,
    until timestamptz NOT NULL
);
"""


async def forwards() -> MigrationManager:
    return chapter(ID, SCHEMA)
