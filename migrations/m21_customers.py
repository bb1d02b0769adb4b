"""Customers as they are and through their life: companies, what was bought before the portal, the operator's feed, closing.

A company is the contractor by its name; the names of a person beside it are those of whom it can be asked for, and may be
missing. What was bought before the portal was charged elsewhere until the month of its import.

A contract is closed at the end of its day `closed_on`, whatever hour it is noticed at; `ended_at` says that all that hung on
it was ended then. `feed_line` remembers what the feed said of a contract last: a line that has not changed since is no news.
"""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import chapter

ID = "m21_customers"

CUSTOMERS = """
ALTER TABLE contract
    DROP CONSTRAINT contract_customer_number_check,
    ADD CONSTRAINT contract_customer_number_check CHECK (customer_number ~ '^[0-9]{6,14}$'),
    ADD COLUMN holder_kind text NOT NULL DEFAULT 'person' CHECK (holder_kind IN ('person', 'company')),
    ADD COLUMN company text NOT NULL DEFAULT '',
    ADD COLUMN company_kana text NOT NULL DEFAULT '',
    ALTER COLUMN birth_date DROP NOT NULL,
    ALTER COLUMN sex DROP NOT NULL,
    -- Whoever is written to has a name, and a birth date is missing of companies alone.
    ADD CONSTRAINT contract_holder CHECK (
        CASE holder_kind WHEN 'company' THEN company <> '' ELSE company = '' AND birth_date IS NOT NULL END
    );

-- How whom a bill was for is addressed: a bill is shown as it was written.
ALTER TABLE bill_name ADD COLUMN honorific text NOT NULL DEFAULT '様';

-- The first month that the portal charges for a purchase that was made before it; null: one that was made here.
ALTER TABLE service_period
    ADD COLUMN charged_from date CHECK (extract(day FROM charged_from) = 1);
"""

FEED = """
ALTER TABLE contract
    ADD COLUMN closed_on date,
    ADD COLUMN ended_at timestamptz,
    ADD CONSTRAINT contract_ended CHECK (ended_at IS NULL OR closed_on IS NOT NULL);
CREATE INDEX contract_ending ON contract (closed_on) WHERE closed_on IS NOT NULL AND ended_at IS NULL;

-- Each feed that was applied. A file without a header has no sequence, and cannot be told from yesterday's.
CREATE TABLE feed_run (
    id bigserial PRIMARY KEY,
    feed text NOT NULL,
    sequence bigint CHECK (sequence > 0),
    made_at timestamptz,
    lines integer NOT NULL,
    digest text NOT NULL,
    applied_at timestamptz NOT NULL,
    summary text NOT NULL,
    CHECK ((sequence IS NULL) = (made_at IS NULL))
);
CREATE UNIQUE INDEX feed_run_sequence ON feed_run (feed, sequence) WHERE sequence IS NOT NULL;

CREATE TABLE feed_line (
    contract bigint PRIMARY KEY REFERENCES contract ON DELETE CASCADE,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    -- Of what members may change, too: what the feed said, against which its next word is news or none.
    said jsonb NOT NULL
);

-- A field that the desk changed: what the feed said before is no difference, until it says the same or something else.
CREATE TABLE field_hold (
    id bigserial PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE CASCADE,
    field text NOT NULL,
    former text,
    held_by text NOT NULL,
    held_at timestamptz NOT NULL,
    UNIQUE (contract, field)
);
CREATE INDEX field_hold_held ON field_hold (held_at);

-- 照合: the feed and the portal disagree, and somebody has to say who is right.
CREATE TABLE feed_case (
    id bigserial PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE CASCADE,
    field text NOT NULL,
    offered text,
    reason text NOT NULL CHECK (reason IN ('third', 'overdue', 'bought')),
    opened_at timestamptz NOT NULL,
    settled_at timestamptz CHECK (settled_at >= opened_at),
    outcome text CHECK (outcome IN ('feed', 'ours', 'agreed')),
    CHECK ((settled_at IS NULL) = (outcome IS NULL))
);
CREATE UNIQUE INDEX feed_case_open ON feed_case (contract, field) WHERE settled_at IS NULL;
"""


async def forwards() -> MigrationManager:
    return chapter(ID, CUSTOMERS + FEED)
