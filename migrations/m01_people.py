"""People: a contract with its contractor, its account IDs, and what the two wait for by mail and by post.

Nearly everything else in this schema belongs to a contract, and much of it to one of its account IDs. Their rows
stay: an account ID that a member deletes is a tombstone from then on, so that its name is never given again. That is
why nearly every reference says ON DELETE RESTRICT; CASCADE is for rows that mean nothing without the other one.
"""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import chapter

ID = "m01_people"

SCHEMA = r"""
-- PostgreSQL lets every role call a new function, and the mail server's roles log in to this database, too. From here
-- on a function can be called by its owner, and by a role that is granted it.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON ROUTINES FROM PUBLIC;

CREATE TABLE contract (
    id bigserial PRIMARY KEY,
    customer_number text NOT NULL UNIQUE CHECK (customer_number ~ '^[0-9]{14}$'),
    -- The version of its pepper stands before the hash.
    password_hash text NOT NULL CHECK (password_hash LIKE '%$argon2id$%'),
    contract_type text NOT NULL,
    building text NOT NULL,
    opened_on date NOT NULL,
    mail_product text NOT NULL CHECK (mail_product IN ('mail_web', 'mail_pack')),
    user_purchases boolean NOT NULL DEFAULT true,
    -- The contractor.
    family text NOT NULL,
    given text NOT NULL,
    family_kana text NOT NULL,
    given_kana text NOT NULL,
    birth_date date NOT NULL,
    sex text NOT NULL,
    address text NOT NULL,
    occupation text NOT NULL,
    household smallint CHECK (household BETWEEN 0 AND 20),
    phone text NOT NULL,
    fax text NOT NULL,
    mobile text NOT NULL,
    email text NOT NULL
);

CREATE TABLE account (
    id bigserial PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
    login text NOT NULL UNIQUE CHECK (login ~ '^[a-z][a-z0-9-]{1,13}[a-z0-9]$'),
    slot smallint NOT NULL CHECK (slot BETWEEN 1 AND 5),
    -- Without a pepper, because the mail server checks it as well.
    password_hash text NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
    family text NOT NULL,
    given text NOT NULL,
    family_kana text NOT NULL,
    given_kana text NOT NULL,
    user_name text NOT NULL,
    role text NOT NULL CHECK (role IN ('user', 'admin')),
    other_address text,
    registered_at timestamptz NOT NULL,
    deleted_at timestamptz CHECK (deleted_at >= registered_at),
    -- For references of two columns in later chapters: what belongs to an account ID belongs to its contract as well.
    CONSTRAINT account_of_contract UNIQUE (id, contract)
);
CREATE INDEX account_contract ON account (contract);
-- At most five living account IDs for a contract: each takes one of five slots.
CREATE UNIQUE INDEX account_slot ON account (contract, slot) WHERE deleted_at IS NULL;

-- A new contact address waits until the link that was mailed to it is followed. A newer one takes its place.
CREATE TABLE email_check (
    contract bigint PRIMARY KEY REFERENCES contract ON DELETE RESTRICT,
    email text NOT NULL CHECK (email LIKE '%@%'),
    token_hash bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    asked_at timestamptz NOT NULL
);

CREATE TABLE paper_request (
    id bigserial PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
    account bigint REFERENCES account ON DELETE RESTRICT,
    paper text NOT NULL,
    asked_at timestamptz NOT NULL,
    done_at timestamptz CHECK (done_at >= asked_at)
);
-- A paper that is on its way is not asked for a second time.
CREATE UNIQUE INDEX paper_request_open ON paper_request (contract, paper) WHERE done_at IS NULL;
"""


async def forwards() -> MigrationManager:
    return chapter(ID, SCHEMA)
