"""Customers as they are: companies, an unknown sex, shorter customer numbers, and what was bought before the portal.

A company is the contractor by its name; the names of a person beside it are those of whom it can be asked for, and may be
missing. What was bought before the portal was charged elsewhere until the month of its import.
"""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import chapter

ID = "m21_customers"

SCHEMA = """
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


async def forwards() -> MigrationManager:
    return chapter(ID, SCHEMA)
