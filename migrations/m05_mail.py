"""Mail: addresses, mailboxes, forwarding, auto-reply and web spaces of account IDs.

Addresses and names of web spaces are tombstones once they are released, as account IDs are. A mailbox is a thing of
its own beside the address: it stays when the address changes, and its id is never given again, so nobody inherits old
mail. The mail server obeys these tables directly, so they refuse what it could not obey, whoever writes to them.
"""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import chapter

ID = "m05_mail"

SCHEMA = r"""
CREATE TABLE mail_address (
    id bigserial PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
    account bigint NOT NULL REFERENCES account ON DELETE RESTRICT,
    -- Of any length: an operator's older addresses may be longer than what is given today.
    address text NOT NULL UNIQUE
        CONSTRAINT mail_address_form CHECK (address ~ '^[a-z0-9]+([._-][a-z0-9]+)*@[a-z0-9-]+([.][a-z0-9-]+)+$'),
    registered_at timestamptz NOT NULL,
    released_at timestamptz CHECK (released_at >= registered_at),
    CONSTRAINT mail_address_of_account FOREIGN KEY (account, contract) REFERENCES account (id, contract)
);
CREATE INDEX mail_address_contract ON mail_address (contract);
-- An account ID has one address at a time.
CREATE UNIQUE INDEX mail_address_current ON mail_address (account) WHERE released_at IS NULL;
-- Which domains are ours is asked by every mail (mail_v1.domain).
CREATE INDEX mail_address_domain ON mail_address (split_part(address, '@', 2));

CREATE TABLE mailbox (
    id bigserial PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
    account bigint NOT NULL REFERENCES account ON DELETE RESTRICT,
    opened_at timestamptz NOT NULL,
    retired_at timestamptz CHECK (retired_at >= opened_at),
    CONSTRAINT mailbox_of_account FOREIGN KEY (account, contract) REFERENCES account (id, contract)
);
CREATE UNIQUE INDEX mailbox_current ON mailbox (account) WHERE retired_at IS NULL;

CREATE TABLE forwarding (
    id bigserial PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
    account bigint NOT NULL UNIQUE REFERENCES account ON DELETE RESTRICT,
    addresses text[] NOT NULL CHECK (cardinality(addresses) BETWEEN 1 AND 5),
    keep_copy boolean NOT NULL,
    CONSTRAINT forwarding_of_account FOREIGN KEY (account, contract) REFERENCES account (id, contract),
    -- One address that Sieve cannot read would keep the whole script from running: no forward, no auto-reply.
    CONSTRAINT forwarding_form CHECK (
        array_position(addresses, NULL) IS NULL
        AND array_to_string(addresses, ' ') ~ '^[!-?A-~]+@[!-?A-~]+( [!-?A-~]+@[!-?A-~]+)*$'
    )
);

CREATE TABLE auto_reply (
    id bigserial PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
    account bigint NOT NULL UNIQUE REFERENCES account ON DELETE RESTRICT,
    enabled boolean NOT NULL,
    subject text NOT NULL CHECK (char_length(subject) <= 100),
    body text NOT NULL CHECK (char_length(body) <= 1000),
    starts_on date,
    ends_on date CHECK (ends_on >= starts_on),
    CONSTRAINT auto_reply_of_account FOREIGN KEY (account, contract) REFERENCES account (id, contract),
    CONSTRAINT auto_reply_written CHECK (NOT enabled OR (subject <> '' AND body <> ''))
);

CREATE TABLE web_space (
    id bigserial PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
    account bigint NOT NULL REFERENCES account ON DELETE RESTRICT,
    name text NOT NULL UNIQUE CONSTRAINT web_space_form CHECK (name ~ '^[a-z0-9]+([._-][a-z0-9]+)*$'),
    registered_at timestamptz NOT NULL,
    released_at timestamptz CHECK (released_at >= registered_at),
    CONSTRAINT web_space_of_account FOREIGN KEY (account, contract) REFERENCES account (id, contract)
);
CREATE INDEX web_space_contract ON web_space (contract);
-- An account ID has one web space at a time.
CREATE UNIQUE INDEX web_space_current ON web_space (account) WHERE released_at IS NULL;
"""


async def forwards() -> MigrationManager:
    return chapter(ID, SCHEMA)
