"""Second factor: passkeys, authenticator apps (TOTP) and recovery codes, of the customer number or of an account ID.

`account` is the account ID that a row is about; without one the row is about the customer number.
"""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import chapter

ID = "m11_second_factor"

SCHEMA = r"""
-- What an authenticator knows a login by. Two logins with one handle would overwrite each other's passkeys there.
CREATE TABLE passkey_user (
    id bigserial PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE CASCADE,
    account bigint REFERENCES account ON DELETE CASCADE,
    handle bytea NOT NULL UNIQUE CHECK (length(handle) = 32),
    FOREIGN KEY (account, contract) REFERENCES account (id, contract) ON DELETE CASCADE,
    UNIQUE NULLS NOT DISTINCT (contract, account)
);

-- Five of a login are five slots.
CREATE TABLE passkey (
    id bigserial PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE CASCADE,
    account bigint REFERENCES account ON DELETE CASCADE,
    slot smallint NOT NULL CHECK (slot BETWEEN 1 AND 5),
    name text NOT NULL CHECK (name <> ''),
    credential_id bytea NOT NULL UNIQUE CHECK (length(credential_id) BETWEEN 1 AND 1023),
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL CHECK (sign_count >= 0),
    transports text[] NOT NULL DEFAULT '{}',
    registered_at timestamptz NOT NULL,
    used_at timestamptz,
    -- The session that registered it, by its number: there it proves nothing (domain/access/passkeys.py).
    session bigint NOT NULL,
    FOREIGN KEY (account, contract) REFERENCES account (id, contract) ON DELETE CASCADE,
    UNIQUE NULLS NOT DISTINCT (contract, account, slot)
);

-- The secret is encrypted with the data key of that name. `last_step`: the time step of the code that was taken last.
CREATE TABLE totp (
    id bigserial PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE CASCADE,
    account bigint REFERENCES account ON DELETE CASCADE,
    secret bytea NOT NULL,
    data_key bytea NOT NULL CHECK (length(data_key) = 8),
    last_step bigint NOT NULL CHECK (last_step >= 0),
    registered_at timestamptz NOT NULL,
    used_at timestamptz,
    FOREIGN KEY (account, contract) REFERENCES account (id, contract) ON DELETE CASCADE,
    UNIQUE NULLS NOT DISTINCT (contract, account)
);
CREATE INDEX totp_data_key ON totp (data_key);

-- The hash is keyed with a pepper: a copy of the table is not enough to try codes.
CREATE TABLE recovery_code (
    id bigserial PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE CASCADE,
    account bigint REFERENCES account ON DELETE CASCADE,
    hash bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
    made_at timestamptz NOT NULL,
    used_at timestamptz CHECK (used_at >= made_at),
    FOREIGN KEY (account, contract) REFERENCES account (id, contract) ON DELETE CASCADE
);
CREATE INDEX recovery_code_of ON recovery_code (contract, account);

-- A challenge proves by itself who made it, for whom and when (domain/access/challenges.py). Those that were answered
-- are kept until they would be too old anyway.
CREATE TABLE used_challenge (
    challenge bytea PRIMARY KEY CHECK (length(challenge) = 32),
    used_at timestamptz NOT NULL
);
CREATE INDEX used_challenge_at ON used_challenge (used_at);

-- unfinished: the password was right and nothing more was given; code-wrong: a wrong code of the second factor.
ALTER TABLE login_event
    DROP CONSTRAINT login_event_result_check,
    ADD CONSTRAINT login_event_result_check CHECK (
        result IN ('ok', 'wrong', 'limited', 'unfinished', 'code-wrong')
    );

-- The login_event of a login that waits for its second factor: it says 'ok' when that was given, and not before.
ALTER TABLE session ADD COLUMN noted_as bigint;
"""


async def forwards() -> MigrationManager:
    return chapter(ID, SCHEMA)
